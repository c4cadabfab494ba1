"""Gateways whose upstreams are host names that nobody answers for: they hold up nobody else."""

import socket
import ssl
import subprocess

import pytest

from standin import hawser as standin_hawser
from standin import wire
from standin.hawser import PROGRAM, THROUGH_GATEWAYS, exports, free_port
from standin.held_dns import HeldDNS
from standin.waiting import PATIENCE, eventually


@pytest.fixture
def held(cleanup):
    return cleanup.enter_context(HeldDNS())


@pytest.fixture
def program(held, tmp_path):
    """The program, with no other DNS than `held`."""
    return held.program(tmp_path, PROGRAM)


@pytest.fixture
def start_gateway(program, tmp_path, cleanup):
    """Runs `hawser gateway` with routes; returns its port."""

    def start(routes):
        port, log = free_port(), tmp_path / "gateway.log"
        arguments = [program, "gateway", f"-listen=127.0.0.1:{port}"]
        for name, upstreams in routes.items():
            arguments.append(f"-route={name}={','.join(upstreams)}")
        with open(log, "w") as output:
            process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        cleanup.callback(process.wait)
        cleanup.callback(process.kill)
        eventually(lambda: "gateway is up" in log.read_text(), "the gateway is up")
        start.log = log
        start.process = process
        return port

    return start


class Upstream:
    """Takes connections, and nothing else."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(PATIENCE)
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


@pytest.fixture
def upstream(cleanup):
    return cleanup.enter_context(Upstream())


def hello(name):
    """The first bytes of a TLS client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    out = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return out.read()


def is_forwarded(port, name, upstream):
    """Whether a connection of this name gets through; False if it is refused."""
    sent = hello(name)
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
        client.sendall(sent)
        # Who is refused gets an alert or the end; who is forwarded gets nothing from this upstream.
        upstream.listener.settimeout(0.2)
        try:
            accepted, _ = upstream.listener.accept()
        except TimeoutError:
            return False
        with accepted:
            accepted.settimeout(PATIENCE)
            return accepted.recv(len(sent), socket.MSG_WAITALL) == sent


def test_names_without_an_answer_hold_up_no_address(start_gateway, held, upstream):
    """Twenty routes to names, and one to an address behind them."""
    routes = {f"a{n}.example": [f"a{n}.slow.example:1"] for n in range(20)}
    routes["b.example"] = ["b.slow.example:1", upstream.address]
    port = start_gateway(routes)
    eventually(lambda: is_forwarded(port, "b.example", upstream), "the address is a target")
    # They are asked for side by side: not one has been answered.
    eventually(lambda: len(held.asked) == 16, "sixteen names are asked for")


def test_the_names_of_one_route_hold_up_no_other(start_gateway, held, upstream):
    routes = {
        "a.example": [f"a{n}.slow.example:1" for n in range(1000)],
        "b.example": [f"b.slow.example:{upstream.port}"],
    }
    port = start_gateway(routes)
    eventually(lambda: "b.slow.example" in held.asked, "the name of the other route is asked for")
    assert len([name for name in held.asked if name.startswith("a")]) <= 4
    held.release()
    eventually(lambda: is_forwarded(port, "b.example", upstream), "its address is a target")
    # What is left out is said once.
    said = "64 of 1000 upstreams of a route are used"
    eventually(lambda: said in start_gateway.log.read_text(), "it is logged")
    assert len(start_gateway.log.read_text().splitlines()) < 10


def test_a_gateway_ends_while_names_are_looked_up(start_gateway, held):
    start_gateway({"a.example": ["a.slow.example:1"]})
    eventually(lambda: held.asked, "the name is asked for")
    start_gateway.process.terminate()
    assert start_gateway.process.wait(PATIENCE) == 0


def test_a_peer_that_announces_slow_names_holds_up_no_other_peer(
    make_hawser, acceptor, held, program, monkeypatch
):
    """The gateway inside an agent: one peer announces a thousand names, and another cluster is still reached."""
    harbor = make_hawser(
        "harbor",
        files={
            "services.json": {"services": [{"name": "web"}]},
            "exports.json": exports("web", peer="island"),
        },
    )
    monkeypatch.setattr(standin_hawser, "PROGRAM", program)
    port = free_port()
    wan = {"address": "127.0.0.1", "port": port}
    island = make_hawser(
        "island",
        datacenter="dc2",
        agent={"gateway": {"port": port, "wan": wan}},
        files={"mesh.json": THROUGH_GATEWAYS},
    )
    assert island.establish(acceptor.token(), "hostile").status == 200
    stream = acceptor.accept()
    stream.opening()
    stream.subscribe(*wire.ACCEPTOR_KINDS)
    eventually(lambda: island.state("hostile") == "ACTIVE", "the stream is up")
    names = wire.ServerAddresses(Addresses=[f"a{n}.slow.example:1" for n in range(1000)])
    stream.expect_ack(stream.upsert(wire.SERVER_ADDRESSES, "server-addrs", names))
    eventually(lambda: held.asked, "the gateway looks them up")

    assert island.establish(harbor.token("island"), "harbor").status == 200
    eventually(lambda: island.imported("web", "harbor"), "island has the service")
    ours = island.peering("harbor")["Hawser"]
    assert (ours["Way"], ours["BypassesGateways"]) == ("local-gateway", False)
    assert len(held.asked) <= 4
    assert island.log.count("upstreams of a route are used") == 1
