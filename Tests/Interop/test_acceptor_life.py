"""Heartbeats and ends of a stream on the accepting side (protocol section 4.5)."""

import re

import grpc
import pytest

from standin import wire
from standin.dialer import Dialer
from standin.hawser import exports
from standin.stream import Ended
from standin.waiting import eventually

CODE = grpc.StatusCode
OFTEN = {"heartbeat_interval": "200ms", "heartbeat_timeout": "3s"}
FILES = {
    "web.json": {"services": [{"name": "web", "id": "web-1", "port": 80}]},
    "exports.json": exports("web"),
}


@pytest.fixture
def hawser(make_hawser):
    return make_hawser(files=FILES, agent={"peering": OFTEN})


@pytest.fixture
def patient(make_hawser):
    """With the timing that Consul has."""
    return make_hawser(files=FILES)


def dialer_of(hawser, cleanup):
    return cleanup.enter_context(Dialer(hawser.token()))


def up(dialer):
    """A stream over which something was imported."""
    stream = dialer.connect()
    stream.expect_ack(stream.upsert_list("api"))
    stream.expect_ack(stream.upsert_service("api", wire.instance("api")))
    return stream


def last_error(hawser):
    shown = hawser.cli("peering", "read", "-name", "standin").output
    return re.search(r"Last Error: *(.*)", shown)[1]


# Heartbeats


def test_heartbeats_come_whether_or_not_ours_do(hawser, cleanup):
    stream = dialer_of(hawser, cleanup).open()
    for _ in range(3):
        beat = stream.next_payload("heartbeat")
    assert beat.SerializeToString() == b"\x2a\x00"


def test_a_heartbeat_of_ours_shows_in_the_status(patient, cleanup):
    """Observed 26: null until the first one."""
    stream = up(dialer_of(patient, cleanup))
    assert patient.peering()["StreamStatus"]["LastHeartbeat"] is None
    stream.send(wire.heartbeat())
    stream.expect_ack(stream.upsert_list("api"))
    assert patient.peering()["StreamStatus"]["LastHeartbeat"] is not None


def test_heartbeats_are_not_answered(patient, cleanup):
    stream = dialer_of(patient, cleanup).open()
    for _ in range(10):
        stream.send(wire.heartbeat())
    stream.expect_ack(stream.upsert_list("api"))
    assert len(stream.messages) == len(wire.ACCEPTOR_KINDS) + 1


def test_with_heartbeats_a_stream_lives_on(hawser, cleanup):
    """Ours answer theirs, for longer than Hawser would bear silence."""
    stream = dialer_of(hawser, cleanup).open()
    for _ in range(25):
        stream.next_payload("heartbeat")
        stream.send(wire.heartbeat())
    stream.expect_ack(stream.upsert_list("api"))
    assert hawser.state() == "ACTIVE"


def test_without_heartbeats_the_stream_ends(hawser, cleanup):
    """Observed 17."""
    stream = dialer_of(hawser, cleanup).open()
    assert stream.status() == (CODE.UNKNOWN, "heartbeat timeout")
    assert hawser.state() == "FAILING"
    assert last_error(hawser) == "heartbeat timeout"


def test_other_messages_are_no_heartbeats(hawser, cleanup):
    """Only a Heartbeat restarts the clock: here all else comes, as often as theirs."""
    stream = dialer_of(hawser, cleanup).connect(wire.TRUST_BUNDLE)
    roots = stream.next_response("roots")
    with pytest.raises(Ended):
        for _ in range(100):
            stream.next_payload("heartbeat")
            stream.send(wire.Message())
            stream.send(wire.ack(roots))
            stream.upsert_list("api")
    assert stream.status() == (CODE.UNKNOWN, "heartbeat timeout")


def test_a_timeout_leaves_imported_data_in_place(hawser, cleanup):
    """Section 7.4: only an end that was meant removes it."""
    stream = up(dialer_of(hawser, cleanup))
    stream.wait_until_over()
    assert hawser.imported_ids("api") == ["api-1"]


# The states of a peering (observed 26)


def test_a_peering_is_pending_then_active_then_failing_then_active(patient, cleanup):
    dialer = dialer_of(patient, cleanup)
    assert patient.state() == "PENDING"
    dialer.exchange()
    assert patient.state() == "PENDING"
    stream = up(dialer)
    assert patient.state() == "ACTIVE"
    stream.half_close()
    stream.wait_until_over()
    assert patient.state() == "FAILING"
    up(dialer)
    assert patient.state() == "ACTIVE"


def test_the_lists_of_services_show_and_outlive_a_disconnection(patient, cleanup):
    """Section 7.5."""
    stream = up(dialer_of(patient, cleanup))
    stream.expect("web")
    for _ in range(2):
        status = patient.peering()["StreamStatus"]
        assert status["ImportedServices"] == ["api"]
        assert status["ExportedServices"] == ["web"]
        assert status["LastReceive"] and status["LastSend"]
        stream.half_close()
        stream.wait_until_over()
    assert patient.state() == "FAILING"


# Ends that were not announced


def test_a_half_close_without_terminated_is_unexpected(patient, cleanup):
    """Observed 21, probe case 5."""
    stream = up(dialer_of(patient, cleanup))
    stream.half_close()
    assert stream.status() == (CODE.UNKNOWN, "stream ended unexpectedly")
    assert patient.state() == "FAILING"
    assert last_error(patient) == "stream ended unexpectedly"
    assert patient.imported_ids("api") == ["api-1"]


def test_a_reset_stream_is_failing_and_can_be_opened_again(patient, cleanup):
    dialer = dialer_of(patient, cleanup)
    stream = up(dialer)
    stream.cancel()
    eventually(lambda: patient.state() == "FAILING", "it shows")
    assert patient.imported_ids("api") == ["api-1"]
    up(dialer)
    assert patient.state() == "ACTIVE"


def test_a_stopping_daemon_says_that_it_is_unavailable(patient, cleanup):
    stream = up(dialer_of(patient, cleanup))
    patient.stop()
    assert stream.status()[0] == CODE.UNAVAILABLE
    assert not [m for m in stream.messages if m.HasField("terminated")]


# Terminated by the dialer


def test_terminated_of_the_dialer_ends_the_stream_with_ok(patient, cleanup):
    """Observed 22, probe case 14."""
    stream = up(dialer_of(patient, cleanup))
    stream.send(wire.terminated())
    stream.half_close()
    assert stream.status()[0] == CODE.OK
    assert patient.state() == "TERMINATED"
    assert patient.imported("api") == []
    assert not [m for m in stream.messages if m.HasField("terminated")]


def test_a_terminated_peering_stays_until_it_is_deleted(patient, cleanup):
    stream = up(dialer_of(patient, cleanup))
    stream.send(wire.terminated())
    stream.half_close()
    stream.wait_until_over()
    patient.restart()
    assert patient.state() == "TERMINATED"
    assert patient.imported("api") == []
    patient.delete()
    eventually(lambda: patient.peering() is None, "the peering is gone")


def test_what_comes_after_terminated_is_discarded(patient, cleanup):
    stream = up(dialer_of(patient, cleanup))
    stream.send(wire.terminated())
    late = stream.upsert_list("late")
    stream.upsert_service("late", wire.instance("late"))
    stream.send(wire.request("type.googleapis.com/bogus.Type"))
    stream.send(wire.Message())
    stream.half_close()
    assert stream.status()[0] == CODE.OK
    assert patient.state() == "TERMINATED"
    assert patient.imported("late") == []
    assert not [m for m in stream.messages if m.request.ResponseNonce == late]


def test_terminated_without_a_half_close_ends_the_stream_too(patient, cleanup):
    stream = up(dialer_of(patient, cleanup))
    stream.send(wire.terminated())
    assert stream.status()[0] == CODE.OK
    assert patient.state() == "TERMINATED"


# Terminated by Hawser


def test_a_deletion_is_announced_and_nothing_comes_after_it(patient, cleanup):
    """Observed 22 and 30: both sides are without the data at once."""
    stream = up(dialer_of(patient, cleanup))
    patient.delete()
    stream.next_payload("terminated")
    assert patient.imported("api") == []
    stream.half_close()
    assert stream.status()[0] == CODE.OK
    assert stream.messages[-1].HasField("terminated")
    eventually(lambda: patient.peering() is None, "the peering is gone")


def test_what_comes_after_a_deletion_is_discarded(patient, cleanup):
    stream = up(dialer_of(patient, cleanup))
    patient.delete()
    stream.next_payload("terminated")
    stream.upsert_list("late")
    stream.upsert_service("late", wire.instance("late"))
    stream.send(wire.request("type.googleapis.com/bogus.Type"))
    stream.half_close()
    assert stream.status()[0] == CODE.OK
    assert stream.messages[-1].HasField("terminated")
    assert patient.imported("late") == []


def test_a_dialer_that_does_not_end_its_side_holds_up_no_deletion(patient, cleanup):
    stream = up(dialer_of(patient, cleanup))
    patient.delete()
    stream.next_payload("terminated")
    assert stream.status()[0] == CODE.OK
    eventually(lambda: patient.peering() is None, "the peering is gone")


def test_both_sides_may_delete_at_once(patient, cleanup):
    stream = up(dialer_of(patient, cleanup))
    patient.delete()
    stream.send(wire.terminated())
    stream.half_close()
    assert stream.status()[0] == CODE.OK
    eventually(lambda: patient.peering() is None, "the peering is gone")
    assert patient.imported("api") == []


# Messages that mean nothing


def test_an_empty_message_is_ignored(patient, cleanup):
    """Observed 19, probe case 9."""
    stream = dialer_of(patient, cleanup).open()
    stream.send(wire.Message())
    stream.send_bytes(b"\xaa\x06\x03new")  # A payload of the future.
    stream.expect_ack(stream.upsert_list("api"))
    assert len(stream.messages) == len(wire.ACCEPTOR_KINDS) + 1


@pytest.mark.parametrize("peer_id", [None, "", "someone else"])
def test_a_second_open_is_ignored(patient, cleanup, peer_id):
    dialer = dialer_of(patient, cleanup)
    stream = dialer.open(datacenter="first")
    own = dialer.peer_id if peer_id is None else peer_id
    stream.send(wire.open_(own, "wrong", datacenter="second"))
    stream.expect_ack(stream.upsert_list("api"))
    assert len(stream.messages) == len(wire.ACCEPTOR_KINDS) + 1
    assert patient.peering()["Remote"]["Datacenter"] == "first"
