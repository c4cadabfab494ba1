"""Terraform's provider for Consul: what its resources write must come back as it was written, or plans never rest."""

import pytest

import gotypes as go
from golang import ZERO_TIME, Client, Refused, boolean, list_of, map_of, string, struct


@pytest.fixture
def daemon(make_hawser):
    return make_hawser("island", datacenter="dc1")


@pytest.fixture
def client(daemon):
    return Client(daemon)


def test_the_provider_asks_who_it_talks_to(client):
    config = client.need("GET", "agent/self", go.AGENT_SELF)["Config"]
    assert config["Datacenter"] == "dc1" and isinstance(config["Revision"], str)
    assert client.need("GET", "catalog/datacenters", list_of(string)) == ["dc1"]


# What the library writes of an entry, and what it writes of what it read: the empty parts are its own.
MESH = {"MeshGateway": {}, "Expose": {}}
ENTRIES = [
    ("service-defaults", "web", {"Protocol": "http"} | MESH),
    (
        "service-defaults",
        "db",
        {
            "Protocol": "tcp", "MeshGateway": {"Mode": "local"}, "Expose": {"Checks": True},
            "MutualTLSMode": "strict", "MaxInboundConnections": 10, "LocalConnectTimeoutMs": 5000,
            "LocalRequestTimeoutMs": 5000, "BalanceInboundConnections": "exact_balance", "ExternalSNI": "x",
            "TransparentProxy": {"OutboundListenerPort": 15001},
            "UpstreamConfig": {
                "Defaults": {"ConnectTimeoutMs": 500, "MeshGateway": {"Mode": "remote"}},
                "Overrides": [{
                    "Name": "api", "MeshGateway": {}, "Limits": {"MaxConnections": 3},
                    "PassiveHealthCheck": {"Interval": 10_000_000_000, "MaxFailures": 2},
                }],
            },
            "EnvoyExtensions": [{"Name": "builtin/lua", "Required": False, "Arguments": {"Script": "x"}}],
            "Meta": {"a": "b"},
        },
    ),
    ("service-defaults", "out", {"Destination": {"Addresses": ["192.0.2.1"], "Port": 443}} | MESH),
    (
        "proxy-defaults",
        "global",
        {
            "Config": {"protocol": "http", "local_connect_timeout_ms": 1000, "nested": {"a": [1, 2.5, True, "x"]}},
            "MeshGateway": {"Mode": "remote"}, "Expose": {}, "AccessLogs": {"Enabled": True, "Type": "stdout"},
        },
    ),
    (
        "mesh",
        "mesh",
        {
            "TransparentProxy": {"MeshDestinationsOnly": True}, "AllowEnablingPermissiveMutualTLS": True,
            "TLS": {"Incoming": {"TLSMinVersion": "TLSv1_2", "CipherSuites": None}}, "HTTP": {
                "SanitizeXForwardedClientCert": True}, "Peering": {"PeerThroughMeshGateways": True},
        },
    ),
    ("exported-services", "default", {"Services": [{"Name": "web", "Consumers": [{"Peer": "east"}]}]}),
    (
        "service-intentions",
        "db",
        {
            "Sources": [
                {"Name": "web", "Action": "allow", "Precedence": 9, "Type": "consul"},
                {"Name": "api", "Peer": "east", "Action": "deny", "Precedence": 9, "Type": "consul", "Description": "d"},
                {
                    "Name": "l7", "Precedence": 9, "Type": "consul",
                    "Permissions": [{
                        "Action": "allow",
                        "HTTP": {"PathPrefix": "/v1", "Header": [{"Name": "x", "Present": True}], "Methods": ["GET"]},
                    }],
                },
                {"Name": "*", "Action": "deny", "Precedence": 8, "Type": "consul"},
            ]
        },
    ),
    (
        "service-resolver",
        "web",
        {
            "DefaultSubset": "v1", "Subsets": {"v1": {"Filter": "Service.Meta.v == 1", "OnlyPassing": True}},
            "ConnectTimeout": "15s", "RequestTimeout": "30s", "LoadBalancer": {
                "Policy": "ring_hash", "RingHashConfig": {"MinimumRingSize": 10},
                "HashPolicies": [{"Field": "header", "FieldValue": "x"}]},
        },
    ),
    ("service-resolver", "far", {"Redirect": {"Service": "web", "Peer": "east"}}),
    ("service-resolver", "over", {"Failover": {"*": {"Targets": [{"Peer": "east"}, {"Service": "web"}]}}}),
    (
        "service-splitter",
        "web",
        {"Splits": [{"Weight": 90, "ServiceSubset": "v1"}, {"Weight": 10, "Service": "db", "RequestHeaders": {
            "Set": {"a": "b"}}}]},
    ),
    (
        "service-router",
        "web",
        {
            "Routes": [{
                "Match": {"HTTP": {"PathPrefix": "/a", "QueryParam": [{"Name": "q", "Exact": "1"}]}},
                "Destination": {
                    "Service": "db", "PrefixRewrite": "/", "RequestTimeout": "5s", "IdleTimeout": "1m0s",
                    "NumRetries": 3, "RetryOnStatusCodes": [503],
                },
            }]
        },
    ),
]  # fmt: skip


def resting(value):
    """Without what the library leaves out: its empty values."""
    if isinstance(value, dict):
        kept = {key: resting(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in ({}, [], "", 0, None, False)}
    if isinstance(value, list):
        return [resting(item) for item in value]
    return value


@pytest.mark.parametrize("kind, name, config", ENTRIES, ids=[f"{row[0]}/{row[1]}" for row in ENTRIES])
def test_config_entry(client, kind, name, config):
    key = {"Kind": kind} if kind == "mesh" else {"Kind": kind, "Name": name}
    indexes = {"CreateIndex": 0, "ModifyIndex": 0}
    if kind in ("service-splitter", "service-router"):
        client.need("PUT", "config", body={"Kind": "service-defaults", "Name": name, "Protocol": "http"} | indexes)
    assert "true" in client.need("PUT", "config", body=key | config | indexes)
    path = f"config/{kind}/{name}"
    stored = client.need("GET", path, map_of(go.anything))
    assert {key: item for key, item in resting(stored).items() if key not in ("CreateIndex", "ModifyIndex")} == resting(
        key | config
    )
    # What is read can be written again, and lists show the same.
    assert "true" in client.need("PUT", "config", body=stored, cas=stored["ModifyIndex"])
    assert resting(config).items() <= resting(client.need("GET", f"config/{kind}", list_of(go.anything))[-1]).items()
    client.need("DELETE", path)
    with pytest.raises(Refused, match="404"):
        client.need("GET", path)


def test_config_entry_of_enterprise_defaults(client):
    """The provider sets these where the library has them."""
    source = {"Name": "web", "Namespace": "default", "Partition": "default", "Action": "allow", "Precedence": 9}
    entry = {"Kind": "service-intentions", "Name": "db", "Namespace": "default", "Partition": "default"}
    assert "true" in client.need("PUT", "config", body=entry | {"Sources": [source | {"Type": "consul"}]})


# Catalog


DEFINITION = {
    "HTTP": "http://192.0.2.1/health", "Header": {"X": ["a", "b"]}, "Method": "PUT", "Body": "", "TLSServerName": "",
    "TLSSkipVerify": True, "TCP": "", "TCPUseTLS": False, "GRPC": "", "OSService": "", "GRPCUseTLS": False,
    "Interval": "5s", "Timeout": "1s", "DeregisterCriticalServiceAfter": "30s",
}  # fmt: skip


def test_node_and_service(client):
    node = {
        "ID": "", "Node": "box", "Address": "192.0.2.1", "TaggedAddresses": None, "NodeMeta": {"a": "b"},
        "Datacenter": "dc1", "Service": None, "Check": None, "Checks": None, "SkipNodeUpdate": False,
    }  # fmt: skip
    client.need("PUT", "catalog/register", boolean, node, dc="dc1")
    found = client.need("GET", "catalog/node/box", go.CATALOG_NODE, dc="dc1")
    assert (found.Node.Address, found.Node.Meta) == ("192.0.2.1", {"a": "b"})

    # The whole struct of an agent's service, of which most is empty.
    service = {
        "ID": "", "Service": "ext", "Tags": ["t"], "Meta": {"external-source": "terraform"}, "Port": 80,
        "Address": "192.0.2.1", "Weights": {"Passing": 0, "Warning": 0}, "EnableTagOverride": False,
        "CreateIndex": 0, "ModifyIndex": 0, "Datacenter": "dc1",
    }  # fmt: skip
    check = {
        "Node": "box", "CheckID": "ext:up", "Name": "up", "Status": "critical", "Notes": "", "Output": "",
        "ServiceID": "ext", "ServiceName": "", "ServiceTags": None, "Type": "", "ExposedPort": 0,
        "Definition": DEFINITION, "CreateIndex": 0, "ModifyIndex": 0,
    }  # fmt: skip
    body = node | {"Address": "", "NodeMeta": None, "Service": service, "Checks": [check], "SkipNodeUpdate": True}
    client.need("PUT", "catalog/register", boolean, body, dc="dc1")
    (stored,) = client.need("GET", "catalog/service/ext", list_of(go.CATALOG_SERVICE), dc="dc1")
    assert (stored.ServiceID, stored.Node, stored.ServiceTags, stored.ServicePort) == ("ext", "box", ["t"], 80)
    assert stored.ServiceMeta == {"external-source": "terraform"} and stored.NodeMeta == {"a": "b"}
    (check,) = client.need("GET", "health/checks/ext", list_of(go.CHECK), dc="dc1")
    shown = check.Definition
    assert (check.CheckID, check.Name, check.Status) == ("ext:up", "up", "critical")
    assert (shown.HTTP, shown.Method, shown.TLSSkipVerify) == (DEFINITION["HTTP"], "PUT", True)
    assert shown.Header == {"X": ["a", "b"]} and shown.TCP == ""
    assert (shown.Interval, shown.Timeout, shown.DeregisterCriticalServiceAfter) == ("5s", "1s", "30s")
    target = {"Node": "box", "Datacenter": "dc1", "ServiceID": "ext", "CheckID": ""}
    client.need("PUT", "catalog/deregister", body=target, dc="dc1")
    assert client.need("GET", "catalog/service/ext", list_of(go.CATALOG_SERVICE)) == []
    client.need("PUT", "catalog/deregister", body=target | {"ServiceID": "", "Address": ""})
    assert client.need("GET", "catalog/node/box", go.CATALOG_NODE) is None


def test_agent_service(client):
    body = {"Name": "app", "Address": "192.0.2.5", "Port": 8, "Tags": ["x"], "Check": None, "Checks": None}
    client.need("PUT", "agent/service/register", body=body)
    service = client.need("GET", "agent/services", map_of(go.AGENT_SERVICE))["app"]
    assert (service.ID, service.Address, service.Port, service.Tags) == ("app", "192.0.2.5", 8, ["x"])
    (entry,) = client.need("GET", "health/service/app", list_of(go.SERVICE_ENTRY), near="_agent", passing="1")
    assert entry.Node.Datacenter == "dc1"
    client.need("PUT", "agent/service/deregister/app")


def test_peering(client):
    token = client.need("POST", "peering/token", go.PEERING_TOKEN, {"PeerName": "east", "Meta": {"a": "b"}})
    assert token.PeeringToken
    peering = client.find("peering/east", go.PEERING)
    assert (peering.Name, peering.State, peering.Meta, peering.DeletedAt) == ("east", "PENDING", {"a": "b"}, None)
    client.need("DELETE", "peering/east")


def test_certificate_authority(client):
    config = {"LeafCertTTL": "24h", "RotationPeriod": "2160h", "IntermediateCertTTL": "8760h"}
    body = {"Provider": "consul", "Config": config, "State": None, "ForceWithoutCrossSigning": False}
    client.need("PUT", "connect/ca/configuration", body=body | {"CreateIndex": 0, "ModifyIndex": 0})
    before = client.need("GET", "connect/ca/roots", go.CA_ROOTS).ActiveRootID
    assert client.need("GET", "connect/ca/configuration", go.CA_CONFIG).Provider == "consul"
    assert client.need("GET", "connect/ca/roots", go.CA_ROOTS).ActiveRootID == before


def test_intention(client):
    """The old resource goes by the ID."""
    body = {
        "SourceNS": "default", "SourceName": "web", "DestinationNS": "default", "DestinationName": "db",
        "SourceType": "", "Action": "allow", "Description": "d", "Precedence": 0, "CreatedAt": ZERO_TIME,
        "UpdatedAt": ZERO_TIME, "CreateIndex": 0, "ModifyIndex": 0,
    }  # fmt: skip
    path = "connect/intentions/" + client.need("POST", "connect/intentions", struct(ID=string), body).ID
    found = client.find(path, go.INTENTION, dc="dc1")
    assert (found.SourceNS, found.SourceName, found.Action, found.Description) == ("default", "web", "allow", "d")
    client.need("PUT", path, body=body | {"Action": "deny", "ID": path.rsplit("/", 1)[1]})
    assert client.find(path, go.INTENTION).Action == "deny"
    client.need("DELETE", path)
    assert client.find(path, go.INTENTION) is None
