"""One stream that Hawser dialed (protocol sections 4.2 to 4.6)."""

import itertools

import grpc
import pytest

from standin import wire
from standin.hawser import exports
from standin.raw import frame
from standin.waiting import eventually

NONSENSE = "type.googleapis.com/hashicorp.consul.internal.peerstream.Nonsense"
# So that heartbeats take no time...
EAGER = {"peering": {"heartbeat_interval": "200ms"}}
# ... and their absence seconds.
BRISK = {"peering": {"heartbeat_interval": "200ms", "heartbeat_timeout": "2s"}}
FILES = {
    "services.json": {"services": [{"name": "web", "id": "web-1", "port": 80}]},
    "exports.json": exports("web"),
}


def last_error(hawser, peer="standin"):
    return hawser.peering(peer)["Hawser"]["LastError"] or ""


def says(hawser, text, peer="standin"):
    """Waits until the peering's status tells this reason."""
    return eventually(
        lambda: text in last_error(hawser, peer), f"{hawser.name} says {text!r}"
    )


def requests(stream):
    """All Requests that came so far."""
    return [m.request for m in stream.messages if m.WhichOneof("Payload") == "request"]


# 4.2, the first exchange


def test_the_call_is_as_grpc_wants_it(make_hawser, raw_acceptor, authority):
    hawser = make_hawser()
    hawser.establish(raw_acceptor.token())
    fields = raw_acceptor.accept().fields
    assert fields[":path"] == wire.STREAM_RESOURCES
    assert fields[":method"] == "POST"
    assert fields[":scheme"] == "https"
    assert fields[":authority"] == authority.server_name
    assert fields["content-type"].startswith("application/grpc")
    assert fields["te"] == "trailers"
    assert fields.get("grpc-encoding", "identity") == "identity"


def test_open_and_four_subscriptions_come_before_any_answer(make_hawser, raw_acceptor):
    """4.2: the raw acceptor has not even sent headers."""
    hawser = make_hawser()
    hawser.establish(raw_acceptor.token())
    stream = raw_acceptor.accept()
    opening = stream.opening()
    assert opening.PeerID == raw_acceptor.peer_id
    assert opening.StreamSecretID == raw_acceptor.stream_secret
    assert opening.HasField("Remote")
    assert opening.Remote.Datacenter == "dc1"
    assert opening.Remote.Partition == ""
    for url in wire.DIALER_KINDS:
        request = stream.next().request
        assert request.ResourceURL == url
        assert request.PeerID == raw_acceptor.peer_id
        assert request.ResponseNonce == ""
        assert not request.HasField("Error")


def test_the_first_messages_are_consuls_byte_for_byte(make_hawser, acceptor):
    """Section 13: fields in the order of their numbers, defaults left out."""
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list())
    expected = [wire.open_(acceptor.peer_id, acceptor.stream_secret, "dc1")]
    expected += [wire.request(url, acceptor.peer_id) for url in wire.DIALER_KINDS]
    assert stream.raw[:5] == [message.SerializeToString() for message in expected]


def test_no_more_than_four_subscriptions_are_sent(make_hawser, acceptor):
    hawser = make_hawser(files=FILES)
    stream = acceptor.connect(hawser)
    stream.send(wire.ack(stream.next_response("web")))
    stream.expect_ack(stream.upsert_list("api"))
    without_nonce = [item for item in requests(stream) if not item.ResponseNonce]
    assert [item.ResourceURL for item in without_nonce] == wire.DIALER_KINDS


def test_answers_carry_no_peer_id(make_hawser, acceptor):
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    assert stream.expect_ack(stream.upsert_list("api")).PeerID == ""
    stream.send(wire.response(wire.SERVICE_LIST, "x", None, "bad"))
    refusal = stream.next_answer("bad")
    assert refusal.HasField("Error") and refusal.PeerID == ""


def test_every_kind_of_message_is_consuls_byte_for_byte(make_hawser, acceptor):
    """Section 13: ACK, NACK, Response, Heartbeat, Terminated."""
    hawser = make_hawser(files=FILES, agent=EAGER)
    stream = acceptor.connect(hawser)
    stream.next_response("web")
    stream.expect_ack(stream.upsert_list("web"))
    stream.send(wire.response(wire.SERVICE_LIST, "x", wire.service_list(), "n", 0))
    error = stream.next_answer("n").Error
    stream.next_payload("heartbeat")
    hawser.delete()
    stream.next_payload("terminated")
    stream.end()
    sent = set(stream.raw)
    expected = [
        wire.request(wire.SERVICE_LIST, nonce="00000001"),
        wire.request(wire.SERVICE_LIST, nonce="n", error=(error.code, error.message)),
        wire.heartbeat(),
        wire.terminated(),
    ]
    for message in expected:
        assert message.SerializeToString() in sent
    for message, data in zip(stream.messages, stream.raw, strict=True):
        assert message.SerializeToString() == data


# 4.3, subscriptions that Hawser receives


def bad_subscriptions():
    consistent = (
        "initial subscription requests for a resource type must have consistent"
    )
    yield (
        "another-peer-id",
        lambda _: wire.request(wire.EXPORTED_SERVICE, peer_id="other"),
        lambda peer_id: f'{consistent} PeerID values: got="other" expected="{peer_id}"',
    )
    yield (
        "a-nonce",
        lambda _: wire.request(wire.EXPORTED_SERVICE, nonce="00000001"),
        lambda _: (
            "initial subscription requests for a resource type must not contain a nonce"
        ),
    )
    yield (
        "an-error",
        lambda _: wire.request(wire.EXPORTED_SERVICE, error=(3, "no")),
        lambda _: (
            "initial subscription request for a resource type must not contain an error"
        ),
    )
    yield (
        "an-unknown-url",
        lambda _: wire.request(NONSENSE),
        lambda _: f"subscription request to unknown resource URL: {NONSENSE}",
    )
    yield (
        "an-ack-of-what-was-not-subscribed",
        lambda _: wire.request(wire.SERVER_ADDRESSES, nonce="00000001"),
        lambda _: (
            "initial subscription requests for a resource type must not contain a nonce"
        ),
    )
    yield (
        "the-peer-id-before-the-nonce",
        lambda _: wire.request(wire.TRUST_BUNDLE, peer_id="other", nonce="1"),
        lambda peer_id: f'{consistent} PeerID values: got="other" expected="{peer_id}"',
    )


@pytest.mark.parametrize(
    "request_, text",
    [pytest.param(*row[1:], id=row[0]) for row in bad_subscriptions()],
)
def test_a_bad_first_subscription_ends_the_stream(
    make_hawser, raw_acceptor, request_, text
):
    """4.3: a client cannot send a status; the stream is reset and the status tells."""
    hawser = make_hawser()
    hawser.establish(raw_acceptor.token())
    stream = raw_acceptor.accept()
    stream.send(request_(raw_acceptor.peer_id))
    stream.wait_until_over()
    says(hawser, text(raw_acceptor.peer_id))
    assert hawser.state() == "FAILING"


@pytest.mark.parametrize("is_named", [True, False])
def test_subscriptions_may_name_the_acceptor_or_nobody(make_hawser, acceptor, is_named):
    hawser = make_hawser(files=FILES)
    hawser.establish(acceptor.token())
    stream = acceptor.accept()
    peer_id = acceptor.peer_id if is_named else ""
    stream.subscribe(*wire.ACCEPTOR_KINDS, peer_id=peer_id)
    stream.next_response("web")
    stream.expect_ack(stream.upsert_list())


def test_a_second_subscription_is_taken_as_an_ack_and_resends_nothing(
    make_hawser, acceptor
):
    hawser = make_hawser(files=FILES)
    stream = acceptor.connect(hawser)
    for _ in range(3):
        stream.send(wire.ack(stream.next_response()))
    stream.subscribe(wire.EXPORTED_SERVICE)
    # In order: had anything been sent again, it would come before the change.
    stream.expect_ack(stream.upsert_list())
    hawser.write(
        "services.json", {"services": [{"name": "web", "id": "web-1", "port": 81}]}
    )
    hawser.reload()
    changed = stream.next_response()
    assert wire.unpack(changed).Nodes[0].Service.Port == 81
    assert changed.Nonce == "00000004"


def test_the_list_comes_with_the_subscription_to_services(make_hawser, raw_acceptor):
    """Observed 11: subscribing to the list alone yields nothing."""
    hawser = make_hawser(files=FILES)
    hawser.establish(raw_acceptor.token())
    stream = raw_acceptor.accept()
    stream.subscribe(wire.SERVICE_LIST, wire.TRUST_BUNDLE)
    assert stream.next_response().ResourceID == "roots"
    stream.subscribe(wire.EXPORTED_SERVICE)
    came = {stream.next_response().ResourceID, stream.next_response().ResourceID}
    assert came == {"exported-service-list", "web"}


def test_ack_nonces_are_not_checked(make_hawser, acceptor):
    """Observed 10: deadbeef passes."""
    hawser = make_hawser(files=FILES)
    stream = acceptor.connect(hawser)
    stream.next_response("web")
    stream.send(wire.request(wire.EXPORTED_SERVICE, nonce="deadbeef"))
    stream.send(wire.request(wire.EXPORTED_SERVICE, nonce="not hex at all"))
    stream.expect_ack(stream.upsert_list())
    assert hawser.state() == "ACTIVE"


# 4.4, Responses that Hawser receives


def bad_responses():
    service, list_, nothing = (
        wire.EXPORTED_SERVICE,
        wire.SERVICE_LIST,
        wire.exported_service(),
    )

    def row(name, code, text, *arguments, **named):
        message = wire.response(*arguments, **named)
        return pytest.param(message, code, text, id=name)

    def upsert(detail, url=service, resource_id="web"):
        return (
            f'upsert error, ResourceURL: "{url}", ResourceID: "{resource_id}": {detail}'
        )

    unknown = f'received response for unknown resource type "{NONSENSE}"'
    return [
        row("unknown-url", 3, unknown, NONSENSE, "web", nothing, "1"),
        row("unknown-url-without-nonce", 3, unknown, NONSENSE, "web", nothing, ""),
        row(
            "no-nonce",
            3,
            f"received response without a nonce for: {service}:web",
            service,
            "web",
            nothing,
            "",
        ),
        row(
            "no-nonce-before-bad-operation",
            3,
            f"received response without a nonce for: {service}:web",
            service,
            "web",
            nothing,
            "",
            operation=0,
        ),
        row(
            "no-content",
            3,
            "received upsert response with no content",
            list_,
            "exported-service-list",
            None,
            "1",
        ),
        row(
            "mismatched-any",
            13,
            upsert(
                f'mismatched resourceURL "{service}" and Any typeUrl "{list_}"',
            ),
            service,
            "web",
            nothing,
            "1",
            any_url=list_,
        ),
        row(
            "undecodable",
            13,
            upsert("failed to unmarshal resource: "),
            service,
            "web",
            b"\x0a\xff",
            "1",
        ),
        row(
            "undecodable-bundle",
            13,
            upsert("failed to unmarshal resource: ", wire.TRUST_BUNDLE, "roots"),
            wire.TRUST_BUNDLE,
            "roots",
            b"\xff",
            "1",
        ),
        row(
            "not-applicable",
            13,
            upsert('did not increment imported services count for service="web": '),
            service,
            "web",
            wire.exported_service(wire.instance("web", node="")),
            "1",
        ),
        row(
            "unspecified-operation",
            3,
            'unsupported operation: "OPERATION_UNSPECIFIED"',
            service,
            "web",
            nothing,
            "1",
            operation=0,
        ),
        row(
            "unspecified-operation-without-content",
            3,
            'unsupported operation: "OPERATION_UNSPECIFIED"',
            service,
            "web",
            None,
            "1",
            operation=0,
        ),
        row(
            "unknown-operation",
            3,
            "unsupported operation: 2",
            service,
            "web",
            nothing,
            "1",
            operation=2,
        ),
    ]


@pytest.mark.parametrize("message, code, text", bad_responses())
def test_a_bad_response_gets_one_nack_and_the_stream_goes_on(
    make_hawser, acceptor, message, code, text
):
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    stream.send(message)
    stream.expect_ack(stream.upsert(wire.SERVICE_LIST, "l", wire.service_list()))
    answers = requests(stream)[len(wire.DIALER_KINDS) :]
    assert [answer.HasField("Error") for answer in answers] == [True, False]
    refusal = answers[0]
    assert refusal.Error.code == code
    # What a library says of bad bytes or of a store is its own.
    assert refusal.Error.message.startswith(text)
    if not text.endswith(": "):
        assert refusal.Error.message == text
    assert refusal.ResourceURL == message.response.ResourceURL
    assert refusal.ResponseNonce == message.response.Nonce
    assert refusal.PeerID == ""
    assert hawser.state() == "ACTIVE"


def test_each_response_gets_exactly_one_answer(make_hawser, acceptor):
    """4.4: good and bad ones mixed, many on the way at once."""
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    sent = []
    for number in range(300):
        nonce = f"n{number}"
        name = f"service-{number % 7}"
        content = wire.exported_service(wire.instance(name)) if number % 3 else None
        stream.send(wire.response(wire.EXPORTED_SERVICE, name, content, nonce))
        sent.append((nonce, content is None))
    last = stream.upsert_list(*(f"service-{number}" for number in range(7)))
    stream.expect_ack(last)
    answers = [
        (item.ResponseNonce, item.HasField("Error"))
        for item in requests(stream)
        if item.ResponseNonce.startswith("n")
    ]
    assert sorted(answers) == sorted(sent)


def test_responses_may_come_in_any_order(make_hawser, authority, acceptor):
    """Observed 12."""
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    bundle = wire.TrustBundle(
        TrustDomain=authority.trust_domain, RootPEMs=[authority.root_pem]
    )
    resources = {
        "web": (wire.EXPORTED_SERVICE, wire.exported_service(wire.instance("web"))),
        "exported-service-list": (wire.SERVICE_LIST, wire.service_list("web")),
        "roots": (wire.TRUST_BUNDLE, bundle),
        "server-addrs": (
            wire.SERVER_ADDRESSES,
            wire.ServerAddresses(Addresses=[acceptor.address]),
        ),
    }
    for order in itertools.permutations(resources):
        nonces = [stream.upsert(resources[i][0], i, resources[i][1]) for i in order]
        for nonce in nonces:
            stream.expect_ack(nonce)
    assert hawser.imported_ids("web") == ["web-1"]
    assert hawser.state() == "ACTIVE"


def test_responses_before_our_subscriptions_are_taken(make_hawser, acceptor):
    hawser = make_hawser(files=FILES)
    hawser.establish(acceptor.token())
    stream = acceptor.accept()
    stream.expect_ack(stream.upsert_service("web", wire.instance("web")))
    assert hawser.imported_ids("web") == ["web-1"]
    assert hawser.state() == "ACTIVE"
    stream.subscribe(*wire.ACCEPTOR_KINDS)
    stream.next_response("web")


def test_what_the_acceptor_refuses_is_named_and_sent_again(make_hawser, acceptor):
    """4.4, effect of a NACK: Consul only logs it."""
    hawser = make_hawser(files=FILES, agent=EAGER)
    stream = acceptor.connect(hawser)
    first = stream.next_response("web")
    stream.send(wire.nack(first, 13, "the disk is full"))
    eventually(
        lambda: (
            "the disk is full" in hawser.peering()["Hawser"]["Refusals"].get("web", "")
        ),
        "the refusal is shown",
    )
    assert (
        "the disk is full" in hawser.cli("peering", "read", "-name", "standin").output
    )
    again = stream.next_response("web")
    assert again.Nonce != first.Nonce
    assert again.Resource == first.Resource
    stream.send(wire.ack(again))


# 4.5, heartbeats and ends


def test_heartbeats_go_out_and_come_in(make_hawser, acceptor):
    hawser = make_hawser(agent=EAGER)
    stream = acceptor.connect(hawser)
    assert hawser.peering()["StreamStatus"]["LastHeartbeat"] is None
    stream.next_payload("heartbeat")
    stream.next_payload("heartbeat")
    stream.send(wire.heartbeat())
    eventually(
        lambda: hawser.peering()["StreamStatus"]["LastHeartbeat"], "it was heard"
    )


def test_heartbeats_keep_the_stream_alive(make_hawser, acceptor):
    """For longer than the timeout, measured in Hawser's own heartbeats."""
    hawser = make_hawser(agent=BRISK)
    stream = acceptor.connect(hawser)
    for _ in range(15):
        stream.next_payload("heartbeat")
        stream.send(wire.heartbeat())
    stream.expect_ack(stream.upsert_list())
    assert "trying again" not in hawser.log


def test_without_heartbeats_the_stream_ends_whatever_else_comes(make_hawser, acceptor):
    """4.5 and observed 17: only a Heartbeat counts."""
    hawser = make_hawser(agent=BRISK)
    stream = acceptor.connect(hawser)

    def talk_on():
        stream.upsert_list("web")
        return "heartbeat timeout" in last_error(hawser)

    eventually(talk_on, "heartbeat timeout")
    stream.wait_until_over()
    assert acceptor.accept().opening().StreamSecretID == acceptor.stream_secret


def test_an_acceptor_that_never_says_a_word_is_left(make_hawser, acceptor):
    """The time-out runs from the start of the stream."""
    hawser = make_hawser(agent=BRISK)
    assert hawser.establish(acceptor.token()).status == 200
    stream = acceptor.accept()
    says(hawser, "heartbeat timeout")
    stream.wait_until_over()
    assert acceptor.accept().opening().StreamSecretID == acceptor.stream_secret


def test_a_daemon_that_stops_says_no_goodbye(make_hawser, acceptor):
    """Terminated is for deletion only."""
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_service("web", wire.instance("web")))
    hawser.stop()
    stream.wait_until_over()
    kinds = {message.WhichOneof("Payload") for message in stream.messages}
    assert "terminated" not in kinds
    hawser.start()
    stream = acceptor.accept()
    assert stream.opening().StreamSecretID == acceptor.stream_secret
    stream.expect_ack(stream.upsert_list("web"))
    assert hawser.imported_ids("web") == ["web-1"]


def test_terminated_ends_it_all(make_hawser, acceptor):
    """4.5, 7.4: TERMINATED, the data gone, and nobody dials again."""
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list("web"))
    stream.expect_ack(stream.upsert_service("web", wire.instance("web")))
    assert hawser.imported_ids("web") == ["web-1"]
    stream.send(wire.terminated())
    stream.wait_until_over()
    eventually(lambda: hawser.state() == "TERMINATED", "TERMINATED")
    assert hawser.imported("web") == []
    stream.end()

    hawser.restart()
    assert hawser.state() == "TERMINATED"
    assert hawser.imported("web") == []
    # A new token revives it: the next stream is the one that it asks for.
    hawser.establish(acceptor.renew())
    assert acceptor.accept().opening().StreamSecretID == acceptor.stream_secret
    assert "trying again" not in hawser.log


def test_terminated_is_answered_by_a_half_close(make_hawser, raw_acceptor):
    """4.5, observed 22: END_STREAM, not a reset, each time that a token revives it."""
    hawser = make_hawser()
    for _ in range(10):
        stream = raw_acceptor.connect(hawser)
        stream.expect_ack(stream.upsert_list("web"))
        stream.ends_in_return = True
        stream.send(wire.terminated())
        # A reset would come at once; the end of the connection comes after it.
        stream.connection.wait_until_over()
        assert stream.is_half_closed and stream.reset_code is None
        raw_acceptor.renew()


def test_after_terminated_hawser_does_not_wait_for_the_status(
    make_hawser, raw_acceptor
):
    """Observed 22: a deleting acceptor sends Terminated and never ends the call."""
    hawser = make_hawser()
    stream = raw_acceptor.connect(hawser)
    stream.send(wire.terminated())
    stream.connection.wait_until_over()
    assert hawser.state() == "TERMINATED"


def test_what_comes_after_terminated_is_dropped(make_hawser, raw_acceptor):
    hawser = make_hawser()
    stream = raw_acceptor.connect(hawser)
    late = [
        wire.terminated(),
        wire.response(
            wire.EXPORTED_SERVICE,
            "late",
            wire.exported_service(wire.instance("late")),
            "1",
        ),
        wire.response(
            wire.SERVICE_LIST, "exported-service-list", wire.service_list("late"), "2"
        ),
    ]
    stream.send_data(b"".join(frame(item.SerializeToString()) for item in late))
    stream.connection.wait_until_over()
    assert hawser.state() == "TERMINATED"
    assert hawser.imported("late") == []
    assert hawser.peering()["StreamStatus"]["ImportedServices"] is None


def test_deletion_says_terminated_and_half_closes(make_hawser, raw_acceptor):
    hawser = make_hawser(files=FILES)
    stream = raw_acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list("web"))
    stream.expect_ack(stream.upsert_service("web", wire.instance("web")))
    stream.ends_in_return = True
    hawser.delete()
    assert hawser.imported("web") == []
    stream.connection.wait_until_over()
    assert stream.is_half_closed and stream.reset_code is None
    assert stream.messages[-1].WhichOneof("Payload") == "terminated"
    eventually(lambda: hawser.peering() is None, "the peering is gone")


def test_deletion_does_not_wait_for_an_acceptor_that_says_nothing(
    make_hawser, raw_acceptor
):
    """Observed 22, the other way round."""
    hawser = make_hawser()
    stream = raw_acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list())
    hawser.delete()
    stream.next_payload("terminated")
    eventually(lambda: hawser.peering() is None, "the peering is gone")
    stream.connection.wait_until_over()


def test_an_orderly_end_without_terminated_is_unexpected(make_hawser, acceptor):
    """4.5, EOF."""
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list("web"))
    stream.expect_ack(stream.upsert_service("web", wire.instance("web")))
    stream.end()
    says(hawser, "stream ended unexpectedly")
    assert hawser.state() == "FAILING"
    assert hawser.imported_ids("web") == ["web-1"]
    assert acceptor.accept().opening().StreamSecretID == acceptor.stream_secret


def test_the_acceptors_error_is_shown(make_hawser, acceptor):
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list())
    stream.end(grpc.StatusCode.UNAVAILABLE, "Connect CA is not yet initialized")
    says(hawser, "Connect CA is not yet initialized")
    assert hawser.state() == "FAILING"
    output = hawser.cli("peering", "read", "-name", "standin").output
    assert "Connect CA is not yet initialized" in output
    assert acceptor.accept().opening()


def test_empty_messages_and_more_opens_are_ignored(make_hawser, acceptor):
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    stream.send(wire.Message())
    stream.send(wire.open_(acceptor.peer_id, "whatever"))
    stream.expect_ack(stream.upsert_list())
    assert hawser.state() == "ACTIVE"
    assert len(requests(stream)) == len(wire.DIALER_KINDS) + 1


# 4.6, Responses that Hawser sends


def test_responses_are_numbered_named_and_typed(make_hawser, acceptor):
    hawser = make_hawser(files=FILES)
    stream = acceptor.connect(hawser)
    responses = [stream.next_response() for _ in range(3)]
    assert [item.Nonce for item in responses] == ["00000001", "00000002", "00000003"]
    assert {item.ResourceID: item.ResourceURL for item in responses} == {
        "web": wire.EXPORTED_SERVICE,
        "exported-service-list": wire.SERVICE_LIST,
        "roots": wire.TRUST_BUNDLE,
    }
    for item in responses:
        assert item.operation == wire.UPSERT
        assert item.Resource.type_url == item.ResourceURL


def test_a_new_stream_starts_counting_and_sends_everything_again(make_hawser, acceptor):
    hawser = make_hawser(files=FILES)
    stream = acceptor.connect(hawser)
    before = {item.ResourceID: item.Resource for item in take(stream, 3)}
    stream.end(grpc.StatusCode.UNAVAILABLE, "restart")
    stream = acceptor.accept()
    stream.subscribe(*wire.ACCEPTOR_KINDS)
    again = take(stream, 3)
    assert [item.Nonce for item in again] == ["00000001", "00000002", "00000003"]
    assert {item.ResourceID: item.Resource for item in again} == before


def test_an_empty_list_and_a_bundle_are_always_sent(make_hawser, acceptor):
    """Observed 27."""
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    resources = {item.ResourceID: wire.unpack(item) for item in take(stream, 2)}
    assert resources["exported-service-list"].Services == []
    roots = hawser.get("/v1/connect/ca/roots")
    assert resources["roots"].TrustDomain == roots["TrustDomain"]
    assert resources["roots"].RootPEMs == [root["RootCert"] for root in roots["Roots"]]


def take(stream, count):
    """The next Responses, each acknowledged."""
    responses = [stream.next_response() for _ in range(count)]
    for item in responses:
        stream.send(wire.ack(item))
    return responses


def test_what_is_too_large_to_send_is_named_and_the_rest_goes_on(make_hawser, acceptor):
    """4.10: a dialer sends 8 MiB at most; Consul would repeat it for ever."""
    services = [
        {"name": "big", "id": "big-1", "port": 1, "tags": ["t" * 9 * 1024 * 1024]},
        {"name": "web", "id": "web-1", "port": 80},
    ]
    hawser = make_hawser(
        files={"services.json": {"services": services}, "e.json": exports("big", "web")}
    )
    stream = acceptor.connect(hawser)
    stream.send(wire.ack(stream.next_response("web")))
    eventually(lambda: "big" in hawser.peering()["Hawser"]["Refusals"], "big is named")
    assert "Not Taken" in hawser.cli("peering", "read", "-name", "standin").output
    stream.expect_ack(stream.upsert_list())
    assert hawser.state() == "ACTIVE"
    assert "big" not in {m.response.ResourceID for m in stream.messages}
