"""Names become keys of what is stored: none hides, cuts or replaces another, whoever says it and by which way."""

import json
import urllib.parse

import pytest

from standin import wire
from standin.acceptor import Acceptor
from standin.dialer import Dialer

#: What no name may have. A thousand bytes are more than any name of the field has, and no more than a message
#: of a peer may have there.
BAD_NAMES = {
    "NUL": "\0",
    "NUL at the end": "web\0",
    "NUL in the middle": "a\0b",
    "new line": "a\nb",
    "return": "a\r",
    "tab": "a\tb",
    "escape": "\x1b[31m",
    "delete": "a\x7f",
    "C1": "a\x85b",
    "over-long": "n" * 1_000,
    "over-long in bytes": "é" * 500,
}

SECRET = "11111111-2222-3333-4444-555555555555"
NFC, NFD = "caf\u00e9", "cafe\u0301"


def quoted(name):
    return urllib.parse.quote(name, safe="")


def access(default):
    tokens = {"initial_management": SECRET}
    return {"acl": {"enabled": True, "default_policy": default, "tokens": tokens}}


def catalog(**more):
    return "PUT", "/v1/catalog/register", {"Node": "n", "Address": "10.0.0.1"} | more


def agent_service(**more):
    return "PUT", "/v1/agent/service/register", {"Name": "s"} | more


#: Every field of the API that makes a key: the request, by the name.
DOORS = {
    "catalog: node": lambda name: catalog(Node=name),
    "catalog: service": lambda name: catalog(Service={"Service": name, "ID": "i"}),
    "catalog: service without ID": lambda name: catalog(Service={"Service": name}),
    "catalog: service ID": lambda name: catalog(Service={"Service": "s", "ID": name}),
    "catalog: check ID": lambda name: catalog(Check={"CheckID": name, "Name": "c", "Status": "passing"}),
    "catalog: check name": lambda name: catalog(Check={"Name": name, "Status": "passing"}),
    "catalog: one of checks": lambda name: catalog(
        Checks=[{"CheckID": name, "Name": "c", "Status": "passing"}]
    ),
    "agent: service": lambda name: agent_service(Name=name, ID="i"),
    "agent: service without ID": lambda name: agent_service(Name=name),
    "agent: service ID": lambda name: agent_service(ID=name),
    "agent: check ID of a service": lambda name: agent_service(Check={"CheckID": name, "TTL": "1h"}),
    "agent: check ID": lambda name: ("PUT", "/v1/agent/check/register", {"Name": "c", "ID": name, "TTL": "1h"}),
    "agent: check": lambda name: ("PUT", "/v1/agent/check/register", {"Name": name, "TTL": "1h"}),
    "peering: token": lambda name: ("POST", "/v1/peering/token", {"PeerName": name}),
    "peering: establish": lambda name: ("POST", "/v1/peering/establish", {"PeerName": name}),
    "config: service-defaults": lambda name: entry("service-defaults", name, Protocol="http"),
    "config: service-resolver": lambda name: entry("service-resolver", name),
    "config: service-router": lambda name: entry("service-router", name),
    "config: service-splitter": lambda name: entry(
        "service-splitter", name, Splits=[{"Weight": 100, "Service": "s"}]
    ),
    "config: service-intentions": lambda name: entry(
        "service-intentions", name, Sources=[{"Name": "a", "Action": "deny"}]
    ),
    "intention": lambda name: (
        "PUT",
        f"/v1/connect/intentions/exact?source=a&destination={quoted(name)}",
        {"Action": "deny"},
    ),
    "policy": lambda name: ("PUT", "/v1/acl/policy", {"Name": name, "Rules": ""}),
    "token: accessor": lambda name: ("PUT", "/v1/acl/token", {"AccessorID": name}),
    "token: secret": lambda name: ("PUT", "/v1/acl/token", {"SecretID": name}),
}


def entry(kind, name, **more):
    return "PUT", "/v1/config", {"Kind": kind, "Name": name} | more


@pytest.fixture
def hawser(make_hawser):
    return make_hawser(agent=access("allow"))


# What is refused


@pytest.mark.parametrize("door", DOORS)
def test_a_name_that_cannot_be_a_key_is_refused_by_the_api(hawser, make_hawser, door):
    token = None
    if door == "peering: establish":
        token = make_hawser("other", datacenter="dc2").token("hawser")
    taken = {}
    for what, name in BAD_NAMES.items():
        method, path, body = DOORS[door](name)
        if token:
            body["PeeringToken"] = token
        answer = hawser.api(method, path, body, token=SECRET)
        # With a sentence.
        if answer.status != 400 or len(answer.text.split()) < 3:
            taken[what] = answer.status, answer.text[:200]
    assert not taken
    # What was let in would end it here.
    hawser.restart()
    names = {node["Node"] for node in hawser.get("/v1/catalog/nodes")}
    assert names <= {"hawser", "n"}


#: The same in files.
FILES = {
    "service": lambda name: {"service": {"name": name, "id": "i"}},
    "service ID": lambda name: {"service": {"name": "s", "id": name}},
    "check ID": lambda name: {"service": {"name": "s", "check": {"id": name, "ttl": "1h"}}},
    "config entry": lambda name: {"Kind": "service-defaults", "Name": name, "Protocol": "http"},
    "intentions": lambda name: {
        "Kind": "service-intentions",
        "Name": name,
        "Sources": [{"Name": "a", "Action": "deny"}],
    },
}


@pytest.mark.parametrize("what", FILES)
def test_a_name_that_cannot_be_a_key_is_refused_in_files(make_hawser, what):
    hawser = make_hawser(files={"good.json": {"service": {"name": "good"}}})
    taken = {}
    for kind, name in BAD_NAMES.items():
        hawser.write("bad.json", FILES[what](name))
        validated = hawser.cli("validate", str(hawser.config / "bad.json"))
        reloaded = hawser.cli("reload")
        if validated.code != 1 or reloaded.code != 1 or "bad.json" not in reloaded.errors:
            taken[kind] = validated.code, reloaded.code, reloaded.errors[:200]
    assert not taken
    assert list(hawser.get("/v1/agent/services")) == ["good"]
    hawser.write("bad.json", None)
    hawser.restart()


#: What a peer says: what it sends, by the name.
SAYINGS = {
    "service": lambda stream, name: stream.upsert_service(name, wire.instance("web")),
    "instance ID": lambda stream, name: stream.upsert_service("web", wire.instance("web", name)),
    "node": lambda stream, name: stream.upsert_service("web", wire.instance("web", node=name)),
    "service of an instance": lambda stream, name: stream.upsert_service("web", wire.instance(name, "i")),
}


@pytest.fixture(params=["dialer", "acceptor"])
def stream(request, make_hawser, authority, cleanup):
    """A stream that stands, in either role, and the daemon."""
    hawser = make_hawser()
    if request.param == "dialer":
        return cleanup.enter_context(Dialer(hawser.token())).connect(), hawser
    return cleanup.enter_context(Acceptor(authority)).connect(hawser), hawser


@pytest.mark.parametrize("what", SAYINGS)
def test_a_name_that_cannot_be_a_key_is_refused_to_a_peer(stream, what):
    stream, hawser = stream
    stream.expect_ack(stream.upsert_list("web"))
    taken = {}
    for kind, name in BAD_NAMES.items():
        answer = stream.next_answer(SAYINGS[what](stream, name))
        if not answer.HasField("Error"):
            taken[kind] = answer
    assert not taken
    # The stream goes on, and so does the daemon.
    stream.expect_ack(stream.upsert_service("web", wire.instance("web")))
    hawser.stop()
    hawser.start()
    assert hawser.imported_ids("web") == ["web-1"]
    assert list(hawser.get("/v1/catalog/services?peer=standin")) == ["web"]


def test_a_list_is_taken_without_names_that_cannot_be_keys(stream):
    """It withdraws what it does not name, which must not hang on one name in it."""
    stream, hawser = stream
    stream.expect_ack(stream.upsert_list("web", "db"))
    for name in ("web", "db"):
        stream.expect_ack(stream.upsert_service(name, wire.instance(name)))
    for name in BAD_NAMES.values():
        stream.expect_ack(stream.upsert_list("web", name))
    hawser.stop()
    hawser.start()
    assert list(hawser.get("/v1/catalog/services?peer=standin")) == ["web"]


# What is kept apart


def listing(hawser):
    """All that has names, as the API tells it, without numbers."""
    found = {"nodes": hawser.get("/v1/catalog/nodes"), "checks": hawser.get("/v1/health/state/any")}
    found["entries"] = hawser.get("/v1/config/service-defaults")
    for name in hawser.get("/v1/catalog/services"):
        found[f"service {name}"] = hawser.get(f"/v1/catalog/service/{quoted(name)}")
    return without_indexes(found)


def without_indexes(value):
    if isinstance(value, list):
        return sorted((without_indexes(item) for item in value), key=json.dumps)
    if isinstance(value, dict):
        return {
            key: without_indexes(item)
            for key, item in value.items()
            if key not in ("CreateIndex", "ModifyIndex")
        }
    return value


def expect_same_after_a_restart(hawser):
    before = listing(hawser)
    hawser.restart()
    assert listing(hawser) == before


def put(hawser, method, path, body):
    answer = hawser.api(method, path, body)
    assert answer.status == 200, answer.text


#: Pairs of (node, service ID) whose parts make the same text when they are put one behind the other.
ALIKE = [
    [("n/a", "b"), ("n", "a/b")],
    [("n/", "b"), ("n", "/b")],
    [("n%2Fa", "b"), ("n/a", "b"), ("n", "a/b"), ("n", "a%2Fb")],
    [("n\\", "b"), ("n", "\\/b")],
    [("n~1a", "b"), ("n/a", "b"), ("n~01a", "b")],
    [("n:a", "b"), ("n", "a:b")],
    [("n|a", "b"), ("n", "a|b")],
]


@pytest.mark.parametrize("pairs", ALIKE, ids=lambda pairs: " ".join(f"{a}+{b}" for a, b in pairs))
def test_parts_of_a_key_do_not_run_into_each_other(make_hawser, pairs):
    hawser = make_hawser()
    for port, (node, service_id) in enumerate(pairs, 1):
        service = {"Service": "s", "ID": service_id, "Port": port}
        check = {"CheckID": service_id, "Name": f"c{port}", "Status": "warning"}
        put(hawser, *catalog(Node=node, Service=service, Check=check))

    def found():
        services = hawser.get("/v1/catalog/service/s")
        return sorted((item["ServicePort"], item["Node"], item["ServiceID"]) for item in services)

    expected = sorted((port, *pair) for port, pair in enumerate(pairs, 1))
    assert found() == expected
    before = listing(hawser)
    assert len(before["checks"]) == len(pairs)
    hawser.restart()
    assert found() == expected
    assert listing(hawser) == before
    # Each goes alone.
    for port, (node, service_id) in enumerate(pairs, 1):
        put(hawser, "PUT", "/v1/catalog/deregister", {"Node": node, "ServiceID": service_id})
        assert found() == expected[port:]
        hawser.restart()
        assert found() == expected[port:]


#: What may come in two forms that look the same.
FORMS = {
    "node": lambda name, port: catalog(Node=name, NodeMeta={"port": str(port)}),
    "service": lambda name, port: catalog(Service={"Service": name, "Port": port}),
    "service ID": lambda name, port: catalog(Service={"Service": f"s{port}", "ID": name, "Port": port}),
    "check": lambda name, port: catalog(Check={"CheckID": name, "Name": f"c{port}", "Status": "warning"}),
    "service of the agent": lambda name, port: agent_service(Name=name, Port=port),
    "service ID of the agent": lambda name, port: agent_service(Name=f"s{port}", ID=name, Port=port),
    "check of the agent": lambda name, port: (
        "PUT",
        "/v1/agent/check/register",
        {"Name": f"c{port}", "ID": name, "TTL": f"{port}h"},
    ),
    "config entry": lambda name, port: entry("service-defaults", name, Protocol=["http", "grpc"][port - 1]),
}


@pytest.mark.parametrize("what", FORMS)
def test_forms_of_unicode_are_one_or_two_and_stay_so(make_hawser, what):
    hawser = make_hawser()
    put(hawser, *FORMS[what](NFC, 1))
    hawser.api(*FORMS[what](NFD, 2))
    expect_same_after_a_restart(hawser)
    # Whichever it is, the first form can be written again, and is what it was; nothing is left over.
    put(hawser, *FORMS[what](NFC, 1))
    expect_same_after_a_restart(hawser)
    if what == "node":
        for name in [NFD, NFC]:
            hawser.api("PUT", "/v1/catalog/deregister", {"Node": name})
        names = {node["Node"] for node in hawser.get("/v1/catalog/nodes")}
        hawser.restart()
        assert {node["Node"] for node in hawser.get("/v1/catalog/nodes")} == names == {"hawser"}
    elif what == "config entry":
        for name in [NFD, NFC]:
            hawser.api("DELETE", f"/v1/config/service-defaults/{quoted(name)}")
        hawser.restart()
        assert hawser.get("/v1/config/service-defaults") == []


def test_forms_of_unicode_of_a_peers_services_stay_one_or_two(make_hawser, acceptor):
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list(NFC, NFD))
    stream.next_answer(stream.upsert_service(NFC, wire.instance(NFC, "nfc")))
    stream.next_answer(stream.upsert_service(NFD, wire.instance(NFD, "nfd")))

    def found():
        names = list(hawser.get("/v1/catalog/services?peer=standin"))
        ids = [hawser.imported_ids(quoted(name)) for name in [NFC, NFD]]
        return sorted(names), ids

    before = found()
    acceptor.close()
    hawser.stop()
    hawser.start()
    assert found() == before


# What access control keeps apart


WRITES_APP = 'service_prefix "app-" { policy = "write" } node_prefix "" { policy = "write" }'

#: Of (node, service ID): what stands, and what a stranger's registration says.
VICTIMS = {
    "NUL behind the ID": (None, "web", "web\0"),
    "NUL and more": (None, "web", "web\0app-"),
    "NUL in the node": ("n", "web", ("n\0", "web")),
    "a slash in the ID": ("n/a", "b", ("n", "a/b")),
    "a slash in the node": ("n", "a/b", ("n/a", "b")),
    "the other form": (None, NFC, NFD),
    "the other form of the node": (NFC, "web", (NFD, "web")),
}


@pytest.mark.parametrize("way", VICTIMS)
def test_who_may_write_one_name_touches_no_row_of_another(make_hawser, way):
    hawser = make_hawser(agent=access("deny"))
    hawser.api("PUT", "/v1/acl/policy", {"Name": "app", "Rules": WRITES_APP}, token=SECRET)
    stranger = hawser.api("PUT", "/v1/acl/token", {"Policies": [{"Name": "app"}]}, token=SECRET).json["SecretID"]
    node, service_id, other = VICTIMS[way]

    def send(node, name, service_id, port, token):
        if node is None:
            return hawser.api(*agent_service(Name=name, ID=service_id, Port=port), token=token)
        service = {"Service": name, "ID": service_id, "Port": port}
        return hawser.api(*catalog(Node=node, Service=service), token=token)

    def the_victim():
        answer = hawser.api("GET", "/v1/catalog/service/web", token=SECRET)
        (found,) = answer.json
        return found["Node"], found["ServiceID"], found["ServicePort"]

    assert send(node, "web", service_id, 80, SECRET).status == 200
    before = the_victim()
    other = other if isinstance(other, tuple) else (None, other)
    answer = send(other[0], "app-x", other[1], 6666, stranger)
    assert answer.status in (200, 400, 403)
    assert the_victim() == before
    hawser.restart()
    assert the_victim() == before
    if way == "the other form of the node":
        # It is one node, and who may write it may take everything off it.
        return
    # Nor by taking it away.
    if other[0] is None:
        hawser.api("PUT", f"/v1/agent/service/deregister/{quoted(other[1])}", token=stranger)
    else:
        deregistration = {"Node": other[0], "ServiceID": other[1]}
        hawser.api("PUT", "/v1/catalog/deregister", deregistration, token=stranger)
    assert the_victim() == before
    hawser.restart()
    assert the_victim() == before


def test_who_may_write_one_entry_touches_no_other(make_hawser):
    """Config entries of other names, by the forms of Unicode and by what cuts a key."""
    hawser = make_hawser(agent=access("deny"))
    rules = f'service "{NFD}" {{ policy = "write" }}'
    made = hawser.api("PUT", "/v1/acl/policy", {"Name": "one", "Rules": rules}, token=SECRET)
    stranger = hawser.api("PUT", "/v1/acl/token", {"Policies": [{"Name": "one"}]}, token=SECRET).json["SecretID"]
    assert hawser.api(*entry("service-defaults", NFC, Protocol="http"), token=SECRET).status == 200

    def protocols():
        entries = hawser.api("GET", "/v1/config/service-defaults", token=SECRET).json
        return {item["Name"]: item["Protocol"] for item in entries}

    assert made.status in (200, 400)
    before = protocols()[NFC]
    hawser.api(*entry("service-defaults", NFD, Protocol="grpc"), token=stranger)
    after = protocols()
    hawser.restart()
    assert protocols() == after
    # One name, which the stranger may write then, or two.
    assert len(after) == 1 or after[NFC] == before
