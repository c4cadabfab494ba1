"""Tokens that real Consul servers printed, and Hawser's beside them (section 1.1)."""

import base64
import json

import pytest
from standin import recording

FOLDERS = ["json", "wire", "gw-plain", "gw-plain-tcp", "gw-mesh"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_real_token_is_taken_as_it_is_and_its_address_dialed(make_hawser, folder):
    """Sections 1.5 and 1.6: nothing is wrong with it but that nobody answers there."""
    hawser = make_hawser(datacenter="dc2")
    text = recording.token(folder)
    [address] = json.loads(base64.b64decode(text))["ServerAddresses"]

    outcome = hawser.cli(
        "peering", "establish", "-name", "dc1", "-peering-token", text
    )

    assert outcome.code == 1
    assert f'failed to exchange peering secret through address "{address}"' in (
        outcome.errors
    )
    assert "refused" in outcome.errors
    for complaint in ("token", "CA", "server name", "peer ID"):
        assert complaint not in outcome.errors, outcome.errors


def test_the_gateways_address_stands_in_a_token_through_gateways():
    """Section 1.2: with PeerThroughMeshGateways; the server's name stays."""
    direct, through = (
        json.loads(base64.b64decode(recording.token(folder)))
        for folder in ("gw-plain", "gw-mesh")
    )
    assert direct["ServerAddresses"] == ["127.0.0.1:21503"]
    assert through["ServerAddresses"] == ["127.0.0.1:21443"]
    assert through["ServerName"].startswith("server.dc1.peering.")


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_token_of_ours_has_the_shape_of_a_real_one(make_hawser, folder):
    """Section 1.1: the same keys in the same order with values of the same types."""
    real = base64.b64decode(recording.token(folder), validate=True)
    ours = base64.b64decode(make_hawser().token("dc2"), validate=True)
    assert _shape(json.loads(ours)) == _shape(json.loads(real))


def test_a_token_of_ours_is_written_as_a_real_one_is(make_hawser):
    """Compact JSON in the alphabet and with the padding that Go's decoder demands."""
    for text in (recording.token("wire"), make_hawser().token("dc2")):
        data = base64.b64decode(text, validate=True)
        assert base64.b64encode(data).decode() == text
        fields = json.loads(data)
        assert json.dumps(fields, separators=(",", ":")).encode() == data
        for pem in fields["CA"]:
            assert pem.endswith("-----END CERTIFICATE-----\n")
        for identifier in ("PeerID", "EstablishmentSecret"):
            assert len(fields[identifier]) == 36
            assert set(fields[identifier]) <= set("0123456789abcdef-")


def test_values_that_must_differ_have_the_same_form(make_hawser):
    hawser = make_hawser(datacenter="dc1")
    for text in (recording.token("wire"), hawser.token("dc2")):
        fields = json.loads(base64.b64decode(text))
        domain = fields["ServerName"].removeprefix("server.dc1.peering.")
        cluster = domain.removesuffix(".consul")
        assert domain == f"{cluster}.consul"
        assert [len(part) for part in cluster.split("-")] == [8, 4, 4, 4, 12]
        assert fields["Remote"] == {
            "Partition": "",
            "Datacenter": "dc1",
            "Locality": None,
        }
        [address] = fields["ServerAddresses"]
        host, port = address.split(":")
        assert host == "127.0.0.1"
        assert 0 < int(port) < 65536


def _shape(value):
    """Keys in their order and types, without the values; lists by their first."""
    if isinstance(value, dict):
        return [(key, _shape(item)) for key, item in value.items()]
    if isinstance(value, list):
        return [_shape(item) for item in value[:1]]
    return type(value).__name__
