"""What a peer may put into our memory, onto our disk and into one answer is bounded by bytes, and it can shrink."""

import http.client
import shutil
import time

import pytest

from standin import wire
from standin.acceptor import Acceptor
from standin.dialer import Dialer
from standin.stream import Ended

MIB = 1 << 20
#: No sensible bound lets a peer have more than this.
ENOUGH = 1_500 * MIB


def large(name, size, letter="x"):
    """A service whose tags take so many bytes."""
    item = wire.instance(name)
    item.Service.Tags.extend(f"{number:06}" + letter * 1_018 for number in range(size // 1_024))
    return item


@pytest.fixture(autouse=True)
def no_rests(tmp_path):
    """Such directories are too large to be kept for a look."""
    yield
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.fixture(params=["dialer", "acceptor"])
def connected(request, make_hawser, authority, cleanup):
    """A daemon, and a stream of a peer in either role."""
    hawser = make_hawser(agent={"log_level": "info"})
    if request.param == "dialer":
        return hawser, cleanup.enter_context(Dialer(hawser.token())).connect()
    return hawser, cleanup.enter_context(Acceptor(authority)).connect(hawser)


def fill(stream, size=4 * MIB):
    """Sends services until one is refused: the names that were taken, and the refusal."""
    names = [f"large-{number:04}" for number in range(ENOUGH // size)]
    stream.expect_ack(stream.upsert_list(*names))
    for number, name in enumerate(names):
        answer = stream.next_answer(stream.upsert_service(name, large(name, size)))
        if answer.HasField("Error"):
            return names[:number], answer.Error.message
    raise AssertionError(f"{ENOUGH // MIB} MiB of one peer were taken")


def resident(hawser, key="VmRSS"):
    for line in open(f"/proc/{hawser.process.pid}/status"):
        if line.startswith(key):
            return int(line.split()[1]) * 1_024
    raise AssertionError(f"no {key}")


def stored(hawser):
    return sum(file.stat().st_size for file in hawser.data.iterdir())


def test_a_peer_is_refused_at_its_bound_and_can_shrink(connected):
    hawser, stream = connected
    names, refusal = fill(stream)
    assert len(names) > 4
    # In words, with the bound.
    assert len(refusal.split()) > 5 and any(letter.isdigit() for letter in refusal)
    kept = len(names) * 4 * MIB
    assert resident(hawser, "VmHWM") < 3 * kept + 256 * MIB
    assert stored(hawser) < 3 * kept + 64 * MIB

    # Again: it is not that one that is wrong.
    stream.expect_nack(stream.upsert_service("another", large("another", 4 * MIB)))
    # The same size, or less, is an update like any other.
    stream.expect_ack(stream.upsert_service(names[0], large(names[0], 4 * MIB, "y")))
    stream.expect_ack(stream.upsert_service(names[0], wire.instance(names[0])))
    # There is room for what it gave back, and only for that.
    stream.expect_ack(stream.upsert_service("another", large("another", 4 * MIB)))
    stream.expect_nack(stream.upsert_service("a-third", large("a-third", 4 * MIB)))
    # An emptied service and a shorter list give back too.
    stream.expect_ack(stream.upsert_service(names[1]))
    stream.expect_ack(stream.upsert_service("a-third", large("a-third", 4 * MIB)))
    stream.expect_ack(stream.upsert_list("small"))
    assert list(hawser.get("/v1/catalog/services?peer=standin")) == []
    for name in names[:3]:
        stream.expect_ack(stream.upsert_service(name, large(name, 4 * MIB)))


def test_what_one_peer_has_is_not_taken_from_another(make_hawser, cleanup):
    hawser = make_hawser(agent={"log_level": "info"})
    greedy = cleanup.enter_context(Dialer(hawser.token("greedy"))).connect()
    fill(greedy)
    modest = cleanup.enter_context(Dialer(hawser.token("modest"))).connect()
    modest.expect_ack(modest.upsert_list("web"))
    modest.expect_ack(modest.upsert_service("web", wire.instance("web")))
    assert hawser.imported_ids("web", "modest") == ["web-1"]
    # Heartbeats and other kinds go on at the bound.
    bundle = wire.TrustBundle(TrustDomain="a.consul", RootPEMs=[])
    assert greedy.next_answer(greedy.upsert(wire.TRUST_BUNDLE, "roots", bundle))


def test_the_bound_is_the_same_after_a_restart(make_hawser, authority, cleanup):
    hawser = make_hawser(agent={"log_level": "info"})
    acceptor = cleanup.enter_context(Acceptor(authority))
    stream = acceptor.connect(hawser)
    names, _ = fill(stream)
    hawser.stop()
    hawser.start()
    stream = acceptor.accept()
    stream.subscribe(*wire.ACCEPTOR_KINDS)
    # What it had before counts from the start, and may be sent again.
    stream.expect_nack(stream.upsert_service("another", large("another", 4 * MIB)))
    stream.expect_ack(stream.upsert_service(names[0], large(names[0], 4 * MIB)))
    stream.expect_ack(stream.upsert_service(names[1], wire.instance(names[1])))


def test_an_answer_is_bounded(make_hawser, acceptor):
    """Of the bytes of tags that a peer made up, one listing takes a part, or says that it does not."""
    hawser = make_hawser(agent={"log_level": "info"})
    fill(acceptor.connect(hawser))
    connection = http.client.HTTPConnection("127.0.0.1", hawser.http_port, timeout=60)
    started = time.monotonic()
    connection.request("GET", "/v1/catalog/services?peer=standin")
    answer = connection.getresponse()
    taken = 0
    while part := answer.read(MIB):
        taken += len(part)
        assert taken <= 128 * MIB
    if answer.status != 200:
        assert 400 <= answer.status <= 500 and taken > 20
    # Others are answered meanwhile and afterwards.
    assert hawser.get("/v1/peerings")
    assert time.monotonic() - started < 30
    connection.close()


@pytest.mark.parametrize("size", [7, 15, 17, 32], ids=lambda size: f"{size}-MiB")
def test_a_large_service_is_refused_alone_or_kept(connected, size):
    """What was acknowledged is there after a restart; what was refused takes nothing else with it."""
    hawser, stream = connected
    stream.expect_ack(stream.upsert_list("huge", "web"))
    services = {"huge": large("huge", size * MIB), "web": wire.instance("web")}
    nonces = [stream.upsert_service(name, item) for name, item in services.items()]
    try:
        answers = dict(zip(services, [stream.next_answer(nonce) for nonce in nonces]))
    except Ended:
        # More than one message may have.
        assert size > 8
        return
    assert not answers["web"].HasField("Error")
    taken = [name for name, answer in answers.items() if not answer.HasField("Error")]
    hawser.stop()
    hawser.start()
    assert [name for name in services if hawser.imported_ids(name)] == taken
