"""What an acceptor exports (protocol sections 4.7, 4.8 and 9)."""

import pytest

from standin import wire
from standin.dialer import Dialer, decode_token
from standin.hawser import THROUGH_GATEWAYS, exports

NODE_ID_LENGTH = 36
LIST = "exported-service-list"


@pytest.fixture
def hawser(make_hawser):
    return make_hawser()


@pytest.fixture
def connect(hawser, cleanup):
    """Peers as `standin`, or another name; asks for all but the addresses."""

    def connect(peer="standin"):
        dialer = cleanup.enter_context(Dialer(hawser.token(peer)))
        return dialer.connect(*wire.ACCEPTOR_KINDS)

    return connect


def define(hawser, *services):
    hawser.write("services.json", {"services": list(services)})


def export(hawser, *names, peer="standin"):
    hawser.write("exports.json", exports(*names, peer=peer))


def service(name, number=1, **more):
    return {"name": name, "id": f"{name}-{number}", "port": 80} | more


def check(status, check_id, **more):
    return {"check_id": check_id, "status": status, "ttl": "1h"} | more


def nodes(response):
    return list(wire.unpack(response).Nodes)


def expect_list(stream, *expected):
    stream.expect(LIST, lambda now: list(now.Services) == list(expected))


def expect_nodes(stream, name, condition=lambda nodes: True):
    return list(stream.expect(name, lambda now: condition(now.Nodes)).Nodes)


def all_of(stream, count):
    """Waits until the first so many Responses are there."""
    for _ in range(count):
        stream.next_response()


def ids_since(stream, before):
    return [
        message.response.ResourceID
        for message in stream.messages[before:]
        if message.HasField("response")
    ]


# The list


def test_the_list_has_the_names_sorted(hawser, connect):
    define(hawser, service("web"), service("api"))
    export(hawser, "web", "api", "none")
    hawser.reload()
    expect_list(connect(), "api", "none", "web")


def test_an_export_and_its_end_are_a_new_list(hawser, connect):
    stream = connect()
    expect_list(stream)
    define(hawser, service("web"))
    export(hawser, "web")
    hawser.reload()
    expect_list(stream, "web")
    hawser.write("exports.json", None)
    hawser.reload()
    expect_list(stream)


def test_the_end_of_an_export_is_only_a_new_list(hawser, connect):
    """Observed 13: nothing is said of the service itself."""
    define(hawser, service("web"), service("api"))
    export(hawser, "web", "api")
    hawser.reload()
    stream = connect()
    all_of(stream, 4)
    before = len(stream.messages)
    export(hawser, "api")
    hawser.reload()
    expect_list(stream, "api")
    # A change afterwards: what comes before it came for the withdrawal.
    define(hawser, service("web"), service("api", port=81))
    hawser.reload()
    expect_nodes(stream, "api", lambda nodes: nodes[0].Service.Port == 81)
    assert ids_since(stream, before) == [LIST, "api"]


def test_a_service_exported_again_is_sent_again(hawser, connect):
    """Section 4.7: what was known of it was forgotten with the export."""
    define(hawser, service("web"))
    export(hawser, "web")
    hawser.reload()
    stream = connect()
    first = stream.next_response("web")
    export(hawser, "other")
    hawser.reload()
    stream.next_response("other")
    export(hawser, "web")
    hawser.reload()
    assert stream.next_response("web").Resource == first.Resource


def test_only_the_named_peer_gets_a_service(hawser, connect):
    define(hawser, service("web"), service("api"))
    entry = exports("web", peer="east")
    entry["Services"] += exports("api", peer="west")["Services"]
    hawser.write("exports.json", entry)
    hawser.reload()
    east, west = connect("east"), connect("west")
    expect_list(east, "web")
    expect_list(west, "api")
    define(hawser, service("web", port=81), service("api", port=81))
    hawser.reload()
    for stream, name in ((east, "web"), (west, "api")):
        expect_nodes(stream, name, lambda nodes: nodes[0].Service.Port == 81)
        assert set(ids_since(stream, 0)) == {LIST, "roots", name}


# Wildcards (section 9)


def test_a_wildcard_exports_all_ordinary_services(hawser, connect):
    define(
        hawser,
        service("web", connect={"sidecar_service": {"port": 8080}}),
        service("api"),
        service("gateway", kind="mesh-gateway"),
        service("consul"),
    )
    export(hawser, "*")
    hawser.reload()
    stream = connect()
    expect_list(stream, "api", "web")
    define(hawser, service("api"), service("new"))
    hawser.reload()
    expect_list(stream, "api", "new")
    assert expect_nodes(stream, "new")[0].Service.ID == "new-1"


def test_a_wildcard_exports_virtual_services(hawser, connect):
    """Section 9: they are on the list too, so that no importer drops their proxies."""
    entry = {"Kind": "service-resolver", "Name": "virtual"}
    hawser.write("resolver.json", entry)
    define(hawser, service("web"), service("gateway", kind="mesh-gateway"))
    export(hawser, "*")
    hawser.reload()
    stream = connect()
    expect_list(stream, "virtual", "web")
    (proxy,) = expect_nodes(stream, "virtual-sidecar-proxy")
    assert proxy.Service.Proxy.DestinationServiceName == "virtual"


@pytest.mark.parametrize("name", ["*", "consul"])
def test_consul_is_never_exported(hawser, connect, name):
    define(hawser, service("consul"))
    export(hawser, name, "web")
    hawser.reload()
    stream = connect()
    expect_list(stream, "web")
    define(hawser, service("consul"), service("web", port=81))
    hawser.reload()
    expect_nodes(stream, "web", lambda nodes: [n.Service.Port for n in nodes] == [81])
    assert "consul" not in ids_since(stream, 0)


# A service


def test_an_instance_travels_with_all_that_is_known_of_it(hawser, connect):
    define(
        hawser,
        {
            "name": "web",
            "id": "web-1",
            "tags": ["blue", "v2"],
            "address": "10.1.2.3",
            "port": 8080,
            "meta": {"owner": "shop"},
            "tagged_addresses": {
                "lan": {"address": "10.1.2.3", "port": 8080},
                "wan": {"address": "198.51.100.3", "port": 80},
                "consul-virtual": {"address": "240.0.0.1", "port": 80},
            },
            "weights": {"passing": 3, "warning": 2},
            "enable_tag_override": True,
            "locality": {"region": "north", "zone": "n1"},
        },
    )
    export(hawser, "web")
    hawser.reload()
    (got,) = nodes(connect().next_response("web"))
    expected = wire.instance("web", node="hawser", address="127.0.0.1", status=None)
    expected.Node.Datacenter = "dc1"
    sent = expected.Service
    sent.Tags.extend(["blue", "v2"])
    sent.Address, sent.Port = "10.1.2.3", 8080
    sent.Meta["owner"] = "shop"
    sent.Weights.Passing, sent.Weights.Warning = 3, 2
    sent.EnableTagOverride = True
    sent.Locality.Region, sent.Locality.Zone = "north", "n1"
    tagged = {
        key: (value.Address, value.Port)
        for key, value in got.Service.TaggedAddresses.items()
    }
    assert tagged["lan"] == ("10.1.2.3", 8080)
    assert tagged["wan"] == ("198.51.100.3", 80)
    assert "consul-virtual" not in tagged
    got.Service.ClearField("TaggedAddresses")
    assert got.Service == sent
    assert not got.Checks
    assert len(got.Node.ID) == NODE_ID_LENGTH
    assert set(got.Node.TaggedAddresses) >= {"lan", "wan"}
    for field in ("ID", "TaggedAddresses", "Meta"):
        got.Node.ClearField(field)
    assert got.Node == expected.Node


def test_an_ipv4_address_is_tagged_as_such(hawser, connect):
    """As in every recording of an instance with an address."""
    define(hawser, service("web", address="10.1.2.3"))
    export(hawser, "web")
    hawser.reload()
    (got,) = nodes(connect().next_response("web"))
    tagged = got.Service.TaggedAddresses
    assert set(tagged) == {"lan_ipv4", "wan_ipv4"}
    for value in tagged.values():
        assert (value.Address, value.Port) == ("10.1.2.3", 80)


def test_a_socket_path_travels(hawser, connect):
    define(hawser, {"name": "web", "id": "web-1", "socket_path": "/run/web"})
    export(hawser, "web")
    hawser.reload()
    (got,) = nodes(connect().next_response("web"))
    assert (got.Service.SocketPath, got.Service.Port) == ("/run/web", 0)


def test_an_empty_enterprise_meta_is_there_and_no_raft_index(hawser, connect):
    """Observed 15 and section 3.5, byte by byte."""
    define(hawser, service("web", check=check("passing", "alive")))
    export(hawser, "web")
    hawser.reload()
    response = connect().next_response("web")
    (got,) = nodes(response)
    assert got.Service.HasField("EnterpriseMeta")
    assert got.Checks[0].HasField("EnterpriseMeta")
    assert b"\x82\x01\x00" in got.Service.SerializeToString()
    assert b"\x82\x01\x00" in response.Resource.value
    assert got.Checks[0].SerializeToString().endswith(b"\x6a\x00")
    assert b"\x6a\x00" in response.Resource.value
    assert got.Service.HasField("Weights")
    assert not got.Node.HasField("RaftIndex")
    assert not got.Service.HasField("RaftIndex")
    assert not got.Checks[0].HasField("RaftIndex")


def test_no_name_of_a_peer_travels(hawser, connect):
    define(hawser, service("web", check=check("passing", "alive")))
    export(hawser, "web")
    hawser.reload()
    response = connect().next_response("web")
    (got,) = nodes(response)
    assert got.Node.PeerName == got.Node.Partition == ""
    assert got.Service.PeerName == got.Checks[0].PeerName == ""
    assert b"standin" not in response.Resource.value


def test_a_mesh_service_travels_without_its_mesh_settings(hawser, connect):
    """Observed 14: plain instances lose Connect and Proxy."""
    define(
        hawser,
        service("web", connect={"sidecar_service": {"port": 8080}}),
        service("native", connect={"native": True}),
    )
    export(hawser, "web", "native")
    hawser.reload()
    stream = connect()
    for name in ("web", "native"):
        (got,) = expect_nodes(stream, name)
        assert got.Service.Kind == ""
        assert not got.Service.HasField("Connect")
        assert not got.Service.HasField("Proxy")


def test_all_instances_of_a_service_travel_together(hawser, connect):
    instances = [service("web", number, port=number) for number in range(1, 6)]
    define(hawser, *reversed(instances), service("api"))
    export(hawser, "web")
    hawser.reload()
    got = nodes(connect().next_response("web"))
    assert [item.Service.ID for item in got] == [f"web-{n}" for n in range(1, 6)]


def test_instances_travel_whatever_their_health(hawser, connect):
    states = ("critical", "warning", "passing")
    define(
        hawser,
        *(service("web", state, check=check(state, f"c-{state}")) for state in states),
    )
    export(hawser, "web")
    hawser.reload()
    got = nodes(connect().next_response("web"))
    assert {item.Checks[0].Status for item in got} == set(states)


def test_a_service_without_instances_is_sent_empty(hawser, connect):
    export(hawser, "web")
    hawser.reload()
    stream = connect()
    response = stream.next_response("web")
    assert response.HasField("Resource")
    assert response.Resource.value == b""
    define(hawser, service("web"))
    hawser.reload()
    expect_nodes(stream, "web", lambda nodes: len(nodes) == 1)
    define(hawser)
    hawser.reload()
    expect_nodes(stream, "web", lambda nodes: not nodes)


@pytest.mark.parametrize("name", ["gateway", "web-sidecar-proxy"])
def test_gateways_and_proxies_are_exported_without_instances(hawser, connect, name):
    """Section 9, rule 3: by name they are on the list, and nothing else."""
    define(
        hawser,
        service("gateway", kind="mesh-gateway"),
        service("web", connect={"sidecar_service": {"port": 8080}}),
    )
    export(hawser, name)
    hawser.reload()
    stream = connect()
    expect_list(stream, name)
    assert expect_nodes(stream, name) == []


# The one check


FLAT = {
    "passing": (["passing"], "passing"),
    "two passing": (["passing", "passing"], "passing"),
    "warning": (["passing", "warning"], "warning"),
    "critical": (["passing", "critical", "warning"], "critical"),
    "critical first": (["critical", "passing"], "critical"),
}


@pytest.mark.parametrize("case", FLAT)
def test_checks_become_one_with_the_worst_status(hawser, connect, case):
    """Observed 15."""
    states, worst = FLAT[case]
    checks = [
        check(state, f"check-{number}", name="a check", notes="for us only")
        for number, state in enumerate(states)
    ]
    define(hawser, service("web", checks=checks))
    export(hawser, "web")
    hawser.reload()
    (got,) = nodes(connect().next_response("web"))
    (flat,) = got.Checks
    assert flat == wire.instance("web", node="hawser", status=worst).Checks[0]


@pytest.mark.parametrize("other", ["passing", "critical"])
@pytest.mark.parametrize(
    "check_id", ["_service_maintenance:web-1", "_node_maintenance"]
)
def test_maintenance_stands_above_all(hawser, connect, check_id, other):
    checks = [check(other, "alive"), check("critical", check_id)]
    define(hawser, service("web", checks=checks))
    export(hawser, "web")
    hawser.reload()
    (got,) = nodes(connect().next_response("web"))
    assert [item.Status for item in got.Checks] == ["maintenance"]


def test_an_instance_without_checks_has_none(hawser, connect):
    define(hawser, service("web"))
    export(hawser, "web")
    hawser.reload()
    (got,) = nodes(connect().next_response("web"))
    assert not got.Checks


def test_a_changed_status_is_sent(hawser, connect):
    define(hawser, service("web", check=check("passing", "alive")))
    export(hawser, "web")
    hawser.reload()
    stream = connect()
    stream.next_response("web")
    define(hawser, service("web", check=check("critical", "alive")))
    hawser.reload()
    (got,) = nodes(stream.next_response("web"))
    assert got.Checks[0].Status == "critical"


# What has not changed


def test_unchanged_content_is_not_sent_again(hawser, connect):
    define(hawser, service("web", check=check("passing", "alive")), service("api"))
    export(hawser, "web", "api")
    hawser.reload()
    stream = connect()
    all_of(stream, 4)
    before = len(stream.messages)
    # The same in other words; a second check that does not change the one that is
    # sent; then a change.
    hawser.reload()
    define(hawser, service("api"), service("web", check=check("passing", "alive")))
    export(hawser, "api", "web")
    hawser.reload()
    two = [check("passing", "alive"), check("passing", "also")]
    define(hawser, service("api"), service("web", checks=two))
    hawser.reload()
    define(hawser, service("api", port=81), service("web", checks=two))
    hawser.reload()
    expect_nodes(stream, "api", lambda nodes: nodes[0].Service.Port == 81)
    assert ids_since(stream, before) == ["api"]


def test_a_changed_service_is_sent_alone_and_whole(hawser, connect):
    define(hawser, service("web", 1), service("web", 2), service("api"))
    export(hawser, "web", "api")
    hawser.reload()
    stream = connect()
    all_of(stream, 4)
    before = len(stream.messages)
    define(hawser, service("web", 1), service("web", 2, port=81), service("api"))
    hawser.reload()
    got = nodes(stream.next_response("web"))
    assert [item.Service.Port for item in got] == [80, 81]
    assert ids_since(stream, before) == ["web"]


def test_a_new_stream_begins_with_everything(hawser, cleanup):
    define(hawser, service("web"))
    export(hawser, "web")
    hawser.reload()
    dialer = cleanup.enter_context(Dialer(hawser.token()))
    for _ in range(2):
        stream = dialer.connect()
        got = {stream.next_response().ResourceID for _ in range(4)}
        assert got == {"web", LIST, "roots", "server-addrs"}


# The trust bundle and the addresses


def test_the_trust_bundle_has_domain_and_roots_and_nothing_else(hawser, connect):
    bundle = wire.unpack(connect().next_response("roots"))
    roots = hawser.get("/v1/connect/ca/roots")
    expected = wire.TrustBundle(
        TrustDomain=roots["TrustDomain"],
        RootPEMs=[root["RootCert"] for root in roots["Roots"]],
    )
    assert bundle == expected


def test_the_trust_bundle_has_the_roots_of_the_token(hawser, cleanup):
    dialer = cleanup.enter_context(Dialer(hawser.token()))
    bundle = wire.unpack(dialer.connect().next_response("roots"))
    assert list(bundle.RootPEMs) == dialer.fields["CA"]
    assert dialer.fields["ServerName"] == f"server.dc1.peering.{bundle.TrustDomain}"


def test_the_server_addresses_are_those_of_the_token(hawser, cleanup):
    dialer = cleanup.enter_context(Dialer(hawser.token()))
    response = dialer.connect(wire.SERVER_ADDRESSES).next_response("server-addrs")
    addresses = list(wire.unpack(response).Addresses)
    assert addresses == dialer.fields["ServerAddresses"]


def test_manual_addresses_are_not_replicated(hawser, cleanup):
    """Section 1.2: they are in the token, and only there."""
    token = hawser.token(ServerExternalAddresses=["lb.example:443"])
    dialer = cleanup.enter_context(Dialer(token))
    response = dialer.connect(wire.SERVER_ADDRESSES).next_response("server-addrs")
    own = decode_token(token)["ServerAddresses"]
    assert list(wire.unpack(response).Addresses) == own


def test_the_server_addresses_follow_the_mesh_entry(hawser, cleanup):
    """Sections 4.7 and 6.4: gateways instead of servers, and back."""
    wan = {"wan": {"address": "198.51.100.1", "port": 443}}
    define(hawser, service("gw", kind="mesh-gateway", tagged_addresses=wan))
    hawser.reload()
    dialer = cleanup.enter_context(Dialer(hawser.token()))
    stream = dialer.connect(wire.SERVER_ADDRESSES)
    own = list(wire.unpack(stream.next_response()).Addresses)
    hawser.write("mesh.json", THROUGH_GATEWAYS)
    hawser.reload()
    assert list(wire.unpack(stream.next_response()).Addresses) == ["198.51.100.1:443"]
    hawser.write("mesh.json", None)
    hawser.reload()
    assert list(wire.unpack(stream.next_response()).Addresses) == own
