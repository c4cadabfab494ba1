"""The life of a secret on the side that made the token (protocol section 2)."""

import re
import threading

import grpc
import pytest

from standin import wire
from standin.dialer import Dialer, decode_token, refusal_of
from standin.waiting import eventually

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
UNKNOWN_ID = "11111111-2222-3333-4444-555555555555"
DENIED = (grpc.StatusCode.PERMISSION_DENIED, "invalid peering establishment secret")
NOT_LET_IN = (grpc.StatusCode.PERMISSION_DENIED, "invalid peering stream secret")

NOT_IDS = {
    "empty": "",
    "too short": UNKNOWN_ID[:-1],
    "too long": UNKNOWN_ID + "5",
    "not hex": UNKNOWN_ID[:-1] + "g",
    "five hyphens": UNKNOWN_ID[:-2] + "-5",
    "words": "not an ID at all",
    "very long": "a" * 100_000,
}


@pytest.fixture
def hawser(make_hawser):
    return make_hawser()


@pytest.fixture
def dialer(hawser, cleanup):
    return cleanup.enter_context(Dialer(hawser.token()))


def expect_up(stream):
    """The acceptor's first subscription: it has let the stream in."""
    assert stream.next_payload("request").request.ResourceURL == wire.EXPORTED_SERVICE
    return stream


def exchange_anew(hawser, dialer):
    """A further token of the same peering, redeemed: its stream secret."""
    return dialer.exchange(decode_token(hawser.token())["EstablishmentSecret"])


# Trading the establishment secret (section 2.3)


def test_a_stream_secret_is_36_characters_of_lower_case_hex(dialer):
    secret = dialer.exchange()
    assert ID.fullmatch(secret)
    assert secret not in dialer.fields.values()


def test_an_establishment_secret_works_once(dialer):
    """Probe case 1, and "two dialers redeem one token"."""
    secret = dialer.exchange()
    assert refusal_of(dialer.exchange) == DENIED
    expect_up(dialer.open(secret))


@pytest.mark.parametrize("secret", ["", UNKNOWN_ID, "x", "x" * 100_000])
def test_a_wrong_establishment_secret_is_denied_and_spoils_nothing(dialer, secret):
    assert refusal_of(dialer.exchange, secret) == DENIED
    assert dialer.exchange()


def test_an_empty_secret_is_denied_when_none_is_stored(dialer):
    """Section 2.3: two empty ones are not equal."""
    dialer.exchange()
    assert refusal_of(dialer.exchange, "") == DENIED


def test_an_unknown_peer_is_denied(dialer):
    assert refusal_of(dialer.exchange, peer_id=UNKNOWN_ID) == DENIED
    assert dialer.exchange()


@pytest.mark.parametrize("fault", NOT_IDS)
def test_what_is_no_peer_id_is_an_internal_error(dialer, fault):
    """Sections 2.1 and 2.3; the recording has an empty one."""
    code, text = refusal_of(dialer.exchange, peer_id=NOT_IDS[fault])
    assert code == grpc.StatusCode.INTERNAL
    assert text.startswith("failed to read peering secret: ")
    assert dialer.exchange()


def test_a_secret_of_another_peering_is_denied(hawser, dialer):
    other = decode_token(hawser.token("other"))
    assert refusal_of(dialer.exchange, other["EstablishmentSecret"]) == DENIED


def test_of_many_dialers_with_one_token_one_wins(hawser, cleanup):
    """Section 2.4."""
    token = hawser.token()
    dialers = [cleanup.enter_context(Dialer(token)) for _ in range(8)]
    start = threading.Barrier(len(dialers))
    secrets, refusals = [], []

    def redeem(dialer):
        start.wait()
        try:
            secrets.append(dialer.exchange())
        except grpc.RpcError as refusal:
            refusals.append((refusal.code(), refusal.details()))

    threads = [threading.Thread(target=redeem, args=(item,)) for item in dialers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(secrets) == 1
    assert refusals == [DENIED] * 7
    expect_up(dialers[0].open(secrets[0]))


# Opening with it (section 2.2)


def test_the_pending_secret_is_good_for_every_later_stream(dialer):
    secret = dialer.exchange()
    for _ in range(3):
        stream = expect_up(dialer.open(secret))
        stream.half_close()
        stream.wait_until_over()


@pytest.mark.parametrize("secret", ["", "x", UNKNOWN_ID])
def test_a_wrong_stream_secret_is_not_let_in(dialer, secret):
    right = dialer.exchange()
    stream = dialer.call()
    stream.send(wire.open_(dialer.peer_id, secret))
    assert stream.status() == NOT_LET_IN
    expect_up(dialer.open(right))


def test_the_two_kinds_of_secrets_are_not_interchangeable(hawser, dialer):
    """Probe case 3."""
    secret = dialer.exchange()
    unused = decode_token(hawser.token())["EstablishmentSecret"]
    assert dialer.open(dialer.fields["EstablishmentSecret"]).status() == NOT_LET_IN
    assert dialer.open(unused).status() == NOT_LET_IN
    assert refusal_of(dialer.exchange, secret) == DENIED
    assert dialer.exchange(unused)


def test_the_old_secret_is_good_until_the_new_one_is_first_used(hawser, dialer):
    """Probe case 11."""
    old = dialer.exchange()
    expect_up(dialer.open(old))
    hawser.token()
    expect_up(dialer.open(old))
    new = exchange_anew(hawser, dialer)
    expect_up(dialer.open(old))
    expect_up(dialer.open(new))
    assert dialer.open(old).status() == NOT_LET_IN
    expect_up(dialer.open(new))


def test_an_unused_pending_secret_dies_with_the_next_exchange(hawser, dialer):
    first = dialer.exchange()
    second = exchange_anew(hawser, dialer)
    assert dialer.open(first).status() == NOT_LET_IN
    expect_up(dialer.open(second))


def test_using_the_pending_secret_keeps_a_newer_token_alive(hawser, dialer):
    secret = dialer.exchange()
    unused = decode_token(hawser.token())["EstablishmentSecret"]
    expect_up(dialer.open(secret))
    assert dialer.exchange(unused)


def test_the_remote_is_taken_only_from_the_first_use_of_a_secret(hawser, dialer):
    secret = dialer.exchange()
    assert hawser.peering()["Remote"]["Datacenter"] == ""
    expect_up(dialer.open(secret, datacenter="first"))
    assert hawser.peering()["Remote"]["Datacenter"] == "first"
    expect_up(dialer.open(secret, datacenter="second"))
    assert hawser.peering()["Remote"]["Datacenter"] == "first"
    expect_up(dialer.open(exchange_anew(hawser, dialer), datacenter="third"))
    assert hawser.peering()["Remote"]["Datacenter"] == "third"


def test_the_place_of_the_dialer_shows(hawser, dialer):
    """Section 3.3: the Remote of an Open."""
    opening = wire.open_(dialer.peer_id, dialer.exchange(), "north")
    opening.open.Remote.Locality.Region = "arctic"
    opening.open.Remote.Locality.Zone = "a1"
    stream = dialer.call()
    stream.send(opening)
    expect_up(stream)
    assert hawser.peering()["Remote"] == {
        "Partition": "",
        "Datacenter": "north",
        "Locality": {"Region": "arctic", "Zone": "a1"},
    }


def test_of_two_dialers_with_one_pending_secret_one_has_the_stream(hawser, cleanup):
    """Section 2.4; the one that lost is refused, or replaced by the other."""
    token = hawser.token()
    dialers = [cleanup.enter_context(Dialer(token)) for _ in range(2)]
    secret = dialers[0].exchange()
    start = threading.Barrier(2)
    streams = []

    def open_stream(dialer):
        start.wait()
        streams.append(dialer.open(secret))

    threads = [threading.Thread(target=open_stream, args=(item,)) for item in dialers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lost = eventually(lambda: [item for item in streams if item.is_over], "one lost")
    assert len(lost) == 1
    code, _ = lost[0].status()
    assert code in (grpc.StatusCode.ABORTED, grpc.StatusCode.INTERNAL)
    (won,) = set(streams) - set(lost)
    won.expect_ack(won.upsert_list("api"))
    assert hawser.state() == "ACTIVE"


# What a crash leaves (section 2.4)


def test_a_crash_before_the_exchange_keeps_the_token(hawser):
    token = hawser.token()
    hawser.restart()
    with Dialer(token) as dialer:
        expect_up(dialer.open(dialer.exchange()))


def test_a_crash_before_the_exchange_does_not_revive_older_tokens(hawser):
    older, newer = hawser.token(), hawser.token()
    hawser.restart()
    with Dialer(older) as dialer:
        assert refusal_of(dialer.exchange) == DENIED
    with Dialer(newer) as dialer:
        assert dialer.exchange()


def test_a_crash_after_the_exchange_keeps_the_pending_secret(hawser, cleanup):
    token = hawser.token()
    with Dialer(token) as dialer:
        secret = dialer.exchange()
    hawser.restart()
    with Dialer(token) as dialer:
        assert refusal_of(dialer.exchange) == DENIED
        expect_up(dialer.open(secret))


def test_a_dialer_that_lost_its_secret_needs_a_new_token(hawser):
    """The exchange is done, but the dialer did not keep what it got."""
    token = hawser.token()
    with Dialer(token) as dialer:
        lost = dialer.exchange()
    with Dialer(token) as dialer:
        assert refusal_of(dialer.exchange) == DENIED
        expect_up(dialer.open(exchange_anew(hawser, dialer)))
        assert dialer.open(lost).status() == NOT_LET_IN


def test_a_crash_after_the_first_stream_keeps_the_active_secret(hawser):
    token = hawser.token()
    with Dialer(token) as dialer:
        old = dialer.exchange()
        expect_up(dialer.open(old))
        new = exchange_anew(hawser, dialer)
        expect_up(dialer.open(new))
    hawser.restart()
    assert hawser.state() == "PENDING"
    with Dialer(token) as dialer:
        assert dialer.open(old).status() == NOT_LET_IN
        expect_up(dialer.open(new))
        assert hawser.state() == "ACTIVE"
        assert hawser.peering()["Remote"]["Datacenter"] == "standin"


def test_a_crash_between_a_new_exchange_and_its_use_keeps_both_secrets(hawser):
    token = hawser.token()
    with Dialer(token) as dialer:
        old = dialer.exchange()
        expect_up(dialer.open(old))
        new = exchange_anew(hawser, dialer)
    hawser.restart()
    with Dialer(token) as dialer:
        expect_up(dialer.open(old))
        expect_up(dialer.open(new))
        assert dialer.open(old).status() == NOT_LET_IN


# Afterwards


def test_secrets_die_with_the_peering(hawser, dialer):
    secret = dialer.exchange()
    unused = decode_token(hawser.token())["EstablishmentSecret"]
    hawser.delete()
    assert refusal_of(dialer.exchange, unused) == DENIED
    code, _ = dialer.open(secret).status()
    assert code in (grpc.StatusCode.ABORTED, grpc.StatusCode.INVALID_ARGUMENT)


def test_no_secret_is_logged(hawser, dialer):
    """Section 2.4: a stream secret is hidden in logs."""
    secret = dialer.exchange()
    expect_up(dialer.open(secret))
    assert dialer.open(UNKNOWN_ID).status() == NOT_LET_IN
    log = hawser.log
    assert "the stream is up" in log
    assert secret not in log
    assert dialer.fields["EstablishmentSecret"] not in log
