"""The whole of a peering, in both roles: what everything else is built on."""

import grpc

from standin import wire
from standin.acceptor import Acceptor
from standin.dialer import Dialer
from standin.hawser import exports
from standin.waiting import eventually

FILES = {
    "services.json": {"services": [{"name": "web", "id": "web-1", "port": 80}]},
    "exports.json": exports("web"),
}


def test_hawser_accepts_and_both_sides_get_services(make_hawser):
    hawser = make_hawser(files=FILES)
    with Dialer(hawser.token()) as dialer:
        stream = dialer.connect()
        services = {}
        while len(services) < 1:
            response = stream.next_response(url=wire.EXPORTED_SERVICE)
            services[response.ResourceID] = wire.unpack(response)
            stream.send(wire.ack(response))
        assert [item.Service.ID for item in services["web"].Nodes] == ["web-1"]

        stream.expect_ack(stream.upsert_list("api"))
        stream.expect_ack(stream.upsert_service("api", wire.instance("api")))
        assert hawser.imported_ids("api") == ["api-1"]
        assert hawser.state() == "ACTIVE"

        stream.send(wire.terminated())
        stream.half_close()
        assert stream.status()[0] == grpc.StatusCode.OK
        eventually(lambda: hawser.state() == "TERMINATED", "hawser has heard of it")
        assert hawser.imported("api") == []


def test_hawser_dials_and_both_sides_get_services(make_hawser, authority):
    hawser = make_hawser(files=FILES)
    with Acceptor(authority) as acceptor:
        stream = acceptor.connect(hawser)
        opening = stream.opening()
        assert opening.PeerID == acceptor.peer_id
        assert opening.StreamSecretID == acceptor.stream_secret
        asked = [stream.next_payload("request").request for _ in wire.DIALER_KINDS]
        assert [request.ResourceURL for request in asked] == wire.DIALER_KINDS
        assert {request.PeerID for request in asked} == {acceptor.peer_id}

        response = stream.next_response("web")
        assert wire.unpack(response).Nodes[0].Service.Port == 80
        stream.send(wire.ack(response))
        stream.expect_ack(stream.upsert_list("api"))
        stream.expect_ack(stream.upsert_service("api", wire.instance("api")))
        assert hawser.imported_ids("api") == ["api-1"]
        assert hawser.state() == "ACTIVE"

        hawser.delete()
        stream.next_payload("terminated")
        stream.wait_until_over()
        stream.end()
        eventually(lambda: hawser.peering() is None, "the peering is gone")
        assert hawser.imported("api") == []
