"""Synthetic sidecar proxies that an acceptor exports (protocol 4.7, 4.8, 9)."""

import pytest

from standin import wire
from standin.dialer import Dialer
from standin.hawser import exports

PROXIES = "web-sidecar-proxy"
SIDECAR = {"sidecar_service": {"port": 8080}}
WEB = {"name": "web", "id": "web-1", "port": 80, "connect": SIDECAR}


@pytest.fixture
def hawser(make_hawser):
    return make_hawser(datacenter="north", files={"exports.json": exports("web")})


@pytest.fixture
def connect(hawser, cleanup):
    def connect(peer="standin"):
        dialer = cleanup.enter_context(Dialer(hawser.token(peer)))
        return dialer.connect(*wire.ACCEPTOR_KINDS)

    return connect


def define(hawser, *services):
    hawser.write("services.json", {"services": list(services)})
    hawser.reload()


def gateway(number, status="passing", **more):
    address, port = f"10.0.0.{number}", 8443
    wan = {"address": f"198.51.100.{number}", "port": 443}
    virtual = {"address": "240.0.0.1", "port": 1}
    return {
        "name": "mesh-gateway",
        "id": f"gw-{number}",
        "kind": "mesh-gateway",
        "address": address,
        "port": port,
        "tags": ["ours"],
        "meta": {"owner": "us"},
        "locality": {"region": "north", "zone": "n1"},
        "tagged_addresses": {
            "lan": {"address": address, "port": port},
            "wan": wan,
            "consul-virtual": virtual,
        },
        "weights": {"passing": 5, "warning": 4},
        "check": {"check_id": f"gw-{number}-alive", "status": status, "ttl": "1h"},
    } | more


def proxies(stream, count):
    """Waits until there are so many instances of the proxy of `web`."""
    now = stream.expect(PROXIES, lambda now: len(now.Nodes) == count)
    return list(now.Nodes)


def trust_domain(hawser):
    return hawser.get("/v1/connect/ca/roots")["TrustDomain"]


def expected_proxy(hawser, index, number, peer="standin", protocol="tcp"):
    """Section 4.7's table, for gateway `number` at place `index`."""
    own_id = f"{PROXIES}-instance-{index}"
    expected = wire.instance(PROXIES, own_id, node="hawser")
    service = expected.Service
    service.Kind = "connect-proxy"
    service.Address, service.Port = f"10.0.0.{number}", 8443
    service.Weights.Passing, service.Weights.Warning = 5, 4
    service.Proxy.DestinationServiceName = "web"
    service.Proxy.DestinationServiceID = f"web-instance-{index}"
    domain = trust_domain(hawser)
    meta = service.Connect.PeerMeta
    meta.SNI.append(f"web.default.default.{peer}.external.{domain}")
    meta.SpiffeID.append(f"spiffe://{domain}/ns/default/dc/north/svc/web")
    meta.SpiffeID.append(f"spiffe://{domain}/gateway/mesh/dc/north")
    meta.Protocol = protocol
    return expected


# The proxies


def test_there_is_a_proxy_for_each_gateway_as_in_the_table(hawser, connect):
    define(hawser, WEB, gateway(1), gateway(2))
    got = proxies(connect(), 2)
    for index, (proxy, number) in enumerate(zip(got, (1, 2))):
        expected = expected_proxy(hawser, index, number)
        tagged = {
            key: (value.Address, value.Port)
            for key, value in proxy.Service.TaggedAddresses.items()
        }
        assert tagged["lan"] == (f"10.0.0.{number}", 8443)
        assert tagged["wan"] == (f"198.51.100.{number}", 443)
        assert "consul-virtual" not in tagged
        proxy.Service.ClearField("TaggedAddresses")
        assert proxy.Service == expected.Service
        assert list(proxy.Checks) == list(expected.Checks)
        assert proxy.Node.Node == "hawser"
        assert proxy.Node.Datacenter == "north"
        assert not proxy.Node.HasField("RaftIndex")


def test_a_proxy_has_an_empty_enterprise_meta(hawser, connect):
    define(hawser, WEB, gateway(1))
    stream = connect()
    (proxy,) = proxies(stream, 1)
    assert proxy.Service.HasField("EnterpriseMeta")
    assert b"\x82\x01\x00" in stream.next_response(PROXIES).Resource.value


def test_the_sni_has_the_name_that_the_exporter_gave_the_importer(hawser, connect):
    """Section 4.8, observed 14."""
    entry = exports("web", peer="east")
    entry["Services"][0]["Consumers"].append({"Peer": "west"})
    hawser.write("exports.json", entry)
    define(hawser, WEB, gateway(1))
    domain = trust_domain(hawser)
    for peer in ("east", "west"):
        (proxy,) = proxies(connect(peer), 1)
        assert list(proxy.Service.Connect.PeerMeta.SNI) == [
            f"web.default.default.{peer}.external.{domain}"
        ]


def test_without_a_gateway_the_proxies_are_empty(hawser, connect):
    """Observed 14."""
    define(hawser, WEB)
    response = connect().next_response(PROXIES)
    assert response.HasField("Resource")
    assert response.Resource.value == b""


def test_proxies_follow_the_gateways(hawser, connect):
    define(hawser, WEB)
    stream = connect()
    proxies(stream, 0)
    define(hawser, WEB, gateway(1))
    proxies(stream, 1)
    define(hawser, WEB, gateway(1), gateway(2))
    proxies(stream, 2)
    define(hawser, WEB, gateway(2))
    (proxy,) = proxies(stream, 1)
    assert proxy.Service.ID == f"{PROXIES}-instance-0"
    assert proxy.Service.Address == "10.0.0.2"
    define(hawser, WEB)
    proxies(stream, 0)


def test_a_gateway_that_moved_is_sent(hawser, connect):
    define(hawser, WEB, gateway(1))
    stream = connect()
    proxies(stream, 1)
    define(hawser, WEB, gateway(1, port=9443))
    stream.expect(PROXIES, lambda now: now.Nodes[0].Service.Port == 9443)


@pytest.mark.parametrize("status", ["passing", "warning", "critical"])
def test_a_proxy_has_the_health_of_its_gateway(hawser, connect, status):
    """Observed 16; the check is the one of the table, with the proxy's names."""
    define(hawser, WEB, gateway(1, status))
    (proxy,) = proxies(connect(), 1)
    (flat,) = proxy.Checks
    own_id = f"{PROXIES}-instance-0"
    assert flat == wire.instance(PROXIES, own_id, "hawser", status=status).Checks[0]


def test_a_changed_health_of_a_gateway_is_sent(hawser, connect):
    define(hawser, WEB, gateway(1, "critical"))
    stream = connect()
    proxies(stream, 1)
    define(hawser, WEB, gateway(1, "passing"))
    stream.expect(PROXIES, lambda now: now.Nodes[0].Checks[0].Status == "passing")


# Which services have them (section 9, observed 33)


def test_a_service_outside_of_the_mesh_has_no_proxies(hawser, connect):
    """Observed 33, until a sidecar is there."""
    plain = {"name": "web", "id": "web-1", "port": 80}
    define(hawser, plain, gateway(1))
    stream = connect()
    stream.next_response("web")
    # Something that is sent for the gateway's change, were there proxies.
    define(hawser, plain, gateway(1, port=9443))
    define(hawser, plain | {"port": 81}, gateway(1, port=9443))
    stream.expect("web", lambda now: now.Nodes[0].Service.Port == 81)
    assert stream.latest(PROXIES) is None
    define(hawser, WEB, gateway(1))
    proxies(stream, 1)


MESH = {
    "a sidecar": (WEB, None),
    "a proxy of its own": (
        {
            "name": "front",
            "id": "front-1",
            "kind": "connect-proxy",
            "port": 8080,
            "proxy": {"destination_service_name": "web"},
        },
        None,
    ),
    "native": ({"name": "web", "port": 80, "connect": {"native": True}}, None),
    "a resolver": ({"name": "other"}, {"Kind": "service-resolver", "Name": "web"}),
    "a router": ({"name": "other"}, {"Kind": "service-router", "Name": "web"}),
    "a splitter": (
        {"name": "other"},
        {
            "Kind": "service-splitter",
            "Name": "web",
            "Splits": [{"Weight": 100, "Service": "web"}],
        },
    ),
}


@pytest.mark.parametrize("reason", MESH)
def test_a_service_of_the_mesh_has_proxies(hawser, connect, reason):
    """Rule 4: the name need not have instances."""
    service, entry = MESH[reason]
    if entry is not None:
        hawser.write("entry.json", entry)
    # Routers and splitters are for HTTP only.
    defaults = {"Kind": "service-defaults", "Name": "web", "Protocol": "http"}
    hawser.write("defaults.json", defaults)
    define(hawser, service, gateway(1))
    (proxy,) = proxies(connect(), 1)
    assert proxy.Service.Proxy.DestinationServiceName == "web"


def test_real_sidecars_never_travel(hawser, connect):
    """Observed 14."""
    sidecar = {
        "name": PROXIES,
        "id": "real",
        "kind": "connect-proxy",
        "port": 8080,
        "proxy": {"destination_service_name": "web"},
    }
    hawser.write("exports.json", exports("*"))
    plain = {"name": "web", "id": "web-1", "port": 80}
    define(hawser, plain, sidecar, gateway(1))
    stream = connect()
    (proxy,) = proxies(stream, 1)
    assert proxy.Service.ID == f"{PROXIES}-instance-0"
    assert list(stream.expect("exported-service-list").Services) == ["web"]
    assert [item.Service.ID for item in stream.expect("web").Nodes] == ["web-1"]


def test_who_leaves_the_mesh_gets_an_empty_version(hawser, connect):
    """Section 4.7."""
    define(hawser, WEB, gateway(1))
    stream = connect()
    proxies(stream, 1)
    define(hawser, {"name": "web", "id": "web-1", "port": 80}, gateway(1))
    proxies(stream, 0)
    assert list(stream.expect("exported-service-list").Services) == ["web"]


def test_the_end_of_an_export_empties_the_proxies(hawser, connect):
    """Section 4.7: of a Connect name, an empty version goes with the new list."""
    define(hawser, WEB, gateway(1))
    stream = connect()
    proxies(stream, 1)
    hawser.write("exports.json", exports("api"))
    hawser.reload()
    stream.expect("exported-service-list", lambda now: list(now.Services) == ["api"])
    proxies(stream, 0)


# The protocol, and who else may answer (section 4.8)


def peer_meta(stream, protocol):
    now = stream.expect(
        PROXIES,
        lambda now: now.Nodes
        and now.Nodes[0].Service.Connect.PeerMeta.Protocol == protocol,
    )
    return now.Nodes[0].Service.Connect.PeerMeta


def test_the_protocol_is_that_of_the_defaults(hawser, connect):
    define(hawser, WEB, gateway(1))
    stream = connect()
    peer_meta(stream, "tcp")
    config = {"Config": {"protocol": "http"}}
    common = {"Kind": "proxy-defaults", "Name": "global"} | config
    hawser.write("common.json", common)
    hawser.reload()
    peer_meta(stream, "http")
    own = {"Kind": "service-defaults", "Name": "web", "Protocol": "grpc"}
    hawser.write("own.json", own)
    hawser.reload()
    peer_meta(stream, "grpc")
    hawser.write("own.json", None)
    hawser.write("common.json", None)
    hawser.reload()
    peer_meta(stream, "tcp")


RESOLVERS = {
    "redirect": ({"Redirect": {"Service": "other"}}, ["other"]),
    "failover": ({"Failover": {"*": {"Service": "backup"}}}, ["backup"]),
}


@pytest.mark.parametrize("case", RESOLVERS)
def test_other_targets_of_a_tcp_service_are_named(hawser, connect, case):
    """A third and further SPIFFE IDs, after the service's and the gateway's."""
    fields, targets = RESOLVERS[case]
    entry = {"Kind": "service-resolver", "Name": "web"} | fields
    hawser.write("resolver.json", entry)
    define(hawser, WEB, gateway(1))
    domain = trust_domain(hawser)
    names = ["ns/default/dc/north/svc/web", "gateway/mesh/dc/north"]
    names += [f"ns/default/dc/north/svc/{name}" for name in targets]
    meta = peer_meta(connect(), "tcp")
    assert list(meta.SpiffeID) == [f"spiffe://{domain}/{name}" for name in names]


def test_other_targets_of_an_http_service_are_not_named(hawser, connect):
    defaults = {"Kind": "service-defaults", "Name": "web", "Protocol": "http"}
    hawser.write("defaults.json", defaults)
    entry = {"Kind": "service-resolver", "Name": "web"} | RESOLVERS["failover"][0]
    hawser.write("resolver.json", entry)
    define(hawser, WEB, gateway(1))
    domain = trust_domain(hawser)
    assert list(peer_meta(connect(), "http").SpiffeID) == [
        f"spiffe://{domain}/ns/default/dc/north/svc/web",
        f"spiffe://{domain}/gateway/mesh/dc/north",
    ]
