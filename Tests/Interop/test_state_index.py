"""Numbers of changes only grow, and what is stored keeps its own, over deletions, restarts and crashes."""

import random
import threading

import pytest

from standin import wire
from standin.hawser import exports
from standin.waiting import eventually

SECRET = "11111111-2222-3333-4444-555555555555"
ACCESS = {"acl": {"enabled": True, "default_policy": "allow", "tokens": {"initial_management": SECRET}}}

#: What is read, with a number in its answer.
LISTINGS = [
    "/v1/catalog/nodes",
    "/v1/catalog/services",
    "/v1/catalog/service/web",
    "/v1/health/service/web",
    "/v1/health/state/any",
    "/v1/agent/services",
    "/v1/agent/checks",
    "/v1/config/service-defaults",
    "/v1/config/exported-services",
    "/v1/connect/intentions",
    "/v1/peerings",
    "/v1/connect/ca/roots",
    "/v1/acl/tokens",
    "/v1/acl/policies",
]


def restart(hawser, how):
    if how == "kill":
        hawser.restart()
    else:
        hawser.stop()
        hawser.start()


both_ways = pytest.mark.parametrize("how", ["kill", "stop"])


def index_of(hawser, path):
    answer = hawser.api("GET", path, token=SECRET)
    assert answer.status == 200, f"{path}: {answer.text}"
    return int(answer.headers.get("X-Consul-Index", 0))


def indexes(hawser):
    return {path: index_of(hawser, path) for path in LISTINGS}


def expect_no_lower(hawser, before):
    after = indexes(hawser)
    lower = {path: (before[path], after[path]) for path in before if after[path] < before[path]}
    assert not lower
    return after


def put(hawser, path, body=None, method="PUT"):
    answer = hawser.api(method, path, body, token=SECRET)
    assert answer.status == 200, answer.text
    return answer


def register(hawser, node, service="web", **more):
    service = {"Service": service, "Port": 80} | more
    put(hawser, "/v1/catalog/register", {"Node": node, "Address": "10.0.0.1", "Service": service})


def fill(hawser, name):
    """One more of everything that can be taken away again: a function that does."""
    register(hawser, f"node-{name}")
    put(hawser, "/v1/agent/service/register", {"Name": "web", "ID": name, "Check": {"TTL": "1h"}})
    put(hawser, "/v1/agent/check/register", {"Name": f"check-{name}", "TTL": "1h"})
    put(hawser, "/v1/config", {"Kind": "service-defaults", "Name": name, "Protocol": "http"})
    put(hawser, f"/v1/connect/intentions/exact?source=a&destination={name}", {"Action": "deny"})
    policy = put(hawser, "/v1/acl/policy", {"Name": name, "Rules": ""}).json["ID"]
    token = put(hawser, "/v1/acl/token", {"Description": name}).json["AccessorID"]
    hawser.api("POST", "/v1/peering/token", {"PeerName": name}, token=SECRET)

    def remove():
        put(hawser, "/v1/catalog/deregister", {"Node": f"node-{name}"})
        put(hawser, f"/v1/agent/service/deregister/{name}")
        put(hawser, f"/v1/agent/check/deregister/check-{name}")
        put(hawser, f"/v1/config/service-defaults/{name}", method="DELETE")
        put(hawser, f"/v1/connect/intentions/exact?source=a&destination={name}", method="DELETE")
        put(hawser, f"/v1/acl/policy/{policy}", method="DELETE")
        put(hawser, f"/v1/acl/token/{token}", method="DELETE")
        put(hawser, f"/v1/peering/{name}", method="DELETE")

    return remove


# Growing


@both_ways
def test_after_deletions_and_a_restart_numbers_go_on(make_hawser, how):
    """What was deleted last had the highest number, and is not there any more."""
    hawser = make_hawser(agent=ACCESS)
    removals = [fill(hawser, f"thing-{number}") for number in range(3)]
    seen = indexes(hawser)
    for remove in removals:
        remove()
        seen = expect_no_lower(hawser, seen)
    restart(hawser, how)
    seen = expect_no_lower(hawser, seen)
    fill(hawser, "later")
    later = expect_no_lower(hawser, seen)
    # And what has changed has a number that nobody has seen.
    changed = [path for path in LISTINGS if path not in ("/v1/connect/ca/roots", "/v1/config/exported-services")]
    assert {path: later[path] for path in changed if later[path] <= max(seen.values())} == {}


@both_ways
def test_a_number_never_stands_for_two_contents(make_hawser, how):
    """Ten deletions, a restart, ten others: compare-and-set must not take one for the other."""
    hawser = make_hawser()
    contents = {}

    def look():
        answer = hawser.api("GET", "/v1/catalog/nodes")
        names = sorted(node["Node"] for node in answer.json)
        assert contents.setdefault(answer.headers["X-Consul-Index"], names) == names

    for number in range(10):
        register(hawser, f"node-{number}")
        look()
    for number in range(10):
        put(hawser, "/v1/catalog/deregister", {"Node": f"node-{number}"})
        look()
    for life in range(2):
        restart(hawser, how)
        look()
        for number in range(10):
            register(hawser, f"life-{life}-{number}")
            look()


def test_a_compare_and_set_is_not_fooled_by_a_restart(make_hawser):
    hawser = make_hawser()
    entry = {"Kind": "service-defaults", "Name": "web"}
    for protocol in ["tcp", "http"]:
        put(hawser, "/v1/config", entry | {"Protocol": protocol})
    old = hawser.get("/v1/config/service-defaults/web")["ModifyIndex"]
    put(hawser, "/v1/config/service-defaults/web", method="DELETE")
    for _ in range(6):
        hawser.restart()
        put(hawser, "/v1/config", entry | {"Protocol": "grpc"})
        new = hawser.get("/v1/config/service-defaults/web")
        assert new["ModifyIndex"] > old and new["CreateIndex"] > old
        answer = hawser.api("PUT", f"/v1/config?cas={old}", entry | {"Protocol": "tcp"})
        assert (answer.status, answer.json) == (200, False)
        old = new["ModifyIndex"]
        put(hawser, "/v1/config/service-defaults/web", method="DELETE")


@both_ways
def test_who_waits_over_a_restart_misses_nothing(make_hawser, how):
    """A reader asks on with the number that it has; what changed while it was away is told at once."""
    hawser = make_hawser()
    for number in range(10):
        register(hawser, f"node-{number}")
    for number in range(9):
        put(hawser, "/v1/catalog/deregister", {"Node": f"node-{number}"})
    known = index_of(hawser, "/v1/catalog/nodes")
    restart(hawser, how)
    for number in range(3):
        register(hawser, f"new-{number}")
    answer = hawser.api("GET", f"/v1/catalog/nodes?index={known}&wait=5s")
    assert {"new-0", "new-1", "new-2"} <= {node["Node"] for node in answer.json}
    assert int(answer.headers["X-Consul-Index"]) > known


def test_under_churn_and_crashes_no_reader_sees_a_number_go_back(make_hawser):
    hawser = make_hawser()
    highest = dict.fromkeys(["/v1/catalog/nodes", "/v1/catalog/services", "/v1/health/state/any"], 0)
    backwards = []
    is_over = threading.Event()

    def churn():
        number = 0
        while not is_over.is_set():
            number += 1
            try:
                register(hawser, f"node-{number}", f"service-{number % 7}")
                if random.random() < 0.8:
                    put(hawser, "/v1/catalog/deregister", {"Node": f"node-{number}"})
            except (OSError, AssertionError):
                # It is down.
                is_over.wait(0.01)

    def read():
        while not is_over.is_set():
            for path, high in highest.items():
                try:
                    index = index_of(hawser, path)
                except (OSError, AssertionError):
                    continue
                if index < high:
                    backwards.append((path, high, index))
                highest[path] = max(high, index)

    threads = [threading.Thread(target=work) for work in (churn, read)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(8):
            before = dict(highest)
            eventually(lambda: all(highest[path] > before[path] + 3 for path in highest), "there was churn")
            hawser.kill()
            hawser.start()
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    assert not backwards


# The same


def numbers(value, place=""):
    """Every number of a creation or a change, by where it stands."""
    if isinstance(value, dict):
        keys = ["Kind", "Node", "Name", "ID", "ServiceID", "CheckID", "AccessorID"]
        name = " ".join(value[key] for key in keys if isinstance(value.get(key), str))
        for key, item in value.items():
            if key in ("CreateIndex", "ModifyIndex"):
                yield f"{place}/{name}/{key}", item
            else:
                yield from numbers(item, f"{place}/{name}/{key}")
    elif isinstance(value, list):
        for item in value:
            yield from numbers(item, place)


def numbers_of(hawser, *more):
    found = {}
    for path in [*LISTINGS, *more]:
        found |= dict(numbers(hawser.api("GET", path, token=SECRET).json, path))
    return found


def expect_the_same(hawser, before, *more):
    after = numbers_of(hawser, *more)
    other = {place: (before.get(place), after.get(place)) for place in before | after}
    assert {place: pair for place, pair in other.items() if pair[0] != pair[1]} == {}


@both_ways
def test_things_keep_their_numbers_over_a_restart(make_hawser, how):
    hawser = make_hawser(agent=ACCESS)
    removals = [fill(hawser, f"thing-{number}") for number in range(4)]
    # Changed after they were made, and again.
    for port in range(3):
        register(hawser, "node-thing-0", Port=1_000 + port)
        put(hawser, "/v1/agent/service/register", {"Name": "web", "ID": "thing-1", "Port": port})
    put(hawser, "/v1/config", exports("web"))
    put(hawser, "/v1/hawser/ca/rotate")
    removals[3]()
    before = numbers_of(hawser)
    assert len(before) > 40
    for _ in range(2):
        restart(hawser, how)
        expect_the_same(hawser, before)


@both_ways
def test_what_files_say_keeps_its_numbers_over_a_restart(make_hawser, how):
    services = [{"name": "web", "id": f"web-{number}", "port": number} for number in range(3)]
    files = {
        "services.json": {"services": services},
        "entry.json": {"Kind": "service-defaults", "Name": "web", "Protocol": "http"},
    }
    hawser = make_hawser(files=files, agent=ACCESS)
    for number in range(3):
        register(hawser, f"node-{number}")
    before = numbers_of(hawser)
    restart(hawser, how)
    expect_the_same(hawser, before)


@both_ways
def test_what_was_imported_keeps_its_numbers_over_a_restart(make_hawser, acceptor, how):
    hawser = make_hawser(agent=ACCESS)
    stream = acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list("web", "api"))
    for port in [1, 2]:
        for name in ["web", "api"]:
            stream.expect_ack(stream.upsert_service(name, wire.instance(name, port=port)))
    for number in range(5):
        register(hawser, f"node-{number}")
    paths = ["/v1/health/service/web?peer=standin", "/v1/health/service/api?peer=standin"]
    acceptor.close()
    eventually(lambda: hawser.state() != "ACTIVE", "the stream is gone")
    before = numbers_of(hawser, *paths)
    seen = {path: index_of(hawser, path) for path in paths}
    # Copies reach the disk a little later; an orderly end waits for them.
    restart(hawser, "stop")
    expect_the_same(hawser, before, *paths)
    restart(hawser, how)
    expect_the_same(hawser, before, *paths)
    assert all(index_of(hawser, path) >= seen[path] for path in paths)


def test_an_unchanged_registration_changes_no_number(make_hawser):
    hawser = make_hawser(agent=ACCESS)
    fill(hawser, "thing")
    before, seen = numbers_of(hawser), index_of(hawser, "/v1/catalog/service/web")
    register(hawser, "node-thing")
    put(hawser, "/v1/agent/service/register", {"Name": "web", "ID": "thing", "Check": {"TTL": "1h"}})
    put(hawser, "/v1/config", {"Kind": "service-defaults", "Name": "thing", "Protocol": "http"})
    expect_the_same(hawser, before)
    assert index_of(hawser, "/v1/catalog/service/web") == seen
