package import IdentityCore
package import StateCore
import TLSEngine

/// Who the cluster is: made at the first start, read at later ones (protocol section 10).
package enum IdentityMaker {
    /// - Parameters:
    ///   - datacenter: as configured; stored data of another one is refused.
    ///   - now: seconds since 1970.
    /// - Returns: what is stored, on disk when this returns.
    /// - Throws: `conflict` for another cluster's data, `failed` for a root that cannot be used.
    package static func establish(
        in store: StateStore, datacenter: String, now: Int64
    ) async throws(Refusal) -> ClusterIdentity {
        if let stored = store.state.identity, stored.datacenter == datacenter {
            _ = try issuer(of: stored)
            return stored
        }
        let proposed = try make(datacenter: datacenter, now: now)
        return try await store.apply(EstablishIdentity(proposed: proposed))
    }

    /// Makes a new active root, signed by the present one too; the present one stays trusted.
    ///
    /// - Parameter now: seconds since 1970.
    package static func rotate(in store: StateStore, now: Int64) async throws(Refusal) -> ClusterIdentity {
        guard let identity = store.state.identity else {
            throw Refusal(.unavailable, "CA has not finished initializing")
        }
        let previous = try issuer(of: identity)
        var root: CARoot
        do throws(TLSError) {
            root = try makeRoot(of: identity.trustDomain, now: now)
            let certificates = try X509Certificate.parsePEM(root.certificatePEM)
            // As long as the old root itself: how long it is trusted is decided by whoever retires it.
            let lifetime = max(previous.certificate.notAfter - now, 1)
            let cross = try previous.crossSign(certificates[0], now: now, lifetime: lifetime)
            root.crossCertificate = CrossCertificate(signerID: identity.activeRootID, certificatePEM: cross.pem)
        } catch {
            throw Refusal(.failed, "a new root could not be made: \(error)")
        }
        return try await store.apply(RotateRoot(root: root, now: now))
    }

    /// The active root with its key.
    static func issuer(of identity: ClusterIdentity) throws(Refusal) -> CertificateIssuer {
        guard let root = identity.activeRoot, let key = root.key else {
            throw Refusal(.failed, "the stored CA has no active root with a key: restore the data directory")
        }
        let issuer: CertificateIssuer
        do throws(TLSError) {
            // There is at least one, or parsing throws.
            let certificates = try X509Certificate.parsePEM(root.certificatePEM)
            issuer = try CertificateIssuer(certificate: certificates[0], key: try PrivateKey(pem: key.reveal()))
        } catch {
            throw Refusal(.failed, "the stored CA root cannot be used: \(error). Restore the data directory")
        }
        guard issuer.certificate.uris == [identity.trustDomain.signingID] else {
            throw Refusal(
                .failed,
                "the stored CA root is not the one of \(identity.trustDomain), which is who this cluster is: restore the "
                    + "data directory")
        }
        return issuer
    }

    private static func make(datacenter: String, now: Int64) throws(Refusal) -> ClusterIdentity {
        do throws(TLSError) {
            let domain = TrustDomain(clusterID: RandomID.text(from: try Crypto.randomBytes(16)))
            let root = try makeRoot(of: domain, now: now)
            return ClusterIdentity(
                trustDomain: domain, datacenter: datacenter,
                nodeID: RandomID.text(from: try Crypto.randomBytes(16)), roots: [root], activeRootID: root.id)
        } catch {
            throw Refusal(.failed, "the cluster's CA could not be made: \(error)")
        }
    }

    private static func makeRoot(of domain: TrustDomain, now: Int64) throws(TLSError) -> CARoot {
        let name = "pri-\(try randomBase36(8)).consul.ca.\(domain.clusterID.prefix(8)).consul"
        let issuer = try CertificateIssuer.makeRoot(commonName: name, uri: domain.signingID, now: now)
        let certificate = issuer.certificate
        let id = (certificate.subjectKeyID ?? certificate.sha256Fingerprint)
            .map { Hex.encode([$0]) }.joined(separator: ":")
        return CARoot(
            id: id, name: "Consul CA Primary Cert", certificatePEM: certificate.pem,
            serialHex: certificate.serialNumber, notBefore: certificate.notBefore, notAfter: certificate.notAfter,
            key: SecretText(try issuer.key.exportPEM()))
    }

    /// 252 of the 256 byte values map evenly onto 36 digits; the others are drawn again.
    private static func randomBase36(_ count: Int) throws(TLSError) -> String {
        let digits = Array("0123456789abcdefghijklmnopqrstuvwxyz".utf8)
        var text: [UInt8] = []
        while text.count < count {
            for byte in try Crypto.randomBytes(count) where byte < 252 && text.count < count {
                text.append(digits[Int(byte) % 36])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
