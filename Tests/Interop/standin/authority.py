"""The stand-in's CA: a root and leaves of the shape that Consul makes (protocol section 10)."""

import datetime
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


def _now():
    return datetime.datetime.now(datetime.timezone.utc)


def pem_of(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


class Issued:
    """A certificate with its key, and the chain to present."""

    def __init__(self, certificate, key, chain=()):
        self.certificate = certificate
        self.key = key
        self.chain = [certificate, *chain]

    @property
    def certificate_pem(self):
        return "".join(pem_of(item) for item in self.chain)

    @property
    def key_pem(self):
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()


class Authority:
    """One cluster's trust domain with its root."""

    def __init__(self, datacenter="standin", cluster_id=None):
        self.datacenter = datacenter
        self.trust_domain = f"{cluster_id or uuid.uuid4()}.consul"
        self.root = self.make_root()

    @property
    def server_name(self):
        return f"server.{self.datacenter}.peering.{self.trust_domain}"

    @property
    def root_pem(self):
        return pem_of(self.root.certificate)

    def make_root(self):
        key = ec.generate_private_key(ec.SECP256R1())
        name = f"pri-standin.consul.ca.{self.trust_domain[:8]}.consul"
        return self._sign_ca(name, key, None)

    def make_intermediate(self):
        """A CA under the root; leaves that it signs need it in their chain."""
        key = ec.generate_private_key(ec.SECP256R1())
        return self._sign_ca("standin intermediate", key, self.root)

    def make_leaf(self, server_name=None, issuer=None, days=(0, 3)):
        """The certificate of a peering port.

        `days` are the start and end of its validity from now.
        """
        issuer = issuer or self.root
        key = ec.generate_private_key(ec.SECP256R1())
        start, end = (_now() + datetime.timedelta(days=day) for day in days)
        alternatives = [
            x509.DNSName(server_name or self.server_name),
            x509.UniformResourceIdentifier(
                f"spiffe://{self.trust_domain}/agent/server/dc/{self.datacenter}"
            ),
        ]
        builder = (
            self._builder(x509.Name([]), issuer.certificate.subject, key)
            .not_valid_before(start - datetime.timedelta(minutes=1))
            .not_valid_after(end)
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=True)
            .add_extension(x509.BasicConstraints(False, None), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage(
                    [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
                ),
                critical=False,
            )
        )
        certificate = self._sign(builder, key, issuer)
        chain = [] if issuer is self.root else [issuer.certificate]
        return Issued(certificate, key, chain)

    def _builder(self, subject, issuer_name, key):
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer_name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
        )

    def _sign_ca(self, common_name, key, issuer):
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        issuer_name = issuer.certificate.subject if issuer else subject
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        trust_domain = x509.UniformResourceIdentifier(f"spiffe://{self.trust_domain}")
        builder = (
            self._builder(subject, issuer_name, key)
            .not_valid_before(_now() - datetime.timedelta(minutes=1))
            .not_valid_after(_now() + datetime.timedelta(days=3650))
            .add_extension(x509.BasicConstraints(True, None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectAlternativeName([trust_domain]), critical=False)
        )
        return Issued(self._sign(builder, key, issuer), key)

    def _sign(self, builder, key, issuer):
        signer = issuer.key if issuer else key
        builder = builder.add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        ).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
            critical=False,
        )
        return builder.sign(signer, hashes.SHA256())


def write_pair(directory, issued, name="server"):
    """Puts a certificate and its key where a daemon's settings may say: their paths."""
    certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
    certificate.write_text(issued.certificate_pem)
    key.touch(mode=0o600)
    key.write_text(issued.key_pem)
    return str(certificate), str(key)
