"""Certificates of real Consul servers, and Hawser's beside them (section 5.2, 10)."""

import base64
import datetime
import hashlib
import json
import re

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError
from standin import raw, recording

ROOT = "tls/connect-root.dc1.pem"
LEAVES = sorted(path.name for path in (recording.FIXTURES / "tls").glob("*.leaf.pem"))


def _load(name):
    return x509.load_pem_x509_certificate(recording.text(name).encode())


def _token_fields(text):
    return json.loads(base64.b64decode(text))


# What was recorded


@pytest.mark.parametrize("name", LEAVES)
def test_a_recorded_leaf_is_valid_for_the_name_in_the_token(name):
    """Observed 2 and 3: whatever name was asked for, and with the root of the token."""
    fields = _token_fields(recording.token("json"))
    [root] = fields["CA"]
    assert root.strip() == recording.text(ROOT).strip()
    leaf = _load(f"tls/{name}")
    assert _verifier(_load(ROOT), fields["ServerName"], leaf).verify(leaf, [])


def test_a_recorded_leaf_is_not_valid_for_another_name_or_root():
    """That the test above can fail."""
    leaf = _load("tls/sni-token-alpn.leaf.pem")
    [name] = _alternatives(leaf)["DNSName"]
    for root, server_name in [
        (_load(ROOT), name.replace("dc1", "dc2")),
        (_recorded_roots()[-1], name),
    ]:
        with pytest.raises((VerificationError, InvalidSignature)):
            _verifier(root, server_name, leaf).verify(leaf, [])


@pytest.mark.parametrize("name", LEAVES)
def test_the_recorded_leaf_is_the_same_for_every_name_asked_for(name):
    """Observed 3."""
    assert recording.text(f"tls/{name}") == recording.text(f"tls/{LEAVES[0]}")


# Hawser's


@pytest.fixture
def ours(make_hawser):
    """The root and the leaf of a daemon, and the name in its token."""
    hawser = make_hawser(datacenter="dc1")
    fields = _token_fields(hawser.token("dc2"))
    [root] = fields["CA"]
    name = fields["ServerName"]
    with raw.connect_tls(hawser.peering_port, name, raw.tls_context(root)) as tls:
        leaf = x509.load_der_x509_certificate(tls.getpeercert(binary_form=True))
    return x509.load_pem_x509_certificate(root.encode()), leaf, name


def test_our_leaf_is_valid_for_the_name_in_the_token(ours):
    root, leaf, name = ours
    assert _verifier(root, name, leaf).verify(leaf, [])


def test_our_leaf_has_the_shape_of_the_recorded_one(ours):
    assert _shape(ours[1]) == _shape(_load("tls/sni-token-alpn.leaf.pem"))


def test_our_root_has_the_shape_of_the_recorded_ones(ours):
    for recorded in _recorded_roots():
        assert _shape(ours[0]) == _shape(recorded)


def test_our_leaf_is_valid_for_as_long_as_the_recorded_one(ours):
    """Observed 2: 72 hours, which begin a minute before it was made."""
    assert _lifetime(ours[1]) == _lifetime(_load("tls/sni-token-alpn.leaf.pem"))


def test_our_root_is_valid_for_as_long_as_the_recorded_ones(ours):
    """Section 10: `root_cert_ttl`, 87600 hours."""
    for recorded in _recorded_roots():
        assert _lifetime(ours[0]) == _lifetime(recorded)


def test_our_certificates_name_each_other_as_recorded_ones_do(ours):
    recorded = _load(ROOT), _load("tls/sni-token-alpn.leaf.pem")
    for root, leaf in (recorded, ours[:2]):
        domain = _alternatives(root)["URI"][0].removeprefix("spiffe://")
        assert leaf.issuer == root.subject == root.issuer
        assert _alternatives(leaf) == {
            "DNSName": [f"server.dc1.peering.{domain}"],
            "URI": [f"spiffe://{domain}/agent/server/dc/dc1"],
        }
        assert _authority_key(leaf) == _authority_key(root) == _subject_key(root)
        assert domain[:8] in root.subject.rfc4514_string()


def _recorded_roots():
    """First roots of four clusters."""
    folders = ["json", "wire", "gw-plain", "gw-mesh"]
    texts = [_token_fields(recording.token(folder))["CA"][0] for folder in folders]
    return [x509.load_pem_x509_certificate(text.encode()) for text in texts]


def _verifier(root, name, leaf):
    """Verifies for a server's name at a time shortly after the leaf was made."""
    at = leaf.not_valid_before_utc + datetime.timedelta(minutes=5)
    policy = PolicyBuilder().store(Store([root])).time(at)
    return policy.build_server_verifier(x509.DNSName(name))


def _shape(certificate):
    """All that is the same in certificates of all clusters."""
    key = certificate.public_key()
    constraints = _value(certificate, x509.BasicConstraints)
    usage = _value(certificate, x509.ExtendedKeyUsage)
    return {
        "extensions": [
            (item.oid._name, item.critical) for item in certificate.extensions
        ],
        "key usage": _value(certificate, x509.KeyUsage),
        "extended key usage": usage and [item._name for item in usage],
        "alternative names": list(_alternatives(certificate)),
        "constraints": (constraints.ca, constraints.path_length),
        "key": (type(key).__name__, key.curve.name),
        "signature": (certificate.version, certificate.signature_algorithm_oid._name),
        # The cluster's first eight digits and a random word stand in a root's name.
        "subject": re.sub(
            r"pri-[0-9a-z]{1,13}\.consul\.ca\.[0-9a-f]{8}\.consul",
            "pri-WORD.consul.ca.CLUSTER.consul",
            certificate.subject.rfc4514_string(),
        ),
        "key identifiers": (
            _subject_key(certificate) == _digest(key),
            len(_authority_key(certificate)),
            _value(certificate, x509.AuthorityKeyIdentifier).authority_cert_issuer,
        ),
    }


def _lifetime(certificate):
    return certificate.not_valid_after_utc - certificate.not_valid_before_utc


def _value(certificate, kind):
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _alternatives(certificate):
    """Names by kind, the kinds in the order of the certificate."""
    names = {}
    for name in _value(certificate, x509.SubjectAlternativeName):
        kind = "DNSName" if isinstance(name, x509.DNSName) else "URI"
        names.setdefault(kind, []).append(name.value)
    return names


def _subject_key(certificate):
    return _value(certificate, x509.SubjectKeyIdentifier).digest


def _authority_key(certificate):
    return _value(certificate, x509.AuthorityKeyIdentifier).key_identifier


def _digest(key):
    info = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(info).digest()
