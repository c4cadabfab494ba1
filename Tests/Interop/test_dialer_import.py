"""What Hawser takes from the acceptor, and how it shows it (protocol section 4.9)."""

import json
import pathlib

import pytest

from standin import wire
from standin.acceptor import Acceptor
from standin.authority import Authority
from standin.hawser import exports
from standin.waiting import eventually

FIXTURES = pathlib.Path(__file__).parent.parent / "Fixtures" / "consul"
NOT_IMPORTED = 'did not increment imported services count for service="web": '


def without_indexes(value):
    """The same JSON without what only a store can number."""
    if isinstance(value, list):
        return [without_indexes(item) for item in value]
    if isinstance(value, dict):
        return {
            key: without_indexes(item)
            for key, item in value.items()
            if key not in ("CreateIndex", "ModifyIndex")
        }
    return value


def full_instance():
    """An instance with all that an exporter keeps, and with what it must not decide."""
    item = wire.instance("web", status="warning")
    node, service, check = item.Node, item.Service, item.Checks[0]
    node.ID = "7595a7a4-51d9-a74d-8b10-48ae0bae83c4"
    node.TaggedAddresses["lan"] = "10.9.8.7"
    node.TaggedAddresses["wan"] = "198.51.100.7"
    node.Meta["rack"] = "12"
    node.Locality.Region = "north"
    node.Locality.Zone = "north-1"
    service.Tags.extend(["v1", "blue"])
    service.Address = "10.9.8.8"
    service.Meta["a"] = "b"
    service.Weights.Passing = 7
    service.Weights.Warning = 3
    service.EnableTagOverride = True
    service.SocketPath = "/run/web.sock"
    service.TaggedAddresses["wan"].Address = "198.51.100.8"
    service.TaggedAddresses["wan"].Port = 8080
    service.Locality.Region = "south"
    service.Locality.Zone = "south-2"
    for part in (node, service, check):
        part.PeerName = "somebody-else"
    node.Partition = "theirs"
    return item


FULL_JSON = {
    "Node": {
        "ID": "7595a7a4-51d9-a74d-8b10-48ae0bae83c4",
        "Node": "remote-node",
        "Address": "10.9.8.7",
        "Datacenter": "standin",
        "PeerName": "standin",
        "TaggedAddresses": {"lan": "10.9.8.7", "wan": "198.51.100.7"},
        "Meta": {"rack": "12"},
        "Locality": {"Region": "north", "Zone": "north-1"},
    },
    "Service": {
        "ID": "web-1",
        "Service": "web",
        "Tags": ["v1", "blue"],
        "Address": "10.9.8.8",
        "TaggedAddresses": {"wan": {"Address": "198.51.100.8", "Port": 8080}},
        "Meta": {"a": "b"},
        "Port": 80,
        "SocketPath": "/run/web.sock",
        "Weights": {"Passing": 7, "Warning": 3},
        "EnableTagOverride": True,
        "Proxy": {"Mode": "", "MeshGateway": {}, "Expose": {}},
        "Connect": {},
        "PeerName": "standin",
        "Locality": {"Region": "south", "Zone": "south-2"},
    },
    "Checks": [
        {
            "Node": "remote-node",
            "CheckID": "web-1:overall-check",
            "Name": "overall-check",
            "Status": "warning",
            "Notes": "",
            "Output": "",
            "ServiceID": "web-1",
            "ServiceName": "web",
            "ServiceTags": ["v1", "blue"],
            "Type": "",
            "Interval": "",
            "Timeout": "",
            "ExposedPort": 0,
            "PeerName": "standin",
            "Definition": {},
        }
    ],
}


# What is shown


def test_an_instance_is_shown_with_all_that_was_sent(make_hawser, acceptor):
    """PeerName is ours, node name and datacenter are the exporter's."""
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_service("web", full_instance()))
    assert without_indexes(hawser.imported("web")) == [FULL_JSON]


def test_a_bare_instance_is_shown(make_hawser, acceptor):
    """Node and service with nothing but their names; no checks."""
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    bare = wire.exported_service().Nodes.add()
    bare.Node.Node = "n"
    bare.Service.ID = "web-1"
    bare.Service.Service = "web"
    stream.expect_ack(stream.upsert_service("web", bare))
    (shown,) = hawser.imported("web")
    assert shown["Node"]["Node"] == "n"
    assert shown["Service"]["ID"] == "web-1"
    assert shown["Checks"] == []
    assert shown["Node"]["PeerName"] == shown["Service"]["PeerName"] == "standin"


def recorded(folder, side="S->C"):
    """The Responses of a recorded stream from one side, as their bytes."""
    for line in (FIXTURES / folder).read_text().splitlines():
        frame = json.loads(line)
        if frame["dir"] != side:
            continue
        for message in frame.get("grpc", []):
            if "response" in message["msg"]:
                yield message["msg"]["response"]["Nonce"], bytes.fromhex(message["hex"])


@pytest.mark.parametrize(
    "folder",
    [
        "wire/conn-1.hex.jsonl",
        "gw-plain/wire/conn-4.hex.jsonl",
        "gw-plain-tcp/wire/conn-4.hex.jsonl",
        "gw-mesh/wire/conn-4.hex.jsonl",
    ],
)
def test_all_that_consul_was_recorded_to_send_is_taken(make_hawser, acceptor, folder):
    hawser = make_hawser(datacenter="dc2")
    stream = acceptor.connect(hawser, "dc1")
    nonces = []
    for nonce, data in recorded(folder):
        stream.send_bytes(data)
        nonces.append(nonce)
    assert nonces
    for nonce in nonces:
        stream.expect_ack(nonce)


def test_a_recorded_stream_is_shown_as_consul_showed_it(make_hawser, acceptor):
    """The synthetic proxy of a mesh gateway, with its PeerMeta."""
    hawser = make_hawser(datacenter="dc2")
    stream = acceptor.connect(hawser, "dc1")
    for nonce, data in recorded("gw-mesh/wire/conn-4.hex.jsonl"):
        stream.send_bytes(data)
        stream.expect_ack(nonce)
    path = FIXTURES / "json" / "gw-mesh.health-connect-web.json"
    expected = without_indexes(json.loads(path.read_text()))
    for item in expected:
        # The importer's own, for transparent proxies.
        item["Service"]["TaggedAddresses"].pop("consul-virtual", None)
    assert without_indexes(hawser.imported("web", "dc1", kind="connect")) == expected


def test_connect_shows_the_proxies_of_a_service(make_hawser, acceptor):
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    proxy = wire.instance(
        "web-sidecar-proxy", "web-sidecar-proxy-instance-0", port=8443
    )
    proxy.Service.Kind = "connect-proxy"
    proxy.Service.Proxy.DestinationServiceName = "web"
    proxy.Service.Proxy.DestinationServiceID = "web-instance-0"
    meta = proxy.Service.Connect.PeerMeta
    meta.SNI.append("web.default.default.standin.external.x.consul")
    meta.SpiffeID.extend(["spiffe://x.consul/svc/web", "spiffe://x.consul/gateway"])
    meta.Protocol = "http"
    stream.expect_ack(stream.upsert_service("web", wire.instance("web")))
    assert hawser.imported("web", kind="connect") == []
    stream.expect_ack(stream.upsert_service("web-sidecar-proxy", proxy))
    (shown,) = hawser.imported("web", kind="connect")
    assert shown["Service"]["Kind"] == "connect-proxy"
    assert shown["Service"]["Proxy"]["DestinationServiceName"] == "web"
    assert shown["Service"]["Proxy"]["DestinationServiceID"] == "web-instance-0"
    assert shown["Service"]["Connect"]["PeerMeta"] == {
        "SNI": ["web.default.default.standin.external.x.consul"],
        "SpiffeID": ["spiffe://x.consul/svc/web", "spiffe://x.consul/gateway"],
        "Protocol": "http",
    }
    assert hawser.imported_ids("web") == ["web-1"]


@pytest.mark.parametrize(
    "status, passes",
    [
        ("passing", True),
        ("warning", False),
        ("critical", False),
        ("maintenance", False),
    ],
)
def test_the_flattened_check_is_kept(make_hawser, acceptor, status, passes):
    """Observed 15, 8.3."""
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_service("web", wire.instance("web", status=status)))
    (shown,) = hawser.imported("web")
    assert [check["Status"] for check in shown["Checks"]] == [status]
    passing = hawser.get("/v1/health/service/web?peer=standin&passing")
    assert len(passing) == passes


def test_fields_of_newer_versions_are_tolerated(make_hawser, acceptor):
    """Section 3.6, and fields that nobody knows yet."""
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    item = wire.instance("web")
    port = item.Service.Ports.add()
    port.Port, port.Name, port.Default = 8080, "admin", True
    item.Checks[0].TTL = "30s"
    # Field 999, a text, in every message.
    unknown = b"\xba\x3e\x03new"
    for part in (item, item.Node, item.Service, item.Checks[0]):
        part.MergeFromString(unknown)
    exported = wire.exported_service(item).SerializeToString() + unknown
    stream.expect_ack(stream.upsert(wire.EXPORTED_SERVICE, "web", exported))
    response = wire.response(
        wire.SERVICE_LIST, "exported-service-list", wire.service_list("web"), "n"
    )
    response.response.MergeFromString(unknown)
    response.MergeFromString(unknown)
    stream.send(response)
    stream.expect_ack("n")
    (shown,) = hawser.imported("web")
    assert shown["Service"]["Ports"] == [
        {"Port": 8080, "Name": "admin", "Default": True}
    ]
    assert shown["Service"]["Port"] == 80


def test_the_catalog_command_lists_what_was_imported(make_hawser, acceptor):
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_service("web", wire.instance("web")))
    stream.expect_ack(stream.upsert_list("web"))
    output = hawser.cli("catalog", "services", "-peer", "standin").output
    assert "web" in output.split()


# The list and the services


def test_the_list_may_come_first(make_hawser, acceptor):
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list("web"))
    assert hawser.imported("web") == []
    assert hawser.peering()["StreamStatus"]["ImportedServices"] == ["web"]
    stream.expect_ack(stream.upsert_service("web", wire.instance("web")))
    assert hawser.imported_ids("web") == ["web-1"]


def test_the_service_may_come_first(make_hawser, acceptor):
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_service("web", wire.instance("web")))
    stream.expect_ack(stream.upsert_list("web"))
    assert hawser.imported_ids("web") == ["web-1"]


def test_a_name_left_out_of_the_list_takes_its_proxy_along(make_hawser, acceptor):
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    for name in ("web", "api"):
        stream.upsert_service(name, wire.instance(name))
        proxy = wire.instance(f"{name}-sidecar-proxy")
        proxy.Service.Kind = "connect-proxy"
        proxy.Service.Proxy.DestinationServiceName = name
        stream.expect_ack(stream.upsert_service(f"{name}-sidecar-proxy", proxy))
    stream.expect_ack(stream.upsert_list("web", "api"))
    assert len(hawser.imported("web", kind="connect")) == 1
    assert len(hawser.imported("api", kind="connect")) == 1
    stream.expect_ack(stream.upsert_list("api"))
    assert hawser.imported("web") == []
    assert hawser.imported("web", kind="connect") == []
    assert hawser.imported("web-sidecar-proxy") == []
    assert hawser.imported_ids("api") == ["api-1"]
    assert len(hawser.imported("api", kind="connect")) == 1
    assert hawser.peering()["StreamStatus"]["ImportedServices"] == ["api"]


def test_a_name_that_comes_back_needs_its_data_again(make_hawser, acceptor):
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_service("web", wire.instance("web")))
    stream.upsert_list()
    stream.expect_ack(stream.upsert_list("web"))
    assert hawser.imported("web") == []
    stream.expect_ack(stream.upsert_service("web", wire.instance("web")))
    assert hawser.imported_ids("web") == ["web-1"]


def test_an_empty_list_takes_everything(make_hawser, acceptor):
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    stream.upsert_service("web", wire.instance("web"))
    stream.expect_ack(stream.upsert_list("web"))
    stream.expect_ack(stream.upsert_list())
    assert hawser.imported("web") == []
    assert not hawser.peering()["StreamStatus"]["ImportedServices"]


def test_an_empty_service_has_no_instances(make_hawser, acceptor):
    """Observed 13: it stays on the list."""
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    stream.upsert_list("web")
    stream.expect_ack(stream.upsert_service("web", wire.instance("web")))
    stream.expect_ack(stream.upsert_service("web"))
    assert hawser.imported("web") == []
    assert hawser.peering()["StreamStatus"]["ImportedServices"] == ["web"]


def test_each_message_is_the_whole_service(make_hawser, acceptor):
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    stream.upsert_service(
        "web", wire.instance("web", "web-1"), wire.instance("web", "web-2", node="b")
    )
    stream.expect_ack(
        stream.upsert_service(
            "web",
            wire.instance("web", "web-2", node="b", port=81, status="critical"),
            wire.instance("web", "web-3", node="c", status=None),
        )
    )
    shown = {item["Service"]["ID"]: item for item in hawser.imported("web")}
    assert sorted(shown) == ["web-2", "web-3"]
    assert shown["web-2"]["Service"]["Port"] == 81
    assert shown["web-2"]["Checks"][0]["Status"] == "critical"
    assert shown["web-3"]["Checks"] == []


def test_a_list_without_change_changes_nothing(make_hawser, acceptor):
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    stream.upsert_list("web")
    stream.expect_ack(stream.upsert_service("web", wire.instance("web")))
    before = hawser.imported("web")
    stream.upsert_list("web")
    stream.expect_ack(stream.upsert_service("web", wire.instance("web")))
    assert hawser.imported("web") == before


def test_node_names_do_not_clash_between_peers_and_with_ours(make_hawser, cleanup):
    """Node names are kept verbatim in a name space of their own."""
    files = {"services.json": {"services": [{"name": "web", "id": "web-1", "port": 1}]}}
    hawser = make_hawser(files=files)
    streams = {}
    for number, peer in enumerate(["one", "two"]):
        acceptor = cleanup.enter_context(Acceptor(Authority()))
        streams[peer] = stream = acceptor.connect(hawser, peer)
        item = wire.instance("web", node=hawser.name, port=100 + number)
        stream.expect_ack(stream.upsert_service("web", item))
    ports = [
        [item["Service"]["Port"] for item in answer]
        for answer in (
            hawser.get("/v1/health/service/web"),
            hawser.imported("web", "one"),
            hawser.imported("web", "two"),
        )
    ]
    assert ports == [[1], [100], [101]]
    names = {item["Node"]["Node"] for item in hawser.imported("web", "one")}
    assert names == {hawser.name}
    streams["one"].expect_ack(streams["one"].upsert_list())
    assert hawser.imported("web", "one") == []
    assert len(hawser.imported("web", "two")) == 1


def test_what_was_imported_is_not_exported_again(make_hawser, cleanup):
    files = {"exports.json": exports("*", "web", peer="two")}
    hawser = make_hawser(files=files)
    one = cleanup.enter_context(Acceptor(Authority())).connect(hawser, "one")
    one.upsert_list("web")
    one.expect_ack(one.upsert_service("web", wire.instance("web")))
    two = cleanup.enter_context(Acceptor(Authority())).connect(hawser, "two")
    came = {}
    while not {"exported-service-list", "roots"} <= came.keys():
        response = two.next_response()
        came[response.ResourceID] = wire.unpack(response)
    # A service that is ours, so that what comes of another would have come before.
    hawser.write("more.json", {"services": [{"name": "own", "id": "own", "port": 9}]})
    hawser.reload()
    while "own" not in came:
        response = two.next_response()
        came[response.ResourceID] = wire.unpack(response)
    assert came.get("web", wire.ExportedService()).Nodes == []


def test_imported_data_survives_a_restart(make_hawser, acceptor):
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    stream.upsert_list("web")
    stream.expect_ack(stream.upsert_service("web", full_instance()))
    hawser.stop()
    hawser.start()
    assert without_indexes(hawser.imported("web")) == [FULL_JSON]


# Trust bundle and server addresses


def test_the_trust_bundle_replaces_the_roots(make_hawser, acceptor, authority):
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    another = Authority().root_pem
    bundle = wire.TrustBundle(
        TrustDomain=authority.trust_domain,
        PeerName="not-ours",
        Partition="theirs",
        # One without its newline.
        RootPEMs=[authority.root_pem, another.rstrip("\n")],
    )
    stream.expect_ack(stream.upsert(wire.TRUST_BUNDLE, "roots", bundle))
    peering = hawser.peering()
    assert peering["PeerCAPems"] == [authority.root_pem, another]
    assert peering["Name"] == "standin"
    hawser.restart()
    assert hawser.peering()["PeerCAPems"] == [authority.root_pem, another]


def test_server_addresses_are_stored_and_kept(make_hawser, acceptor):
    """5.6: persisted, visible, never cleared by an empty list."""
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    new = [acceptor.address, "10.0.0.1:8503", "[2001:db8::1]:8503"]
    addresses = wire.ServerAddresses(Addresses=new)
    stream.expect_ack(stream.upsert(wire.SERVER_ADDRESSES, "server-addrs", addresses))
    assert hawser.peering()["PeerServerAddresses"] == new
    stream.upsert(wire.SERVER_ADDRESSES, "server-addrs", wire.ServerAddresses())
    stream.expect_ack(stream.upsert_list())
    assert hawser.peering()["PeerServerAddresses"] == new
    hawser.restart()
    assert hawser.peering()["PeerServerAddresses"] == new


# Hostile data


def with_check_id(text):
    item = wire.instance("web")
    item.Checks[0].CheckID = text
    return item


def with_meta(pairs):
    item = wire.instance("web")
    for key, value in pairs:
        item.Service.Meta[key] = value
    return item


def hostile_services():
    good = wire.instance("web", "web-9")

    def row(name, *instances):
        return pytest.param(wire.exported_service(*instances), id=name)

    many = with_meta((f"key-{number}", "x") for number in range(65))
    no_node = wire.exported_service().Nodes.add()
    no_node.Service.ID = no_node.Service.Service = "web"
    no_service = wire.exported_service().Nodes.add()
    no_service.Node.Node = "n"
    return [
        row("no-node-name", wire.instance("web", node="")),
        row("no-node", no_node),
        row("no-service-id", wire.instance("web", "")),
        row("no-service", no_service),
        row("no-check-id", with_check_id("")),
        row("good-ones-before-it", good, wire.instance("web", node="")),
        row("good-ones-after-it", wire.instance("web", ""), good),
        row("65-meta-pairs", many),
        row("long-meta-key", with_meta([("k" * 129, "v")])),
        row("long-meta-value", with_meta([("k", "v" * 513)])),
    ]


@pytest.mark.parametrize("resource", hostile_services())
def test_a_hostile_service_is_refused_whole(make_hawser, acceptor, resource):
    """4.9: Consul panics on the first ones; meta that breaks the rules is INTERNAL."""
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_service("web", wire.instance("web", "web-0")))
    before = hawser.imported("web")
    error = stream.expect_nack(stream.upsert(wire.EXPORTED_SERVICE, "web", resource))
    assert error.code == 13
    assert NOT_IMPORTED in error.message
    assert hawser.imported("web") == before
    stream.expect_ack(stream.upsert_service("web", wire.instance("web")))
    assert hawser.imported_ids("web") == ["web-1"]
    assert hawser.state() == "ACTIVE"


def test_64_meta_pairs_are_fine(make_hawser, acceptor):
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    pairs = [(f"key-{number}", "v" * 512) for number in range(63)] + [("k" * 128, "")]
    stream.expect_ack(stream.upsert_service("web", with_meta(pairs)))
    assert hawser.imported("web")[0]["Service"]["Meta"] == dict(pairs)


def undecodable():
    service = wire.exported_service(wire.instance("web")).SerializeToString()
    deep = b""
    for _ in range(2_000):
        # A list in a value in a list...
        deep = b"\x0a" + varint(len(deep)) + deep
        deep = b"\x32" + varint(len(deep)) + deep
    entry = b"\x0a\x01x\x12" + varint(len(deep)) + deep
    config = b"\x0a" + varint(len(entry)) + entry
    proxy = b"\x2a" + varint(len(config)) + config
    proxied = b"\x5a" + varint(len(proxy)) + proxy
    inner = b"\x0a\x03\x12\x01n\x12" + varint(len(proxied)) + proxied
    return {
        "cut-off": service[:-1],
        "length-beyond-the-end": b"\x0a\xff\xff\xff\xff\x0f",
        "length-beyond-any-memory": b"\x0a" + b"\xff" * 9 + b"\x01",
        "varint-without-end": b"\x0a" + b"\xff" * 20,
        "invalid-utf-8": service.replace(b"remote-node", b"remote\xff\xfeode"),
        "invalid-utf-8-in-a-check": service.replace(
            b"overall-check", b"overall\xffcheck"
        ),
        "field-zero": b"\x02\x00",
        "wrong-wire-type": b"\x08\x01",
        "nested-without-end": b"\x0a" + varint(len(inner)) + inner,
    }


def varint(number):
    encoded = b""
    while number > 0x7F:
        encoded += bytes([number & 0x7F | 0x80])
        number >>= 7
    return encoded + bytes([number])


@pytest.mark.parametrize("data", undecodable().values(), ids=undecodable().keys())
def test_undecodable_services_are_refused(make_hawser, acceptor, data):
    """4.4: code 13, and the daemon lives on."""
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    nonce = stream.upsert(wire.EXPORTED_SERVICE, "web", data)
    if data == b"\x08\x01":
        # Field 1 as a number is an unknown field to every protobuf: an empty service.
        stream.expect_ack(nonce)
    else:
        error = stream.expect_nack(nonce)
        assert error.code == 13
        assert "failed to unmarshal resource: " in error.message
    assert hawser.imported("web") == []
    stream.expect_ack(stream.upsert_list())
    assert hawser.state() == "ACTIVE"


@pytest.mark.parametrize("url", wire.DIALER_KINDS[1:])
def test_undecodable_resources_of_other_kinds_are_refused(make_hawser, acceptor, url):
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    before = hawser.peering()
    error = stream.expect_nack(stream.upsert(url, "x", b"\x0a\x05\xff\xfe\xfd\xfc\xfb"))
    assert error.code == 13
    after = hawser.peering()
    for key in ("PeerCAPems", "PeerServerAddresses"):
        assert after[key] == before[key]
    assert hawser.state() == "ACTIVE"


def test_one_instance_twice_is_one_instance(make_hawser, acceptor):
    """4.9: rows are keyed by node and ID."""
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    twice = [wire.instance("web", port=80), wire.instance("web", port=81)]
    stream.expect_ack(stream.upsert_service("web", *twice))
    assert hawser.imported_ids("web") == ["web-1"]
    elsewhere = wire.instance("web", node="another-node")
    stream.expect_ack(stream.upsert_service("web", twice[0], elsewhere))
    assert hawser.imported_ids("web") == ["web-1", "web-1"]


def test_a_hundred_thousand_names_are_taken(make_hawser, acceptor):
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_service("s-7", wire.instance("s-7")))
    names = [f"s-{number}" for number in range(100_000)]
    stream.expect_ack(stream.upsert_list(*names))
    listed = hawser.peering()["StreamStatus"]["ImportedServices"]
    assert sorted(listed) == sorted(names)
    assert hawser.imported_ids("s-7") == ["s-7-1"]
    stream.expect_ack(stream.upsert_list("s-7"))
    assert hawser.peering()["StreamStatus"]["ImportedServices"] == ["s-7"]


def test_more_names_than_anybody_has_harm_nobody(make_hawser, acceptor, cleanup):
    """As many as 8 MiB hold: taken or refused, and the other peering goes on."""
    hawser = make_hawser()
    other = cleanup.enter_context(Acceptor(Authority())).connect(hawser, "other")
    stream = acceptor.connect(hawser)
    answer = stream.next_answer(stream.upsert_list(*["n"] * 2_700_000))
    if answer.HasField("Error"):
        assert answer.Error.code == 13
        assert "did not update imported services" in answer.Error.message
    other.expect_ack(other.upsert_service("web", wire.instance("web")))
    assert hawser.imported_ids("web", "other") == ["web-1"]
    stream.expect_ack(stream.upsert_list("web"))
    assert hawser.state() == "ACTIVE"


@pytest.mark.parametrize("length", [300, 1_000_000])
def test_absurdly_long_texts_harm_nobody(make_hawser, acceptor, cleanup, length):
    hawser = make_hawser()
    other = cleanup.enter_context(Acceptor(Authority())).connect(hawser, "other")
    stream = acceptor.connect(hawser)
    item = wire.instance("web", "i" * length, node="n" * length, address="a" * length)
    item.Service.Tags.append("t" * length)
    item.Checks[0].Output = "o" * length
    stream.next_answer(stream.upsert_service("web", item))
    other.expect_ack(other.upsert_service("web", wire.instance("web")))
    assert hawser.imported_ids("web", "other") == ["web-1"]
    stream.expect_ack(stream.upsert_service("web", wire.instance("web")))
    assert hawser.imported_ids("web") == ["web-1"]


def test_a_service_without_a_name_is_refused(make_hawser, acceptor):
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    error = stream.expect_nack(stream.upsert_service("", wire.instance("web")))
    assert error.code == 13
    stream.expect_ack(stream.upsert_list())


def test_a_resource_id_of_a_kilobyte_and_more_ends_the_stream(make_hawser, acceptor):
    """A rule of Hawser's own: such an ID would be kept and sent back."""
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    stream.upsert_service("w" * 1_025, wire.instance("web"))
    stream.wait_until_over()
    eventually(
        lambda: "is longer than" in (hawser.peering()["Hawser"]["LastError"] or ""),
        "the reason is shown",
    )


def test_many_instances_of_one_service_are_taken(make_hawser, acceptor):
    """4.10: as many as fit into 8 MiB."""
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    instances = [
        wire.instance("web", f"web-{number}", node=f"node-{number}")
        for number in range(10_000)
    ]
    stream.expect_ack(stream.upsert_service("web", *instances))
    assert len(hawser.imported("web")) == 10_000


def test_a_trust_bundle_without_roots_is_refused(make_hawser, acceptor):
    """5.3: without roots the next dial would be in plain text, with the secret."""
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    before = hawser.peering()["PeerCAPems"]
    bundle = wire.TrustBundle(TrustDomain=acceptor.authority.trust_domain)
    error = stream.expect_nack(stream.upsert(wire.TRUST_BUNDLE, "roots", bundle))
    assert error.code == 13
    assert hawser.peering()["PeerCAPems"] == before


def test_a_damaged_root_does_not_cost_the_trust_in_the_others(
    make_hawser, authority, cleanup
):
    hawser = make_hawser()
    acceptor = cleanup.enter_context(Acceptor(authority))
    stream = acceptor.connect(hawser)
    damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    bundle = wire.TrustBundle(
        TrustDomain=authority.trust_domain, RootPEMs=[damaged, authority.root_pem]
    )
    stream.expect_ack(stream.upsert(wire.TRUST_BUNDLE, "roots", bundle))
    stream.end()
    assert acceptor.accept().opening().PeerID == acceptor.peer_id
