"""Dialing and checking host names that nobody answers for: others do not wait for them."""

import contextlib
import http.client
import threading

import pytest

from standin import hawser as standin_hawser
from standin.acceptor import Acceptor
from standin.backends import Web
from standin.hawser import PROGRAM
from standin.held_dns import HeldDNS
from standin.waiting import eventually


@pytest.fixture
def held(cleanup):
    return cleanup.enter_context(HeldDNS())


@pytest.fixture
def held_hawser(make_hawser, held, tmp_path, monkeypatch):
    """A daemon with no other DNS than `held`."""
    monkeypatch.setattr(standin_hawser, "PROGRAM", held.program(tmp_path, PROGRAM))

    def make(**settings):
        return make_hawser(**settings)

    return make


def test_a_peer_with_a_slow_name_holds_up_no_other(held_hawser, held, acceptor, authority, cleanup):
    """More of them than event loops: each of those has one to wait for."""
    hawser = held_hawser()

    def establish(number):
        token = acceptor.token(ServerAddresses=[f"p{number}.slow.example:1"])
        # It is still being redeemed when the daemon ends.
        with contextlib.suppress(OSError, http.client.HTTPException):
            hawser.establish(token, f"slow-{number}")

    for number in range(12):
        threading.Thread(target=establish, args=(number,), daemon=True).start()
    eventually(lambda: len(held.asked) == 12, "all names are asked for side by side")
    other = cleanup.enter_context(Acceptor(authority))
    assert hawser.establish(other.token(), "other").status == 200
    other.accept().opening()


def test_checks_of_slow_names_hold_up_no_others(held_hawser, held, cleanup):
    web = cleanup.enter_context(Web())
    slow = [
        {"check_id": f"{kind}-{n}", "name": "slow", "interval": "1s", "timeout": "60s", kind: target}
        for n in range(4)
        for kind, target in [
            ("http", f"http://h{n}.slow.example/"),
            ("tcp", f"t{n}.slow.example:1"),
            ("udp", f"u{n}.slow.example:1"),
        ]
    ]
    good = {"http": f"http://127.0.0.1:{web.port}/", "interval": "1s", "timeout": "5s"}
    hawser = held_hawser(
        files={
            "slow.json": {"services": [{"name": "slow", "checks": slow}]},
        }
    )
    eventually(lambda: len(held.asked) == 12, "all names are asked for side by side")
    hawser.write("good.json", {"services": [{"name": "good", "check": good}]})
    hawser.reload()
    eventually(lambda: hawser.get("/v1/health/service/good?passing"), "it is checked meanwhile")
