"""Dialers that break the rules (protocol sections 4.3 to 4.5, 4.9 and 4.10).

Refusals of single resources are in test_acceptor_answers.py. After each test another
peering's stream on the same daemon must be as it was.
"""

import socket
import struct
import urllib.parse

import grpc
import h2.exceptions
import pytest

from standin import wire
from standin.dialer import Dialer
from standin.hawser import exports
from standin.raw import RawClient, connect_tls, frame, tls_context
from standin.stream import Ended
from standin.waiting import eventually

CODE = grpc.StatusCode
LIMIT = 50 * 1024 * 1024
# What a client meets whose stream or connection was ended while it sent.
CUT_OFF = (AssertionError, OSError, h2.exceptions.H2Error)
BOGUS = "type.googleapis.com/bogus.Type"


def web(port):
    return {"services": [{"name": "web", "id": "web-1", "port": port}]}


@pytest.fixture
def hawser(make_hawser):
    """A daemon with a well-behaved peer, which must not notice anything."""
    entry = exports("web", peer="bystander")
    entry["Services"][0]["Consumers"].append({"Peer": "standin"})
    daemon = make_hawser(files={"web.json": web(80), "exports.json": entry})
    process = daemon.process
    with Dialer(daemon.token("bystander")) as dialer:
        stream = dialer.connect()
        stream.expect_ack(stream.upsert_list("api"))
        stream.expect_ack(stream.upsert_service("api", wire.instance("api")))
        yield daemon
        assert daemon.process is process and process.poll() is None
        assert not stream.is_over
        stream.expect_ack(stream.upsert_service("api", wire.instance("api", "api-2")))
        assert daemon.imported_ids("api", "bystander") == ["api-2"]
        daemon.write("web.json", web(81))
        daemon.reload()
        stream.expect("web", lambda now: port_of(now) == 81)
        assert daemon.state("bystander") == "ACTIVE"


@pytest.fixture
def dialer(hawser, cleanup):
    return cleanup.enter_context(Dialer(hawser.token()))


@pytest.fixture
def raw(hawser, dialer, cleanup):
    """A connection without the help of a gRPC library, to the same peering."""
    root = "".join(dialer.fields["CA"])
    name = dialer.fields["ServerName"]
    return cleanup.enter_context(RawClient(hawser.peering_port, name, root))


def port_of(service):
    return service.Nodes[0].Service.Port


def expect_usable(dialer):
    """The peering is as good as before."""
    stream = dialer.open()
    nonce = stream.upsert_list("api")
    try:
        stream.expect_ack(nonce)
    except Ended:
        raise AssertionError(f"it was refused: {stream.status()}") from None
    stream.half_close()
    stream.wait_until_over()


def framed(message):
    return frame(message.SerializeToString())


def ballast(size):
    """A message of just this size, in a field that nobody knows."""
    head = b"\xaa\x06" + _varint(size)
    length = size - len(head)
    head = b"\xaa\x06" + _varint(length)
    return head + bytes(size - len(head))


def _varint(number):
    """In four bytes, however small it is."""
    parts = [number >> shift & 0x7F for shift in (0, 7, 14, 21)]
    return bytes([part | 0x80 for part in parts[:3]] + parts[3:])


# Large messages (section 4.10)


@pytest.mark.parametrize("size", [8 * 1024 * 1024 + 1, 20 * 1024 * 1024])
def test_a_service_beyond_what_a_dialer_could_take_is_taken(hawser, dialer, size):
    stream = dialer.open()
    instance = wire.instance("web")
    instance.Service.Tags.extend(["t" * 10_000] * (size // 10_000))
    stream.expect_ack(stream.upsert_list("web"))
    stream.expect_ack(stream.upsert_service("web", instance))
    assert hawser.peering()["StreamStatus"]["ImportedServices"] == ["web"]


def test_a_message_of_fifty_mebibytes_is_taken(dialer):
    stream = dialer.open()
    stream.send_bytes(ballast(LIMIT))
    stream.expect_ack(stream.upsert_list("api"))


def test_a_larger_message_ends_the_stream(hawser, dialer):
    stream = dialer.open()
    stream.send_bytes(ballast(LIMIT + 1))
    code, text = stream.status()
    assert code == CODE.RESOURCE_EXHAUSTED
    assert text == f"grpc: received message larger than max ({LIMIT + 1} vs. {LIMIT})"
    assert hawser.state() == "FAILING"
    expect_usable(dialer)


def test_the_announcement_of_a_larger_message_is_enough(dialer, raw):
    number = raw.request(wire.STREAM_RESOURCES)
    raw.send(number, framed(wire.open_(dialer.peer_id, dialer.exchange())))
    raw.send(number, struct.pack(">BI", 0, 0xFFFFFFFF))
    assert raw.status(number)[0] == CODE.RESOURCE_EXHAUSTED.value[0]
    expect_usable(dialer)


# Bytes that are no messages


BROKEN = {
    "garbage": b"\xff\xff\xff\xff",
    "a truncated message": wire.request(wire.TRUST_BUNDLE).SerializeToString()[:-1],
    "a wrong wire type": b"\x0b\x0c\x0b",
    "a tag of zero": b"\x00\x00",
    "a request that is not UTF-8": b"\x12\x04\x1a\x02\xc3\x28",
    "a nonce that is not UTF-8": b"\x1a\x04\x0a\x02\xc3\x28",
}


@pytest.mark.parametrize("what", BROKEN)
def test_bytes_that_are_no_message_end_the_stream(hawser, dialer, what):
    """Section 3.1: they never reach the rules of the stream, as in Go."""
    stream = dialer.open()
    stream.expect_ack(stream.upsert_list("api"))
    stream.send_bytes(BROKEN[what])
    assert stream.status()[0] == CODE.INTERNAL
    assert hawser.state() == "FAILING"
    expect_usable(dialer)


@pytest.mark.parametrize("what", [*BROKEN, "an ID that is not UTF-8"])
def test_bytes_that_are_no_message_open_nothing(hawser, dialer, what):
    stream = dialer.call()
    stream.send_bytes(BROKEN.get(what, b"\x0a\x04\x0a\x02\xc3\x28"))
    assert stream.status()[0] in (CODE.INTERNAL, CODE.INVALID_ARGUMENT)
    assert stream.messages == []
    assert hawser.state() == "PENDING"
    expect_usable(dialer)


@pytest.mark.parametrize("flag", [1, 2, 255])
def test_a_compressed_flag_without_an_encoding_ends_the_stream(dialer, raw, flag):
    number = raw.request(wire.STREAM_RESOURCES)
    raw.send(number, framed(wire.open_(dialer.peer_id, dialer.exchange())))
    raw.send(number, frame(wire.heartbeat().SerializeToString(), compressed=flag))
    assert raw.status(number)[0] == CODE.INTERNAL.value[0]
    expect_usable(dialer)


# Headers


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "", None])
def test_what_is_not_grpc_is_refused(dialer, raw, content_type):
    """415, as HTTP has it."""
    number = raw.request(wire.STREAM_RESOURCES, content_type=content_type)
    raw.send(number, framed(wire.open_(dialer.peer_id, dialer.exchange())), end=True)
    code, _ = raw.status(number)
    assert raw.headers(number)[":status"] == "415"
    assert code != 0
    expect_usable(dialer)


@pytest.mark.parametrize("content_type", ["application/grpc+proto", "application/grpc"])
def test_both_spellings_of_grpc_are_taken(dialer, raw, content_type):
    number = raw.request(wire.STREAM_RESOURCES, content_type=content_type)
    raw.send(number, framed(wire.open_(dialer.peer_id, dialer.exchange())))
    raw.await_data(number)
    assert raw.headers(number)[":status"] == "200"


def test_an_encoding_that_nobody_knows_is_unimplemented(dialer, raw):
    number = raw.request(wire.STREAM_RESOURCES, extra=[("grpc-encoding", "gzip")])
    raw.send(number, framed(wire.open_(dialer.peer_id, dialer.exchange())), end=True)
    assert raw.status(number)[0] == CODE.UNIMPLEMENTED.value[0]


def test_large_headers_do_no_harm(dialer, raw):
    large = [(f"x-large-{number}", "a" * 10_000) for number in range(50)]
    try:
        code, _ = raw.status(raw.request(wire.STREAM_RESOURCES, extra=large))
    except CUT_OFF:
        code = "cut off"
    assert code != 0
    expect_usable(dialer)


# The exchange


BODIES = {
    "nothing": b"",
    "garbage": frame(b"\xff\xff\xff"),
    "an empty message": frame(b""),
    "a cut frame": frame(b"\x0a\x02ab")[:-1],
    "an ID that is not UTF-8": frame(b"\x0a\x02\xc3\x28"),
    "a compressed flag": frame(b"", compressed=1),
}


@pytest.mark.parametrize("what", BODIES)
def test_a_broken_exchange_is_refused_and_spoils_nothing(dialer, raw, what):
    number = raw.request(wire.EXCHANGE_SECRET)
    body = BODIES[what]
    if body:
        raw.send(number, body, end=True)
    else:
        raw.half_close(number)
    code, _ = raw.status(number)
    assert code not in (0, "reset")
    expect_usable(dialer)


def test_two_requests_in_one_exchange_are_refused_or_one(dialer, raw):
    request = wire.ExchangeSecretRequest(
        PeerID=dialer.peer_id, EstablishmentSecret="no secret"
    )
    number = raw.request(wire.EXCHANGE_SECRET)
    raw.send(number, framed(request) * 2, end=True)
    assert raw.status(number)[0] != 0
    expect_usable(dialer)


def test_an_exchange_that_never_comes_to_an_end_blocks_nobody(dialer, raw):
    number = raw.request(wire.EXCHANGE_SECRET)
    raw.send(number, b"\x00\x00")
    raw.ping()
    expect_usable(dialer)


# Every way to leave, at every point


STAGES = {
    "before the Open": "PENDING",
    "after the Open": "FAILING",
    "after the subscriptions": "FAILING",
    "within a message": "FAILING",
    "after Terminated": "TERMINATED",
}


def advance(client, dialer, stage, hawser):
    """A stream that has come so far, for certain: its number."""
    number = client.request(wire.STREAM_RESOURCES)
    if stage == "before the Open":
        client.ping()
        return number
    client.send(number, framed(wire.open_(dialer.peer_id, dialer.exchange())))
    client.await_data(number)
    if stage == "after the subscriptions":
        for url in wire.DIALER_KINDS:
            client.send(number, framed(wire.request(url)))
        client.await_data(number, b"server-addrs")
    elif stage == "within a message":
        client.send(number, framed(wire.request(wire.TRUST_BUNDLE))[:20])
        client.ping()
    elif stage == "after Terminated":
        client.send(number, framed(wire.terminated()))
        eventually(lambda: hawser.state() == "TERMINATED", "it has heard of it")
    return number


def expect_left(hawser, dialer, stage):
    state = STAGES[stage]
    eventually(lambda: hawser.state() == state, f"the peering is {state}")
    if state == "TERMINATED":
        assert dialer.open().status()[0] == CODE.ABORTED
    else:
        expect_usable(dialer)


@pytest.mark.parametrize("stage", STAGES)
def test_a_half_close(hawser, dialer, raw, stage):
    number = advance(raw, dialer, stage, hawser)
    raw.half_close(number)
    code, text = raw.status(number)
    if stage == "after Terminated":
        assert code == 0
    elif stage in ("before the Open", "within a message"):
        assert code not in (0, "reset")
    else:
        assert code == CODE.UNKNOWN.value[0]
        assert urllib.parse.unquote(text) == "stream ended unexpectedly"
    expect_left(hawser, dialer, stage)


@pytest.mark.parametrize("code", [0, 8], ids=["no error", "cancel"])
@pytest.mark.parametrize("stage", STAGES)
def test_a_reset(hawser, dialer, raw, stage, code):
    raw.reset(advance(raw, dialer, stage, hawser), code)
    expect_left(hawser, dialer, stage)
    # The connection is as good as before.
    number = raw.request(wire.EXCHANGE_SECRET, end=True)
    assert raw.status(number)[0] not in (0, "reset")


@pytest.mark.parametrize("stage", STAGES)
def test_a_cut_connection(hawser, dialer, raw, stage):
    advance(raw, dialer, stage, hawser)
    raw.close()
    expect_left(hawser, dialer, stage)


# Dialers that do not listen


def test_nonces_that_are_never_acknowledged_hold_up_nothing(hawser, dialer):
    stream = dialer.connect()
    for port in range(82, 92):
        hawser.write("web.json", web(port))
        hawser.reload()
        stream.expect("web", lambda now, port=port: port_of(now) == port)


def deaf(raw, dialer):
    """A stream on which Hawser may not send a byte."""
    raw.connection.update_settings({4: 0})  # The window of new streams.
    raw.flush()
    number = raw.request(wire.STREAM_RESOURCES)
    raw.send(number, framed(wire.open_(dialer.peer_id, dialer.exchange())))
    for url in wire.DIALER_KINDS:
        raw.send(number, framed(wire.request(url)))
    return number


def test_a_dialer_that_never_reads_holds_up_nobody(hawser, dialer, raw):
    deaf(raw, dialer)
    eventually(lambda: hawser.state() == "ACTIVE", "the stream is up")
    for port in range(82, 102):
        hawser.write("web.json", web(port))
        hawser.reload()
    assert hawser.state() == "ACTIVE"


def test_a_dialer_that_never_reads_can_be_deleted(hawser, dialer, raw):
    deaf(raw, dialer)
    eventually(lambda: hawser.state() == "ACTIVE", "the stream is up")
    hawser.delete()
    eventually(lambda: hawser.peering() is None, "the peering is gone")


def test_a_dialer_that_never_reads_can_be_replaced(hawser, dialer, raw):
    deaf(raw, dialer)
    eventually(lambda: hawser.state() == "ACTIVE", "the stream is up")
    stream = dialer.connect()
    stream.expect("web")
    assert hawser.state() == "ACTIVE"


def test_a_dialer_that_sends_and_never_reads_is_cut_off(hawser, dialer, raw):
    """Answers that it does not take must not pile up for ever."""
    number = deaf(raw, dialer)
    eventually(lambda: hawser.state() == "ACTIVE", "the stream is up")
    wrong = framed(wire.response(BOGUS, "x", wire.service_list(), "1"))
    sent = 0
    while hawser.state() == "ACTIVE" and sent < 1_000_000:
        try:
            raw.send(number, wrong * 1000)
        except CUT_OFF:
            break
        sent += 1000
    eventually(lambda: hawser.state() == "FAILING", "it has had enough")
    expect_usable(dialer)


def test_a_dialer_that_does_not_even_read_its_socket_holds_up_nobody(hawser, dialer):
    secret = dialer.exchange()
    name, root = dialer.fields["ServerName"], "".join(dialer.fields["CA"])
    with RawClient(hawser.peering_port, name, root) as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        number = client.request(wire.STREAM_RESOURCES)
        client.send(number, framed(wire.open_(dialer.peer_id, secret)))
        client.send(number, framed(wire.request(wire.EXPORTED_SERVICE)))
        eventually(lambda: hawser.state() == "ACTIVE", "the stream is up")
        for port in range(82, 102):
            hawser.write("web.json", web(port))
            hawser.reload()


# Bursts


def test_a_thousand_subscriptions_are_one(dialer):
    stream = dialer.open()
    stream.subscribe(*[wire.TRUST_BUNDLE] * 1000)
    stream.expect_ack(stream.upsert_list("api"))
    stream.subscribe(wire.SERVER_ADDRESSES)
    assert stream.next_response(url=wire.SERVER_ADDRESSES).Nonce == "00000002"


def test_a_thousand_subscriptions_to_nothing_end_the_stream_once(hawser, dialer):
    stream = dialer.open()
    stream.subscribe(*[BOGUS] * 1000)
    assert stream.status() == (
        CODE.INVALID_ARGUMENT,
        f"subscription request to unknown resource URL: {BOGUS}",
    )
    expect_usable(dialer)


def test_ten_thousand_responses_in_a_burst_are_all_answered(dialer):
    stream = dialer.open()
    nonces = [stream.upsert_list(f"s{number}") for number in range(10_000)]
    stream.expect_ack(nonces[-1])
    answered = [m.request.ResponseNonce for m in stream.messages]
    assert answered[len(wire.ACCEPTOR_KINDS) :] == nonces


def test_a_hundred_streams_of_one_peering_leave_one(hawser, dialer):
    dialer.exchange()
    streams = [dialer.open() for _ in range(100)]
    eventually(lambda: sum(item.is_over for item in streams) == 99, "one is left")
    (last,) = [item for item in streams if not item.is_over]
    last.expect_ack(last.upsert_list("api"))
    assert hawser.state() == "ACTIVE"


@pytest.mark.parametrize("ending", ["reset", "broken"])
def test_a_stream_that_ended_as_it_began_replaces_no_newer_one(
    hawser, dialer, raw, ending
):
    """On one connection, so that Hawser sees them in this order."""
    opening = framed(wire.open_(dialer.peer_id, dialer.exchange()))
    good = wire.response(wire.SERVICE_LIST, "x", wire.service_list("api"), "1")
    for _ in range(20):
        for _ in range(10):
            first = raw.request(wire.STREAM_RESOURCES)
            if ending == "reset":
                raw.send(first, opening)
                raw.reset(first)
            else:
                raw.send(first, opening + frame(b"", compressed=1))
        last = raw.request(wire.STREAM_RESOURCES)
        raw.send(last, opening + framed(good))
        # The answer to it, which has the nonce.
        raw.await_data(last, b"\x12\x011\x1a")
    assert hawser.state() == "ACTIVE"


def test_thousands_of_calls_that_are_reset_at_once_harm_nobody_else(dialer, raw):
    opening = framed(wire.open_(dialer.peer_id, dialer.exchange()))
    try:
        for _ in range(5000):
            number = raw.request(wire.STREAM_RESOURCES)
            raw.send(number, opening)
            raw.reset(number)
    except CUT_OFF:
        pass  # That is an answer, too.
    raw.close()
    expect_usable(dialer)


def test_thousands_of_pings_harm_nobody_else(dialer, raw):
    try:
        for _ in range(20_000):
            raw.connection.ping(b"again...")
        raw.flush()
        raw.ping()
    except CUT_OFF:
        pass
    expect_usable(dialer)


# What does not even speak HTTP/2


def test_other_languages_at_the_port_do_no_harm(hawser, dialer):
    address = ("127.0.0.1", hawser.peering_port)
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    for words in (b"GET / HTTP/1.1\r\n\r\n", preface + b"\xff" * 99, b"\0" * 99):
        with socket.create_connection(address) as plain:
            plain.sendall(words)
            plain.shutdown(socket.SHUT_WR)
            _drain(plain)
        name = dialer.fields["ServerName"]
        with connect_tls(hawser.peering_port, name, tls_context()) as secure:
            secure.sendall(words)
            _drain(secure)
    expect_usable(dialer)


def _drain(connection):
    """Reads until the other side has had enough."""
    try:
        while connection.recv(65_536):
            pass
    except OSError:
        pass


def test_connections_that_say_nothing_block_nobody(hawser, dialer, cleanup):
    for _ in range(100):
        address = ("127.0.0.1", hawser.peering_port)
        cleanup.enter_context(socket.create_connection(address))
    expect_usable(dialer)
