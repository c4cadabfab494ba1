"""What was answered is true, whatever the disk does: it is full, slow, or fails in the middle."""

import errno
import json
import random
import re
import threading
import time

import pytest

from standin import wire
from standin.dialer import Dialer, refusal_of
from standin.hawser import exports
from standin.stream import Ended
from standin.waiting import at_once, eventually

SECRET = "11111111-2222-3333-4444-555555555555"
ACCESS = {"acl": {"enabled": True, "default_policy": "allow", "tokens": {"initial_management": SECRET}}}


def register(hawser, node, **more):
    """The status of a registration."""
    return hawser.api("PUT", "/v1/catalog/register", {"Node": node, "Address": "10.0.0.1"} | more).status


def nodes(hawser):
    """The names of all nodes but its own."""
    return {node["Node"] for node in hawser.get("/v1/catalog/nodes")} - {hawser.name}


def behind_a_flush(hawser, faults, calls, then):
    """What calls return that come while the daemon flushes, so that it takes them together.

    `then` is called when they are there, before any of them is written.
    """
    # The first write after a start may flush more than once.
    assert register(hawser, "blocker-1") == 200
    faults.flush_takes(1000)
    has_begun = faults.await_flush()
    answers = {}
    blocker = threading.Thread(target=lambda: answers.update(blocker=register(hawser, "blocker-2")))
    blocker.start()
    has_begun()
    late = threading.Timer(0.4, then)
    late.start()
    results = at_once(*calls)
    blocker.join()
    late.join()
    faults.flush_takes(0)
    assert answers["blocker"] == 200
    return results


# A full disk


def test_what_is_answered_on_a_full_disk_is_true(make_faulty):
    """Equal requests at once: one that changes nothing must not stand on another that was not stored."""
    hawser, _, disk = make_faulty(has_small_disk=True)
    disk.fill()
    answers = {
        name: at_once(*[lambda name=name: register(hawser, name)] * 24)
        for name in [f"node-{number}" for number in range(40)]
    }
    assert {status for statuses in answers.values() for status in statuses} <= {200, 500}
    acknowledged = {name for name, statuses in answers.items() if 200 in statuses}
    before = nodes(hawser)
    hawser.kill()
    disk.free()
    hawser.start()
    assert nodes(hawser) == before == acknowledged


def test_a_disk_with_room_again_is_written_to(make_faulty):
    hawser, _, disk = make_faulty(has_small_disk=True)
    disk.fill()
    # There may be room inside the files.
    refused = next(name for number in range(2_000) if register(hawser, name := f"node-{number}") == 500)
    disk.free()
    assert register(hawser, "late") == 200
    hawser.restart()
    assert "late" in nodes(hawser) and refused not in nodes(hawser)


def test_a_refusal_tells_the_operator_what_to_do(make_faulty):
    hawser, faults = make_faulty()
    faults.writes_fail(errno.ENOSPC)
    answer = hawser.api("PUT", "/v1/catalog/register", {"Node": "a", "Address": "10.0.0.1"})
    assert answer.status == 500
    assert "space" in answer.text


def test_three_equal_writes_on_a_full_disk_are_three_refusals(make_faulty):
    hawser, faults = make_faulty()
    calls = [lambda: register(hawser, "same")] * 3
    assert behind_a_flush(hawser, faults, calls, faults.writes_fail) == [500, 500, 500]
    assert "same" not in nodes(hawser)
    hawser.restart()
    assert "same" not in nodes(hawser)


def test_an_acl_token_that_could_not_be_deleted_is_valid(make_faulty):
    hawser, faults = make_faulty(agent=ACCESS)
    token = hawser.api("PUT", "/v1/acl/token", {"Description": "t"}, token=SECRET).json

    def delete():
        return hawser.api("DELETE", f"/v1/acl/token/{token['AccessorID']}", token=SECRET).status

    def is_valid():
        return hawser.api("GET", "/v1/acl/token/self", token=token["SecretID"]).status == 200

    assert behind_a_flush(hawser, faults, [delete] * 6, faults.writes_fail) == [500] * 6
    assert is_valid()
    faults.disk_works()
    hawser.restart()
    assert is_valid()
    assert at_once(*[delete] * 6).count(200) >= 1
    assert not is_valid()
    hawser.restart()
    assert not is_valid()


def test_a_token_is_not_spent_while_the_disk_is_full(make_faulty, cleanup):
    hawser, faults = make_faulty()
    token = hawser.token()
    dialers = [cleanup.enter_context(Dialer(token)) for _ in range(4)]
    calls = [lambda dialer=dialer: refusal_of(dialer.exchange)[0].name for dialer in dialers]
    assert behind_a_flush(hawser, faults, calls, faults.writes_fail) == ["INTERNAL"] * 4
    faults.disk_works()
    hawser.restart()
    with Dialer(token) as dialer:
        assert dialer.exchange()


EQUAL_WRITES = {
    "a service of the catalog": (
        "PUT",
        "/v1/catalog/register",
        {"Node": "n", "Address": "10.0.0.1", "Service": {"Service": "s", "Port": 1}},
    ),
    "a check of the catalog": (
        "PUT",
        "/v1/catalog/register",
        {"Node": "old", "Address": "10.0.0.1", "Check": {"CheckID": "c", "Status": "critical"}},
    ),
    "a deregistration": ("PUT", "/v1/catalog/deregister", {"Node": "old"}),
    "a service of the agent": ("PUT", "/v1/agent/service/register", {"Name": "s", "Port": 1}),
    "the end of a service of the agent": ("PUT", "/v1/agent/service/deregister/old", None),
    "a check of the agent": ("PUT", "/v1/agent/check/register", {"Name": "c", "TTL": "1h"}),
    "maintenance": ("PUT", "/v1/agent/maintenance?enable=true", None),
    "a config entry": ("PUT", "/v1/config", exports("web")),
    "the end of a config entry": ("DELETE", "/v1/config/service-defaults/old", None),
    "an intention": ("PUT", "/v1/connect/intentions/exact?source=a&destination=b", {"Action": "deny"}),
    "the end of a peering": ("DELETE", "/v1/peering/old", None),
}


@pytest.mark.parametrize("what", EQUAL_WRITES)
def test_equal_writes_that_are_not_stored_change_nothing(make_faulty, what):
    hawser, faults = make_faulty()
    assert register(hawser, "old") == 200
    assert hawser.api("PUT", "/v1/agent/service/register", {"Name": "old"}).status == 200
    entry = {"Kind": "service-defaults", "Name": "old", "Protocol": "http"}
    assert hawser.api("PUT", "/v1/config", entry).status == 200
    hawser.token("old")
    before = everything(hawser)
    calls = [lambda: hawser.api(*EQUAL_WRITES[what]).status] * 3
    assert behind_a_flush(hawser, faults, calls, faults.writes_fail) == [500, 500, 500]
    assert everything(hawser) == before
    hawser.restart()
    assert everything(hawser) == before


def everything(hawser):
    """What the API tells of all that the rows above change, without numbers and without the blockers."""
    paths = ["/v1/catalog/nodes", "/v1/catalog/services", "/v1/agent/services", "/v1/agent/checks"]
    paths += ["/v1/health/state/any", "/v1/config/exported-services", "/v1/config/service-defaults"]
    paths += ["/v1/config/service-intentions", "/v1/peerings"]
    found = {path: hawser.get(path) for path in paths}
    found[paths[0]] = [node for node in found[paths[0]] if not node["Node"].startswith("blocker")]
    text = json.dumps(found, sort_keys=True)
    return json.loads(re.sub(r'"(Create|Modify)Index": \d+', r'"\1Index": 0', text))


# A slow disk


def test_nobody_waits_for_the_requests_of_all_others(make_faulty):
    """The first caller does not write for all later ones."""
    clients, requests = 32, 50
    hawser, faults = make_faulty()
    assert register(hawser, "first") == 200
    faults.flush_takes(20)
    lock = threading.Lock()
    answered, overtaken = [0], []

    def write(client):
        for number in range(requests):
            # Out of step, so that some wait whenever a flush ends.
            time.sleep(random.uniform(0, 0.02))
            before = answered[0]
            assert register(hawser, f"node-{client}-{number}") == 200
            with lock:
                overtaken.append(answered[0] - before)
                answered[0] += 1

    at_once(*[lambda client=client: write(client) for client in range(clients)])
    assert len(overtaken) == clients * requests
    # Each flush takes what is there; 20 of them are patience enough.
    assert max(overtaken) <= 20 * clients
    # Requests that come together are flushed together.
    assert faults.flushes < clients * requests


# A disk that fails


def end_of(hawser):
    """Waits until the daemon has ended by itself, and looks at how it says why."""
    said = hawser.end_by_itself().splitlines()
    # Lines of the log begin with their time.
    sentences = [line for line in said if line and not re.match(r"\d{4}-\d\d-\d\dT", line)]
    (sentence,) = sentences
    assert str(hawser.data / "state.db") in sentence
    assert re.search("disk|restart|start", sentence), sentence
    return sentence


@pytest.mark.parametrize("is_done", [False, True], ids=["lost", "unknown"])
def test_a_flush_that_fails_ends_the_daemon(make_faulty, is_done):
    hawser, faults = make_faulty()
    kept = {f"node-{number}" for number in range(5)}
    assert [register(hawser, name) for name in sorted(kept)] == [200] * 5
    faults.flushes_fail(is_done=is_done)
    assert register(hawser, "lost") == 500
    end_of(hawser)
    faults.disk_works()
    hawser.start()
    assert nodes(hawser) - {"lost"} == kept
    assert register(hawser, "later") == 200


@pytest.mark.parametrize("is_done", [False, True], ids=["lost", "unknown"])
def test_nothing_is_acknowledged_after_a_flush_that_failed(make_faulty, is_done):
    hawser, faults = make_faulty()
    assert register(hawser, "first") == 200
    acknowledged, others = [], []

    def write(client):
        for number in range(1_000):
            name = f"node-{client}-{number}"
            failures = faults.failures
            try:
                status = register(hawser, name)
            except OSError:
                # It has ended.
                return
            assert status in (200, 500)
            if status == 200:
                assert failures == 0
                acknowledged.append(name)
            else:
                others.append(status)

    faults.flush_takes(2)
    faults.flushes_fail(is_done=is_done, after=50)
    at_once(*[lambda client=client: write(client) for client in range(8)])
    assert acknowledged and others
    end_of(hawser)
    faults.disk_works()
    hawser.start()
    assert nodes(hawser) >= set(acknowledged)


def test_writes_that_fail_lose_nothing_that_was_acknowledged(make_faulty):
    """EIO, unlike a full disk, says that the disk is broken."""
    hawser, faults = make_faulty()
    kept = {f"node-{number}" for number in range(5)}
    assert [register(hawser, name) for name in sorted(kept)] == [200] * 5
    for after in range(3):
        faults.writes_fail(errno.EIO, after=after)
        assert register(hawser, f"lost-{after}") == 500
        faults.disk_works()
        # Whether it went on or not.
        hawser.restart()
        assert nodes(hawser) == kept
        assert register(hawser, "node-0", NodeMeta={"round": str(after)}) == 200


def test_a_peering_that_could_not_be_stored_is_not_there(make_faulty):
    hawser, faults = make_faulty()
    assert register(hawser, "first") == 200
    faults.flushes_fail()
    answer = hawser.api("POST", "/v1/peering/token", {"PeerName": "standin"})
    assert answer.status == 500
    assert "PeeringToken" not in answer.text
    end_of(hawser)


def test_a_disk_that_fails_at_the_start_is_no_start(make_faulty):
    hawser, faults = make_faulty()
    hawser.stop()
    for file in hawser.data.iterdir():
        file.unlink()
    faults.writes_fail(errno.EIO)
    said = hawser.refuse_to_start()
    assert str(hawser.data / "state.db") in said


# What peers hear of it


def breakages(faults):
    """What may be wrong with a disk while a peer is there."""
    return {
        "full": lambda: faults.writes_fail(errno.ENOSPC),
        "write": lambda: faults.writes_fail(errno.EIO),
        "flush": lambda: faults.flushes_fail(errno.EIO),
    }


@pytest.fixture(params=["full", "write", "flush"])
def broken(request):
    """Breaks the disk in one of the ways: `broken(faults)`."""
    return lambda faults: breakages(faults)[request.param]()


def expect_discreet(hawser, text):
    assert str(hawser.data) not in text
    assert "state.db" not in text
    assert "SQLite" not in text


def test_a_redeeming_peer_hears_nothing_of_our_files(make_faulty, broken):
    hawser, faults = make_faulty()
    with Dialer(hawser.token()) as dialer:
        broken(faults)
        code, text = refusal_of(dialer.exchange)
        assert code.name in ("INTERNAL", "UNAVAILABLE")
        expect_discreet(hawser, text)


def test_an_opening_peer_hears_nothing_of_our_files(make_faulty, broken):
    """The first use of a secret is stored."""
    hawser, faults = make_faulty()
    with Dialer(hawser.token()) as dialer:
        dialer.exchange()
        broken(faults)
        code, text = dialer.open().status()
        assert code.name in ("INTERNAL", "UNAVAILABLE")
        expect_discreet(hawser, text)


@pytest.mark.parametrize("kind", ["bundle", "addresses"])
def test_a_sending_peer_hears_nothing_of_our_files(make_faulty, authority, acceptor, broken, kind):
    hawser, faults = make_faulty()
    stream = acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list())
    broken(faults)
    if kind == "bundle":
        bundle = wire.TrustBundle(TrustDomain=authority.trust_domain, RootPEMs=[authority.root_pem] * 2)
        nonce = stream.upsert(wire.TRUST_BUNDLE, "roots", bundle)
    else:
        addresses = wire.ServerAddresses(Addresses=["198.51.100.1:8503"])
        nonce = stream.upsert(wire.SERVER_ADDRESSES, "server-addrs", addresses)
    try:
        expect_discreet(hawser, stream.expect_nack(nonce).message)
    except Ended:
        # A daemon whose disk is broken may end before it answers.
        hawser.end_by_itself()
    expect_discreet(hawser, str(stream.raw))


def test_copies_of_imported_services_that_are_not_stored_come_again(make_faulty, acceptor):
    """Such copies may be a little behind; a full disk must not keep them there."""
    hawser, faults = make_faulty()
    stream = acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list("web", "api"))
    faults.writes_fail(errno.ENOSPC)
    answer = stream.next_answer(stream.upsert_service("web", wire.instance("web")))
    eventually(lambda: faults.failures > 0, "the copy could not be stored")
    expect_discreet(hawser, str(stream.raw))
    faults.disk_works()
    if answer.HasField("Error"):
        stream.expect_ack(stream.upsert_service("web", wire.instance("web")))
    stream.expect_ack(stream.upsert_service("api", wire.instance("api")))
    acceptor.close()
    hawser.stop()
    hawser.start()
    assert hawser.imported_ids("api") == ["api-1"]
    assert hawser.imported_ids("web") == ["web-1"]
