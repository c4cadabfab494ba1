"""Trading the establishment secret (protocol sections 1.6, 1.7 and 2.4)."""

import socket
import threading
from concurrent import futures

import grpc
import pytest

from standin import wire
from standin.acceptor import Acceptor
from standin.authority import Authority
from standin.hawser import free_port
from standin.raw_acceptor import RawAcceptor
from standin.waiting import eventually

OTHER_CODES = [
    code
    for code in grpc.StatusCode
    if code not in (grpc.StatusCode.OK, grpc.StatusCode.PERMISSION_DENIED)
]


def dead_address():
    return f"127.0.0.1:{free_port()}"


def unreachable(hawser, token, *addresses, peer="standin"):
    """Redeeming fails, naming these addresses and no others, and leaves nothing."""
    answer = hawser.establish(token, peer)
    assert answer.status >= 500, answer
    for address in addresses:
        text = f'failed to exchange peering secret through address "{address}": '
        assert text in answer.text
    assert answer.text.count("through address") == len(addresses)
    assert hawser.peering(peer) is None
    return answer.text


# What is sent, and where


def test_peer_id_and_secret_are_sent_once(make_hawser, acceptor):
    hawser = make_hawser()
    secret = acceptor.establishment_secret
    acceptor.connect(hawser)
    (request,) = acceptor.exchanges
    assert request.PeerID == acceptor.peer_id
    assert request.EstablishmentSecret == secret


def test_secrets_are_nowhere_to_be_read(make_hawser, acceptor):
    """2.4: Consul logs `hidden`."""
    hawser = make_hawser(agent={"log_level": "trace"})
    secrets = [acceptor.establishment_secret, acceptor.stream_secret]
    stream = acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list())
    stream.end(grpc.StatusCode.PERMISSION_DENIED, "invalid peering stream secret")
    assert acceptor.accept().opening().StreamSecretID in secrets
    shown = [hawser.log]
    shown += [hawser.api("GET", f"/v1/{path}").text for path in ("peerings", "watch")]
    shown += [hawser.cli("peering", "read", "-name", "standin").output]
    for secret in secrets:
        assert not any(secret in text for text in shown)


def test_the_exchange_has_a_connection_of_its_own(make_hawser, raw_acceptor):
    """Observed 7."""
    hawser = make_hawser()
    stream = raw_acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list())
    exchange, running = raw_acceptor.connections
    exchange.wait_until_over()
    assert not running.is_over


def test_manual_addresses_win(make_hawser, acceptor):
    """5.4: in the exchange and in dialing."""
    hawser = make_hawser()
    dead = dead_address()
    stream = acceptor.connect(
        hawser, ManualServerAddresses=[acceptor.address], ServerAddresses=[dead]
    )
    stream.expect_ack(stream.upsert_list())
    assert hawser.peering()["PeerServerAddresses"] == [dead]
    assert "trying again" not in hawser.log


def test_manual_addresses_win_even_if_they_are_dead(make_hawser, acceptor):
    hawser = make_hawser()
    dead = dead_address()
    unreachable(hawser, acceptor.token(ManualServerAddresses=[dead]), dead)
    assert acceptor.exchanges == []


def test_dead_addresses_are_passed_over(make_hawser, acceptor):
    """In the exchange and, from the first again, in dialing."""
    hawser = make_hawser()
    addresses = [dead_address(), dead_address(), acceptor.address]
    stream = acceptor.connect(hawser, ServerAddresses=addresses)
    stream.expect_ack(stream.upsert_list())
    assert hawser.peering()["PeerServerAddresses"] == addresses


def test_an_address_that_takes_connections_and_says_nothing_is_given_up(
    make_hawser, acceptor
):
    """1.7: without TLS it would hang for the connection's time-out."""
    hawser = make_hawser()
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"127.0.0.1:{mute.getsockname()[1]}"
        unreachable(hawser, acceptor.token(ServerAddresses=[address]), address)
    assert hawser.establish(acceptor.token()).status == 200


# Refusals


def test_permission_denied_ends_it_at_once(make_hawser, authority):
    """1.7: the next address is not asked."""
    hawser = make_hawser()
    with Acceptor(authority) as refusing, Acceptor(authority) as good:
        refusing.refuse_exchange = [
            (
                grpc.StatusCode.PERMISSION_DENIED,
                "invalid peering establishment secret",
            )
        ] * 9
        token = good.token(ServerAddresses=[refusing.address, good.address])
        answer = hawser.establish(token)
        assert answer.status == 403
        text = "a new peering token must be generated: "
        assert answer.text == text + "invalid peering establishment secret"
        assert (len(refusing.exchanges), len(good.exchanges)) == (1, 0)
        assert hawser.peering() is None


@pytest.mark.parametrize("code", OTHER_CODES, ids=lambda code: code.name)
def test_other_codes_are_tried_again(make_hawser, acceptor, code):
    hawser = make_hawser()
    acceptor.refuse_exchange = [(code, "not now")] * 3
    stream = acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list())
    assert len(acceptor.exchanges) == 4


def test_other_codes_are_tried_again_round_the_ring(make_hawser, authority):
    hawser = make_hawser()
    order = []
    with Acceptor(authority) as one, Acceptor(authority) as two:
        # One cluster with two servers.
        for server in (one, two):
            server.refuse_exchange = [(grpc.StatusCode.UNAVAILABLE, "CA")] * 2
            inner = server.redeem
            server.redeem = lambda data, server=server, inner=inner: (
                order.append(server) or inner(data)
            )
        two.peer_id, two.establishment_secret = one.peer_id, one.establishment_secret
        token = one.token(ServerAddresses=[one.address, two.address])
        assert hawser.establish(token).status == 200
        assert order == [one, two, one, two, one]


def test_when_all_fails_each_address_is_named_with_its_reason(make_hawser, authority):
    hawser = make_hawser()
    with Acceptor(authority) as refusing:
        code = grpc.StatusCode.INTERNAL
        refusing.refuse_exchange = [(code, "failed to persist peering secret")] * 999
        dead = dead_address()
        token = refusing.token(ServerAddresses=[refusing.address, dead])
        text = unreachable(hawser, token, refusing.address, dead)
        assert "failed to persist peering secret" in text
        # The token was not used up.
        refusing.refuse_exchange = []
        assert hawser.establish(refusing.token()).status == 200


def test_an_answer_without_a_secret_is_none(make_hawser, acceptor):
    hawser = make_hawser()
    acceptor.redeem = lambda data: wire.ExchangeSecretResponse().SerializeToString()
    unreachable(hawser, acceptor.token(), acceptor.address)
    del acceptor.redeem
    assert acceptor.connect(hawser).opening()


class Mute(RawAcceptor):
    """Takes the exchange and never answers it."""

    def redeem(self, data):
        super().redeem(data)


def test_an_acceptor_that_never_answers_is_given_up(make_hawser, authority, acceptor):
    """1.7: Consul would wait for ever; Hawser serves others meanwhile, and ends it."""
    hawser = make_hawser()
    with Mute(authority) as mute, futures.ThreadPoolExecutor() as pool:
        pending = pool.submit(hawser.establish, mute.token(), "mute")
        eventually(lambda: mute.exchanges, "the exchange")
        stream = acceptor.connect(hawser)
        stream.expect_ack(stream.upsert_list())
        answer = pending.result()
        assert answer.status >= 500
        assert mute.address in answer.text
    assert hawser.peering("mute") is None
    assert hawser.state() == "ACTIVE"


def test_of_two_redemptions_at_once_one_wins(make_hawser, acceptor):
    """2.4."""
    hawser = make_hawser()
    token = acceptor.token()
    with futures.ThreadPoolExecutor() as pool:
        answers = list(pool.map(hawser.establish, [token] * 4, ["a", "b", "c", "d"]))
    assert sorted(answer.status for answer in answers) == [200, 403, 403, 403]
    assert len(hawser.get("/v1/peerings")) == 1
    assert acceptor.accept().opening().StreamSecretID == acceptor.stream_secret


# Crashes


class Gated(RawAcceptor):
    """After the exchange nobody is let in until the gate is opened again."""

    def redeem(self, data):
        answer = super().redeem(data)
        self.gate.clear()
        return answer


def test_a_crash_between_exchange_and_open_costs_nothing(make_hawser, authority):
    """2.4: dialer persisted, before the first Open."""
    hawser = make_hawser()
    with Gated(authority) as acceptor:
        assert hawser.establish(acceptor.token()).status == 200
        assert hawser.state() == "ESTABLISHING"
        before = hawser.peering()["ID"]
        hawser.kill()
        acceptor.gate.set()
        hawser.start()
        opening = acceptor.accept().opening()
        assert opening.StreamSecretID == acceptor.stream_secret
        assert opening.PeerID == acceptor.peer_id
        assert hawser.peering()["ID"] == before


def test_a_crash_before_the_secret_is_stored_takes_a_new_token(make_hawser, authority):
    """2.4: the acceptor exchanged, the dialer did not persist."""
    hawser = make_hawser()
    killed = threading.Event()

    class Killing(RawAcceptor):
        def redeem(self, data):
            answer = super().redeem(data)
            if not killed.is_set():
                killed.set()
                hawser.process.kill()
            return answer

    with Killing(authority) as acceptor:
        token = acceptor.token()
        with pytest.raises(OSError):
            hawser.establish(token)
        hawser.restart()
        assert hawser.state() in (None, "PENDING")
        assert hawser.establish(token).status == 403
        stream = acceptor.connect(hawser, EstablishmentSecret=renewed(acceptor))
        stream.expect_ack(stream.upsert_list())


def renewed(acceptor):
    acceptor.renew()
    return acceptor.establishment_secret


def test_the_stream_secret_lasts_over_restarts(make_hawser, acceptor):
    """2.4: it is used for every later reconnect."""
    hawser = make_hawser()
    acceptor.connect(hawser)
    for _ in range(3):
        hawser.restart()
        assert acceptor.accept().opening().StreamSecretID == acceptor.stream_secret
    assert len(acceptor.exchanges) == 1


# Redeeming under a name that is there


def test_a_new_token_leaves_the_running_stream_alone(make_hawser, acceptor):
    """1.6, 2.2: the new secret is for the next Open; ID and fresher addresses stay."""
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    first = stream.opening().StreamSecretID
    fresher = [acceptor.address, "10.0.0.1:8503"]
    addresses = wire.ServerAddresses(Addresses=fresher)
    stream.expect_ack(stream.upsert(wire.SERVER_ADDRESSES, "server-addrs", addresses))
    stream.expect_ack(stream.upsert_service("web", wire.instance("web")))
    before = hawser.peering()
    assert hawser.establish(acceptor.renew()).status == 200

    stream.expect_ack(stream.upsert_list("web"))
    after = hawser.peering()
    assert after["ID"] == before["ID"]
    assert after["State"] == "ACTIVE"
    assert after["PeerServerAddresses"] == fresher
    assert hawser.imported_ids("web") == ["web-1"]

    stream.end(grpc.StatusCode.UNAVAILABLE, "restart")
    second = acceptor.accept().opening().StreamSecretID
    assert (first != second) and second == acceptor.stream_secret


def test_a_new_token_replaces_meta(make_hawser, acceptor):
    hawser = make_hawser()
    for meta in ({"a": "1", "b": "2"}, {"c": "3"}):
        body = {
            "PeerName": "standin",
            "PeeringToken": acceptor.renew(),
            "Meta": meta,
        }
        assert hawser.api("POST", "/v1/peering/establish", body).status == 200
        assert hawser.peering()["Meta"] == meta


def test_a_new_token_brings_new_addresses_when_the_stream_is_down(
    make_hawser, authority
):
    """5.6: the way out when all stored addresses are stale; dialed at once."""
    hawser = make_hawser()
    with Acceptor(authority) as old:
        old.connect(hawser)
        before = hawser.peering()["ID"]
    eventually(lambda: hawser.state() == "FAILING", "FAILING")
    with Acceptor(authority) as new:
        new.peer_id = old.peer_id
        stream = new.connect(hawser)
        stream.expect_ack(stream.upsert_list())
        peering = hawser.peering()
        assert peering["PeerServerAddresses"] == [new.address]
        assert peering["ID"] == before
        assert peering["State"] == "ACTIVE"


@pytest.mark.parametrize("is_up", [False, True], ids=["stream-down", "stream-up"])
def test_a_token_of_another_cluster_takes_the_name_over(make_hawser, acceptor, is_up):
    """1.6: not prevented; addresses of the cluster that was left are of no use."""
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list())
    before = hawser.peering()["ID"]
    if not is_up:
        acceptor.close()
        eventually(lambda: hawser.state() == "FAILING", "FAILING")
    with Acceptor(Authority()) as other:
        assert hawser.establish(other.token()).status == 200
        opening = other.accept().opening()
        assert opening.PeerID == other.peer_id
        assert opening.StreamSecretID == other.stream_secret
        peering = hawser.peering()
        assert peering["ID"] == before
        assert peering["PeerServerName"] == other.authority.server_name


def test_a_terminated_peering_is_revived(make_hawser, acceptor):
    """7.1: TERMINATED, Establish, ESTABLISHING, ACTIVE."""
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    before = hawser.peering()["ID"]
    stream.send(wire.terminated())
    eventually(lambda: hawser.state() == "TERMINATED", "TERMINATED")
    acceptor.peer_id = str(Authority().trust_domain.removesuffix(".consul"))
    acceptor.renew()
    stream = acceptor.connect(hawser)
    assert stream.opening().PeerID == acceptor.peer_id
    stream.expect_ack(stream.upsert_service("web", wire.instance("web")))
    assert hawser.peering()["ID"] == before
    assert hawser.state() == "ACTIVE"
    assert hawser.imported_ids("web") == ["web-1"]


def test_a_refused_token_does_not_revive(make_hawser, acceptor):
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    token = acceptor.token(EstablishmentSecret="7d4f0d02-33aa-91e1-5c0e-2b8a6c1d9e4f")
    stream.send(wire.terminated())
    eventually(lambda: hawser.state() == "TERMINATED", "TERMINATED")
    assert hawser.establish(token).status == 403
    assert hawser.state() == "TERMINATED"
