"""The life of a peering at the dialing end (protocol section 7)."""

from concurrent import futures

import grpc

from standin import wire
from standin.acceptor import Acceptor
from standin.authority import Authority
from standin.hawser import exports
from standin.raw_acceptor import RawAcceptor
from standin.waiting import eventually

EAGER = {"peering": {"heartbeat_interval": "200ms", "heartbeat_timeout": "10s"}}
FILES = {
    "services.json": {"services": [{"name": "web", "id": "web-1", "port": 80}]},
    "exports.json": exports("web"),
}
AWAY = (grpc.StatusCode.UNAVAILABLE, "away")
NOTHING_YET = {
    "ImportedServices": None,
    "ExportedServices": None,
    "LastHeartbeat": None,
    "LastReceive": None,
    "LastSend": None,
}


def status(hawser, peer="standin"):
    return hawser.peering(peer)["StreamStatus"]


def with_api(acceptor, hawser, peer="standin"):
    """A stream over which an instance of `api` has come."""
    stream = acceptor.connect(hawser, peer)
    stream.expect_ack(stream.upsert_list("api"))
    stream.expect_ack(stream.upsert_service("api", wire.instance("api")))
    assert hawser.imported_ids("api", peer) == ["api-1"]
    return stream


def exported(hawser, *names):
    """Waits until the status says that these were sent."""
    eventually(lambda: status(hawser)["ExportedServices"] == list(names), "the exports")


# 7.1, states


def test_before_the_exchange_is_answered_nothing_is_established(make_hawser, authority):
    """PENDING in Consul; Hawser writes nothing yet."""
    hawser = make_hawser()

    class Mute(RawAcceptor):
        def redeem(self, data):
            super().redeem(data)

    with Mute(authority) as mute, futures.ThreadPoolExecutor() as pool:
        pending = pool.submit(hawser.establish, mute.token())
        eventually(lambda: mute.exchanges, "the exchange")
        assert hawser.state() in (None, "PENDING")
        pending.result()


def test_states_of_a_peering_that_comes_and_goes(make_hawser, raw_acceptor):
    hawser = make_hawser()
    inner = raw_acceptor.redeem

    def redeem(data):
        # Nobody gets a stream until the gate is open again.
        raw_acceptor.gate.clear()
        return inner(data)

    raw_acceptor.redeem = redeem
    assert hawser.establish(raw_acceptor.token()).status == 200
    assert hawser.state() == "ESTABLISHING"
    raw_acceptor.gate.set()
    stream = raw_acceptor.accept()
    stream.expect_ack(stream.upsert_list())
    assert hawser.state() == "ACTIVE"
    stream.end(14, "away")
    eventually(lambda: hawser.state() == "FAILING", "FAILING")
    stream = raw_acceptor.accept()
    stream.expect_ack(stream.upsert_list())
    assert hawser.state() == "ACTIVE"
    assert [item["State"] for item in hawser.get("/v1/peerings")] == ["ACTIVE"]
    listed = hawser.cli("peering", "list").output.splitlines()[1].split()
    assert listed[:2] == ["standin", "ACTIVE"]
    raw_acceptor.gate.clear()
    hawser.restart()
    assert hawser.state() == "ESTABLISHING"
    raw_acceptor.gate.set()
    stream = raw_acceptor.accept()
    stream.send(wire.terminated())
    eventually(lambda: hawser.state() == "TERMINATED", "TERMINATED")


def test_deleting_until_the_acceptor_has_heard(make_hawser, raw_acceptor, authority):
    """7.2, 7.3."""
    hawser = make_hawser()
    stream = with_api(raw_acceptor, hawser)
    before = hawser.peering()
    hawser.delete()
    peering = hawser.peering()
    assert peering["State"] == "DELETING"
    assert peering["DeletedAt"]
    assert peering["ID"] == before["ID"]
    assert "PeerCAPems" not in peering
    assert hawser.imported("api") == []
    answer = hawser.establish(raw_acceptor.renew())
    assert answer.status in (400, 500)
    assert "cannot write to peering that is marked for deletion" in answer.text
    assert len(raw_acceptor.exchanges) == 1
    hawser.delete()
    stream.next_payload("terminated")
    stream.end()
    eventually(lambda: hawser.peering() is None, "it is gone")


# 7.3, deletion


def test_both_ends_may_delete_at_once(make_hawser, raw_acceptor):
    hawser = make_hawser()
    stream = with_api(raw_acceptor, hawser)
    hawser.delete()
    stream.send(wire.terminated())
    eventually(lambda: hawser.peering() is None, "it is gone")
    stream.connection.wait_until_over()
    assert hawser.imported("api") == []


def test_deletion_while_the_first_dial_is_under_way(make_hawser, raw_acceptor):
    """Nothing was imported; the acceptor hears of it when it lets us in."""
    hawser = make_hawser()
    inner = raw_acceptor.redeem

    def redeem(data):
        raw_acceptor.gate.clear()
        return inner(data)

    raw_acceptor.redeem = redeem
    assert hawser.establish(raw_acceptor.token()).status == 200
    hawser.delete()
    raw_acceptor.gate.set()
    stream = raw_acceptor.accept()
    assert stream.opening().StreamSecretID == raw_acceptor.stream_secret
    stream.next_payload("terminated")
    stream.end()
    eventually(lambda: hawser.peering() is None, "it is gone")


def test_a_crash_while_deleting_leaves_nothing(make_hawser, raw_acceptor):
    """The acceptor has not answered; the name is free after the restart."""
    hawser = make_hawser()
    stream = with_api(raw_acceptor, hawser)
    hawser.delete()
    stream.next_payload("terminated")
    assert hawser.state() == "DELETING"
    hawser.restart()
    assert hawser.imported("api") == []
    again = raw_acceptor.accept()
    again.next_payload("terminated")
    again.end()
    eventually(lambda: hawser.peering() is None, "it is gone")
    raw_acceptor.renew()
    assert raw_acceptor.connect(hawser).opening()


def test_an_acceptor_that_knows_nothing_hears_the_goodbye_once(make_hawser, authority):
    """7.3: it deleted its side too: unknown PeerID."""
    hawser = make_hawser()
    with Acceptor(authority) as acceptor:
        with_api(acceptor, hawser)
    eventually(lambda: hawser.state() == "FAILING", "FAILING")
    hawser.delete()
    eventually(lambda: hawser.peering() is None, "it is gone")
    with Acceptor(authority, port=acceptor.port) as again:
        text = f"initial subscription for unknown PeerID: {acceptor.peer_id}"
        again.refuse_stream = [(grpc.StatusCode.INVALID_ARGUMENT, text)]
        eventually(lambda: not again.refuse_stream, "it was refused")
        with_api(again, hawser)
        hawser.restart()
        # A goodbye that is still due would be dialed now, too.
        assert again.accept().opening().StreamSecretID == again.stream_secret
        stream = again.connect(hawser, "two", EstablishmentSecret=renewed(again))
        assert stream.opening().StreamSecretID == again.stream_secret


def renewed(acceptor):
    acceptor.renew()
    return acceptor.establishment_secret


def test_a_name_is_free_after_deletion(make_hawser, acceptor):
    hawser = make_hawser()
    ids = set()
    for _ in range(3):
        stream = with_api(acceptor, hawser)
        ids.add(hawser.peering()["ID"])
        hawser.delete()
        stream.next_payload("terminated")
        stream.wait_until_over()
        stream.end()
        eventually(lambda: hawser.peering() is None, "it is gone")
        assert hawser.imported("api") == []
        assert hawser.get("/v1/peerings") == []
        acceptor.renew()
    assert len(ids) == 3


def test_deleting_what_is_not_there_succeeds(make_hawser):
    hawser = make_hawser()
    hawser.delete("nobody")
    assert hawser.api("GET", "/v1/peering/nobody").status == 404


def test_names_are_deleted_in_lower_case(make_hawser, acceptor):
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    hawser.delete("STANDIN")
    stream.next_payload("terminated")
    stream.end()
    eventually(lambda: hawser.peering() is None, "it is gone")


def test_deletion_while_the_stream_is_down_takes_the_data_at_once(
    make_hawser, authority
):
    hawser = make_hawser()
    with Acceptor(authority) as acceptor:
        with_api(acceptor, hawser)
    eventually(lambda: hawser.state() == "FAILING", "FAILING")
    assert hawser.imported_ids("api") == ["api-1"]
    hawser.delete()
    assert hawser.imported("api") == []
    eventually(lambda: hawser.peering() is None, "it is gone")
    hawser.restart()
    assert hawser.get("/v1/peerings") == []
    assert hawser.imported("api") == []


def test_an_acceptor_that_was_away_hears_of_the_deletion(make_hawser, authority):
    """In Consul it never learns it (7.3); Hawser dials again to say Terminated."""
    hawser = make_hawser()
    with Acceptor(authority) as acceptor:
        with_api(acceptor, hawser)
    eventually(lambda: hawser.state() == "FAILING", "FAILING")
    hawser.delete()
    eventually(lambda: hawser.peering() is None, "it is gone")
    with Acceptor(authority, port=acceptor.port) as again:
        stream = again.accept()
        opening = stream.opening()
        assert opening.PeerID == acceptor.peer_id
        assert opening.StreamSecretID == acceptor.stream_secret
        stream.subscribe(*wire.ACCEPTOR_KINDS)
        stream.upsert_service("api", wire.instance("api"))
        stream.next_payload("terminated")
        stream.wait_until_over()
        assert stream.messages[-1].WhichOneof("Payload") == "terminated"
        kinds = {message.WhichOneof("Payload") for message in stream.messages}
        assert "response" not in kinds
        stream.end()
    assert hawser.imported("api") == []
    assert hawser.get("/v1/peerings") == []


def test_the_goodbye_survives_a_restart(make_hawser, authority):
    hawser = make_hawser()
    with Acceptor(authority) as acceptor:
        with_api(acceptor, hawser)
    eventually(lambda: hawser.state() == "FAILING", "FAILING")
    hawser.delete()
    hawser.restart()
    with Acceptor(authority, port=acceptor.port) as again:
        stream = again.accept()
        stream.next_payload("terminated")
        stream.end()


def test_a_name_is_free_while_the_goodbye_is_under_way(make_hawser, authority):
    """The new peering is another one, and the late goodbye does not end it."""
    hawser = make_hawser()
    with Acceptor(authority) as gone:
        with_api(gone, hawser)
    eventually(lambda: hawser.state() == "FAILING", "FAILING")
    hawser.delete()
    eventually(lambda: hawser.peering() is None, "it is gone")
    with Acceptor(Authority()) as other:
        stream = with_api(other, hawser)
        with Acceptor(authority, port=gone.port) as again:
            goodbye = again.accept()
            goodbye.next_payload("terminated")
            goodbye.end()
        stream.expect_ack(stream.upsert_list("api"))
        assert hawser.state() == "ACTIVE"
        assert hawser.imported_ids("api") == ["api-1"]


def test_a_new_token_of_the_same_peering_takes_the_goodbye_back(make_hawser, authority):
    """Who redeems again does not want the acceptor to hear Terminated."""
    hawser = make_hawser()
    with Acceptor(authority) as gone:
        with_api(gone, hawser)
    eventually(lambda: hawser.state() == "FAILING", "FAILING")
    hawser.delete()
    eventually(lambda: hawser.peering() is None, "it is gone")
    with Acceptor(authority) as moved:
        moved.peer_id = gone.peer_id
        stream = moved.connect(hawser)
        stream.expect_ack(stream.upsert_list("api"))
        with Acceptor(authority, port=gone.port) as again:
            hawser.restart()
            assert moved.accept().opening().StreamSecretID == moved.stream_secret
            assert again._accepted.empty()
    assert hawser.peering() is not None


def test_a_terminated_peering_is_deleted_without_dialing(make_hawser, acceptor):
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    stream.send(wire.terminated())
    eventually(lambda: hawser.state() == "TERMINATED", "TERMINATED")
    hawser.delete()
    eventually(lambda: hawser.peering() is None, "it is gone")
    acceptor.renew()
    opening = acceptor.connect(hawser).opening()
    assert opening.StreamSecretID == acceptor.stream_secret


def test_other_peerings_are_not_touched(make_hawser, cleanup):
    hawser = make_hawser()
    one, two = (
        with_api(cleanup.enter_context(Acceptor(Authority())), hawser, peer)
        for peer in ("one", "two")
    )
    hawser.delete("one")
    one.next_payload("terminated")
    one.end()
    eventually(lambda: hawser.peering("one") is None, "it is gone")
    two.expect_ack(two.upsert_list("api"))
    assert hawser.imported_ids("api", "two") == ["api-1"]
    assert hawser.state("two") == "ACTIVE"


# 7.5, status


def test_the_status_of_a_new_peering_and_of_a_new_life(make_hawser, raw_acceptor):
    """Without a stream since the start all five are null."""
    hawser = make_hawser()
    inner = raw_acceptor.redeem

    def redeem(data):
        raw_acceptor.gate.clear()
        return inner(data)

    raw_acceptor.redeem = redeem
    hawser.establish(raw_acceptor.token())
    assert status(hawser) == NOTHING_YET
    raw_acceptor.gate.set()
    raw_acceptor.accept()
    raw_acceptor.gate.clear()
    hawser.restart()
    assert status(hawser) == NOTHING_YET


def test_the_status_tells_what_came_and_went(make_hawser, acceptor):
    hawser = make_hawser(files=FILES, agent=EAGER)
    stream = with_api(acceptor, hawser)
    exported(hawser, "web")
    first = status(hawser)
    assert first["ImportedServices"] == ["api"]
    assert first["LastSend"] > "2020"
    assert first["LastReceive"] > "2020"
    assert first["LastHeartbeat"] is None
    stream.send(wire.heartbeat())
    eventually(lambda: status(hawser)["LastHeartbeat"], "the heartbeat")
    second = status(hawser)
    assert second["LastReceive"] >= second["LastHeartbeat"] > first["LastReceive"]
    stream.expect_ack(stream.upsert_service("api", wire.instance("api", port=81)))
    assert status(hawser)["LastReceive"] > second["LastReceive"]


def test_lists_and_times_survive_a_disconnect(make_hawser, acceptor):
    """7.5; and they are right again just after the reconnect."""
    hawser = make_hawser(files=FILES)
    stream = with_api(acceptor, hawser)
    stream.send(wire.heartbeat())
    eventually(lambda: status(hawser)["LastHeartbeat"], "the heartbeat")
    exported(hawser, "web")
    before = status(hawser)
    acceptor.refuse_stream = [AWAY]
    stream.end(*AWAY)
    eventually(lambda: hawser.state() == "FAILING", "FAILING")
    while_down = status(hawser)
    for key in ("ImportedServices", "ExportedServices", "LastHeartbeat"):
        assert while_down[key] == before[key]
    stream = acceptor.accept()
    stream.subscribe(*wire.ACCEPTOR_KINDS)
    stream.expect_ack(stream.upsert_service("new", wire.instance("new")))
    assert hawser.state() == "ACTIVE"
    after = status(hawser)
    assert after["ImportedServices"] == ["api"]
    assert after["LastHeartbeat"] == before["LastHeartbeat"]
    assert after["LastReceive"] > before["LastReceive"]
    stream.expect_ack(stream.upsert_list("new"))
    eventually(lambda: status(hawser)["LastSend"] > before["LastSend"], "LastSend")
    after = status(hawser)
    assert after["ImportedServices"] == ["new"]
    assert after["ExportedServices"] == ["web"]
    assert hawser.imported("api") == []


def test_counts_are_shown_to_people(make_hawser, acceptor):
    hawser = make_hawser(files=FILES)
    with_api(acceptor, hawser)
    exported(hawser, "web")
    output = hawser.cli("peering", "read", "-name", "standin").output
    assert "Imported Services: 1" in output
    assert "Exported Services: 1" in output
    listed = hawser.cli("peering", "list").output.splitlines()[1].split()
    assert listed[:4] == ["standin", "ACTIVE", "1", "1"]


def test_withdrawn_exports_leave_the_status(make_hawser, acceptor):
    hawser = make_hawser(files=FILES)
    stream = with_api(acceptor, hawser)
    exported(hawser, "web")
    hawser.write("exports.json", None)
    hawser.reload()
    while wire.unpack(stream.next_response("exported-service-list")).Services:
        pass
    eventually(lambda: status(hawser)["ExportedServices"] is None, "the status")


# Heartbeats and load


def test_heartbeats_flow_while_thousands_of_services_are_applied(make_hawser, acceptor):
    """Section 12, 1: never behind data, and never counted as missing."""
    hawser = make_hawser(agent=EAGER)
    stream = acceptor.connect(hawser)
    names = [f"service-{number}" for number in range(10_000)]
    port = 0

    def push():
        nonlocal port
        port += 1
        for number, name in enumerate(names):
            if number % 1_000 == 0:
                stream.send(wire.heartbeat())
            last = stream.upsert_service(name, wire.instance(name, port=port))
        stream.expect_ack(last)

    def came_between_answers():
        """Heartbeats that came after some answers and before others."""
        kinds = [data[:1] for data in stream.raw]
        answers = [place for place, kind in enumerate(kinds) if kind == b"\x12"]
        return kinds[answers[5] : answers[-1]].count(b"\x2a")

    push()
    push()
    eventually(lambda: push() or came_between_answers() >= 3, "three heartbeats")
    assert hawser.imported("service-9999")[0]["Service"]["Port"] == port
    answered = [item for item in stream.raw if item[:1] == b"\x12"]
    assert len(answered) == len(wire.DIALER_KINDS) + port * len(names)
    assert hawser.state() == "ACTIVE"
    assert "trying again" not in hawser.log
