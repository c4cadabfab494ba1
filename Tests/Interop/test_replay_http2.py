"""HTTP/2 headers and trailers of recorded connections, and Hawser's (section 3.1)."""

import queue
import threading

import h2.events
import pytest
from h2.settings import SettingCodes
from standin import raw, recording, wire
from standin.dialer import decode_token, encode_token
from standin.raw_server import RawServer
from standin.waiting import PATIENCE

EXCHANGE, STREAM = recording.CONNECTIONS["wire"]
STREAM_START = 5


# Hawser accepts


@pytest.fixture
def client(make_hawser, cleanup):
    """A connection to a daemon, and the fields of a token of its."""
    hawser = make_hawser(datacenter="dc1")
    fields = decode_token(hawser.token("dc2"))
    client = raw.RawClient(hawser.peering_port, fields["ServerName"], fields["CA"][0])
    cleanup.callback(client.close)
    client.fields = fields
    return client


def _as_sent(client, data, secret=None):
    """Recorded bytes with the IDs of our peering in the place of theirs."""
    opening = recording.stream("wire")[0].message.open
    asked = wire.ExchangeSecretRequest.FromString(recording.exchange("wire")[0])
    pairs = [
        (opening.PeerID, client.fields["PeerID"]),
        (asked.EstablishmentSecret, client.fields["EstablishmentSecret"]),
        (opening.StreamSecretID, secret),
    ]
    for theirs, ours in pairs:
        data = data.replace(theirs.encode(), (ours or theirs).encode())
    return data


def _exchange(client):
    """Plays the recorded exchange; returns the stream secret."""
    number = client.request(wire.EXCHANGE_SECRET)
    request, _ = recording.exchange("wire")
    client.send(number, raw.frame(_as_sent(client, request)), end=True)
    assert client.status(number) == (0, "")
    data = b"".join(
        event.data
        for event in _events(client, number)
        if isinstance(event, h2.events.DataReceived)
    )
    return number, wire.ExchangeSecretResponse.FromString(data[5:]).StreamSecret


def _open(client):
    """Plays the first messages of the recorded dialer up to Hawser's first ones."""
    _, secret = _exchange(client)
    number = client.request(wire.STREAM_RESOURCES)
    for message in recording.stream("wire")[:STREAM_START]:
        client.send(number, raw.frame(_as_sent(client, message.data, secret)))
    while not _kinds(client, number):
        assert client.read() is not None
    return number


def _events(client, number):
    kinds = (
        h2.events.ResponseReceived,
        h2.events.DataReceived,
        h2.events.TrailersReceived,
        h2.events.StreamEnded,
    )
    return [
        event
        for event in client.events
        if isinstance(event, kinds) and event.stream_id == number
    ]


def _kinds(client, number):
    return [type(event).__name__ for event in _events(client, number)]


def _header_blocks(client, number):
    return [
        event.headers
        for event in _events(client, number)
        if isinstance(event, (h2.events.ResponseReceived, h2.events.TrailersReceived))
    ]


def _recorded_blocks(connection):
    """The recorded acceptor's; with OK it sent an empty text, which gRPC lets one leave
    out."""
    return [
        [field for field in block if field != ("grpc-message", "")]
        for block in recording.headers("wire", connection, recording.ACCEPTOR)
    ]


def test_an_exchange_has_the_recorded_headers_and_trailers(client):
    number, _ = _exchange(client)
    assert _header_blocks(client, number) == _recorded_blocks(EXCHANGE)
    assert _kinds(client, number) == [
        "ResponseReceived",
        "DataReceived",
        "TrailersReceived",
        "StreamEnded",
    ]


def test_a_stream_has_the_recorded_headers_and_trailers(client):
    number = _open(client)
    terminated = recording.stream("wire")[-1]
    client.send(number, raw.frame(terminated.data))
    client.half_close(number)
    assert client.status(number) == (0, "")
    assert _header_blocks(client, number) == _recorded_blocks(STREAM)
    first, *_, trailers, end = _kinds(client, number)
    assert (first, trailers, end) == (
        "ResponseReceived",
        "TrailersReceived",
        "StreamEnded",
    )


def test_the_limits_that_the_recorded_acceptor_set_are_set(client):
    """Observed 18. Those that it left at their defaults may be others."""
    names = {
        "MAX_FRAME_SIZE": SettingCodes.MAX_FRAME_SIZE,
        "MAX_CONCURRENT_STREAMS": SettingCodes.MAX_CONCURRENT_STREAMS,
    }
    client.request(wire.EXCHANGE_SECRET, end=True)
    client.status(1)
    [recorded] = [
        frame["settings"]
        for frame in recording.frames("wire", STREAM)
        if "settings" in frame
    ]
    ours = client.connection.remote_settings
    assert [f"{name}={ours[code]}" for name, code in names.items()] == recorded


def test_the_headers_of_a_stream_come_not_before_the_first_message(client):
    """Observed 8: the acceptor is silent until the Open."""
    silent = client.request(wire.STREAM_RESOURCES)
    # The answer to this comes after whatever there was to say to that.
    _exchange(client)
    assert _kinds(client, silent) == []


# Hawser dials


def test_calls_have_the_recorded_headers_and_end_as_recorded(
    make_hawser, authority, cleanup, tmp_path
):
    """Both connections of a recorded acceptor, its header blocks included."""
    hawser = make_hawser(datacenter="dc2")
    server = RawServer(tmp_path, authority.make_leaf())
    cleanup.callback(server.close)
    token = decode_token(recording.token("wire"))
    # No key of the recorded acceptor: another root, name and address.
    token["CA"], token["ServerName"] = [authority.root_pem], authority.server_name
    token["ServerAddresses"] = [f"127.0.0.1:{server.port}"]
    redeemed = _in_background(hawser.establish, encode_token(token), "dc1")

    connection = server.accept()
    cleanup.callback(connection.close)
    _assert_headers(connection, EXCHANGE, authority)
    request, answer = recording.exchange("wire")
    assert connection.messages(1) == [request]
    # One request, one END_STREAM.
    connection.wait_for(h2.events.StreamEnded)
    headers, trailers = recording.headers("wire", EXCHANGE, recording.ACCEPTOR)
    connection.send_headers(1, headers)
    connection.send(1, answer)
    connection.send_headers(1, trailers, end=True)
    assert redeemed().status == 200

    connection = server.accept()
    cleanup.callback(connection.close)
    _assert_headers(connection, STREAM, authority)
    recorded = recording.stream("wire")
    # All that before any header of ours (section 4.2).
    opening = [message.data for message in recorded[:STREAM_START]]
    assert connection.messages(STREAM_START) == opening
    headers, trailers = recording.headers("wire", STREAM, recording.ACCEPTOR)
    connection.send_headers(1, headers)
    for message in recorded[STREAM_START : STREAM_START + 3]:
        connection.send(1, message.data)
    # Its list and its roots: it goes on.
    connection.messages(STREAM_START + 2)

    hawser.delete("dc1")
    connection.wait_for(h2.events.StreamEnded)
    assert connection.messages(1)[-1] == recorded[-1].data
    connection.send_headers(1, trailers, end=True)
    # What was asked for by name: the token's, twice.
    assert server.names == [authority.server_name] * 2


def _assert_headers(connection, name, authority):
    """The recorded request headers in their order, but for what names another server
    and another program."""
    ours = connection.wait_for(h2.events.RequestReceived).headers
    [theirs] = recording.headers("wire", name, recording.DIALER)
    if name == EXCHANGE:
        # The recorded dialer waits for as long as it takes (section 1.7). A deadline is
        # a matter of gRPC, which acceptors heed.
        ours = [field for field in ours if field[0] != "grpc-timeout"]
    assert [field for field, _ in ours] == [field for field, _ in theirs]
    ours, theirs = dict(ours), dict(theirs)
    assert ours.pop(":authority") == authority.server_name
    assert ours.pop("user-agent")
    theirs.pop(":authority")
    theirs.pop("user-agent")
    assert ours == theirs


def _in_background(function, *arguments):
    """Starts a call; what is returned waits for its result."""
    results = queue.Queue()
    call = threading.Thread(
        target=lambda: results.put(function(*arguments)), daemon=True
    )
    call.start()
    return lambda: results.get(timeout=PATIENCE)
