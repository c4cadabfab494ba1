"""Tokens with a life: Hawser's own, of which a dialer that is no Hawser sees Consul's words and nothing else."""

import base64
import json

import grpc
import pytest

from standin.dialer import Dialer, decode_token
from standin.waiting import eventually

DENIED = (grpc.StatusCode.PERMISSION_DENIED, "invalid peering establishment secret")
SENTENCES = {
    "expired": "the token has expired",
    "used": "the token was used already",
    "revoked": "the token was revoked",
    "replaced": "a newer token was made in its place",
    "unknown": "the other cluster does not know the token, or not any more",
}


@pytest.fixture
def harbor(make_hawser):
    return make_hawser("harbor")


@pytest.fixture
def island(make_hawser):
    return make_hawser("island", datacenter="dc2")


def spoiled(hawser, reason):
    """A token that is not taken for this reason."""
    token = hawser.token(TTL="1s" if reason == "expired" else "1h", Note="for standin")
    if reason == "expired":
        eventually(lambda: hawser.tokens() == ["expired"], "it has expired")
    elif reason == "used":
        with Dialer(token) as dialer:
            dialer.exchange()
    elif reason == "revoked":
        outcome = hawser.cli("token", "revoke", "-name", "standin")
        assert outcome.code == 0, outcome.errors
    elif reason == "replaced":
        hawser.token()
    else:
        fields = decode_token(token)
        fields["EstablishmentSecret"] = "11111111-2222-3333-4444-555555555555"
        token = base64.b64encode(json.dumps(fields).encode()).decode()
    return token


def refusal_and_reason(dialer, **named):
    try:
        dialer.exchange(**named)
    except grpc.RpcError as refusal:
        trailers = dict(refusal.trailing_metadata() or ())
        return (refusal.code(), refusal.details()), trailers.get("hawser-reason")
    raise AssertionError("it was not refused")


@pytest.mark.parametrize("reason", SENTENCES)
def test_a_dialer_sees_the_code_and_the_words_that_consul_says(harbor, reason):
    token = spoiled(harbor, reason)
    for _ in range(2):
        with Dialer(token) as dialer:
            assert refusal_and_reason(dialer) == (DENIED, reason)
        harbor.restart()


@pytest.mark.parametrize("reason", SENTENCES)
def test_a_hawser_that_dials_says_why(harbor, island, reason):
    token = spoiled(harbor, reason)
    answer = island.establish(token, "harbor")
    assert answer.status == 403
    assert answer.text == (
        "a new peering token must be generated: "
        "invalid peering establishment secret: " + SENTENCES[reason]
    )
    assert answer.headers["X-Hawser-Reason"] == reason
    outcome = island.cli(
        *("peering", "establish", "-name", "harbor", "-peering-token-file", "-"),
        stdin=token,
    )
    assert outcome.code == 1
    assert SENTENCES[reason] in outcome.errors


def test_strangers_learn_nothing(harbor):
    """Neither who shows another secret, nor who asks for a peering that is not there."""
    harbor.token()
    with Dialer(spoiled(harbor, "revoked")) as dialer:
        for named in ({"secret": "x"}, {"peer_id": "11111111-2222-3333-4444-555555555555"}):
            assert refusal_and_reason(dialer, **named) == (DENIED, "unknown")


def test_a_plain_token_is_one_of_consuls(harbor):
    assert "Hawser" not in decode_token(harbor.token())


def test_uses_are_for_answers_that_were_lost(harbor):
    token = harbor.token(Uses=3)
    with Dialer(token) as dialer:
        lost = dialer.exchange()
        kept = dialer.exchange()
        assert lost != kept
        harbor.restart()
    with Dialer(token) as dialer:
        stream = dialer.open(kept)
        stream.next_payload("request")
        assert harbor.tokens() == ["used"]
        assert refusal_and_reason(dialer) == (DENIED, "used")
        late = dialer.open(lost)
        assert late.status() == (
            grpc.StatusCode.PERMISSION_DENIED,
            "invalid peering stream secret",
        )


def test_a_token_with_a_life_is_redeemed(harbor, island):
    token = harbor.token("island", TTL="1h", Uses=2, Note="for the island team")
    assert island.establish(token, "harbor").status == 200
    eventually(lambda: harbor.state("island") == "ACTIVE", "the stream is up")
    (entry,) = harbor.get("/v1/hawser/tokens")
    assert (entry["Peer"], entry["Note"]) == ("island", "for the island team")
    assert (entry["State"], entry["Uses"], entry["UsesLeft"]) == ("used", 2, 0)
    secret = decode_token(token)["EstablishmentSecret"]
    assert secret not in json.dumps(entry)


def test_the_commands(harbor):
    outcome = harbor.cli(
        *("peering", "generate-token", "-name", "island", "-ttl", "15m"),
        *("-uses", "1", "-note", "for the island team"),
    )
    assert outcome.code == 0, outcome.errors
    assert "It can be redeemed until " in outcome.errors
    token = outcome.output.strip()
    listed = harbor.cli("token", "list").output.splitlines()
    assert len(listed) == 2
    assert listed[1].startswith("island  open ") and listed[1].endswith("1/1        for the island team")

    fields = decode_token(token)
    harbor.kill()
    shown = harbor.cli("token", "inspect", "-", stdin=token)
    assert shown.code == 0, shown.errors
    assert fields["ServerName"] in shown.output
    assert fields["ServerAddresses"][0] in shown.output
    assert fields["Hawser"]["ExpiresAt"] in shown.output
    assert fields["EstablishmentSecret"] not in shown.output
    file = harbor.directory / "token"
    file.write_text(token)
    as_json = json.loads(harbor.cli("token", "inspect", "-format", "json", str(file)).output)
    assert as_json["Addresses"] == fields["ServerAddresses"]
    assert len(as_json["CA"][0]["SHA256"].split(":")) == 32
    assert harbor.cli("token", "inspect", token).output == shown.output
    wrong = harbor.cli("token", "inspect", "no-such-file")
    assert wrong.code == 1 and "no such file" in wrong.errors


def test_what_cannot_be_revoked_is_said(harbor):
    outcome = harbor.cli("token", "revoke", "-name", "nobody")
    assert outcome.code == 1 and 'there is no peering "nobody"' in outcome.errors
    spoiled(harbor, "used")
    outcome = harbor.cli("token", "revoke", "-name", "standin")
    assert outcome.code == 1 and SENTENCES["used"] in outcome.errors
