package import IdentityCore
import NIOConcurrencyHelpers
package import TLSEngine

/// The certificate of the peering port, as it is now. Handshakes read it on any thread; `IdentityService` renews it.
///
/// Connections that are up keep what they began with, so a renewal disturbs nobody.
package final class ServerCertificate: Sendable {
    private let identity: NIOLockedValueBox<TLSIdentity>

    /// Issues the first certificate.
    ///
    /// - Parameter now: seconds since 1970.
    package init(for cluster: ClusterIdentity, now: Int64) throws(Refusal) {
        identity = NIOLockedValueBox(try Self.issue(for: cluster, now: now))
    }

    /// What a handshake presents. Every client gets it, whatever name it asks for or none: there is no other
    /// certificate here, and this is what the field does then (observed: 3).
    package func current(for serverName: String?) -> TLSIdentity? {
        identity.withLockedValue { $0 }
    }

    /// Start and end of validity, seconds since 1970.
    var validity: ClosedRange<Int64> {
        let certificate = identity.withLockedValue { $0.certificate }
        return certificate.notBefore...max(certificate.notBefore, certificate.notAfter)
    }

    /// Later handshakes present a fresh certificate. Any task may call it.
    package func renew(for cluster: ClusterIdentity, now: Int64) throws(Refusal) {
        let renewed = try Self.issue(for: cluster, now: now)
        identity.withLockedValue { $0 = renewed }
    }

    private static func issue(for cluster: ClusterIdentity, now: Int64) throws(Refusal) -> TLSIdentity {
        let issuer = try IdentityMaker.issuer(of: cluster)
        do throws(TLSError) {
            var crossCertificates: [X509Certificate] = []
            for pem in cluster.crossCertificatePEMs { crossCertificates += try X509Certificate.parsePEM(pem) }
            return try issuer.issueIdentity(
                CertificateIssuer.LeafRequest(
                    dnsNames: [cluster.peeringServerName],
                    uris: [cluster.trustDomain.serverID(datacenter: cluster.datacenter)], now: now),
                intermediates: crossCertificates)
        } catch {
            throw Refusal(.failed, "the certificate of the peering port could not be issued: \(error)")
        }
    }
}
