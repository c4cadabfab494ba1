"""Real acceptors, as recorded, against Hawser as the dialer."""

import pytest
from standin import recording, wire
from standin.acceptor import Acceptor
from standin.dialer import decode_token, encode_token
from standin.replay import (
    Replay,
    assert_nonces_count_up,
    assert_same_resource,
    assert_stored,
)
from standin.waiting import eventually

FOLDERS = list(recording.CONNECTIONS)
MESH = [folder for folder in FOLDERS if folder != "wire"]


class Played:
    """A daemon that redeemed a recorded token and dialed a stand-in, which says what
    the recorded acceptor said."""

    def __init__(self, folder, hawser, acceptor):
        self.folder = folder
        self.hawser = hawser
        self.acceptor = acceptor
        self.recorded = recording.stream(folder)
        token = decode_token(recording.token(folder))
        opening = self.recorded[0].message.open
        acceptor.peer_id = token["PeerID"]
        acceptor.establishment_secret = token["EstablishmentSecret"]
        acceptor.stream_secret = opening.StreamSecretID
        # The key of the recorded acceptor is not ours to have: the stand-in has its
        # own, so its own root and name, and its own address. All else is as recorded.
        ours = acceptor.token_fields()
        for key in ("CA", "ServerName", "ServerAddresses"):
            token[key] = ours[key]
        answer = hawser.establish(encode_token(token), "dc1")
        assert answer.status == 200, answer.text
        self.stream = acceptor.accept()
        self.replay = Replay(self.stream)
        self.said = []
        self.pairs = []
        self.looked_after = []

    def play(self):
        for recorded in self.recorded:
            if recorded.kind == "terminated":
                break
            if recorded.direction == recording.ACCEPTOR:
                self.stream.send_bytes(recorded.data)
                self.said.append(recorded)
            elif recorded.kind != "heartbeat":  # Those come by the clock.
                data = self.replay.expect(recorded)
                if recorded.kind == "response":
                    ours = wire.Message.FromString(data).response
                    self.pairs.append((ours, recorded.message.response))
            self._look(recorded)

    def _look(self, recorded):
        """After each ACK of a service or of the list, what is stored."""
        nonce = recorded.message.request.ResponseNonce
        if recorded.direction == recording.DIALER and nonce:
            acknowledged = [
                message
                for message in self.said
                if message.kind == "response"
                and message.message.response.Nonce <= nonce
            ]
            # While others are on their way, one cannot know.
            if acknowledged[-1:] == [self._last_response()]:
                assert_stored(self.hawser, "dc1", acknowledged)
                self.looked_after.append(nonce)

    def _last_response(self):
        return [message for message in self.said if message.kind == "response"][-1]


@pytest.fixture
def play(make_hawser, authority, cleanup):
    def make(folder):
        hawser = make_hawser("node-dc2", datacenter="dc2")
        acceptor = Acceptor(authority)
        cleanup.callback(acceptor.close)
        played = Played(folder, hawser, acceptor)
        played.play()
        return played

    return make


@pytest.fixture(params=FOLDERS)
def played(request, play):
    """Each recording, played up to where its dialer takes its leave. On the way, what
    is stored was compared with what had been sent."""
    return play(request.param)


# What Hawser says


def test_the_exchange_is_the_recorded_one_byte_for_byte(played):
    """Section 1.6: the token's PeerID and secret; once."""
    request, _ = recording.exchange(played.folder)
    assert played.acceptor.raw_exchanges == [request]


def test_the_opening_and_the_subscriptions_are_the_recorded_ones(played):
    """Section 4.2, byte for byte: Open, then four Requests with the token's PeerID."""
    recorded = [
        message.data
        for message in played.recorded
        if message.direction == recording.DIALER
    ]
    assert played.stream.raw[:5] == recorded[:5]


def test_each_response_gets_the_recorded_answer_once_and_nothing_else_is_said(played):
    """Section 4.4: ACKs byte for byte. All came, or playing would have failed."""
    assert played.replay.unmatched == []
    answers = [
        data
        for data in played.stream.raw
        if wire.Message.FromString(data).request.ResponseNonce
    ]
    recorded = [
        message.data
        for message in played.recorded
        if message.direction == recording.DIALER
        and message.message.request.ResponseNonce
    ]
    assert sorted(answers) == sorted(recorded)


def test_the_empty_list_and_the_roots_are_the_recorded_ones_field_by_field(played):
    """Observed 27: a dialer without exports sends both."""
    assert_nonces_count_up(played.replay.responses)
    assert len(played.pairs) == len(played.replay.responses) == 2
    roots = played.hawser.get("/v1/connect/ca/roots")
    for ours, theirs in played.pairs:
        expected = wire.unpack(theirs)
        if theirs.ResourceURL == wire.TRUST_BUNDLE:
            # Another cluster has another CA.
            expected.TrustDomain = roots["TrustDomain"]
            expected.RootPEMs[:] = [root["RootCert"] for root in roots["Roots"]]
        assert_same_resource(ours, expected)


# What Hawser keeps


def test_the_peering_reads_as_the_recorded_dialers(play):
    """Section 8.2, shortly before the end, but after the rotation of the CA."""
    played = play("wire")
    ours, theirs = played.hawser.peering("dc1"), recording.json_of("wire/read.dc2.json")
    # What we know beyond Consul.
    ours.pop("Hawser")
    assert list(ours) == list(theirs)
    assert ours["PeerID"] == theirs["PeerID"]
    # It was read before the rotation, which the recording has.
    *_, bundle = [
        wire.unpack(message.message.response)
        for message in played.said
        if message.message.response.ResourceURL == wire.TRUST_BUNDLE
    ]
    assert len(bundle.RootPEMs) == 2
    assert ours.pop("PeerCAPems") == list(bundle.RootPEMs)
    assert theirs.pop("PeerCAPems") == list(bundle.RootPEMs)[:1]
    # The stand-in's name, for its certificate.
    assert ours.pop("PeerServerName") == played.acceptor.authority.server_name
    theirs.pop("PeerServerName")
    for peering in (ours, theirs):
        for key in ("ID", "CreateIndex", "ModifyIndex"):
            assert peering.pop(key)
        for key in ("LastHeartbeat", "LastReceive", "LastSend"):
            assert peering["StreamStatus"].pop(key)
    assert ours == theirs


def test_what_was_sent_is_stored_step_by_step(play):
    """Section 4.9: services come and go, checks turn, an instance leaves, a service is
    withdrawn. Playing looks after each step."""
    steps = ["4", "5", "8", "9", "a", "b", "c", "d"]
    assert play("wire").looked_after == [f"0000000{step}" for step in steps]


@pytest.mark.parametrize("kind", ["service", "connect"])
@pytest.mark.parametrize("folder", MESH)
def test_imported_instances_read_as_they_did_at_the_recorded_dialer(play, folder, kind):
    """Section 8.3, key by key: the service itself, and its synthetic proxies."""
    hawser = play(folder).hawser
    path = f"/v1/health/{kind}/web?peer=dc1"
    theirs = recording.api_answers(folder)[path]
    assert _comparable(hawser.get(path)) == _comparable(theirs)


def test_an_imported_instance_has_the_recorded_keys_in_their_order(play):
    hawser = play("gw-mesh").hawser
    path = "/v1/health/connect/web?peer=dc1"
    [ours], [theirs] = hawser.get(path), recording.api_answers("gw-mesh")[path]
    [ours_check], [their_check] = ours["Checks"], theirs["Checks"]
    for left, right in [
        (ours, theirs),
        (ours["Node"], theirs["Node"]),
        (ours["Service"], theirs["Service"]),
        (ours["Service"]["Proxy"], theirs["Service"]["Proxy"]),
        (ours["Service"]["Connect"], theirs["Service"]["Connect"]),
        (ours_check, their_check),
    ]:
        assert list(left) == list(right)


@pytest.mark.parametrize("folder", MESH)
def test_summaries_of_imported_services_are_the_recorded_dialers(play, folder):
    """The list that Consul's UI reads. Of the other recorded answers, those of
    /v1/catalog leave the peer out of account, which is no use to anyone."""
    path = "/v1/internal/ui/services"
    theirs = [
        summary
        for summary in recording.api_answers(folder)[path]
        if summary.get("PeerName") == "dc1"
    ]
    ours = play(folder).hawser.get(path)
    for summary in ours:
        # What we know beyond Consul.
        summary.pop("Hawser", None)
    assert ours == theirs


def test_a_cluster_without_gateways_reads_as_recorded(make_hawser, authority, cleanup):
    """Section 8.3 and observed 14: nothing for the mesh, an empty list.

    Of the cluster of these answers there is no stream: the recorded message of another
    one, with what those answers say instead.
    """
    hawser = make_hawser("node-dc2", datacenter="dc2")
    acceptor = Acceptor(authority)
    cleanup.callback(acceptor.close)
    answer = hawser.establish(acceptor.token(), "dc1")
    assert answer.status == 200, answer.text
    stream = acceptor.accept()
    [theirs] = recording.json_of("json/imported.health-service-web.json")

    for message in recording.stream("wire"):
        response = message.message.response
        if response.Nonce not in ("00000001", "00000002", "00000004"):
            continue
        if message.direction == recording.ACCEPTOR:
            if response.ResourceID == "web":
                resource = wire.unpack(response)
                resource.Nodes[0].Node.ID = theirs["Node"]["ID"]
                resource.Nodes[0].Service.Tags[:] = theirs["Service"]["Tags"]
                resource.Nodes[0].Service.Meta.update(theirs["Service"]["Meta"])
                response.Resource.value = resource.SerializeToString()
            stream.send(message.message)
            stream.expect_ack(response.Nonce)

    assert _comparable(hawser.imported("web", "dc1")) == _comparable([theirs])
    assert hawser.imported("web", "dc1", "connect") == recording.json_of(
        "json/imported.health-connect-web.json"
    )


def _comparable(instances):
    """Without what a store numbers, and without the address that Consul gives out for
    transparent proxies, which Hawser has none of."""
    for item in instances:
        (item["Service"].get("TaggedAddresses") or {}).pop("consul-virtual", None)
        for part in (item["Node"], item["Service"], *item["Checks"]):
            assert part.pop("CreateIndex")
            assert part.pop("ModifyIndex")
    return instances


# The end


def test_a_deletion_says_goodbye_as_the_recorded_dialer_did(play):
    """Observed 22: Terminated, END_STREAM, and then the acceptor's OK."""
    played = play("wire")
    *_, last = played.recorded
    played.hawser.delete("dc1")
    played.replay.expect(last)
    played.stream.wait_until_over()
    played.stream.end()
    eventually(lambda: played.hawser.peering("dc1") is None, "the peering is gone")
    assert played.stream.raw[-1] == last.data
    assert played.replay.unmatched == []
    assert played.hawser.imported("web", "dc1") == []
