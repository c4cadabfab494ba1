"""Rotation of the acceptor's CA (protocol sections 4.7, 4.9 and 10): who follows it, when, and who cannot."""

import json

import grpc
import pytest

from standin import wire
from standin.acceptor import Acceptor
from standin.dialer import Dialer, decode_token
from standin.hawser import exports
from standin.waiting import eventually


def roots_of(hawser):
    """The PEM texts of the CA, the active one first."""
    roots = hawser.get("/v1/connect/ca/roots")["Roots"]
    return [root["RootCert"] for root in sorted(roots, key=lambda root: not root["Active"])]


def rotate(hawser):
    outcome = hawser.cli("ca", "rotate")
    assert outcome.code == 0, outcome.errors


def retire(hawser, *flags):
    return hawser.cli("ca", "retire", *flags)


def test_both_roots_are_in_the_bundle_of_a_running_stream_and_in_the_token(make_hawser):
    hawser = make_hawser()
    (first,) = roots_of(hawser)
    with Dialer(hawser.token()) as dialer:
        stream = dialer.connect()
        bundle = wire.unpack(stream.next_response("roots"))
        assert list(bundle.RootPEMs) == [first]
        rotate(hawser)
        bundle = wire.unpack(stream.next_response("roots"))
        assert list(bundle.RootPEMs) == roots_of(hawser)
        assert bundle.RootPEMs[1] == first
        assert decode_token(hawser.token())["CA"] == roots_of(hawser)
        # The stream goes on.
        stream.expect_ack(stream.upsert_list())


def test_a_root_is_retired_when_all_peers_have_confirmed_the_new_one(make_hawser):
    heartbeats = {"heartbeat_interval": "100ms", "heartbeat_timeout": "1m"}
    hawser = make_hawser(agent={"peering": heartbeats})
    with Dialer(hawser.token()) as dialer:
        stream = dialer.connect()
        stream.send(wire.ack(stream.next_response("roots")))
        rotate(hawser)
        response = stream.next_response("roots")
        early = retire(hawser)
        assert early.code == 1 and "not confirmed" in early.errors
        assert "standin" in early.errors
        assert len(roots_of(hawser)) == 2

        stream.send(wire.nack(response))
        # What was refused comes again.
        again = stream.next_response("roots")
        assert retire(hawser).code == 1
        stream.send(wire.ack(again))
        eventually(lambda: retire(hawser).code == 0, "the confirmation counts")
        assert list(wire.unpack(stream.next_response("roots")).RootPEMs) == roots_of(hawser)
        assert len(roots_of(hawser)) == 1


def test_a_token_that_nobody_redeemed_is_named_before_its_root_goes(make_hawser):
    hawser = make_hawser()
    hawser.token("nobody-yet")
    rotate(hawser)
    assert "nobody-yet" in retire(hawser).errors
    assert retire(hawser, "-force").code == 0


@pytest.mark.parametrize("rotations", [1, 2])
def test_a_dialer_that_was_away_connects_by_the_old_root(make_hawser, rotations):
    hawser = make_hawser()
    token = hawser.token()
    for _ in range(rotations):
        rotate(hawser)
    # The token has only the root from before.
    assert len(decode_token(token)["CA"]) == 1
    with Dialer(token) as dialer:
        bundle = wire.unpack(dialer.connect().next_response("roots"))
        assert list(bundle.RootPEMs) == roots_of(hawser)
        assert len(bundle.RootPEMs) == rotations + 1


def test_a_dialer_that_missed_it_is_refused_by_its_own_check(make_hawser):
    hawser = make_hawser()
    token = hawser.token()
    rotate(hawser)
    assert retire(hawser, "--force").code == 0
    with Dialer(token) as dialer, pytest.raises(grpc.RpcError) as refusal:
        dialer.exchange()
    assert refusal.value.code() == grpc.StatusCode.UNAVAILABLE


def test_a_rotated_ca_is_the_same_after_a_crash(make_hawser):
    hawser = make_hawser()
    token = hawser.token()
    rotate(hawser)
    roots = roots_of(hawser)
    hawser.restart()
    assert roots_of(hawser) == roots
    with Dialer(token) as dialer:
        assert list(wire.unpack(dialer.connect().next_response("roots")).RootPEMs) == roots


def test_hawser_follows_the_rotation_of_an_acceptor(make_hawser, authority, cleanup):
    hawser = make_hawser()
    acceptor = cleanup.enter_context(Acceptor(authority))
    stream = acceptor.connect(hawser)
    new = authority.make_root()
    roots = [authority.root_pem, new.certificate_pem]
    bundle = wire.TrustBundle(TrustDomain=authority.trust_domain, RootPEMs=roots)
    stream.expect_ack(stream.upsert(wire.TRUST_BUNDLE, "roots", bundle))
    assert hawser.peering()["PeerCAPems"] == roots
    # Only the new root is left, and the acceptor comes back with a certificate of it.
    bundle = wire.TrustBundle(TrustDomain=authority.trust_domain, RootPEMs=roots[1:])
    stream.expect_ack(stream.upsert(wire.TRUST_BUNDLE, "roots", bundle))
    acceptor.close()
    authority.root = new
    again = cleanup.enter_context(Acceptor(authority, port=acceptor.port))
    again.stream_secret = acceptor.stream_secret
    assert again.accept().opening().PeerID == acceptor.peer_id


def test_hawser_says_what_to_do_when_it_missed_a_rotation(make_hawser, authority, cleanup):
    hawser = make_hawser()
    acceptor = cleanup.enter_context(Acceptor(authority))
    acceptor.connect(hawser).opening()
    acceptor.close()
    authority.root = authority.make_root()
    cleanup.enter_context(Acceptor(authority, port=acceptor.port))
    eventually(
        lambda: "rotated its CA" in (hawser.peering()["Hawser"]["LastError"] or ""),
        "the reason is told",
    )
    assert hawser.state() == "FAILING"
    shown = hawser.cli("peering", "read", "-name", "standin").output
    assert "Generate a new token there and redeem it here" in shown
    assert "Next Attempt" in shown


def test_two_daemons_follow_a_whole_rotation_without_a_reconnect(make_hawser):
    files = {"services.json": {"services": [{"name": "web"}]}}
    harbor = make_hawser("harbor", files=files | {"exports.json": exports("web", peer="island")})
    island = make_hawser("island", datacenter="dc2")
    assert island.establish(harbor.token("island"), "harbor").status == 200
    eventually(lambda: island.imported("web", "harbor"), "island has the service")
    connected = island.log.count("the stream is up")

    rotate(harbor)
    roots = roots_of(harbor)
    eventually(
        lambda: island.peering("harbor")["PeerCAPems"] == roots, "island has both roots"
    )
    eventually(lambda: retire(harbor).code == 0, "island has confirmed them")
    eventually(
        lambda: island.peering("harbor")["PeerCAPems"] == roots[:1], "the old one is gone"
    )
    assert island.log.count("the stream is up") == connected
    # And the next connection is made by the new root.
    harbor.restart()
    eventually(
        lambda: island.log.count("the stream is up") > connected, "island comes back"
    )
    assert json.loads(harbor.cli("ca", "list", "-format", "json").output)["Roots"][0]["Active"]
