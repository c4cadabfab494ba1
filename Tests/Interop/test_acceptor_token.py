"""Tokens that Hawser makes (protocol sections 1.1 to 1.4)."""

import base64
import json
import re

import grpc
import pytest

from standin import wire
from standin.acceptor import Acceptor
from standin.dialer import Dialer, decode_token, refusal_of
from standin.hawser import THROUGH_GATEWAYS, Hawser, exports
from standin.waiting import eventually

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
KEYS = [
    "CA",
    "ManualServerAddresses",
    "ServerAddresses",
    "ServerName",
    "PeerID",
    "EstablishmentSecret",
    "Remote",
]
DEAD = (grpc.StatusCode.PERMISSION_DENIED, "invalid peering establishment secret")
BAD_NAME = (
    "{} is not a valid peer name: a valid peering name must consist of lower case "
    "alphanumeric characters or '-', and must start and end with an alphanumeric "
    "character"
)


@pytest.fixture
def hawser(make_hawser):
    return make_hawser()


def ask(hawser, **fields):
    """Asks for a token: the answer, whatever it is."""
    return hawser.api("POST", "/v1/peering/token", {"PeerName": "standin"} | fields)


def refused(answer):
    assert 400 <= answer.status < 600, answer
    return answer.text


# The shape


def test_a_token_is_compact_json_in_padded_standard_base64(hawser):
    """Section 1.1, over enough tokens for each length of padding to come up."""
    paddings = set()
    for length in range(1, 4):
        text = hawser.token(f"p{length}", ServerExternalAddresses=["a" * length + ":1"])
        paddings.add(len(text) - len(text.rstrip("=")))
        assert len(text) % 4 == 0
        decoded = base64.b64decode(text, validate=True).decode()
        assert base64.b64encode(decoded.encode()).decode() == text
        assert json.dumps(json.loads(decoded), separators=(",", ":")) == decoded
    assert paddings == {0, 1, 2}


def test_a_token_has_all_seven_keys_in_order(hawser):
    fields = decode_token(hawser.token())
    assert list(fields) == KEYS
    assert list(fields["Remote"]) == ["Partition", "Datacenter", "Locality"]


def test_what_is_unset_is_null_and_not_left_out(hawser):
    fields = decode_token(hawser.token())
    assert fields["ManualServerAddresses"] is None
    assert fields["Remote"] == {"Partition": "", "Datacenter": "dc1", "Locality": None}


def test_the_remote_names_the_datacenter_of_the_acceptor(make_hawser):
    fields = decode_token(make_hawser(datacenter="north").token())
    assert fields["Remote"]["Datacenter"] == "north"
    assert fields["ServerName"].startswith("server.north.peering.")


def test_the_ca_is_the_connect_root_with_a_newline_at_its_end(hawser):
    """Observed 2: the CA of the token is the Connect root."""
    (text,) = decode_token(hawser.token())["CA"]
    (root,) = hawser.get("/v1/connect/ca/roots")["Roots"]
    assert text.startswith("-----BEGIN CERTIFICATE-----\n")
    assert text.endswith("-----END CERTIFICATE-----\n")
    assert text.strip() == root["RootCert"].strip()


def test_the_server_name_is_made_of_datacenter_and_trust_domain(hawser):
    name = decode_token(hawser.token())["ServerName"]
    trust_domain = hawser.get("/v1/connect/ca/roots")["TrustDomain"]
    assert name == f"server.dc1.peering.{trust_domain}"
    assert re.fullmatch(ID.pattern + r"\.consul", trust_domain)


def test_the_suffix_of_the_server_name_ignores_the_dns_domain(make_hawser):
    """Section 1.2: the suffix is always `consul`."""
    hawser = make_hawser(agent={"domain": "example"})
    assert decode_token(hawser.token())["ServerName"].endswith(".consul")


def test_ids_and_secrets_are_36_characters_of_lower_case_hex(hawser):
    fields = decode_token(hawser.token())
    assert ID.fullmatch(fields["PeerID"])
    assert ID.fullmatch(fields["EstablishmentSecret"])


def test_the_peer_id_is_the_acceptors_own(hawser):
    """Observed 6."""
    fields = decode_token(hawser.token())
    peering = hawser.peering()
    assert fields["PeerID"] == peering["ID"]
    assert "PeerID" not in peering
    assert "PeerServerName" not in peering
    assert "PeerServerAddresses" not in peering


def test_the_server_addresses_are_those_of_the_peering_port(hawser):
    fields = decode_token(hawser.token())
    assert fields["ServerAddresses"] == [f"127.0.0.1:{hawser.peering_port}"]


def test_external_addresses_become_manual_ones_beside_the_others(hawser):
    given = ["lb.example:443", "10.0.0.1:8503", "[2001:db8::1]:8503"]
    fields = decode_token(hawser.token(ServerExternalAddresses=given))
    assert fields["ManualServerAddresses"] == given
    assert fields["ServerAddresses"] == [f"127.0.0.1:{hawser.peering_port}"]


def gateway(number, address, port, wan=None):
    tagged = {"wan": {"address": wan[0], "port": wan[1]}} if wan else {}
    return {
        "name": "mesh-gateway",
        "id": f"gw-{number}",
        "kind": "mesh-gateway",
        "address": address,
        "port": port,
        "tagged_addresses": tagged,
    }


def test_with_peering_through_gateways_the_addresses_are_their_wan_addresses(
    make_hawser,
):
    """Section 1.2 and observed 6: tagged address `wan` first; the name stays."""
    gateways = [
        gateway(1, "10.0.0.1", 8443, ("198.51.100.1", 443)),
        gateway(2, "10.0.0.2", 8443),
        gateway(3, "2001:db8::3", 8443),
    ]
    hawser = make_hawser(
        files={"mesh.json": THROUGH_GATEWAYS, "gateways.json": {"services": gateways}}
    )
    fields = decode_token(hawser.token())
    assert fields["ServerAddresses"] == [
        "198.51.100.1:443",
        "10.0.0.2:8443",
        "[2001:db8::3]:8443",
    ]
    trust_domain = hawser.get("/v1/connect/ca/roots")["TrustDomain"]
    assert fields["ServerName"] == f"server.dc1.peering.{trust_domain}"


def test_without_a_gateway_peering_through_gateways_makes_no_token(make_hawser):
    """Section 1.2: there is no fallback to server addresses."""
    hawser = make_hawser(files={"mesh.json": THROUGH_GATEWAYS})
    assert refused(ask(hawser)) == (
        "servers are configured to PeerThroughMeshGateways, but no mesh gateway "
        "instances are registered"
    )


@pytest.mark.parametrize(
    "address, reason",
    [
        ("0.0.0.0:8503", "stands for every address of a machine"),
        ("[::]:8503", "stands for every address of a machine"),
        ("224.0.0.1:8503", "is a multicast address"),
        ("[fe80::1]:8503", "holds on one network link only"),
    ],
)
def test_addresses_that_nobody_can_dial_are_refused(hawser, address, reason):
    answer = ask(hawser, ServerExternalAddresses=["198.51.100.7:8503", address])
    assert f"{address} is not a valid peering server address: it {reason}" in refused(answer)
    assert hawser.peering() is None


def test_gateways_that_nobody_can_dial_are_refused(make_hawser):
    services = {"services": [gateway(1, "10.0.0.1", 8443, wan=("0.0.0.0", 443))]}
    files = {"mesh.json": THROUGH_GATEWAYS, "gateways.json": services}
    hawser = make_hawser(files=files)
    assert "no mesh gateway has a WAN address that peers can dial: 0.0.0.0:443" in refused(
        ask(hawser)
    )
    external = ["198.51.100.7:8503"]
    fields = decode_token(hawser.token(ServerExternalAddresses=external))
    assert fields["ManualServerAddresses"] == external
    services["services"].append(gateway(2, "10.0.0.2", 8443, wan=("198.51.100.2", 443)))
    hawser.write("gateways.json", services)
    hawser.reload()
    assert decode_token(hawser.token("other"))["ServerAddresses"] == ["0.0.0.0:443", "198.51.100.2:443"]


def test_the_command_shows_where_the_token_leads(hawser):
    external = "peer.example.com:8503,127.0.0.1:8503"
    flags = ["-name", "standin", "-server-external-addresses", external]
    outcome = hawser.cli("peering", "generate-token", *flags)
    token = outcome.output.strip()
    assert decode_token(token)["ManualServerAddresses"] == external.split(",")
    name = decode_token(token)["ServerName"]
    assert outcome.errors == (
        f"The token leads to {name} at:\n"
        "  peer.example.com:8503\n"
        "  127.0.0.1:8503 (from this machine only)\n"
    )
    json_outcome = hawser.cli("peering", "generate-token", *flags, "-format", "json")
    assert json_outcome.errors == ""


# Errors of section 1.3. Consul answers 500 to all of them (section 8.1); the text is
# what the two have in common.


@pytest.mark.parametrize(
    "name", ["Upper", "-a", "a-", "a_b", "a.b", "ä", " ", "a b", "a" * 64]
)
def test_a_bad_peer_name_is_refused(hawser, name):
    assert refused(ask(hawser, PeerName=name)) == BAD_NAME.format(name)
    assert hawser.get("/v1/peerings") == []


@pytest.mark.parametrize("name", ["a", "0", "a-b", "1-2", "a" * 63])
def test_a_good_peer_name_is_taken(hawser, name):
    assert ask(hawser, PeerName=name).status == 200
    assert hawser.state(name) == "PENDING"


def test_a_token_without_a_peer_name_is_refused(hawser):
    """Section 8.1."""
    text = "PeerName is required in the payload when generating a new peering token."
    for body in ({}, {"PeerName": ""}):
        answer = hawser.api("POST", "/v1/peering/token", body)
        assert (answer.status, answer.text) == (400, text)


def test_partitions_are_refused_but_for_the_default(hawser):
    text = "Partitions are a Consul Enterprise feature"
    assert refused(ask(hawser, Partition="east")) == text
    assert ask(hawser, Partition="default").status == 200
    assert ask(hawser, Partition="").status == 200


META_FAULTS = {
    "too many": (
        {f"k{number}": "v" for number in range(65)},
        "Node metadata cannot contain more than 64 key/value pairs",
    ),
    "bad character": (
        {"a b": "v"},
        "Couldn't load metadata pair ('a b', 'v'): Key contains invalid characters",
    ),
    "reserved": ({"consul-x": "v"}, None),
    "long key": ({"k" * 129: "v"}, None),
    "empty key": ({"": "v"}, None),
    "long value": ({"k": "v" * 513}, None),
}


@pytest.mark.parametrize("fault", META_FAULTS)
def test_bad_meta_is_refused(hawser, fault):
    """Details are given where the protocol has them."""
    meta, detail = META_FAULTS[fault]
    text = refused(ask(hawser, Meta=meta))
    assert text.startswith("meta tags failed validation: ")
    assert detail is None or text == f"meta tags failed validation: {detail}"


def test_meta_at_its_limits_is_taken(hawser):
    meta = {f"k{number}": "v" for number in range(63)} | {"k" * 128: "v" * 512}
    assert ask(hawser, Meta=meta).status == 200
    assert hawser.peering()["Meta"] == meta


def test_the_name_of_a_dialing_peering_makes_no_token(hawser, authority):
    with Acceptor(authority) as acceptor:
        acceptor.connect(hawser)
        assert refused(ask(hawser)) == (
            'cannot create peering with name: "standin"; '
            "there is already an established peering"
        )


@pytest.mark.parametrize("block", ["peering", "connect"])
def test_without_peering_or_connect_there_is_no_daemon(make_hawser, block):
    """Two rows of section 1.3 cannot occur: Hawser has nothing else to do."""
    with pytest.raises(AssertionError, match=f"{block}.enabled is false"):
        make_hawser(agent={block: {"enabled": False}})


def test_no_token_is_made_without_a_peering_port(tmp_path, cleanup):
    hawser = Hawser(tmp_path / "hawser", "hawser")
    hawser.peering_port = -1
    cleanup.callback(hawser.kill)
    hawser.start()
    text = "TLS for gRPC must be enabled when generating peering tokens"
    assert refused(ask(hawser)) == text


# Again


def test_a_second_token_keeps_the_peer_id_and_has_a_new_secret(hawser):
    """Section 1.4."""
    first, second = decode_token(hawser.token()), decode_token(hawser.token())
    assert first["PeerID"] == second["PeerID"]
    assert first["EstablishmentSecret"] != second["EstablishmentSecret"]
    assert len(hawser.get("/v1/peerings")) == 1


def test_the_older_token_is_dead(hawser):
    """Section 1.4, probe case 15."""
    older, newer = hawser.token(), hawser.token()
    with Dialer(older) as dialer:
        assert refusal_of(dialer.exchange) == DEAD
    with Dialer(newer) as dialer:
        assert ID.fullmatch(dialer.exchange())


def test_meta_of_a_second_token_is_ignored(hawser):
    """Section 1.4."""
    hawser.token(Meta={"owner": "first"})
    hawser.token(Meta={"owner": "second"})
    assert hawser.peering()["Meta"] == {"owner": "first"}


def test_a_running_stream_is_not_disturbed_by_a_new_token(hawser):
    with Dialer(hawser.token()) as dialer:
        stream = dialer.connect()
        stream.expect_ack(stream.upsert_list("api"))
        hawser.token()
        stream.expect_ack(stream.upsert_service("api", wire.instance("api")))
        assert hawser.state() == "ACTIVE"
        assert hawser.imported_ids("api") == ["api-1"]


def test_an_unused_token_outlives_a_restart(hawser):
    """Section 2.4: a token has no expiry."""
    token = hawser.token()
    hawser.restart()
    with Dialer(token) as dialer:
        dialer.connect().next_response(url=wire.TRUST_BUNDLE)


def test_a_token_of_a_deleted_peering_is_dead(hawser):
    token = hawser.token()
    hawser.delete()
    with Dialer(token) as dialer:
        assert refusal_of(dialer.exchange) == DEAD


def test_the_name_is_free_after_deletion(hawser):
    first = decode_token(hawser.token())
    hawser.delete()
    eventually(lambda: hawser.peering() is None, "the peering is gone")
    second = decode_token(hawser.token())
    assert first["PeerID"] != second["PeerID"]
    assert hawser.state() == "PENDING"


def terminate(dialer):
    stream = dialer.connect()
    stream.next_response(url=wire.TRUST_BUNDLE)
    stream.send(wire.terminated())
    stream.half_close()
    assert stream.status()[0] == grpc.StatusCode.OK


def test_a_token_on_a_terminated_peering_works(make_hawser):
    """Section 1.4: Consul hands out a dead one there; this is better."""
    hawser = make_hawser(files={"exports.json": exports("web")})
    with Dialer(hawser.token()) as dialer:
        terminate(dialer)
    eventually(lambda: hawser.state() == "TERMINATED", "the peering is terminated")
    with Dialer(hawser.token()) as again:
        assert again.peer_id == dialer.peer_id
        stream = again.connect()
        assert stream.next_response("exported-service-list")
        assert hawser.state() == "ACTIVE"


def test_the_old_stream_secret_does_not_come_back_with_a_terminated_peering(hawser):
    """The other side said that it is gone: only the new token lets it in."""
    with Dialer(hawser.token()) as dialer:
        terminate(dialer)
        eventually(lambda: hawser.state() == "TERMINATED", "it is terminated")
        hawser.token()
        assert dialer.open().status() == (
            grpc.StatusCode.PERMISSION_DENIED,
            "invalid peering stream secret",
        )
