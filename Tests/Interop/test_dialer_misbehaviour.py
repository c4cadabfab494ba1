"""Acceptors that do what no acceptor should; the other peerings do not notice."""

import re
import struct

import pytest

from standin import wire
from standin.acceptor import Acceptor
from standin.authority import Authority
from standin.hawser import exports
from standin.raw import frame
from standin.raw_acceptor import RawAcceptor
from standin.waiting import eventually

FILES = {
    "services.json": {"services": [{"name": "web", "id": "web-1", "port": 80}]},
    "exports.json": exports("web"),
}
LIMIT = 8 * 1024 * 1024
TOO_LARGE = "grpc: received message larger than max ({} vs. 8388608)"


@pytest.fixture
def hawser(make_hawser, cleanup):
    """A daemon with another peering, which is well before the test and after it."""
    hawser = make_hawser(files=FILES)
    neighbour = cleanup.enter_context(Acceptor(Authority())).connect(hawser, "near")
    neighbour.expect_ack(neighbour.upsert_service("db", wire.instance("db")))
    yield hawser
    neighbour.expect_ack(neighbour.upsert_list("db"))
    assert hawser.imported_ids("db", "near") == ["db-1"]
    assert hawser.state("near") == "ACTIVE"
    assert not re.search(r"trying again.*peer=near", hawser.log)


def last_error(hawser):
    return hawser.peering()["Hawser"]["LastError"] or ""


def says(hawser, text):
    eventually(lambda: text in last_error(hawser), f"the status says {text!r}")
    assert hawser.state() == "FAILING"
    assert text in hawser.cli("peering", "read", "-name", "standin").output


def recovers(hawser, acceptor):
    """The next stream is as good as the first."""
    stream = acceptor.accept()
    assert stream.opening().StreamSecretID == acceptor.stream_secret
    stream.subscribe(*wire.ACCEPTOR_KINDS)
    stream.expect_ack(stream.upsert_list())
    assert hawser.state() == "ACTIVE"


def sized_service(size):
    """A Response of exactly this size."""
    item = wire.instance("web")
    item.Node.Meta["pad"] = ""
    spare = 0
    while True:
        exported = wire.exported_service(item)
        message = wire.response(wire.EXPORTED_SERVICE, "web", exported, "big")
        missing = size - message.ByteSize()
        if missing == 0:
            return message
        spare += missing
        # Texts over two fields, because the meta's own limit is not what is tested.
        item.Checks[0].Output = "o" * spare


# Messages


def test_a_message_of_8_mib_is_taken(hawser, acceptor):
    """4.10."""
    stream = acceptor.connect(hawser)
    stream.send(sized_service(LIMIT))
    stream.expect_ack("big")
    assert hawser.imported_ids("web") == ["web-1"]


@pytest.mark.parametrize("size", [LIMIT + 1, 20 * 1024 * 1024])
def test_a_larger_message_ends_the_stream(hawser, acceptor, size):
    """4.10: RESOURCE_EXHAUSTED, and dialed again after 8 s at most."""
    stream = acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_service("web", wire.instance("web")))
    stream.send(sized_service(size))
    stream.wait_until_over()
    says(hawser, TOO_LARGE.format(size))
    assert hawser.imported_ids("web") == ["web-1"]
    found = re.search(r"trying again in ([0-9.]+) s", hawser.log)
    assert 4.0 <= float(found[1]) <= 8.2
    recovers(hawser, acceptor)


def test_a_length_beyond_all_bounds_is_refused_before_the_bytes(hawser, raw_acceptor):
    stream = raw_acceptor.connect(hawser)
    stream.send_data(struct.pack(">BI", 0, 0xFFFF_FFFF) + b"only this")
    stream.wait_until_over()
    says(hawser, TOO_LARGE.format(0xFFFF_FFFF))


def bad_bytes():
    good = wire.response(
        wire.EXPORTED_SERVICE, "resource-id", wire.exported_service(), "nonce-nonce"
    ).SerializeToString()
    return {
        "garbage": frame(b"\xff" * 40),
        "text": frame(b"GET / HTTP/1.1\r\n\r\n"),
        "cut-off-inside": frame(good[:-3]),
        "nonce-not-utf-8": frame(good.replace(b"nonce-nonce", b"nonce\xff\xfeonc")),
        "id-not-utf-8": frame(good.replace(b"resource-id", b"resource\xffid")),
        "url-not-utf-8": frame(good.replace(b"ExportedService", b"Exported\xc0ervice")),
        "compressed": frame(good, compressed=1),
        "flag-that-is-none": frame(good, compressed=77),
    }


@pytest.mark.parametrize("data", bad_bytes().values(), ids=bad_bytes().keys())
def test_bytes_that_are_no_message_end_the_stream(hawser, raw_acceptor, data):
    stream = raw_acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list())
    stream.send_data(data)
    stream.wait_until_over()
    eventually(lambda: last_error(hawser), "a reason")
    assert hawser.state() == "FAILING"
    recovers(hawser, raw_acceptor)


def test_messages_may_be_cut_anywhere(hawser, raw_acceptor):
    """A message in DATA frames of one byte, and several in one frame."""
    stream = raw_acceptor.connect(hawser)
    message = wire.response(
        wire.SERVICE_LIST, "exported-service-list", wire.service_list("web"), "{}"
    ).SerializeToString()
    for byte in frame(message.replace(b"{}", b"n0")):
        stream.send_data(bytes([byte]))
    stream.expect_ack("n0")
    many = b"".join(frame(message.replace(b"{}", b"n%d" % n)) for n in range(1, 9))
    stream.send_data(many)
    for number in range(1, 9):
        stream.expect_ack(f"n{number}")


def test_empty_messages_and_empty_frames_are_nothing(hawser, raw_acceptor):
    stream = raw_acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list())
    for _ in range(20):
        stream.connection.do(lambda h2: h2.send_data(stream.number, b""))
    stream.send_data(frame(b"") * 50_000)
    stream.expect_ack(stream.upsert_list("web"))
    assert hawser.state() == "ACTIVE"


def test_an_acceptor_that_never_acknowledges_still_gets_changes(hawser, acceptor):
    stream = acceptor.connect(hawser)
    stream.next_response("web")
    for port in range(1_000, 1_010):
        service = {"name": "web", "id": "web-1", "port": port}
        hawser.write("services.json", {"services": [service]})
        hawser.reload()
        response = stream.next_response("web")
        assert wire.unpack(response).Nodes[0].Service.Port == port
    stream.expect_ack(stream.upsert_list())
    assert hawser.state() == "ACTIVE"


def test_refusals_of_what_was_never_sent_harm_nobody(hawser, acceptor):
    stream = acceptor.connect(hawser)
    stream.next_response("web")
    for nonce in ("", "00ffffff", "ffffffffffffffffffff", "x" * 1_000):
        error = (13, "e" * 100_000)
        stream.send(wire.request(wire.EXPORTED_SERVICE, nonce=nonce, error=error))
    stream.expect_ack(stream.upsert_list())
    assert hawser.state() == "ACTIVE"


def test_a_nonce_of_a_kilobyte_and_more_ends_the_stream(hawser, acceptor):
    """A rule of Hawser's own."""
    stream = acceptor.connect(hawser)
    stream.send(wire.response(wire.SERVICE_LIST, "x", wire.service_list(), "n" * 1_025))
    stream.wait_until_over()
    says(hawser, "is longer than 1024 bytes")


# Answers to the call


def test_a_trailers_only_answer_is_a_status(hawser, raw_acceptor):
    assert hawser.establish(raw_acceptor.token()).status == 200
    fields = [
        (":status", "200"),
        ("content-type", "application/grpc"),
        ("grpc-status", "14"),
        ("grpc-message", "Connect CA%20is not yet%3A initialis%C3%A9"),
    ]
    raw_acceptor.accept().answer(fields, end=True)
    says(hawser, "Connect CA is not yet: initialisé")
    recovers(hawser, raw_acceptor)


def http_answers():
    html = ("content-type", "text/html")
    grpc = ("content-type", "application/grpc")
    return {
        "404": ([(":status", "404"), html], "404"),
        "503": ([(":status", "503"), html], "503"),
        "502-of-a-proxy": ([(":status", "502"), html], "502"),
        "429": ([(":status", "429"), html], "429"),
        "401": ([(":status", "401"), html], "401"),
        "redirect": ([(":status", "302"), ("location", "https://x/")], "302"),
        "web-page": ([(":status", "200"), html], "content-type"),
        "no-content-type": ([(":status", "200")], ""),
        "encoding": ([(":status", "200"), grpc, ("grpc-encoding", "gzip")], ""),
    }


@pytest.mark.parametrize("ends", [True, False], ids=["ended", "going-on"])
@pytest.mark.parametrize(
    "fields, text", http_answers().values(), ids=http_answers().keys()
)
def test_answers_that_are_not_grpc_end_the_stream(
    hawser, raw_acceptor, fields, text, ends
):
    assert hawser.establish(raw_acceptor.token()).status == 200
    stream = raw_acceptor.accept()
    stream.answer(fields, end=ends)
    eventually(lambda: last_error(hawser), "a reason")
    says(hawser, text)
    recovers(hawser, raw_acceptor)


@pytest.mark.parametrize(
    "more",
    [
        [("content-type", "application/grpc+proto")],
        [("content-type", "application/grpc;charset=utf-8")],
        [("content-type", "application/grpc"), ("grpc-encoding", "identity")],
        [("content-type", "application/grpc"), ("grpc-accept-encoding", "gzip")],
        [("content-type", "application/grpc"), ("x-strange-bin", "!!!")],
        [("content-type", "application/grpc"), ("x-long", "v" * 4_000)],
    ],
)
def test_other_headers_of_grpc_are_fine(hawser, raw_acceptor, more):
    assert hawser.establish(raw_acceptor.token()).status == 200
    stream = raw_acceptor.accept()
    stream.answer([(":status", "200"), *more])
    stream.expect_ack(stream.upsert_list())
    assert hawser.state() == "ACTIVE"


@pytest.mark.parametrize("details", ["!!!", "AAAA====", "", "/w==", "A" * 4_000])
def test_status_details_that_are_none_are_passed_over(hawser, raw_acceptor, details):
    stream = raw_acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list())
    stream.end(9, "not the leader", [("grpc-status-details-bin", details)])
    recovers(hawser, raw_acceptor)
    assert "not the leader" in hawser.log


def test_informational_answers_are_passed_over(hawser, raw_acceptor):
    assert hawser.establish(raw_acceptor.token()).status == 200
    stream = raw_acceptor.accept()
    stream.connection.do(
        lambda h2: h2.send_headers(stream.number, [(":status", "103")])
    )
    stream.expect_ack(stream.upsert_list())
    assert hawser.state() == "ACTIVE"


@pytest.mark.parametrize("text", ["", "%", "%zz", "%C3", "x" * 8_000])
def test_strange_status_texts_are_survived(hawser, raw_acceptor, text):
    stream = raw_acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list())
    stream.end(14, text)
    eventually(lambda: last_error(hawser), "a reason")
    recovers(hawser, raw_acceptor)


def test_a_status_text_cannot_forge_the_log_or_the_terminal(hawser, raw_acceptor):
    stream = raw_acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list())
    stream.end(14, "away%0A2026 [INFO] peering: forged%1B[2J%0D%00")
    says(hawser, "away")
    output = hawser.cli("peering", "read", "-name", "standin").output
    for text in (output, hawser.log):
        assert "\x1b" not in text and "\x00" not in text and "\r" not in text
        assert not re.search("^2026 .INFO. peering: forged", text, re.MULTILINE)


def test_unknown_status_codes_are_survived(hawser, raw_acceptor):
    for code in (17, 99, 2**40):
        if not raw_acceptor.exchanges:
            assert hawser.establish(raw_acceptor.token()).status == 200
        raw_acceptor.accept().end(code, f"code {code}")
        says(hawser, f"code {code}")
    recovers(hawser, raw_acceptor)


@pytest.mark.parametrize(
    "fields",
    [
        [("content-type", "application/grpc")],
        [("grpc-status", "")],
        [("grpc-status", "none")],
        [("grpc-status", "0")],
    ],
    ids=["no-status", "empty-status", "not-a-number", "ok"],
)
def test_trailers_without_a_goodbye_are_a_failure(hawser, raw_acceptor, fields):
    stream = raw_acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list())
    stream.connection.do(lambda h2: h2.send_headers(stream.number, fields, True))
    eventually(lambda: hawser.state() == "FAILING", "FAILING")
    assert last_error(hawser)
    recovers(hawser, raw_acceptor)


def test_an_end_inside_a_message_is_a_failure(hawser, raw_acceptor):
    stream = raw_acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list())
    stream.send_data(frame(b"x" * 100)[:50])
    stream.end()
    eventually(lambda: last_error(hawser), "a reason")
    recovers(hawser, raw_acceptor)


def test_an_end_without_trailers_is_a_failure(hawser, raw_acceptor):
    stream = raw_acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list())
    stream.connection.do(lambda h2: h2.end_stream(stream.number))
    eventually(lambda: last_error(hawser), "a reason")
    recovers(hawser, raw_acceptor)


# HTTP/2 and below


@pytest.mark.parametrize("code", [0, 1, 2, 3, 5, 7, 8, 11, 12, 13, 0xFFFF_FFFF])
def test_a_reset_is_shown_and_dialed_again(hawser, raw_acceptor, code):
    stream = raw_acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list())
    stream.reset(code)
    says(hawser, "RST_STREAM")
    recovers(hawser, raw_acceptor)


def goaway(code, last):
    """A GOAWAY, past the state that our library would go into."""
    return struct.pack(">IBIII", 8 << 8 | 7, 0, 0, last, code)


def test_a_graceful_goaway_leaves_the_stream_alone(hawser, raw_acceptor):
    """HTTP/2: what is below the last stream goes on."""
    stream = raw_acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list())
    stream.connection.send_bytes(goaway(0, 0x7FFF_FFFF))
    stream.connection.send_bytes(goaway(0, stream.number))
    stream.expect_ack(stream.upsert_service("web", wire.instance("web")))
    assert hawser.imported_ids("web") == ["web-1"]
    assert hawser.state() == "ACTIVE"
    stream.end(14, "maintenance")
    says(hawser, "maintenance")
    recovers(hawser, raw_acceptor)


@pytest.mark.parametrize("code", [0, 2, 11])
def test_a_goaway_that_names_no_stream_ends_it(hawser, raw_acceptor, code):
    stream = raw_acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list())
    stream.connection.send_bytes(goaway(code, 0))
    stream.connection.wait_until_over()
    eventually(lambda: last_error(hawser), "a reason")
    recovers(hawser, raw_acceptor)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\xff" * 100,
        # A DATA frame of 16 MiB less one byte, HEADERS and PUSH_PROMISE of nobody.
        b"\xff\xff\xff\x00\x00\x00\x00\x00\x01",
        b"\x00\x00\x01\x01\x04\x00\x00\x00\x02\x88",
        b"\x00\x00\x05\x05\x04\x00\x00\x00\x01\x00\x00\x00\x02\x88",
        # SETTINGS on a stream, a PING of seven bytes, a window beyond all windows.
        b"\x00\x00\x00\x04\x00\x00\x00\x00\x01",
        b"\x00\x00\x07\x06\x00\x00\x00\x00\x00" + b"x" * 7,
        b"\x00\x00\x04\x08\x00\x00\x00\x00\x00\x7f\xff\xff\xff",
        # A header block that is no HPACK.
        b"\x00\x00\x04\x01\x04\x00\x00\x00\x01\xff\xff\xff\xff",
    ],
    ids=[
        *("http-1", "noise", "huge-frame", "headers-of-nobody", "push"),
        *("settings-on-a-stream", "short-ping", "window-overflow", "no-hpack"),
    ],
)
def test_broken_frames_end_the_connection(hawser, raw_acceptor, data):
    stream = raw_acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list())
    stream.connection.send_bytes(data)
    stream.connection.wait_until_over()
    eventually(lambda: last_error(hawser), "a reason")
    recovers(hawser, raw_acceptor)


def test_pings_are_answered(hawser, raw_acceptor):
    """Observed 18: Consul's gRPC pings after every burst, and after 30 s of silence."""
    stream = raw_acceptor.connect(hawser)
    payloads = [bytes.fromhex("02041010090e0707"), b"\x00" * 8]
    for payload in payloads:
        stream.connection.do(lambda h2, payload=payload: h2.ping(payload))
    stream.expect_ack(stream.upsert_list())
    assert stream.connection.pongs == payloads


def test_frames_of_unknown_types_are_passed_over(hawser, raw_acceptor):
    stream = raw_acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list())
    stream.connection.send_bytes(b"\x00\x00\x03\xbe\x00\x00\x00\x00\x00abc")
    stream.connection.send_bytes(b"\x00\x00\x03\xbe\x00\x00\x00\x00\x01abc")
    stream.expect_ack(stream.upsert_list("web"))
    assert hawser.state() == "ACTIVE"


def test_a_connection_cut_inside_a_frame_is_dialed_again(hawser, raw_acceptor):
    stream = raw_acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_service("web", wire.instance("web")))
    stream.connection.send_bytes(b"\x00\x10\x00\x00\x00\x00\x00\x00\x01half")
    stream.connection.close()
    eventually(lambda: last_error(hawser), "a reason")
    assert hawser.imported_ids("web") == ["web-1"]
    recovers(hawser, raw_acceptor)


def test_an_acceptor_without_settings_is_given_up(hawser, authority):
    with RawAcceptor(authority, greet=False) as mute:
        answer = hawser.establish(mute.token())
        assert answer.status >= 500
        assert mute.address in answer.text
    assert hawser.peering() is None


def test_an_acceptor_that_never_reads_stops_nobody(hawser, raw_acceptor):
    """It goes on sending: the answers wait for it, and nothing else does."""
    stream = raw_acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list())
    stream.connection.reading.clear()
    # The window of a connection that nobody reads is full after 64 KiB of answers.
    messages = b"".join(
        frame(
            wire.response(
                wire.EXPORTED_SERVICE,
                "web",
                wire.exported_service(wire.instance("web", port=port)),
                f"n{port}",
            ).SerializeToString()
        )
        for port in range(1, 51)
    )
    stream.send_data(messages)
    eventually(
        lambda: [i["Service"]["Port"] for i in hawser.imported("web")] == [50],
        "the last one is applied",
    )
    assert hawser.state() == "ACTIVE"
    hawser.delete()
    assert hawser.imported("web") == []
    eventually(lambda: hawser.peering() is None, "the peering is gone")


def test_a_window_of_nothing_stops_only_what_it_should(hawser, raw_acceptor):
    """The peer takes no DATA for a while: answers come when it does."""
    stream = raw_acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list())
    settings = {4: 0}
    stream.connection.do(lambda h2: h2.update_settings(settings))
    nonces = [
        stream.upsert_service("web", wire.instance("web", port=port))
        for port in range(1, 200)
    ]
    eventually(
        lambda: [i["Service"]["Port"] for i in hawser.imported("web")] == [199],
        "they are applied",
    )
    stream.connection.do(lambda h2: h2.update_settings({4: 1_000_000}))
    for nonce in nonces:
        stream.expect_ack(nonce)
    assert hawser.state() == "ACTIVE"


# Exchanges


class Exchanging(RawAcceptor):
    """Answers exchanges with bytes of the test's own."""

    answer_bytes = b""

    def redeem(self, data):
        return self.answer_bytes


@pytest.mark.parametrize(
    "data",
    [b"\xff\xff", b"\x0a\x24short", b"\x0a\x02\xff\xfe", b"\x0a" + b"\xff" * 9, b""],
    ids=["garbage", "cut-off", "not-utf-8", "endless-length", "empty"],
)
def test_an_exchange_answered_with_nonsense_fails(hawser, authority, data):
    with Exchanging(authority) as acceptor:
        acceptor.answer_bytes = data
        answer = hawser.establish(acceptor.token())
        assert answer.status >= 500
        assert acceptor.address in answer.text
    assert hawser.peering() is None
