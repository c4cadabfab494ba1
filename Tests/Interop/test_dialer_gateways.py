"""Dialing through the cluster's own gateways (protocol sections 1.7, 5.4 and 6)."""

import pytest

from standin import wire
from standin.acceptor import Acceptor
from standin.hawser import THROUGH_GATEWAYS, free_port
from standin.tunnel import Tunnel
from standin.waiting import eventually


def gateway(port, number=1):
    """A registered mesh gateway that this cluster reaches at a port."""
    address = {"address": "127.0.0.1", "port": port}
    return {
        "name": "mesh-gateway",
        "id": f"gateway-{number}",
        "kind": "mesh-gateway",
        "port": port,
        "tagged_addresses": {
            "lan": address,
            "wan": {"address": "203.0.113.1", "port": 443},
        },
    }


def files(*gateways, mesh=THROUGH_GATEWAYS):
    content = {"gateways.json": {"services": list(gateways)}}
    return content | ({"mesh.json": mesh} if mesh else {})


def way(hawser):
    ours = hawser.peering()["Hawser"]
    return ours["Way"], ours["BypassesGateways"]


def accepted(acceptor, hawser):
    """The next stream, once Hawser knows that it was let in."""
    stream = acceptor.accept()
    assert stream.opening().PeerID == acceptor.peer_id
    stream.subscribe(*wire.ACCEPTOR_KINDS)
    eventually(lambda: hawser.state() == "ACTIVE", "the stream is up")
    return stream


@pytest.fixture
def tunnel(acceptor, cleanup):
    return cleanup.enter_context(Tunnel(acceptor.port))


def test_exchange_and_stream_go_through_the_gateway_alone(make_hawser, acceptor, tunnel):
    """The peer's own address cannot be reached from here."""
    hawser = make_hawser(files=files(gateway(tunnel.port)))
    token = acceptor.token(ServerAddresses=[f"127.0.0.1:{free_port()}"])
    assert hawser.establish(token).status == 200
    accepted(acceptor, hawser)
    assert tunnel.connections == 2
    assert way(hawser) == ("local-gateway", False)
    ((_, value),) = hawser.metrics()["hawser_peering_bypasses_gateway"].items()
    assert value == 0
    shown = hawser.cli("peering", "read", "-name", "standin").output
    assert f"by a gateway of this cluster, at 127.0.0.1:{tunnel.port}" in shown


def test_the_next_gateway_is_tried(make_hawser, acceptor, tunnel):
    dead, alive = gateway(free_port(), 1), gateway(tunnel.port, 2)
    hawser = make_hawser(files=files(dead, alive))
    token = acceptor.token(ServerAddresses=[f"127.0.0.1:{free_port()}"])
    assert hawser.establish(token).status == 200
    accepted(acceptor, hawser)
    assert way(hawser)[0] == "local-gateway"


def test_without_a_gateway_that_works_the_peer_is_dialed_itself(make_hawser, acceptor):
    """5.4: one ring; and never silently."""
    hawser = make_hawser(files=files(gateway(free_port())))
    assert hawser.establish(acceptor.token()).status == 200
    accepted(acceptor, hawser)
    assert way(hawser) == ("direct", True)
    assert "goes past this cluster's mesh gateways" in hawser.log
    shown = hawser.cli("peering", "read", "-name", "standin").output
    assert "past the mesh gateways" in shown
    ((_, value),) = hawser.metrics()["hawser_peering_bypasses_gateway"].items()
    assert value == 1


def test_without_a_registered_gateway_the_peer_is_dialed_itself(make_hawser, acceptor):
    hawser = make_hawser(files=files())
    acceptor.connect(hawser).opening()
    eventually(lambda: hawser.state() == "ACTIVE", "the stream is up")
    assert way(hawser) == ("direct", True)


def test_without_the_entry_gateways_are_not_dialed(make_hawser, acceptor, tunnel):
    hawser = make_hawser(files=files(gateway(tunnel.port), mesh=None))
    acceptor.connect(hawser).opening()
    eventually(lambda: hawser.state() == "ACTIVE", "the stream is up")
    assert way(hawser) == ("direct", False)
    assert tunnel.connections == 0


def test_the_entry_counts_from_the_next_dial_on(make_hawser, acceptor, tunnel):
    """6.4: a running stream is left alone, whichever way it is toggled."""
    hawser = make_hawser(files=files(gateway(tunnel.port), mesh=None))
    stream = acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_list("web"))

    hawser.write("mesh.json", THROUGH_GATEWAYS)
    hawser.reload()
    stream.expect_ack(stream.upsert_list("web", "api"))
    stream.end()
    stream = acceptor.accept()
    stream.opening()
    stream.expect_ack(stream.upsert_list("web"))
    assert way(hawser) == ("local-gateway", False)

    hawser.write("mesh.json", None)
    hawser.reload()
    stream.expect_ack(stream.upsert_list("api"))
    stream.end()
    stream = acceptor.accept()
    stream.opening()
    stream.expect_ack(stream.upsert_list())
    assert way(hawser) == ("direct", False)


def test_a_goodbye_goes_through_the_gateway(make_hawser, authority, cleanup):
    acceptor = cleanup.enter_context(Acceptor(authority))
    tunnel = cleanup.enter_context(Tunnel(acceptor.port))
    hawser = make_hawser(files=files(gateway(tunnel.port)))
    nowhere = f"127.0.0.1:{free_port()}"
    assert hawser.establish(acceptor.token(ServerAddresses=[nowhere])).status == 200
    accepted(acceptor, hawser)
    acceptor.close()
    eventually(lambda: hawser.state() == "FAILING", "the stream is down")
    hawser.delete()
    again = cleanup.enter_context(Acceptor(authority, port=acceptor.port))
    stream = again.accept()
    assert stream.opening().StreamSecretID == acceptor.stream_secret
    stream.next_payload("terminated")
