"""An open stream on the accepting side (protocol sections 4.2 to 4.6)."""

import grpc
import pytest

from standin import wire
from standin.dialer import Dialer
from standin.hawser import exports
from standin.waiting import eventually

CODE = grpc.StatusCode
BOGUS = "type.googleapis.com/bogus.Type"
# With a sidecar, so that the service is part of the mesh; there is no gateway.
SIDECAR = {"sidecar_service": {"port": 8080}}
WEB = {"name": "web", "id": "web-1", "port": 80, "connect": SIDECAR}
FILES = {"web.json": {"services": [WEB]}, "exports.json": exports("web")}


@pytest.fixture
def hawser(make_hawser):
    return make_hawser(files=FILES)


@pytest.fixture
def dialer(hawser, cleanup):
    return cleanup.enter_context(Dialer(hawser.token()))


@pytest.fixture
def stream(dialer):
    """Open, with no subscription of ours."""
    return dialer.open()


def expect_answers(stream):
    """The stream goes on: a good Response is acknowledged."""
    nonce = stream.new_nonce()
    stream.send(wire.response(wire.SERVICE_LIST, "x", wire.service_list("api"), nonce))
    stream.expect_ack(nonce)


def responses(stream):
    return [m.response for m in stream.messages if m.HasField("response")]


# The first exchange (section 4.2)


def test_the_acceptor_asks_for_three_kinds_and_says_nothing_else(stream):
    """Observed 9: in this order, without a PeerID, and not for server addresses."""
    nonce = stream.upsert_list("api")
    stream.expect_ack(nonce)
    subscriptions = [wire.request(url) for url in wire.ACCEPTOR_KINDS]
    answer = wire.request(wire.SERVICE_LIST, nonce=nonce)
    assert stream.messages == [*subscriptions, answer]
    sent = [message.SerializeToString() for message in (*subscriptions, answer)]
    assert stream.raw == sent


def test_our_subscriptions_bring_no_more_of_theirs(dialer):
    stream = dialer.connect()
    stream.next_response("roots")
    stream.expect_ack(stream.upsert_list("api"))
    asked = [m.request for m in stream.messages if m.HasField("request")]
    assert [r.ResourceURL for r in asked if not r.ResponseNonce] == wire.ACCEPTOR_KINDS


# What unlocks what (observed 11, probe case 5b)


SERVICES = {"exported-service-list", "web", "web-sidecar-proxy"}
GATES = {
    "services": ([wire.EXPORTED_SERVICE], SERVICES),
    "roots": ([wire.TRUST_BUNDLE], {"roots"}),
    "addresses": ([wire.SERVER_ADDRESSES], {"server-addrs"}),
    "list": ([wire.SERVICE_LIST], set()),
    "list and roots": ([wire.SERVICE_LIST, wire.TRUST_BUNDLE], {"roots"}),
    "services and roots": (
        [wire.EXPORTED_SERVICE, wire.TRUST_BUNDLE],
        SERVICES | {"roots"},
    ),
    "services twice and list": (
        [wire.SERVICE_LIST, wire.EXPORTED_SERVICE, wire.EXPORTED_SERVICE],
        SERVICES,
    ),
}


@pytest.mark.parametrize("gate", GATES)
def test_a_subscription_unlocks(dialer, gate):
    """Nonces count what came: the kind that is asked for last has the next number."""
    urls, unlocked = GATES[gate]
    stream = dialer.connect(*urls)
    got = [stream.next_response().ResourceID for _ in unlocked]
    assert set(got) == unlocked
    expect_answers(stream)
    last = wire.TRUST_BUNDLE if "roots" not in unlocked else wire.SERVER_ADDRESSES
    stream.subscribe(last)
    response = stream.next_response()
    assert response.ResourceURL == last
    assert response.Nonce == f"{len(unlocked) + 1:08x}"


def test_the_list_alone_yields_nothing_even_after_a_change(hawser, dialer):
    stream = dialer.connect(wire.SERVICE_LIST)
    expect_answers(stream)
    hawser.write("exports.json", exports("web", "api"))
    hawser.reload()
    stream.subscribe(wire.TRUST_BUNDLE)
    assert stream.next_response().ResourceID == "roots"
    assert responses(stream)[0].Nonce == "00000001"


def test_the_list_comes_although_nobody_subscribed_to_it(dialer):
    stream = dialer.connect(wire.EXPORTED_SERVICE)
    response = stream.next_response("exported-service-list")
    assert list(wire.unpack(response).Services) == ["web"]


# Requests (section 4.3)


BAD_REQUESTS = {
    "unknown type": (
        wire.request(BOGUS),
        f"subscription request to unknown resource URL: {BOGUS}",
    ),
    "no type": (wire.request(""), "subscription request to unknown resource URL: "),
    "a nonce at first": (
        wire.request(wire.EXPORTED_SERVICE, nonce="00000001"),
        "initial subscription requests for a resource type must not contain a nonce",
    ),
    "an error at first": (
        wire.request(wire.EXPORTED_SERVICE, error=(3, "no")),
        "initial subscription request for a resource type must not contain an error",
    ),
    "both at first": (
        wire.request(wire.EXPORTED_SERVICE, nonce="00000001", error=(3, "no")),
        "initial subscription requests for a resource type must not contain a nonce",
    ),
    "an unknown type, refused": (
        wire.request(BOGUS, nonce="1", error=(3, "no")),
        f"subscription request to unknown resource URL: {BOGUS}",
    ),
}


@pytest.mark.parametrize("fault", BAD_REQUESTS)
def test_a_bad_first_request_ends_the_stream(hawser, stream, fault):
    """Section 4.3, probe case 6."""
    message, text = BAD_REQUESTS[fault]
    stream.send(message)
    assert stream.status() == (CODE.INVALID_ARGUMENT, text)
    assert not responses(stream)
    eventually(lambda: hawser.state() == "FAILING", "it shows")


def test_an_ack_of_a_kind_that_was_not_subscribed_to_ends_the_stream(dialer):
    """Observed 11: the list came with the services, but may not be acknowledged."""
    stream = dialer.connect(wire.EXPORTED_SERVICE)
    stream.send(wire.ack(stream.next_response("exported-service-list")))
    assert stream.status() == (
        CODE.INVALID_ARGUMENT,
        "initial subscription requests for a resource type must not contain a nonce",
    )


@pytest.mark.parametrize("peer_id", ["", "someone else", "a" * 36])
def test_the_peer_id_of_a_subscription_is_not_looked_at(stream, peer_id):
    """Observed 9, probe case 6."""
    stream.subscribe(wire.TRUST_BUNDLE, peer_id=peer_id)
    response = stream.next_response("roots")
    stream.send(wire.request(wire.TRUST_BUNDLE, peer_id, response.Nonce))
    expect_answers(stream)


def test_a_second_subscription_is_harmless_and_brings_nothing_again(stream):
    """Probe case 5b, the last part."""
    stream.subscribe(wire.TRUST_BUNDLE, wire.TRUST_BUNDLE)
    stream.next_response("roots")
    stream.subscribe(wire.TRUST_BUNDLE)
    expect_answers(stream)
    stream.subscribe(wire.SERVER_ADDRESSES)
    assert stream.next_response().Nonce == "00000002"


@pytest.mark.parametrize("nonce", ["deadbeef", "00000001", "f" * 17, "x", "é"])
def test_an_ack_with_a_wrong_nonce_is_harmless(stream, nonce):
    """Observed 10, probe case 7."""
    stream.subscribe(wire.SERVICE_LIST)
    stream.send(wire.request(wire.SERVICE_LIST, nonce=nonce))
    stream.send(wire.request(wire.SERVICE_LIST, nonce=nonce, error=(3, "no")))
    expect_answers(stream)
    assert not responses(stream)


def test_a_refused_resource_is_named_in_the_status(hawser, dialer):
    """Section 4.3: code and text of a NACK are kept."""
    stream = dialer.connect()
    stream.send(wire.nack(stream.next_response("web"), 13, "the stand-in says no"))
    expect_answers(stream)
    assert hawser.peering()["Hawser"]["Refusals"] == {"web": "the stand-in says no"}
    shown = hawser.cli("peering", "read", "-name", "standin").output
    assert "the stand-in says no" in shown
    assert hawser.state() == "ACTIVE"


def test_a_refused_resource_is_sent_again_under_a_new_nonce(dialer):
    """Consul would wait for the next change; a well-behaved peer cannot tell."""
    stream = dialer.connect()
    first = stream.next_response("web")
    stream.send(wire.nack(first))
    second = stream.next_response("web")
    assert second.Nonce != first.Nonce
    assert second.Resource == first.Resource


def test_a_resource_that_is_taken_later_is_not_named_any_more(hawser, dialer):
    stream = dialer.connect()
    stream.send(wire.nack(stream.next_response("web")))
    stream.send(wire.ack(stream.next_response("web")))
    expect_answers(stream)
    assert hawser.peering()["Hawser"]["Refusals"] == {}


def test_a_nack_does_not_stop_other_resources(hawser, dialer):
    stream = dialer.connect()
    stream.send(wire.nack(stream.next_response("web")))
    hawser.write("api.json", {"services": [{"name": "api", "port": 81}]})
    hawser.write("exports.json", exports("web", "api"))
    hawser.reload()
    assert stream.next_response("api").Resource.value


# Nonces, IDs, operations (section 4.6); heartbeats and ends: test_acceptor_life.py


def test_nonces_count_all_responses_in_eight_hex_digits(make_hawser, cleanup):
    names = [f"s{number:02}" for number in range(20)]
    services = [{"name": name, "port": 1} for name in names]
    files = {"s.json": {"services": services}, "exports.json": exports(*names)}
    hawser = make_hawser(files=files)
    dialer = cleanup.enter_context(Dialer(hawser.token()))
    for _ in range(2):  # The second stream starts anew, and with everything.
        stream = dialer.connect()
        # All services, the list, the roots and the addresses.
        got = [stream.next_response() for _ in range(23)]
        assert [r.Nonce for r in got] == [f"{n:08x}" for n in range(1, 24)]
        ids = {"exported-service-list", "roots", "server-addrs", *names}
        assert {r.ResourceID for r in got} == ids


def test_acknowledgements_and_heartbeats_use_no_nonce(dialer):
    stream = dialer.connect(wire.TRUST_BUNDLE)
    stream.send(wire.ack(stream.next_response("roots")))
    expect_answers(stream)
    expect_answers(stream)
    stream.subscribe(wire.SERVER_ADDRESSES)
    assert stream.next_response().Nonce == "00000002"


def test_each_response_is_an_upsert_of_its_own_type_under_its_own_id(dialer):
    stream = dialer.connect()
    got = [stream.next_response() for _ in range(5)]
    assert {r.ResourceID: r.ResourceURL for r in got} == {
        "web": wire.EXPORTED_SERVICE,
        "web-sidecar-proxy": wire.EXPORTED_SERVICE,
        "exported-service-list": wire.SERVICE_LIST,
        "roots": wire.TRUST_BUNDLE,
        "server-addrs": wire.SERVER_ADDRESSES,
    }
    for response in got:
        assert response.operation == wire.UPSERT
        assert response.Resource.type_url == response.ResourceURL
        wire.unpack(response)


def test_without_exports_a_list_and_a_bundle_come_all_the_same(make_hawser, cleanup):
    """Observed 27."""
    hawser = make_hawser()
    stream = cleanup.enter_context(Dialer(hawser.token())).connect()
    got = {r.ResourceID: r for r in (stream.next_response() for _ in range(3))}
    assert set(got) == {"exported-service-list", "roots", "server-addrs"}
    assert got["exported-service-list"].HasField("Resource")
    assert got["exported-service-list"].Resource.value == b""
