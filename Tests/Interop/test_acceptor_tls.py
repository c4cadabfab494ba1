"""TLS on the accepting side (protocol sections 5.2 and 5.3, recordings in tls/)."""

import datetime
import ssl
import warnings

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from standin import wire
from standin.dialer import Dialer
from standin.raw import RawClient, connect_tls, frame, tls_context

V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def hawser(make_hawser):
    return make_hawser()


@pytest.fixture
def fields(hawser):
    """What a token says."""
    with Dialer(hawser.token()) as dialer:
        return dialer.fields


@pytest.fixture
def root(fields):
    return x509.load_pem_x509_certificate(fields["CA"][0].encode())


def presented(hawser, name, context=None):
    """The certificates of the port, as it sends them."""
    with connect_tls(hawser.peering_port, name, context or tls_context()) as connection:
        # The ssl module has no public name for it in this version of Python.
        chain = [c.public_bytes() for c in connection._sslobj.get_unverified_chain()]
    return [x509.load_pem_x509_certificate(text.encode()) for text in chain]


@pytest.fixture
def leaf(hawser, fields):
    return presented(hawser, fields["ServerName"])[0]


def extension(certificate, kind):
    return certificate.extensions.get_extension_for_class(kind)


# The certificate


def test_the_leaf_comes_alone(hawser, fields):
    """Observed 2: no intermediates with this CA, and never the root."""
    assert len(presented(hawser, fields["ServerName"])) == 1


def test_the_root_of_the_token_has_signed_the_leaf(leaf, root):
    leaf.verify_directly_issued_by(root)
    assert leaf.issuer == root.subject
    assert leaf.serial_number != root.serial_number
    assert leaf.signature_hash_algorithm.name == "sha256"


def test_the_leaf_has_the_names_of_the_peering_port(hawser, fields, leaf):
    names = extension(leaf, x509.SubjectAlternativeName)
    domain = hawser.get("/v1/connect/ca/roots")["TrustDomain"]
    assert set(names.value) == {
        x509.DNSName(fields["ServerName"]),
        x509.UniformResourceIdentifier(f"spiffe://{domain}/agent/server/dc/dc1"),
    }
    assert len(names.value) == 2


def test_the_names_are_critical_as_the_subject_is_empty(leaf):
    assert leaf.subject == x509.Name([])
    assert extension(leaf, x509.SubjectAlternativeName).critical


def test_the_leaf_may_serve_and_dial(leaf):
    usage = extension(leaf, x509.ExtendedKeyUsage)
    assert set(usage.value) == {
        ExtendedKeyUsageOID.SERVER_AUTH,
        ExtendedKeyUsageOID.CLIENT_AUTH,
    }
    assert not usage.critical


def test_the_key_usage_of_the_leaf(leaf):
    usage = extension(leaf, x509.KeyUsage)
    assert usage.critical
    assert usage.value == x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=True,
        data_encipherment=True,
        key_agreement=True,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def test_the_leaf_is_no_ca(leaf):
    constraints = extension(leaf, x509.BasicConstraints)
    assert constraints.critical
    assert not constraints.value.ca


def test_the_leaf_has_a_key_on_p256(leaf):
    assert isinstance(leaf.public_key(), ec.EllipticCurvePublicKey)
    assert leaf.public_key().curve.name == "secp256r1"
    assert leaf.version == x509.Version.v3


def test_the_key_identifiers_tie_leaf_and_root(leaf, root):
    own = extension(leaf, x509.SubjectKeyIdentifier)
    authority = extension(leaf, x509.AuthorityKeyIdentifier)
    root_key = extension(root, x509.SubjectKeyIdentifier)
    assert not own.critical
    assert not authority.critical
    assert authority.value.key_identifier == root_key.value.digest
    assert own.value.digest != root_key.value.digest


def test_the_leaf_is_valid_for_three_days_from_a_minute_ago(leaf):
    """Observed 2."""
    now = datetime.datetime.now(datetime.timezone.utc)
    minute = datetime.timedelta(minutes=1)
    begin, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    assert begin <= now - minute
    assert begin > now - HOUR
    assert 72 * HOUR <= end - begin <= 72 * HOUR + minute


def test_the_root_is_a_ca_of_the_trust_domain(hawser, root):
    """Section 10."""
    domain = hawser.get("/v1/connect/ca/roots")["TrustDomain"]
    assert extension(root, x509.BasicConstraints).value.ca
    assert extension(root, x509.BasicConstraints).critical
    usage = extension(root, x509.KeyUsage)
    assert usage.critical
    assert usage.value.key_cert_sign and usage.value.crl_sign
    assert usage.value.digital_signature
    names = extension(root, x509.SubjectAlternativeName).value
    assert list(names) == [x509.UniformResourceIdentifier(f"spiffe://{domain}")]
    (common_name,) = root.subject
    prefix, unique, *rest = common_name.value.replace("-", ".", 1).split(".")
    assert prefix == "pri" and unique
    assert rest == ["consul", "ca", domain[:8], "consul"]
    assert root.not_valid_after_utc - root.not_valid_before_utc >= 87_600 * HOUR


def test_a_restarted_daemon_is_known_by_the_same_root(hawser, fields, root):
    hawser.restart()
    (leaf,) = presented(hawser, fields["ServerName"])
    leaf.verify_directly_issued_by(root)


# Which certificate: by name


NAMES = {
    "the token's": lambda name: name,
    "another": lambda name: "server.dc1.consul",
    "none": lambda name: None,
    "upper case": str.upper,
    "a part of it": lambda name: name.partition(".")[2],
    "one label more": lambda name: f"x.{name}",
}


@pytest.mark.parametrize("which", NAMES)
def test_any_name_gets_the_certificate(hawser, fields, leaf, which):
    """Observed 3: there is no operator's certificate."""
    name = NAMES[which](fields["ServerName"])
    assert presented(hawser, name) == [leaf]


def test_the_certificate_passes_verification_for_its_name_only(hawser, fields):
    """Section 5.3: by the token's roots and the DNS name."""
    context = tls_context(fields["CA"][0])
    with connect_tls(hawser.peering_port, fields["ServerName"], context) as connection:
        assert connection.getpeercert()
    with pytest.raises(ssl.SSLCertVerificationError):
        connect_tls(hawser.peering_port, "server.dc1.consul", context)


# ALPN


@pytest.mark.parametrize("version", [V12, V13])
@pytest.mark.parametrize("offered", [["h2"], ["h2", "http/1.1"], ["http/1.1", "h2"]])
def test_h2_is_selected_when_it_is_offered(hawser, fields, offered, version):
    """Section 5.3: newer dialers insist on it."""
    context = tls_context(fields["CA"][0], offered, version, version)
    with connect_tls(hawser.peering_port, fields["ServerName"], context) as connection:
        assert connection.selected_alpn_protocol() == "h2"


def test_nothing_is_selected_of_nothing(hawser, fields):
    context = tls_context(fields["CA"][0], ())
    with connect_tls(hawser.peering_port, fields["ServerName"], context) as connection:
        assert connection.selected_alpn_protocol() is None


def test_another_protocol_is_not_selected_and_not_refused(hawser, fields):
    """As recorded, sni-token-alpn-http11."""
    context = tls_context(fields["CA"][0], ["http/1.1"])
    with connect_tls(hawser.peering_port, fields["ServerName"], context) as connection:
        assert connection.selected_alpn_protocol() is None


@pytest.mark.parametrize("alpn", [("h2",), ()], ids=["h2", "none"])
def test_a_stream_works_with_and_without_alpn(hawser, alpn):
    """Older dialers offer h2 and take none; the oldest offer nothing."""
    with Dialer(hawser.token()) as dialer:
        secret = dialer.exchange()
    fields = dialer.fields
    root, name = fields["CA"][0], fields["ServerName"]
    with RawClient(hawser.peering_port, name, root, alpn) as client:
        number = client.request(wire.STREAM_RESOURCES)
        opening = wire.open_(dialer.peer_id, secret)
        client.send(number, frame(opening.SerializeToString()))
        client.await_data(number)
        assert client.headers(number)[":status"] == "200"


# Versions


@pytest.mark.parametrize("version", [V12, V13])
def test_tls_1_2_and_1_3_are_spoken(hawser, fields, version):
    context = tls_context(fields["CA"][0], minimum=version, maximum=version)
    with connect_tls(hawser.peering_port, fields["ServerName"], context) as connection:
        assert connection.version() == version.name.replace("_", ".")


def test_tls_1_3_is_preferred(hawser, fields):
    context = tls_context(fields["CA"][0])
    with connect_tls(hawser.peering_port, fields["ServerName"], context) as connection:
        assert connection.version() == "TLSv1.3"


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
def test_older_versions_are_refused(hawser, fields, version):
    """As recorded, tls11: with the alert that says why."""
    context = tls_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion[version]
        context.maximum_version = ssl.TLSVersion[version]
    with pytest.raises(ssl.SSLError) as refusal:
        connect_tls(hawser.peering_port, fields["ServerName"], context)
    assert refusal.value.reason == "TLSV1_ALERT_PROTOCOL_VERSION"
    assert presented(hawser, fields["ServerName"])


@pytest.mark.parametrize(
    "cipher",
    [
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
    ],
)
def test_the_ciphers_of_go_work_in_tls_1_2(hawser, fields, cipher):
    """The first one as recorded, sni-token-tls12."""
    context = tls_context(fields["CA"][0], minimum=V12, maximum=V12)
    context.set_ciphers(cipher)
    with connect_tls(hawser.peering_port, fields["ServerName"], context) as connection:
        assert connection.cipher()[0] == cipher
        assert connection.selected_alpn_protocol() == "h2"


# Client certificates


@pytest.mark.parametrize("version", [V12, V13])
@pytest.mark.parametrize("which", ["the token's", "another", "none"])
def test_no_client_certificate_is_asked_for(hawser, fields, which, version):
    """Section 5.2."""
    seen = []
    context = tls_context(minimum=version, maximum=version)
    # The one way of the ssl module to look at the messages of a handshake.
    context._msg_callback = lambda connection, direction, *message: seen.append(
        (direction, message[2])
    )
    name = NAMES[which](fields["ServerName"])
    with connect_tls(hawser.peering_port, name, context):
        kinds = [kind.name for direction, kind in seen if direction == "read"]
    assert "SERVER_HELLO" in kinds and "CERTIFICATE" in kinds
    assert "CERTIFICATE_REQUEST" not in kinds


def test_a_client_that_has_a_certificate_need_not_show_it(
    hawser, fields, authority, tmp_path
):
    issued = authority.make_leaf()
    file = tmp_path / "client.pem"
    file.write_text(issued.certificate_pem + issued.key_pem)
    context = tls_context(fields["CA"][0])
    context.load_cert_chain(file)
    with connect_tls(hawser.peering_port, fields["ServerName"], context) as connection:
        assert connection.selected_alpn_protocol() == "h2"
