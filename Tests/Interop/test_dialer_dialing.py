"""Whom Hawser dials, when, and whom it trusts (protocol sections 5.3 to 5.6)."""

import re
import ssl

import grpc
import pytest

from standin import wire
from standin.acceptor import Acceptor
from standin.authority import Authority
from standin.raw_acceptor import RawAcceptor
from standin.waiting import eventually

FOLLOWER = "cannot establish a peering stream on a follower node"
NOT_LEADER = (grpc.StatusCode.FAILED_PRECONDITION, FOLLOWER)


def waits(hawser):
    """The waits that Hawser chose so far, in seconds, as its log names them."""
    found = re.findall(r"trying again in ([0-9.]+) (ms|s)", hawser.log)
    return [float(number) / (1_000 if unit == "ms" else 1) for number, unit in found]


def last_error(hawser):
    return hawser.peering()["Hawser"]["LastError"] or ""


def says(hawser, text):
    eventually(lambda: text in last_error(hawser), f"the status says {text!r}")


class Server(Acceptor):
    """One of a cluster's servers; they share `dialed`, the order of being dialed."""

    def __init__(self, first, authority, **settings):
        super().__init__(authority, **settings)
        self.dialed = first.dialed if first else []
        if first:
            self.peer_id, self.stream_secret = first.peer_id, first.stream_secret
            self.establishment_secret = first.establishment_secret

    def _stream(self, incoming, context):
        self.dialed.append(self)
        yield from super()._stream(incoming, context)


@pytest.fixture
def make_server(authority, cleanup):
    """Makes servers of one cluster."""
    made = []

    def make(**settings):
        server = Server(made[0] if made else None, authority, **settings)
        made.append(server)
        return cleanup.enter_context(server)

    return make


# 5.3, TLS


def test_the_server_name_is_asked_for_and_used_as_authority(
    make_hawser, raw_acceptor, authority
):
    hawser = make_hawser()
    stream = raw_acceptor.connect(hawser)
    assert stream.fields[":authority"] == authority.server_name
    assert raw_acceptor.asked_names == [authority.server_name] * 2


def test_an_acceptor_that_selects_h2_is_fine(make_hawser, raw_acceptor):
    hawser = make_hawser()
    stream = raw_acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list())
    assert raw_acceptor.protocols == ["h2", "h2"]


def test_an_acceptor_that_selects_nothing_is_fine(make_hawser, authority):
    """Observed 1: Consul 1.16 answers without ALPN."""
    hawser = make_hawser()
    with RawAcceptor(authority, alpn=()) as acceptor:
        stream = acceptor.connect(hawser)
        stream.expect_ack(stream.upsert_service("web", wire.instance("web")))
        assert acceptor.protocols == [None, None]
        assert hawser.imported_ids("web") == ["web-1"]


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_tls_1_2_and_1_3_are_spoken(make_hawser, authority, version):
    hawser = make_hawser()
    with RawAcceptor(authority) as acceptor:
        only = getattr(ssl.TLSVersion, version)
        acceptor.context.minimum_version = acceptor.context.maximum_version = only
        stream = acceptor.connect(hawser)
        stream.expect_ack(stream.upsert_list())
        assert stream.connection.socket.version() == version.replace("_", ".")


def test_no_client_certificate_is_shown(make_hawser, raw_acceptor, authority):
    hawser = make_hawser()
    raw_acceptor.context.load_verify_locations(cadata=authority.root_pem)
    raw_acceptor.context.verify_mode = ssl.CERT_OPTIONAL
    stream = raw_acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list())
    assert not stream.connection.socket.getpeercert(True)


def test_a_chain_with_an_intermediate_is_fine(make_hawser, authority):
    hawser = make_hawser()
    leaf = authority.make_leaf(issuer=authority.make_intermediate())
    with Acceptor(authority, leaf) as acceptor:
        stream = acceptor.connect(hawser)
        stream.expect_ack(stream.upsert_list())


def wrong_leaves():
    def incomplete(authority):
        leaf = authority.make_leaf(issuer=authority.make_intermediate())
        del leaf.chain[1:]
        return leaf

    other = "server.standin.peering.99999999-2222-3333-4444-555555555555.consul"
    return {
        "another-name": lambda authority: authority.make_leaf(other),
        "a-parent-of-the-name": lambda authority: authority.make_leaf(
            authority.trust_domain
        ),
        "another-ca": lambda authority: Authority().make_leaf(authority.server_name),
        "expired": lambda authority: authority.make_leaf(days=(-4, -1)),
        "not-yet-valid": lambda authority: authority.make_leaf(days=(1, 4)),
        "intermediate-left-out": incomplete,
    }


@pytest.mark.parametrize(
    "make_leaf", wrong_leaves().values(), ids=wrong_leaves().keys()
)
def test_a_wrong_certificate_ends_the_exchange(make_hawser, authority, make_leaf):
    hawser = make_hawser()
    with Acceptor(authority, make_leaf(authority)) as acceptor:
        answer = hawser.establish(acceptor.token())
        assert answer.status >= 500
        text = f'failed to exchange peering secret through address "{acceptor.address}"'
        assert text in answer.text
        assert "certificate" in answer.text
        assert acceptor.exchanges == []
    assert hawser.peering() is None


@pytest.mark.parametrize(
    "make_leaf", wrong_leaves().values(), ids=wrong_leaves().keys()
)
def test_a_wrong_certificate_keeps_the_stream_away(make_hawser, authority, make_leaf):
    """Somebody else sits at the address once the peering stands."""
    hawser = make_hawser()
    with Acceptor(authority) as acceptor:
        stream = acceptor.connect(hawser)
        stream.expect_ack(stream.upsert_service("web", wire.instance("web")))
    with Acceptor(authority, make_leaf(authority), acceptor.port):
        says(hawser, "certificate")
        assert hawser.state() == "FAILING"
        assert hawser.imported_ids("web") == ["web-1"]
        output = hawser.cli("peering", "read", "-name", "standin").output
        assert "certificate" in output
    with Acceptor(authority, port=acceptor.port) as again:
        again.stream_secret = acceptor.stream_secret
        stream = again.accept()
        stream.expect_ack(stream.upsert_list())
        assert hawser.state() == "ACTIVE"


def test_the_systems_roots_are_not_trusted(
    make_hawser, authority, tmp_path, monkeypatch
):
    other = Authority()
    (tmp_path / "system.pem").write_text(other.root_pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "system.pem"))
    hawser = make_hawser()
    with Acceptor(authority, other.make_leaf(authority.server_name)) as acceptor:
        answer = hawser.establish(acceptor.token())
        assert "certificate" in answer.text
        assert acceptor.exchanges == []


def test_a_server_without_tls_is_not_trusted(make_hawser, authority, acceptor):
    hawser = make_hawser()
    with Acceptor(authority, is_plain=True) as plain:
        answer = hawser.establish(acceptor.token(ServerAddresses=[plain.address]))
        assert answer.status >= 500
        assert plain.exchanges == []


def test_a_rotation_of_the_ca_is_followed(make_hawser, authority):
    """4.9, PeerCAPems: the bundle's roots are the ones of the next dial."""
    hawser = make_hawser()
    old_root = authority.root
    with Acceptor(authority) as acceptor:
        stream = acceptor.connect(hawser)
        new = Authority(cluster_id=authority.trust_domain.removesuffix(".consul"))
        bundle = wire.TrustBundle(
            TrustDomain=authority.trust_domain,
            RootPEMs=[authority.root_pem, new.root_pem],
        )
        stream.expect_ack(stream.upsert(wire.TRUST_BUNDLE, "roots", bundle))
        stream.expect_ack(stream.upsert_list())
    with Acceptor(new, port=acceptor.port) as rotated:
        stream = rotated.accept()
        bundle.RootPEMs.pop(0)
        stream.expect_ack(stream.upsert(wire.TRUST_BUNDLE, "roots", bundle))
        assert hawser.peering()["PeerCAPems"] == [new.root_pem]
    authority.root = old_root
    with Acceptor(authority, port=acceptor.port):
        says(hawser, "certificate")


# 5.4, addresses


def test_addresses_are_dialed_in_turn_from_the_first(make_hawser, make_server):
    hawser = make_hawser()
    servers = [make_server() for _ in range(3)]
    for server in servers:
        server.refuse_stream = [NOT_LEADER] * 2
    addresses = [server.address for server in servers]
    answer = hawser.establish(servers[0].token(ServerAddresses=addresses))
    assert answer.status == 200
    assert servers[0].accept().opening()
    assert servers[0].dialed == servers * 2 + servers[:1]


def test_a_host_name_and_ipv6_are_dialed(make_hawser, make_server):
    hawser = make_hawser()
    for host in ("localhost", "[::1]"):
        server = make_server(host=host)
        stream = server.connect(hawser, peer=host.strip("[:]"))
        stream.expect_ack(stream.upsert_list())
        server.renew()


def test_manual_addresses_win_for_ever(make_hawser, make_server):
    """Replicated addresses are stored and unused."""
    hawser = make_hawser()
    manual, replicated = make_server(), make_server()
    stream = manual.connect(hawser, ManualServerAddresses=[manual.address])
    update = wire.ServerAddresses(Addresses=[replicated.address])
    stream.expect_ack(stream.upsert(wire.SERVER_ADDRESSES, "server-addrs", update))
    assert hawser.peering()["PeerServerAddresses"] == [replicated.address]
    stream.end(grpc.StatusCode.UNAVAILABLE, "restart")
    assert manual.accept().opening()
    hawser.restart()
    assert manual.accept().opening()
    assert set(manual.dialed) == {manual}


def test_new_addresses_are_used_at_the_next_dial(make_hawser, make_server):
    """5.6: the running stream is left alone, a restart knows them."""
    hawser = make_hawser()
    old, new = make_server(), make_server()
    stream = old.connect(hawser)
    update = wire.ServerAddresses(Addresses=[new.address])
    stream.expect_ack(stream.upsert(wire.SERVER_ADDRESSES, "server-addrs", update))
    stream.expect_ack(stream.upsert_list("web"))
    assert hawser.state() == "ACTIVE"
    stream.end(grpc.StatusCode.UNAVAILABLE, "restart")
    assert new.accept().opening().StreamSecretID == old.stream_secret
    hawser.restart()
    assert new.accept().opening()
    assert old.dialed == [old, new, new]


@pytest.mark.parametrize(
    "address", ["2001:db8::1:8503", "nonsense", "127.0.0.1:99999", "", ":"]
)
def test_addresses_that_cannot_be_dialed_are_passed_over(
    make_hawser, acceptor, address
):
    """1.2, 4.7: Consul writes IPv6 addresses without brackets into its list."""
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    update = wire.ServerAddresses(Addresses=[address, acceptor.address])
    stream.next_answer(stream.upsert(wire.SERVER_ADDRESSES, "server-addrs", update))
    stream.end(grpc.StatusCode.UNAVAILABLE, "restart")
    stream = acceptor.accept()
    stream.expect_ack(stream.upsert_list())
    assert hawser.state() == "ACTIVE"


def test_a_list_of_nothing_to_dial_is_shown_until_a_token_helps(make_hawser, acceptor):
    """5.6."""
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    update = wire.ServerAddresses(Addresses=["2001:db8::1:8503"])
    answer = stream.next_answer(
        stream.upsert(wire.SERVER_ADDRESSES, "server-addrs", update)
    )
    stream.end(grpc.StatusCode.UNAVAILABLE, "restart")
    if not answer.HasField("Error"):
        says(hawser, "2001:db8::1:8503")
        assert hawser.state() == "FAILING"
    acceptor.renew()
    stream = acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list())


def test_an_acceptor_may_restart_at_its_port(make_hawser, authority):
    """What the new stream lists is the truth."""
    hawser = make_hawser()
    with Acceptor(authority) as acceptor:
        stream = acceptor.connect(hawser)
        stream.upsert_service("old", wire.instance("old"))
        stream.expect_ack(stream.upsert_list("old"))
    eventually(lambda: hawser.state() == "FAILING", "FAILING")
    assert hawser.imported_ids("old") == ["old-1"]
    with Acceptor(authority, port=acceptor.port) as again:
        stream = again.accept()
        assert stream.opening().StreamSecretID == acceptor.stream_secret
        stream.upsert_service("new", wire.instance("new"))
        stream.expect_ack(stream.upsert_list("new"))
        assert hawser.state() == "ACTIVE"
        assert last_error(hawser) == ""
    assert hawser.imported("old") == []
    assert hawser.imported_ids("new") == ["new-1"]


# 5.5, when to dial again


def test_followers_are_passed_quickly(make_hawser, acceptor):
    """FAILED_PRECONDITION: five times 8 ms, then doubled."""
    hawser = make_hawser()
    acceptor.refuse_stream = [NOT_LEADER] * 11
    stream = acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list())
    expected = [0.008] * 5 + [0.016, 0.032, 0.064, 0.128, 0.256, 0.512]
    assert waits(hawser) == expected
    assert hawser.state() == "ACTIVE"


def test_losing_leadership_is_passed_quickly(make_hawser, acceptor):
    """4.5: the same code, on a stream that stands."""
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list())
    text = "node is not a leader anymore; cannot continue streaming"
    details = wire.leader_status(9, text, "10.1.2.3:8300")
    stream.end(grpc.StatusCode.FAILED_PRECONDITION, text, details)
    assert acceptor.accept().opening()
    assert waits(hawser) == [0.008]
    assert text in hawser.log


def test_the_leader_hint_is_tried_next(make_hawser, make_server):
    """4.1: the host of LeaderAddress, whatever its port, is among our addresses."""
    hawser = make_hawser()
    servers = [make_server(host=f"127.0.0.{number}") for number in range(1, 6)]
    leader = servers[3]
    details = wire.leader_status(9, FOLLOWER, f"{leader.host}:8300")
    for server in servers:
        if server is not leader:
            server.refuse_stream = [(*NOT_LEADER, details)] * 9
    addresses = [server.address for server in servers]
    assert hawser.establish(leader.token(ServerAddresses=addresses)).status == 200
    assert leader.accept().opening()
    assert leader.dialed == [servers[0], leader]


@pytest.mark.parametrize(
    "details",
    [
        wire.leader_status(9, FOLLOWER, "10.1.2.3:8300"),
        wire.leader_status(9, FOLLOWER, ""),
        wire.leader_status(9, FOLLOWER, "no address"),
        b"\xff\xff\xff",
        b"",
    ],
    ids=["a-stranger", "nobody", "no-address", "garbage", "empty"],
)
def test_a_hint_that_leads_nowhere_is_ignored(make_hawser, make_server, details):
    hawser = make_hawser()
    servers = [make_server() for _ in range(3)]
    for server in servers[:2]:
        server.refuse_stream = [(*NOT_LEADER, details)] * 9
    addresses = [server.address for server in servers]
    assert hawser.establish(servers[0].token(ServerAddresses=addresses)).status == 200
    stream = servers[2].accept()
    stream.expect_ack(stream.upsert_list())
    assert servers[0].dialed == servers
    assert hawser.peering()["PeerServerAddresses"] == addresses


def test_an_overloaded_acceptor_is_left_alone_for_seconds(make_hawser, acceptor):
    """RESOURCE_EXHAUSTED: 8.192 s, less Hawser's jitter."""
    hawser = make_hawser()
    text = "rate limit exceeded, try again later or against a different server"
    acceptor.refuse_stream = [(grpc.StatusCode.RESOURCE_EXHAUSTED, text)]
    acceptor.connect(hawser)
    (wait,) = waits(hawser)
    assert 4.0 <= wait <= 8.2


def test_other_failures_are_tried_again_later_and_later(make_hawser, acceptor):
    """Doubled, never beyond Consul's 64 s, and shown."""
    hawser = make_hawser()
    acceptor.refuse_stream = [
        (grpc.StatusCode.UNKNOWN, "failed to register stream"),
        (grpc.StatusCode.INTERNAL, "failed to find PeerID"),
        (grpc.StatusCode.UNAVAILABLE, "Connect CA is not yet initialized"),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "too late"),
        (grpc.StatusCode.UNIMPLEMENTED, "not here"),
    ]
    texts = [text for _, text in acceptor.refuse_stream]
    assert hawser.establish(acceptor.token()).status == 200
    for text in texts:
        says(hawser, text)
        assert hawser.state() == "FAILING"
        assert hawser.peering()["Hawser"]["NextAttempt"]
    stream = acceptor.accept()
    stream.expect_ack(stream.upsert_list())
    chosen = waits(hawser)
    assert len(chosen) == len(texts)
    assert chosen[0] < chosen[2] < chosen[4] <= 64
    assert hawser.peering()["Hawser"]["NextAttempt"] is None


@pytest.mark.parametrize(
    "code, text",
    [
        ("PERMISSION_DENIED", "invalid peering stream secret"),
        ("INVALID_ARGUMENT", "initial subscription for unknown PeerID: x"),
        ("ABORTED", "peering is marked as deleted: x"),
    ],
)
def test_a_refusal_is_shown_and_tried_again_slowly(make_hawser, acceptor, code, text):
    """Section 14: there is no machine-readable "gone for ever"."""
    hawser = make_hawser()
    acceptor.refuse_stream = [(grpc.StatusCode[code], text)]
    assert hawser.establish(acceptor.token()).status == 200
    says(hawser, text)
    assert hawser.state() == "FAILING"
    output = hawser.cli("peering", "read", "-name", "standin").output
    assert "State:        FAILING" in output
    assert re.search(f"Last Error: .*{re.escape(text)}", output)
    assert "Next Attempt:" in output
    stream = acceptor.accept()
    stream.expect_ack(stream.upsert_list())
    (wait,) = waits(hawser)
    assert 1 <= wait <= 64
    assert hawser.state() == "ACTIVE"


def test_terminated_before_aborted_stops_for_good(make_hawser, acceptor):
    """7.3: how a deleting acceptor greets a dialer that was away."""
    hawser = make_hawser()
    stream = acceptor.connect(hawser)
    stream.end(grpc.StatusCode.UNAVAILABLE, "restart")
    stream = acceptor.accept()
    stream.send(wire.terminated())
    text = f"peering is marked as deleted: {acceptor.peer_id}"
    stream.end(grpc.StatusCode.ABORTED, text)
    eventually(lambda: hawser.state() == "TERMINATED", "TERMINATED")
    assert len(waits(hawser)) == 1
    hawser.restart()
    assert hawser.state() == "TERMINATED"


def test_nobody_at_the_address_is_shown(make_hawser, authority):
    hawser = make_hawser()
    with Acceptor(authority) as acceptor:
        acceptor.connect(hawser)
    says(hawser, "refused")
    assert hawser.state() == "FAILING"
    hawser.restart()
    says(hawser, "refused")
