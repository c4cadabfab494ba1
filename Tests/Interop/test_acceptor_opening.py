"""How an acceptor opens a stream, or refuses it (protocol section 4.1).

Rows that cannot occur: 1 (there are no followers), 7, 10 and 13 (the disk and the CA
of a single daemon work, or it is not up), 8 (a peering that is accepted here has
some secret from its first token on), and the missing TLS of row 0 (there is no port
without it).
"""

import urllib.parse

import grpc
import pytest

from standin import wire
from standin.acceptor import Acceptor
from standin.dialer import Dialer, decode_token, refusal_of
from standin.raw import RawClient, frame
from standin.waiting import eventually

CODE = grpc.StatusCode
UNKNOWN_ID = "11111111-2222-3333-4444-555555555555"
NOT_OPEN = (
    CODE.INVALID_ARGUMENT,
    "first message when initiating a peering must be: Open",
)
NOT_LET_IN = (CODE.PERMISSION_DENIED, "invalid peering stream secret")


@pytest.fixture
def hawser(make_hawser):
    return make_hawser()


@pytest.fixture
def dialer(hawser, cleanup):
    return cleanup.enter_context(Dialer(hawser.token()))


def raw_client(dialer, name=None):
    port = int(dialer.fields["ServerAddresses"][0].rpartition(":")[2])
    root = "".join(dialer.fields["CA"]) if name is None else None
    return RawClient(port, name or dialer.fields["ServerName"], root)


def answer(client, number):
    code, text = client.status(number)
    return code, urllib.parse.unquote(text)


def expect_up(stream):
    assert stream.next_payload("request").request.ResourceURL == wire.EXPORTED_SERVICE
    return stream


# Row 0: the name of the peering port is for peering


@pytest.mark.parametrize(
    "path",
    [
        "/hashicorp.consul.internal.peering.PeeringService/PeeringList",
        "/grpc.health.v1.Health/Check",
        "/hashicorp.consul.internal.peerstream.PeerStreamService/Other",
        "/hashicorp.consul.internal.peerstream.PeerStreamService/streamresources",
        "/",
    ],
)
def test_under_the_peering_name_nothing_but_peering_may_be_called(dialer, path):
    known = path.startswith(f"/{wire.SERVICE}/")
    with raw_client(dialer) as client:
        number = client.request(path)
        client.send(number, frame(b""), end=True)
        code, text = answer(client, number)
    if known:
        # A method of the service that does not exist is only that.
        assert code in (CODE.UNIMPLEMENTED.value[0], CODE.PERMISSION_DENIED.value[0])
    else:
        assert code == CODE.PERMISSION_DENIED.value[0]
        assert text == "invalid permissions to the specified endpoint"


def test_under_another_name_an_unknown_method_is_unimplemented(dialer):
    with raw_client(dialer, "other.example") as client:
        number = client.request("/grpc.health.v1.Health/Check")
        client.send(number, frame(b""), end=True)
        assert answer(client, number)[0] == CODE.UNIMPLEMENTED.value[0]


def test_under_another_name_peering_works_all_the_same(dialer):
    """Probe case 10: without an operator's certificate the name does not matter."""
    secret = dialer.exchange()
    with raw_client(dialer, "other.example") as client:
        number = client.request(wire.STREAM_RESOURCES)
        opening = wire.open_(dialer.peer_id, secret)
        client.send(number, frame(opening.SerializeToString()))
        client.await_data(number)
        assert client.headers(number)[":status"] == "200"


# Row 2


FIRST = {
    "a subscription": wire.request(wire.EXPORTED_SERVICE, peer_id=UNKNOWN_ID),
    "a heartbeat": wire.heartbeat(),
    "nothing": wire.Message(),
    "a response": wire.response(wire.SERVICE_LIST, "x", wire.service_list(), "1"),
    "terminated": wire.terminated(),
}


@pytest.mark.parametrize("first", FIRST)
def test_the_first_message_must_be_open(dialer, first):
    """Row 2, probe case 2."""
    stream = dialer.call()
    stream.send(FIRST[first])
    assert stream.status() == NOT_OPEN
    assert stream.messages == []


# Rows 3 to 6


def test_an_open_without_a_peer_id_is_refused(dialer):
    """Row 3."""
    stream = dialer.call()
    stream.send(wire.open_("", dialer.exchange()))
    assert stream.status() == (
        CODE.INVALID_ARGUMENT,
        "initial subscription request must specify a PeerID",
    )


@pytest.mark.parametrize(
    "peer_id", ["x", UNKNOWN_ID[:-1], UNKNOWN_ID + "5", UNKNOWN_ID[:-1] + "g"]
)
def test_an_open_with_what_is_no_id_is_an_internal_error(dialer, peer_id):
    """Row 4."""
    stream = dialer.call()
    stream.send(wire.open_(peer_id, dialer.exchange()))
    assert stream.status() == (CODE.INTERNAL, f"failed to find PeerID: {peer_id}")


@pytest.mark.parametrize("peer_id", [UNKNOWN_ID, "a" * 36])
def test_an_open_of_an_unknown_peering_is_refused(dialer, peer_id):
    """Row 5, probe case 3."""
    stream = dialer.call()
    stream.send(wire.open_(peer_id, dialer.exchange()))
    assert stream.status() == (
        CODE.INVALID_ARGUMENT,
        f"initial subscription for unknown PeerID: {peer_id}",
    )


def test_who_missed_the_deletion_is_told_when_it_comes_back(hawser, dialer):
    """Row 6: first a Terminated, then the status."""
    secret = dialer.exchange()
    hawser.delete()
    stream = dialer.open(secret)
    assert stream.next().WhichOneof("Payload") == "terminated"
    assert stream.status() == (
        CODE.ABORTED,
        f"peering is marked as deleted: {dialer.peer_id}",
    )
    assert len(stream.messages) == 1


def test_who_missed_the_deletion_is_told_after_a_restart_too(hawser):
    token = hawser.token()
    with Dialer(token) as dialer:
        secret = dialer.exchange()
    hawser.delete()
    hawser.restart()
    with Dialer(token) as dialer:
        stream = dialer.open(secret)
        assert stream.next().WhichOneof("Payload") == "terminated"
        assert stream.status()[0] == CODE.ABORTED


def test_who_was_told_of_the_deletion_is_not_let_in_again(hawser, dialer):
    """Observed 22, probe case 13."""
    stream = expect_up(dialer.open())
    hawser.delete()
    stream.next_payload("terminated")
    stream.half_close()
    eventually(lambda: hawser.peering() is None, "the peering is gone")
    assert dialer.open().status() in [
        (CODE.ABORTED, f"peering is marked as deleted: {dialer.peer_id}"),
        (
            CODE.INVALID_ARGUMENT,
            f"initial subscription for unknown PeerID: {dialer.peer_id}",
        ),
    ]


def test_who_terminated_is_refused_without_a_terminated_of_ours(hawser, dialer):
    """Row 6, observed 22."""
    stream = expect_up(dialer.open())
    stream.send(wire.terminated())
    stream.half_close()
    assert stream.status()[0] == CODE.OK
    assert hawser.state() == "TERMINATED"
    again = dialer.open()
    assert again.status() == (
        CODE.ABORTED,
        f"peering is marked as deleted: {dialer.peer_id}",
    )
    assert again.messages == []


# Rows 8 to 11


def test_before_the_exchange_no_secret_lets_anyone_in(dialer):
    """Row 9: there are secrets, and what is shown is none of them."""
    for secret in ("", UNKNOWN_ID, dialer.fields["EstablishmentSecret"]):
        stream = dialer.call()
        stream.send(wire.open_(dialer.peer_id, secret))
        assert stream.status() == NOT_LET_IN


def test_a_wrong_secret_is_not_let_in(dialer):
    """Row 9, probe case 3."""
    dialer.exchange()
    assert dialer.open(UNKNOWN_ID).status() == NOT_LET_IN


@pytest.fixture
def dialing(hawser, authority, cleanup):
    """A peering that Hawser dials: its ID here, and its stream secret."""
    acceptor = cleanup.enter_context(Acceptor(authority))
    acceptor.connect(hawser, "island")
    return hawser.peering("island")["ID"], acceptor.stream_secret


def test_the_wrong_end_of_a_peering_is_told_so(dialer, dialing):
    """Row 11."""
    peer_id, secret = dialing
    stream = dialer.call()
    stream.send(wire.open_(peer_id, secret))
    assert stream.status() == (
        CODE.INVALID_ARGUMENT,
        "expected PeerID to be empty; the wrong end of peering is being dialed",
    )


def test_only_who_knows_the_secret_learns_of_the_wrong_end(dialer, dialing):
    """Row 9 comes before row 11."""
    stream = dialer.call()
    stream.send(wire.open_(dialing[0], UNKNOWN_ID))
    assert stream.status() == NOT_LET_IN


def test_a_peering_that_dials_redeems_no_token(dialer, dialing):
    assert refusal_of(dialer.exchange, peer_id=dialing[0]) == (
        CODE.PERMISSION_DENIED,
        "invalid peering establishment secret",
    )


# Row 12, which Hawser answers with a replacement


def test_a_second_stream_replaces_the_first(hawser, dialer):
    first = expect_up(dialer.open())
    second = expect_up(dialer.open())
    assert first.status()[0] == CODE.ABORTED
    second.expect_ack(second.upsert_list("api"))
    assert hawser.state() == "ACTIVE"


def test_a_stream_over_another_connection_replaces_the_first(hawser, cleanup):
    token = hawser.token()
    first_dialer = cleanup.enter_context(Dialer(token))
    second_dialer = cleanup.enter_context(Dialer(token))
    secret = first_dialer.exchange()
    first = expect_up(first_dialer.open(secret))
    second = expect_up(second_dialer.open(secret))
    assert first.status()[0] == CODE.ABORTED
    second.expect_ack(second.upsert_list("api"))
    assert hawser.state() == "ACTIVE"


def test_a_refused_second_stream_leaves_the_first_alone(hawser, dialer):
    first = expect_up(dialer.open())
    assert dialer.open(UNKNOWN_ID).status() == NOT_LET_IN
    first.expect_ack(first.upsert_list("api"))
    assert hawser.state() == "ACTIVE"


def test_two_peerings_have_a_stream_each(hawser, cleanup):
    streams = []
    for name in ("east", "west"):
        dialer = cleanup.enter_context(Dialer(hawser.token(name)))
        streams.append(expect_up(dialer.open()))
    for stream, name in zip(streams, ("east", "west")):
        stream.expect_ack(stream.upsert_list("api"))
        assert hawser.state(name) == "ACTIVE"


def test_two_streams_share_a_connection(hawser, cleanup):
    east = cleanup.enter_context(Dialer(hawser.token("east")))
    west = decode_token(hawser.token("west"))
    secret = east.exchange(west["EstablishmentSecret"], west["PeerID"])
    streams = [expect_up(east.open(east.exchange())), east.call()]
    streams[1].send(wire.open_(west["PeerID"], secret))
    expect_up(streams[1])
    for stream in streams:
        stream.expect_ack(stream.upsert_list("api"))


# The opening itself


def test_no_headers_come_before_the_first_message(dialer):
    """Observed 8: they come with it."""
    secret = dialer.exchange()
    with raw_client(dialer) as client:
        number = client.request(wire.STREAM_RESOURCES)
        client.ping()
        assert client.headers(number) == {}
        opening = wire.open_(dialer.peer_id, secret)
        client.send(number, frame(opening.SerializeToString()))
        client.await_data(number)
        headers = client.headers(number)
        assert headers[":status"] == "200"
        assert headers["content-type"].startswith("application/grpc")


def test_what_comes_in_one_piece_with_the_open_is_not_lost(dialer):
    secret = dialer.exchange()
    messages = [
        wire.open_(dialer.peer_id, secret),
        wire.request(wire.EXPORTED_SERVICE),
        wire.response(wire.SERVICE_LIST, "x", wire.service_list("api"), "00000001"),
    ]
    with raw_client(dialer) as client:
        number = client.request(wire.STREAM_RESOURCES)
        client.send(number, b"".join(frame(m.SerializeToString()) for m in messages))
        # The answer to the last of them, with its nonce.
        client.await_data(number, b"\x12\x0800000001\x1a")


def test_an_open_in_single_bytes_is_understood(dialer):
    secret = dialer.exchange()
    data = frame(wire.open_(dialer.peer_id, secret).SerializeToString())
    with raw_client(dialer) as client:
        number = client.request(wire.STREAM_RESOURCES)
        for byte in data:
            client.send(number, bytes([byte]))
        client.await_data(number)
        assert client.headers(number)[":status"] == "200"


def test_an_open_with_fields_of_the_future_is_understood(dialer):
    """Section 3.6: unknown fields are skipped."""
    secret = dialer.exchange()
    opening = wire.open_(dialer.peer_id, secret).open.SerializeToString()
    opening += b"\xaa\x06\x03new"  # field 101
    stream = dialer.call()
    stream.send_bytes(b"\x0a" + _varint(len(opening)) + opening)
    expect_up(stream)


def _varint(number):
    data = b""
    while number > 0x7F:
        data += bytes([number & 0x7F | 0x80])
        number >>= 7
    return data + bytes([number])
