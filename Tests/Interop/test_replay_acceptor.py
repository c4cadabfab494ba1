"""Real dialers, as recorded, against Hawser as the acceptor."""

import grpc
import pytest
from standin import recording, wire
from standin.dialer import Dialer, decode_token, encode_token
from standin.hawser import exports
from standin.replay import (
    Replay,
    assert_nonces_count_up,
    assert_same_resource,
    assert_stored,
)
from standin.waiting import eventually

NODE = "node-dc1"


def _tagged(port, *names):
    return {name: {"address": "127.0.0.1", "port": port} for name in names}


def _service(name, port, status="passing", **more):
    """A service of the mesh as it was registered with the recorded acceptor.

    Consul's agent adds the two tagged addresses to what the operator wrote.
    """
    return {
        "service": {
            "name": name,
            "id": f"{name}-1",
            "address": "127.0.0.1",
            "port": port,
            "tagged_addresses": _tagged(port, "lan_ipv4", "wan_ipv4"),
            "check": {"name": "alive", "ttl": "1h", "status": status},
            "connect": {"sidecar_service": {}},
            **more,
        }
    }


def _gateway(status):
    return {
        "service": {
            "kind": "mesh-gateway",
            "name": "mesh-gateway",
            "address": "127.0.0.1",
            "port": 21443,
            "tagged_addresses": _tagged(21443, "lan", "lan_ipv4", "wan", "wan_ipv4"),
            "check": {"name": "listening", "tcp": "127.0.0.1:21443", "status": status}
            | {"interval": "10s"},
        }
    }


def _mesh_files(protocol, through_gateways=False):
    files = {
        "web.json": _service("web", 21090, tags=["v1"], meta={"version": "v1"}),
        "gateway.json": _gateway("critical"),
        "exports.json": exports("web", peer="dc2"),
        "protocol.json": {
            "Kind": "service-defaults",
            "Name": "web",
            "Protocol": protocol,
        },
    }
    if through_gateways:
        peering = {"PeerThroughMeshGateways": True}
        files["mesh.json"] = {"Kind": "mesh", "Peering": peering}
    return files


# What the acceptor's operator had done before the peering.
FILES = {
    "wire": {
        "web.json": _service("web", 19090),
        "api.json": _service("api", 19091),
        "exports.json": exports("web", peer="dc2"),
    },
    "gw-plain": _mesh_files("http"),
    "gw-plain-tcp": _mesh_files("tcp"),
    "gw-mesh": _mesh_files("http", through_gateways=True),
}

# What was done meanwhile, by the nonce of the first Response that it led to.
CHANGES = {
    "wire": {
        "00000006": ("exports.json", exports("web", "api", peer="dc2")),
        "00000009": ("web.json", _service("web", 19090, "critical")),
        "0000000a": ("web.json", _service("web", 19090)),
        "0000000b": ("api.json", None),
        "0000000c": ("exports.json", exports("web", peer="dc2")),
    },
    "gw-plain": {"00000006": ("gateway.json", _gateway("passing"))},
    "gw-plain-tcp": {"00000006": ("gateway.json", _gateway("passing"))},
    "gw-mesh": {"00000006": ("gateway.json", _gateway("passing"))},
}

# The Response that the rotation of the CA led to.
ROTATION = ("wire", "0000000d")


class Played:
    """A daemon to which a recorded dialer has said all it had to say."""

    def __init__(self, folder, hawser):
        self.folder = folder
        self.hawser = hawser
        self.token = hawser.token("dc2")
        # The address of the recorded gateway is not where Hawser listens.
        fields = decode_token(self.token)
        fields["ServerAddresses"] = [f"127.0.0.1:{hawser.peering_port}"]
        self.dialer = Dialer(encode_token(fields))
        self.recorded = recording.stream(folder)
        self.dialer.exchange()
        self.stream = self.dialer.call()
        self.replay = Replay(self.stream)
        self.pairs = []

    def play(self):
        for recorded in self.recorded:
            if recorded.kind == "terminated":
                break
            if recorded.direction == recording.DIALER:
                self.stream.send_bytes(self.as_sent(recorded))
            else:
                self._expect(recorded)

    @property
    def roots(self):
        """Those that the CA has now."""
        roots = self.hawser.get("/v1/connect/ca/roots")["Roots"]
        return {root["RootCert"] for root in roots}

    def as_sent(self, recorded):
        """The recorded bytes, with the IDs of our peering in the place of theirs."""
        opening = self.recorded[0].message.open
        replaced = recorded.data.replace(
            opening.PeerID.encode(), self.dialer.peer_id.encode()
        )
        return replaced.replace(
            opening.StreamSecretID.encode(), self.dialer.secret.encode()
        )

    def _expect(self, recorded):
        if recorded.kind == "heartbeat":
            return  # By the clock.
        nonce = recorded.message.response.Nonce
        if (self.folder, nonce) == ROTATION:
            outcome = self.hawser.cli("ca", "rotate")
            assert outcome.code == 0, outcome.errors
        if nonce in CHANGES[self.folder]:
            self.hawser.write(*CHANGES[self.folder][nonce])
            self.hawser.reload()
        data = self.replay.expect(recorded)
        if recorded.kind == "response":
            ours = wire.Message.FromString(data).response
            self.pairs.append((ours, recorded.message.response))


@pytest.fixture
def play(make_hawser, cleanup):
    def make(folder):
        hawser = make_hawser(NODE, datacenter="dc1", files=FILES[folder])
        played = Played(folder, hawser)
        cleanup.callback(played.dialer.close)
        played.play()
        return played

    return make


@pytest.fixture(params=list(FILES))
def played(request, play):
    """Each recording, played up to where its dialer takes its leave."""
    return play(request.param)


# What Hawser says


def test_the_first_messages_are_the_recorded_acceptors_subscriptions(played):
    """Section 4.2, byte for byte."""
    recorded = [
        message.data
        for message in played.recorded
        if message.direction == recording.ACCEPTOR
    ]
    assert played.stream.raw[:3] == recorded[:3]


def test_each_response_gets_the_recorded_answer_once_and_nothing_else_is_said(played):
    """Section 4.4. All that was recorded came, or playing would have failed; the ACKs
    byte for byte, so with the nonce, without PeerID and Error."""
    assert played.replay.unmatched == []
    answers = [
        data
        for data in played.stream.raw
        if wire.Message.FromString(data).request.ResponseNonce
    ]
    recorded = [
        message.data
        for message in played.recorded
        if message.direction == recording.ACCEPTOR
        and message.message.request.ResponseNonce
    ]
    assert sorted(answers) == sorted(recorded)


def test_nonces_have_the_recorded_form(played):
    assert_nonces_count_up(played.replay.responses)
    recorded = [
        message.message.response
        for message in played.recorded
        if message.direction == recording.ACCEPTOR and message.kind == "response"
    ]
    assert_nonces_count_up(recorded)


def test_services_the_list_and_roots_are_the_recorded_ones_field_by_field(played):
    assert len(played.pairs) == len(played.replay.responses)
    for ours, theirs in played.pairs:
        if theirs.ResourceURL != wire.SERVER_ADDRESSES:
            assert_same_resource(ours, _expected(played, theirs, ours))


def test_the_addresses_are_those_that_the_recorded_acceptor_would_send(played):
    """Sections 4.7 and 6: its own, or with PeerThroughMeshGateways the gateways'."""
    [(ours, theirs)] = [
        pair for pair in played.pairs if pair[1].ResourceURL == wire.SERVER_ADDRESSES
    ]
    expected = wire.unpack(theirs)
    if played.folder != "gw-mesh":
        # Hawser listens on another port; the gateway is at the recorded one.
        expected.Addresses[:] = [f"127.0.0.1:{played.hawser.peering_port}"]
    assert_same_resource(ours, expected)


def _expected(played, theirs, ours):
    """The recorded resource, with what must differ in its place."""
    resource = wire.unpack(theirs)
    fields = decode_token(played.token)
    domain = fields["ServerName"].removeprefix("server.dc1.peering.")
    if theirs.ResourceURL == wire.TRUST_BUNDLE:
        # Another cluster has another CA. Which root comes first is not said anywhere.
        roots = played.roots if len(resource.RootPEMs) == 2 else set(fields["CA"])
        assert len(roots) == len(resource.RootPEMs)
        resource.TrustDomain = domain
        resource.RootPEMs[:] = wire.unpack(ours).RootPEMs
        assert set(resource.RootPEMs) == roots
    elif theirs.ResourceURL == wire.EXPORTED_SERVICE:
        recorded_domain = _recorded_domain(played.recorded)
        for item in resource.Nodes:
            _make_ours(item, played.hawser)
            meta = item.Service.Connect.PeerMeta if item.Service.Kind else None
            for names in (meta.SNI, meta.SpiffeID) if meta else ():
                # They name the exporter's trust domain.
                names[:] = [name.replace(recorded_domain, domain) for name in names]
    return resource


def _make_ours(item, hawser):
    config = hawser.get("/v1/agent/self")["Config"]
    # Each node has its own ID.
    item.Node.ID = config["NodeID"]
    # It says which program runs there, and with which version.
    item.Node.Meta.clear()
    item.Node.Meta["hawser-version"] = config["Version"]


def _recorded_domain(messages):
    """The trust domain of the recorded acceptor."""
    [domain] = {
        wire.unpack(message.message.response).TrustDomain
        for message in messages
        if message.direction == recording.ACCEPTOR
        and message.message.response.ResourceURL == wire.TRUST_BUNDLE
    }
    return domain


def test_the_token_names_the_recorded_gateway(make_hawser):
    """Section 1.2: with PeerThroughMeshGateways."""
    hawser = make_hawser(NODE, datacenter="dc1", files=FILES["gw-mesh"])
    theirs = decode_token(recording.token("gw-mesh"))
    assert decode_token(hawser.token("dc2"))["ServerAddresses"] == (
        theirs["ServerAddresses"]
    )


def test_an_ipv4_address_of_a_service_is_tagged_as_the_recorded_agent_tagged_it(
    make_hawser, cleanup
):
    """Its operator wrote an address and a port; `lan_ipv4` and `wan_ipv4` arrived."""
    web = _service("web", 19090)
    del web["service"]["tagged_addresses"]
    files = {"web.json": web, "exports.json": exports("web", peer="dc2")}
    dialer = Dialer(make_hawser(NODE, files=files).token("dc2"))
    cleanup.callback(dialer.close)
    ours = wire.unpack(dialer.connect().next_response("web")).Nodes[0].Service
    [theirs] = [
        wire.unpack(message.message.response).Nodes[0].Service
        for message in recording.stream("wire")
        if message.message.response.Nonce == "00000004"
    ]
    assert ours.TaggedAddresses == theirs.TaggedAddresses


# What Hawser keeps


def test_the_peering_reads_as_the_recorded_acceptors(play):
    """Section 8.2, shortly before the end."""
    hawser = play("wire").hawser
    # Nothing answers the recorded heartbeats.
    eventually(
        lambda: hawser.peering("dc2")["StreamStatus"]["LastHeartbeat"], "one was heard"
    )
    ours, theirs = hawser.peering("dc2"), recording.json_of("wire/read.dc1.json")
    # What we know beyond Consul.
    ours.pop("Hawser")
    assert list(ours) == list(theirs)
    _forget_times_and_ids(ours)
    _forget_times_and_ids(theirs)
    assert ours == theirs


def _forget_times_and_ids(peering):
    for key in ("ID", "CreateIndex", "ModifyIndex"):
        assert peering.pop(key)
    for key in ("LastHeartbeat", "LastReceive", "LastSend"):
        assert peering["StreamStatus"].pop(key)


@pytest.mark.parametrize("folder", list(FILES))
def test_what_a_recorded_exporter_sends_is_stored_step_by_step(
    make_hawser, cleanup, folder
):
    """Section 4.9. Both ends import alike, so the recorded acceptor's resources serve:
    services come and go, checks turn, an instance leaves, a service is withdrawn."""
    hawser = make_hawser(datacenter="dc2")
    dialer = Dialer(hawser.token("dc1"))
    cleanup.callback(dialer.close)
    stream = dialer.connect()
    played = []
    for message in recording.stream(folder):
        response = message.message.response
        if message.direction != recording.ACCEPTOR or message.kind != "response":
            continue
        # Those never travel to an acceptor.
        if response.ResourceURL == wire.SERVER_ADDRESSES:
            continue
        played.append(message)
        stream.send_bytes(message.data)
        stream.expect_ack(response.Nonce)
        assert_stored(hawser, "dc1", played)


# The end


def test_the_recorded_end_is_answered_with_ok_and_leaves_the_peering_terminated(play):
    """Observed 22: Terminated, then the dialer's half-close."""
    played = play("wire")
    *_, last = played.recorded
    assert (last.direction, last.kind) == (recording.DIALER, "terminated")
    played.stream.send_bytes(last.data)
    played.stream.half_close()
    assert played.stream.status() == (grpc.StatusCode.OK, "")
    assert played.replay.unmatched == []
    eventually(lambda: played.hawser.state("dc2") == "TERMINATED", "it is TERMINATED")


def test_without_an_end_as_in_the_recordings_the_peering_is_failing(play):
    """Section 7.3: the recordings with gateways break off."""
    played = play("gw-plain")
    assert played.hawser.state("dc2") == "ACTIVE"
    played.dialer.close()
    eventually(lambda: played.hawser.state("dc2") == "FAILING", "it is FAILING")
