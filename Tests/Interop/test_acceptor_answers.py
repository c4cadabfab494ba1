"""How an acceptor answers Responses (protocol section 4.4)."""

import grpc
import pytest

from standin import wire
from standin.dialer import Dialer

BOGUS = "type.googleapis.com/bogus.Type"
LIST = "exported-service-list"


@pytest.fixture
def hawser(make_hawser):
    return make_hawser()


@pytest.fixture
def stream(hawser, cleanup):
    return cleanup.enter_context(Dialer(hawser.token())).connect()


def upsert_error(url, resource_id):
    return f'upsert error, ResourceURL: "{url}", ResourceID: "{resource_id}": '


def service_error(name):
    return (
        upsert_error(wire.EXPORTED_SERVICE, name)
        + f'did not increment imported services count for service="{name}": '
    )


def nameless(field):
    """An instance that lacks what it must have."""
    instance = wire.instance("web")
    match field:
        case "node name":
            instance.Node.Node = ""
        case "service ID":
            instance.Service.ID = ""
        case "check ID":
            instance.Checks[0].CheckID = ""
    return wire.exported_service(wire.instance("web", "good"), instance)


EMPTY = wire.service_list()
NO_TYPE = f'received response for unknown resource type "{BOGUS}"'
ADDRESSES = wire.ServerAddresses(Addresses=["127.0.0.1:1"])
SERVICE = wire.exported_service(wire.instance("web"))

# What is sent, but for the nonce; the code; the text.
EXACT = {
    "an unknown type": ((BOGUS, "x", EMPTY), {}, 3, NO_TYPE),
    "an unknown type without content": ((BOGUS, "x", None), {}, 3, NO_TYPE),
    "no type": (
        ("", "x", EMPTY),
        {},
        3,
        'received response for unknown resource type ""',
    ),
    "a leader address": (
        (wire.LEADER_ADDRESS, "x", EMPTY),
        {},
        3,
        f'received response for unknown resource type "{wire.LEADER_ADDRESS}"',
    ),
    "no content": (
        (wire.SERVICE_LIST, LIST, None),
        {},
        3,
        "received upsert response with no content",
    ),
    "another type inside": (
        (wire.EXPORTED_SERVICE, "web", EMPTY),
        {"any_url": wire.SERVICE_LIST},
        13,
        upsert_error(wire.EXPORTED_SERVICE, "web")
        + f'mismatched resourceURL "{wire.EXPORTED_SERVICE}" '
        + f'and Any typeUrl "{wire.SERVICE_LIST}"',
    ),
    "the unspecified operation": (
        (wire.SERVICE_LIST, LIST, EMPTY),
        {"operation": 0},
        3,
        'unsupported operation: "OPERATION_UNSPECIFIED"',
    ),
    "no operation and no content": (
        (wire.SERVICE_LIST, LIST, None),
        {"operation": 0},
        3,
        'unsupported operation: "OPERATION_UNSPECIFIED"',
    ),
    "operation 2": (
        (wire.SERVICE_LIST, LIST, EMPTY),
        {"operation": 2},
        3,
        "unsupported operation: 2",
    ),
    "operation -1": (
        (wire.SERVICE_LIST, LIST, EMPTY),
        {"operation": -1},
        3,
        "unsupported operation: -1",
    ),
    "operation 2 of another type inside": (
        (wire.EXPORTED_SERVICE, "web", EMPTY),
        {"operation": 2, "any_url": wire.SERVICE_LIST},
        3,
        "unsupported operation: 2",
    ),
    "server addresses": (
        (wire.SERVER_ADDRESSES, "server-addrs", ADDRESSES),
        {},
        13,
        upsert_error(wire.SERVER_ADDRESSES, "server-addrs")
        + "Cannot switch peering dialing mode from false to true",
    ),
}

# The same where the detail is in each one's own words.
BEGINNINGS = {
    "a service that cannot be read": (
        (wire.EXPORTED_SERVICE, "web", b"\xff\xff\xff"),
        upsert_error(wire.EXPORTED_SERVICE, "web") + "failed to unmarshal resource: ",
    ),
    "a service that is cut off": (
        (wire.EXPORTED_SERVICE, "web", SERVICE.SerializeToString()[:-1]),
        upsert_error(wire.EXPORTED_SERVICE, "web") + "failed to unmarshal resource: ",
    ),
    "a list that cannot be read": (
        (wire.SERVICE_LIST, LIST, b"\x0a\x05ab"),
        upsert_error(wire.SERVICE_LIST, LIST) + "failed to unmarshal resource: ",
    ),
    "a list that is not UTF-8": (
        (wire.SERVICE_LIST, LIST, b"\x0a\x02\xc3\x28"),
        upsert_error(wire.SERVICE_LIST, LIST) + "failed to unmarshal resource: ",
    ),
    "a bundle that cannot be read": (
        (wire.TRUST_BUNDLE, "roots", b"\x0a\xff"),
        upsert_error(wire.TRUST_BUNDLE, "roots") + "failed to unmarshal resource: ",
    ),
    "an empty node name": (
        (wire.EXPORTED_SERVICE, "web", nameless("node name")),
        service_error("web"),
    ),
    "an empty service ID": (
        (wire.EXPORTED_SERVICE, "web", nameless("service ID")),
        service_error("web"),
    ),
    "an empty check ID": (
        (wire.EXPORTED_SERVICE, "web", nameless("check ID")),
        service_error("web"),
    ),
}


def refusal(stream, arguments, options):
    nonce = stream.new_nonce()
    stream.send(wire.response(*arguments, nonce, **options))
    answer = stream.next_answer(nonce)
    assert answer.PeerID == ""
    assert answer.ResourceURL == arguments[0]
    assert answer.HasField("Error"), "it was acknowledged"
    assert not answer.Error.details
    return answer.Error


def expect_untouched(hawser, stream):
    """Nothing was stored, and the stream goes on."""
    assert hawser.imported("web") == []
    stream.expect_ack(stream.upsert_list("web"))
    stream.expect_ack(stream.upsert_service("web", wire.instance("web")))
    assert hawser.imported_ids("web") == ["web-1"]
    assert hawser.state() == "ACTIVE"


@pytest.mark.parametrize("fault", EXACT)
def test_a_bad_response_is_refused_and_the_stream_goes_on(hawser, stream, fault):
    """Probe case 9."""
    arguments, options, code, text = EXACT[fault]
    error = refusal(stream, arguments, options)
    assert (error.code, error.message) == (code, text)
    expect_untouched(hawser, stream)


@pytest.mark.parametrize("fault", BEGINNINGS)
def test_a_bad_resource_is_refused_and_not_stored(hawser, stream, fault):
    arguments, text = BEGINNINGS[fault]
    error = refusal(stream, arguments, {})
    assert error.code == 13
    assert error.message.startswith(text)
    expect_untouched(hawser, stream)


def test_a_response_without_a_nonce_is_refused(hawser, stream):
    stream.send(wire.response(wire.SERVICE_LIST, LIST, wire.service_list("web"), ""))
    answer = stream.next(
        lambda message: message.request.HasField("Error"), "the refusal"
    ).request
    assert answer.ResponseNonce == ""
    assert answer.ResourceURL == wire.SERVICE_LIST
    assert (answer.Error.code, answer.Error.message) == (
        3,
        f"received response without a nonce for: {wire.SERVICE_LIST}:{LIST}",
    )
    expect_untouched(hawser, stream)


def test_an_unknown_type_counts_before_a_missing_nonce(stream):
    stream.send(wire.response(BOGUS, "x", EMPTY, ""))
    answer = stream.next(
        lambda message: message.request.HasField("Error"), "the refusal"
    ).request
    assert (answer.Error.code, answer.Error.message) == (3, NO_TYPE)


def test_a_refused_service_leaves_the_former_version_in_place(hawser, stream):
    stream.expect_ack(stream.upsert_list("web"))
    stream.expect_ack(stream.upsert_service("web", wire.instance("web")))
    nonce = stream.upsert(wire.EXPORTED_SERVICE, "web", nameless("service ID"))
    assert stream.expect_nack(nonce).code == 13
    assert hawser.imported_ids("web") == ["web-1"]


def test_an_ack_has_the_type_and_the_nonce_and_nothing_else(stream):
    """Observed 9, byte by byte."""
    nonce = stream.upsert_list("web")
    stream.expect_ack(nonce)
    ack = wire.request(wire.SERVICE_LIST, nonce=nonce).SerializeToString()
    assert stream.raw.count(ack) == 1


def test_nonces_of_ours_come_back_as_they_are(stream):
    """They are the sender's business."""
    for nonce in ("x", "00000001", "00000001", "ffffffffffffffff", "ü", "a" * 1024):
        stream.send(wire.response(wire.SERVICE_LIST, LIST, EMPTY, nonce))
        stream.expect_ack(nonce)


def test_every_response_is_answered_once_and_in_order(hawser, stream):
    """Section 4.4: one after another."""
    nonces = [stream.upsert_list("web")]
    for number in range(200):
        instance = wire.instance("web", f"web-{number}")
        nonces.append(stream.upsert_service("web", instance))
        if number % 10 == 0:
            nonce = stream.new_nonce()
            stream.send(wire.response(BOGUS, "x", EMPTY, nonce))
            nonces.append(nonce)
    stream.next_answer(nonces[-1])
    answers = [
        message.request.ResponseNonce
        for message in stream.messages
        if message.request.ResponseNonce
    ]
    assert sorted(answers) == sorted(nonces)
    assert hawser.imported_ids("web") == ["web-199"]


def test_the_bundle_of_the_dialer_becomes_its_ca(hawser, stream, authority):
    """Observed 26 and section 4.9: with a newline at the end of each root."""
    assert "PeerCAPems" not in hawser.peering()
    bundle = wire.TrustBundle(
        TrustDomain=authority.trust_domain,
        RootPEMs=[authority.root_pem.strip(), authority.root_pem],
    )
    stream.expect_ack(stream.upsert(wire.TRUST_BUNDLE, "roots", bundle))
    assert hawser.peering()["PeerCAPems"] == [authority.root_pem] * 2


def test_responses_come_in_any_order(hawser, stream):
    """Observed 12: a service may come before the list that names it."""
    stream.expect_ack(stream.upsert_service("web", wire.instance("web")))
    stream.expect_ack(stream.upsert_list("web"))
    assert hawser.imported_ids("web") == ["web-1"]


def test_a_list_with_an_empty_name_is_acknowledged(stream):
    """As recorded, probe case 9b."""
    stream.expect_ack(stream.upsert_list(""))


def test_an_instance_of_another_name_is_taken(stream):
    """Section 4.9: names of instances are not compared with the resource's."""
    stream.expect_ack(stream.upsert_list("web"))
    stream.expect_ack(stream.upsert_service("web", wire.instance("api")))


@pytest.mark.parametrize("field", ["nonce", "resource_id", "url"])
def test_a_text_that_is_too_long_ends_the_stream(stream, field):
    """Hawser's own bound: what would be kept and sent back has 1,024 bytes at most."""
    long = "a" * 1025
    fields = {"url": wire.SERVICE_LIST, "resource_id": LIST, "nonce": "1"}
    stream.send(wire.response(**(fields | {field: long}), resource=EMPTY))
    assert stream.status()[0] == grpc.StatusCode.INVALID_ARGUMENT
