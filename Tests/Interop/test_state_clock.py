"""What has expired stays so, also when the wall clock goes back."""

import grpc
import pytest

from standin.dialer import Dialer, refusal_of

SECRET = "11111111-2222-3333-4444-555555555555"
ACCESS = {"acl": {"enabled": True, "default_policy": "deny", "tokens": {"initial_management": SECRET}}}
HOUR = 3_600


@pytest.fixture(params=["goes on", "stop", "kill"])
def happens(request):
    """What happens to the daemon between that its clock is ahead and that it is right again."""

    def happens(hawser):
        if request.param == "stop":
            hawser.stop()
            hawser.start()
        elif request.param == "kill":
            hawser.restart()

    return happens


# ACL tokens


def make_token(hawser, **fields):
    answer = hawser.api("PUT", "/v1/acl/token", {"Description": "t"} | fields, token=SECRET)
    assert answer.status == 200, answer.text
    return answer.json


def is_valid(hawser, token):
    return hawser.api("GET", "/v1/acl/token/self", token=token["SecretID"]).status == 200


def test_an_acl_token_that_was_refused_stays_refused(make_faulty, happens):
    hawser, faults = make_faulty(agent=ACCESS)
    token = make_token(hawser, ExpirationTTL="1h")
    other = make_token(hawser, ExpirationTTL="10h")
    assert is_valid(hawser, token)
    faults.clock_is_off_by(2 * HOUR)
    assert not is_valid(hawser, token)
    happens(hawser)
    faults.clock_is_off_by(0)
    assert not is_valid(hawser, token)
    # And one that has not expired is as good as before.
    assert is_valid(hawser, other)
    hawser.restart()
    assert not is_valid(hawser, token) and is_valid(hawser, other)


def test_an_acl_token_that_expired_while_nobody_asked_stays_so(make_faulty):
    """Somebody else's request was answered at a time when it had expired already."""
    hawser, faults = make_faulty(agent=ACCESS)
    token = make_token(hawser, ExpirationTTL="1h")
    faults.clock_is_off_by(2 * HOUR)
    listed = hawser.api("GET", "/v1/acl/tokens", token=SECRET).json
    assert token["AccessorID"] not in [item["AccessorID"] for item in listed]
    faults.clock_is_off_by(0)
    assert not is_valid(hawser, token)


def test_a_clock_that_goes_back_gives_no_token_more_time(make_faulty, happens):
    """Not one that is still good either, when it goes back again and again."""
    hawser, faults = make_faulty(agent=ACCESS)
    token = make_token(hawser, ExpirationTTL="2h")
    faults.clock_is_off_by(HOUR)
    assert is_valid(hawser, token)
    happens(hawser)
    faults.clock_is_off_by(-HOUR)
    assert is_valid(hawser, token)
    faults.clock_is_off_by(3 * HOUR)
    assert not is_valid(hawser, token)
    for hours in [1, -20]:
        faults.clock_is_off_by(hours * HOUR)
        assert not is_valid(hawser, token)


# Peering tokens


#: Seconds; a daemon that starts so far ahead has a certificate that is good now too.
AHEAD = 45


def test_a_peering_token_that_was_refused_stays_refused(make_faulty, happens):
    hawser, faults = make_faulty()
    token = hawser.token(TTL="30s")
    with Dialer(token) as dialer:
        faults.clock_is_off_by(AHEAD)
        assert refusal_of(dialer.exchange)[0] == grpc.StatusCode.PERMISSION_DENIED
    assert hawser.tokens() == ["expired"]
    happens(hawser)
    faults.clock_is_off_by(0)
    with Dialer(token) as dialer:
        assert refusal_of(dialer.exchange)[0] == grpc.StatusCode.PERMISSION_DENIED
    assert hawser.tokens() == ["expired"]
    hawser.restart()
    assert hawser.tokens() == ["expired"]


def test_a_peering_token_that_was_shown_as_expired_stays_so(make_faulty):
    hawser, faults = make_faulty()
    token = hawser.token(TTL="30s")
    faults.clock_is_off_by(AHEAD)
    assert hawser.tokens() == ["expired"]
    faults.clock_is_off_by(0)
    assert hawser.tokens() == ["expired"]
    with Dialer(token) as dialer:
        assert refusal_of(dialer.exchange)[0] == grpc.StatusCode.PERMISSION_DENIED


def test_a_peering_token_that_has_not_expired_outlives_the_clock(make_faulty, happens):
    hawser, faults = make_faulty()
    token = hawser.token(TTL="10h")
    faults.clock_is_off_by(AHEAD)
    assert hawser.tokens() == ["open"]
    happens(hawser)
    faults.clock_is_off_by(-AHEAD)
    assert hawser.tokens() == ["open"]
    with Dialer(token) as dialer:
        assert dialer.exchange()
