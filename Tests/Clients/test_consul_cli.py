"""Consul's command line, request by request: what each command asks, and what it must be able to read of the answer.

The program itself cannot be had everywhere; what it sends was worked out from the library that it is made with.
"""

import threading

import pytest

import gotypes as go
from golang import ZERO_TIME, Client, Refused, boolean, list_of, map_of, string, struct
from standin.waiting import eventually


@pytest.fixture
def daemon(make_hawser):
    """Has a service with a check, and one on a node without an agent."""
    hawser = make_hawser("island", datacenter="dc1")
    client = Client(hawser)
    check = {"TTL": "10m", "Status": "passing"}
    client.need("PUT", "agent/service/register", body=registration("web", Port=80, Tags=["v1"], Check=check))
    mail = {"Service": "mail", "Port": 25, "Namespace": "", "Partition": ""}
    box = {"Node": "old-box", "Address": "192.0.2.25", "Datacenter": "", "Service": mail, "Check": None}
    client.need("PUT", "catalog/register", body=box | {"TaggedAddresses": None, "NodeMeta": {"rack": "1"}})
    return hawser


@pytest.fixture
def client(daemon):
    return Client(daemon)


def registration(name, **fields):
    """As the library writes it, with what it always writes."""
    return {"Name": name, "Check": None, "Checks": None} | fields


# What is only read


READS = [
    ("members", "agent/members", {"segment": "_all"}, list_of(go.MEMBER)),
    ("members -wan", "agent/members", {"segment": "_all", "wan": "1"}, list_of(go.MEMBER)),
    ("info", "agent/self", {}, go.AGENT_SELF),
    ("catalog datacenters", "catalog/datacenters", {}, list_of(string)),
    ("catalog nodes", "catalog/nodes", {}, list_of(go.NODE)),
    ("catalog nodes -near", "catalog/nodes", {"near": "_agent", "stale": ""}, list_of(go.NODE)),
    ("catalog nodes -node-meta", "catalog/nodes", {"node_meta": ["rack:1"]}, list_of(go.NODE)),
    ("catalog nodes -service", "catalog/service/web", {}, list_of(go.CATALOG_SERVICE)),
    ("catalog services", "catalog/services", {"dc": "dc1"}, map_of(list_of(string))),
    ("catalog services -node-meta", "catalog/services", {"node_meta": ["rack:1"]}, map_of(list_of(string))),
    ("catalog services -node", "catalog/node/old-box", {"consistent": ""}, go.CATALOG_NODE),
    ("maint", "agent/checks", {}, map_of(go.AGENT_CHECK)),
    ("watch -type service", "health/service/web", {"passing": "1", "tag": ["v1"]}, list_of(go.SERVICE_ENTRY)),
    ("watch -type checks", "health/state/any", {}, list_of(go.CHECK)),
    ("watch -type checks -service", "health/checks/web", {}, list_of(go.CHECK)),
    ("watch -type connect_roots", "agent/connect/ca/roots", {}, go.CA_ROOTS),
    ("connect ca get-config", "connect/ca/configuration", {}, go.CA_CONFIG),
    ("operator raft list-peers", "operator/raft/configuration", {}, go.RAFT_CONFIGURATION),
    ("peering list", "peerings", {}, list_of(go.PEERING)),
    ("intention list", "connect/intentions", {}, list_of(go.INTENTION)),
    ("config list", "config/service-defaults", {}, list_of(map_of(go.anything))),
    ("library: node services", "catalog/node-services/old-box", {}, go.NODE_SERVICES),
    ("library: node checks", "health/node/island", {}, list_of(go.CHECK)),
    ("library: mesh instances", "health/connect/web", {}, list_of(go.SERVICE_ENTRY)),
    ("library: services", "agent/services", {}, map_of(go.AGENT_SERVICE)),
    ("library: metrics", "agent/metrics", {}, go.METRICS),
    ("library: version", "agent/version", {}, struct(SHA=string, HumanVersion=string, FIPS=string)),
    ("library: health of a service", "agent/health/service/id/web", {"format": "json"}, go.SERVICE_HEALTH),
    (
        "library: health by name",
        "agent/health/service/name/web",
        {"format": "json"},
        list_of(go.SERVICE_HEALTH),
    ),
    ("library: leader", "status/leader", {}, string),
    ("library: peers", "status/peers", {}, list_of(string)),
    ("library: roots", "connect/ca/roots", {}, go.CA_ROOTS),
    ("library: exported services", "exported-services", {}, list_of(go.EXPORTED_SERVICE)),
]


@pytest.mark.parametrize("path, query, type_", [row[1:] for row in READS], ids=[row[0] for row in READS])
def test_reads(client, path, query, type_):
    client.need("GET", path, type_, **query)


def test_members_and_info(client):
    (member,) = client.need("GET", "agent/members", list_of(go.MEMBER), segment="_all")
    assert (member.Name, member.Addr, member.Status) == ("island", "127.0.0.1", 1)
    # The columns of the table.
    assert {"role", "build", "vsn", "dc", "segment"} <= member.Tags.keys()
    info = client.need("GET", "agent/self", go.AGENT_SELF)
    assert info["Config"]["NodeName"] == "island"
    groups = map_of(map_of(string))(info["Stats"])
    assert groups["agent"]["services"] == "1" and groups["build"]["version"]


def test_catalog(client):
    services = client.need("GET", "catalog/services", map_of(list_of(string)))
    assert services == {"mail": [], "web": ["v1"]}
    assert client.need("GET", "catalog/node/nowhere", go.CATALOG_NODE) is None
    node = client.need("GET", "catalog/node/old-box", go.CATALOG_NODE)
    assert [service.Service for service in node.Services.values()] == ["mail"]
    assert client.need("GET", "catalog/service/nothing", list_of(go.CATALOG_SERVICE)) == []
    (server,) = client.need("GET", "operator/raft/configuration", go.RAFT_CONFIGURATION).Servers
    assert server.Leader and server.Voter and server.Node == "island"


# Services


def test_services(client):
    sidecar = {"Native": False, "SidecarService": {"Port": 21000, "Check": None, "Checks": None}}
    tagged = {"lan": {"Address": "10.0.0.1", "Port": 1}}
    body = registration(
        "api", ID="api-1", Port=81, Meta={"a": "b"}, TaggedAddresses=tagged, Connect=sidecar,
        Weights={"Passing": 2, "Warning": 1},
        Checks=[{"Name": "up", "TCP": "127.0.0.1:81", "Interval": "10s", "Timeout": "1s", "TLSSkipVerify": False}],
    )
    client.need("PUT", "agent/service/register", body=body)
    service, meta = client.read("agent/service/api-1", go.AGENT_SERVICE)
    assert service.ContentHash == meta.hash != "" and service.Weights.Passing == 2
    proxy = client.need("GET", "agent/service/api-1-sidecar-proxy", go.AGENT_SERVICE)
    assert proxy.Kind == "connect-proxy" and proxy.Proxy.DestinationServiceID == "api-1"
    assert client.send("GET", "agent/health/service/id/api-1", format="json").status == 503
    assert client.send("GET", "agent/health/service/id/web", format="json").status == 200
    assert client.send("GET", "agent/health/service/id/none", format="json").status == 404
    client.need("PUT", "agent/service/deregister/api-1")
    assert client.find("agent/service/api-1", go.AGENT_SERVICE) is None
    with pytest.raises(Refused, match="Unknown service ID"):
        client.need("PUT", "agent/service/deregister/api-1")


def test_services_export(client):
    """Reads the entry, which may not be there, and writes it back with its index."""
    with pytest.raises(Refused, match="404.*Config entry not found"):
        client.need("GET", "config/exported-services/default")
    services = [{"Name": "web", "Consumers": [{"Peer": "east"}]}]
    entry = {"Kind": "exported-services", "Name": "default", "Services": services, "CreateIndex": 0, "ModifyIndex": 0}
    assert "true" in client.need("PUT", "config", body=entry, cas=0)
    stored = client.need("GET", "config/exported-services/default", map_of(go.anything))
    stored["Services"].append({"Name": "mail", "Consumers": [{"Peer": "east"}]})
    assert "true" in client.need("PUT", "config", body=stored, cas=stored["ModifyIndex"])
    assert "false" in client.need("PUT", "config", body=stored, cas=stored["ModifyIndex"])
    exported = client.need("GET", "exported-services", list_of(go.EXPORTED_SERVICE))
    assert [item.Service for item in exported] == ["mail", "web"]


def test_maint(client):
    client.need("PUT", "agent/maintenance", enable="true", reason="moving it")
    client.need("PUT", "agent/service/maintenance/web", enable="true", reason="")
    checks = client.need("GET", "agent/checks", map_of(go.AGENT_CHECK))
    assert checks["_node_maintenance"].Notes == "moving it" and "_service_maintenance:web" in checks
    client.need("PUT", "agent/maintenance", enable="false", reason="")
    client.need("PUT", "agent/service/maintenance/web", enable="false", reason="")
    assert client.need("GET", "agent/checks", map_of(go.AGENT_CHECK)).keys() == {"service:web"}
    with pytest.raises(Refused, match="404"):
        client.need("PUT", "agent/service/maintenance/none", enable="true", reason="")


def test_reload(client):
    client.need("PUT", "agent/reload")


WATCHES = [
    ("catalog/services", map_of(list_of(string)), "services"),
    ("catalog/nodes", list_of(go.NODE), "nodes"),
    ("health/service/late", list_of(go.SERVICE_ENTRY), "service"),
    ("health/state/any", list_of(go.CHECK), "checks"),
]


@pytest.mark.parametrize("path, type_", [row[:2] for row in WATCHES], ids=[row[2] for row in WATCHES])
def test_watch(client, path, type_):
    first, meta = client.read(path, type_)
    assert meta.index > 0 and meta.known_leader and meta.last_contact == 0
    found = []
    waiting = threading.Thread(target=lambda: found.append(client.read(path, type_, index=meta.index, wait="60000ms")))
    waiting.start()
    late = {"Node": "late", "Address": "192.0.2.1", "Service": {"Service": "late"}, "Check": {"Name": "c"}}
    client.need("PUT", "catalog/register", body=late)
    waiting.join(60)
    assert found[0][1].index > meta.index and found[0][0] != first


def test_watch_of_an_agents_service(client):
    first, meta = client.read("agent/service/web", go.AGENT_SERVICE)
    found = []
    waiting = threading.Thread(
        target=lambda: found.append(client.read("agent/service/web", go.AGENT_SERVICE, hash=meta.hash))
    )
    waiting.start()
    client.need("PUT", "agent/service/register", body=registration("web", Port=8080))
    waiting.join(60)
    assert found[0][1].hash != meta.hash and found[0][0].Port == 8080


# Peering


def test_peering(client, make_hawser):
    other = Client(make_hawser("harbor", datacenter="dc2"))
    addresses = ["198.51.100.1:8503", "[2001:db8::1]:8503"]
    wish = {"PeerName": "outside", "Meta": {"env": "prod"}, "ServerExternalAddresses": addresses}
    assert client.need("POST", "peering/token", go.PEERING_TOKEN, wish).PeeringToken
    token = client.need("POST", "peering/token", go.PEERING_TOKEN, {"PeerName": "harbor"}).PeeringToken
    other.need("POST", "peering/establish", struct(), {"PeerName": "island", "PeeringToken": token})
    eventually(lambda: client.need("GET", "peering/harbor", go.PEERING).State == "ACTIVE", "the peering is up")
    for peering in client.need("GET", "peerings", list_of(go.PEERING)):
        assert peering == client.find(f"peering/{peering.Name}", go.PEERING)
    dialer = other.find("peering/island", go.PEERING)
    assert dialer.PeerServerAddresses and dialer.PeerID and dialer.StreamStatus.LastReceive
    assert client.find("peering/none", go.PEERING) is None
    client.need("DELETE", "peering/harbor")
    client.need("DELETE", "peering/none")
    eventually(lambda: client.find("peering/harbor", go.PEERING) is None, "the peering is gone")


# The CA


def test_connect_ca(client):
    config = {"LeafCertTTL": "72h", "IntermediateCertTTL": "8760h", "PrivateKeyType": "ec", "PrivateKeyBits": 256}
    body = {
        "Provider": "consul", "Config": config, "State": None, "ForceWithoutCrossSigning": False, "CreateIndex": 0,
        "ModifyIndex": 0,
    }
    client.need("PUT", "connect/ca/configuration", body=body)
    stored = client.need("GET", "connect/ca/configuration", go.CA_CONFIG)
    assert stored.Provider == "consul" and config.items() <= stored.Config.items()
    with pytest.raises(Refused, match="unknown CA provider"):
        client.need("PUT", "connect/ca/configuration", body=body | {"Provider": "vault"})
    roots = client.need("GET", "connect/ca/roots", go.CA_ROOTS)
    assert [root.ID for root in roots.Roots if root.Active] == [roots.ActiveRootID]


# Intentions


def intention(source, destination, **fields):
    return {
        "SourceNS": "", "SourceName": source, "DestinationNS": "", "DestinationName": destination,
        "SourceType": "consul", "Action": "allow", "Precedence": 0, "CreatedAt": ZERO_TIME, "UpdatedAt": ZERO_TIME,
        "CreateIndex": 0, "ModifyIndex": 0,
    } | fields


def test_intentions(client):
    made = client.need("POST", "connect/intentions", struct(ID=string), intention("web", "db"))
    with pytest.raises(Refused, match="(?i)duplicate intention found"):
        client.need("POST", "connect/intentions", body=intention("web", "db"))
    found = client.find("connect/intentions/exact", go.INTENTION, source="web", destination="db")
    assert (found.ID, found.Action, found.Precedence, found.SourceNS) == (made.ID, "allow", 9, "default")
    assert client.find(f"connect/intentions/{made.ID}", go.INTENTION) == found
    # create -replace
    client.need("PUT", f"connect/intentions/{made.ID}", body=intention("web", "db", Action="deny", ID=made.ID))
    # The library's way.
    exact = {"source": "*", "destination": "db"}
    assert client.need("PUT", "connect/intentions/exact", boolean, intention("*", "db", Description="rest"), **exact)
    assert client.need("PUT", "connect/intentions/exact", boolean, intention("*", "*", Action="deny"),
                       source="default/*", destination="default/*")  # fmt: skip
    everything = client.need("GET", "connect/intentions", list_of(go.INTENTION))
    assert [(item.SourceName, item.DestinationName, item.Action) for item in everything] == [
        ("web", "db", "deny"), ("*", "db", "allow"), ("*", "*", "deny"),
    ]  # fmt: skip
    match = map_of(list_of(go.INTENTION))
    by_source = client.need("GET", "connect/intentions/match", match, by="source", name=["web", "x"])
    assert [len(by_source["web"]), len(by_source["x"])] == [3, 2]
    by_destination = client.need("GET", "connect/intentions/match", match, by="destination", name="other")
    assert [item.DestinationName for item in by_destination["other"]] == ["*"]
    for source, destination, is_allowed in [("web", "db", False), ("api", "db", True), ("api", "x", False)]:
        answer = client.need(
            "GET", "connect/intentions/check", struct(Allowed=boolean), source=source, destination=destination,
            source_type="consul",
        )
        assert answer.Allowed == is_allowed
    client.need("DELETE", "connect/intentions/exact", source="web", destination="db")
    client.need("DELETE", "connect/intentions/exact", source="none", destination="db")
    assert client.find("connect/intentions/exact", go.INTENTION, source="web", destination="db") is None
    assert client.find(f"connect/intentions/{made.ID}", go.INTENTION) is None
    rest = client.find("connect/intentions/exact", go.INTENTION, **exact)
    client.need("DELETE", f"connect/intentions/{rest.ID}")
    assert client.need("GET", "config/service-intentions", list_of(map_of(go.anything)))[0]["Name"] == "*"


def test_intentions_of_peers(client):
    source = {"Name": "web", "Peer": "east", "Action": "allow", "Precedence": 0, "Type": ""}
    client.need("PUT", "config", body={"Kind": "service-intentions", "Name": "db", "Sources": [source]})
    found = client.find("connect/intentions/exact", go.INTENTION, source="peer:east/web", destination="db")
    assert found.SourcePeer == "east"
    assert client.find("connect/intentions/exact", go.INTENTION, source="web", destination="db") is None


# What there is not


REFUSALS = [
    ("kv put", "PUT", "kv/a/b", {}),
    ("kv get", "GET", "kv/a", {"recurse": ""}),
    ("kv delete", "DELETE", "kv/a", {}),
    ("kv import", "PUT", "txn", {}),
    ("lock, exec", "PUT", "session/create", {}),
    ("library: sessions", "GET", "session/list", {}),
    ("event", "PUT", "event/fire/deploy", {}),
    ("watch -type event", "GET", "event/list", {}),
    ("snapshot save", "GET", "snapshot", {"stale": ""}),
    ("snapshot restore", "PUT", "snapshot", {}),
    ("rtt", "GET", "coordinate/nodes", {}),
    ("rtt -wan", "GET", "coordinate/datacenters", {}),
    ("join", "PUT", "agent/join/192.0.2.1", {}),
    ("leave", "PUT", "agent/leave", {}),
    ("force-leave", "PUT", "agent/force-leave/x", {"prune": "1"}),
    ("monitor", "GET", "agent/monitor", {"loglevel": "INFO"}),
    ("debug", "GET", "agent/host", {}),
    ("keyring -list", "GET", "operator/keyring", {}),
    ("operator autopilot get-config", "GET", "operator/autopilot/configuration", {}),
    ("operator autopilot state", "GET", "operator/autopilot/state", {}),
    ("operator raft remove-peer", "DELETE", "operator/raft/peer", {"id": "x"}),
    ("operator raft transfer-leader", "POST", "operator/raft/transfer-leader", {}),
    ("operator usage instances", "GET", "operator/usage", {"global": ""}),
    ("connect envoy", "GET", "agent/connect/ca/leaf/web", {}),
    ("connect proxy", "POST", "agent/connect/authorize", {}),
    ("library: prepared queries", "GET", "query", {}),
    ("library: a prepared query", "GET", "query/x/execute", {}),
    ("library: a chain", "GET", "discovery-chain/web", {}),
    ("library: gateways", "GET", "catalog/gateway-services/x", {}),
    ("library: ingress gateways", "GET", "health/ingress/web", {}),
    ("namespace list", "GET", "namespaces", {}),
    ("partition list", "GET", "partitions", {}),
    ("license get", "GET", "operator/license", {}),
]


@pytest.mark.parametrize("method, path, query", [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS])
def test_what_there_is_not(client, method, path, query):
    with pytest.raises(Refused) as refused:
        client.need(method, path, **query)
    assert refused.value.status == 501
    assert "hawser" in refused.value.text and refused.value.text.endswith("peerings")


@pytest.mark.parametrize("path", ["acl/roles", "acl/token", "acl/login"])
def test_access_control_that_is_off(client, path):
    with pytest.raises(Refused, match="401.*ACL support disabled"):
        client.need("GET" if path == "acl/roles" else "PUT", path)
