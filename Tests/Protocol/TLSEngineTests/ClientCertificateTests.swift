import Foundation
import TLSEngine
import TLSTestKit
import Testing

/// A server that wants to know who its clients are. It judges by the system's clock.
@Suite("TLS verification of the client")
struct ClientCertificateTests {
    let ca: TestCA
    let clients: CertificateIssuer
    private let now = Int64(Date().timeIntervalSince1970)

    init() throws {
        self.ca = try TestCA()
        self.clients = try CertificateIssuer.makeRoot(commonName: "clients", uri: "spiffe://clients", now: self.now)
    }

    private func identity(_ issuer: CertificateIssuer, now: Int64) throws -> TLSIdentity {
        try issuer.issueIdentity(.init(dnsNames: ["somebody"], uris: [], now: now, lifetime: 3600))
    }

    private func pair(_ identity: TLSIdentity?) throws -> TLSPair {
        let server = try self.ca.serverContext { $0.clients = .certified([self.clients.certificate]) }
        let pair = try makePair(self.ca.clientContext { $0.identity = identity }, server)
        pair.start()
        return pair
    }

    @Test func aCertificateOfTheCAIsTaken() throws {
        let identity = try self.identity(self.clients, now: self.now)
        let pair = try self.pair(identity)
        #expect(pair.server.isEstablished && pair.seenByServer.failure == nil)
        #expect(pair.server.session?.peerCertificate == identity.certificate)
    }

    @Test func noneIsRefusedAndTheClientIsTold() throws {
        let pair = try self.pair(nil)
        #expect(pair.seenByServer.failure?.message == "peer showed no certificate, and one is required here")
        let certificateRequired: UInt8 = 116
        #expect(pair.seenByClient.failure?.alert == certificateRequired)
    }

    @Test func aStrangersOrAnOldOneIsRefused() throws {
        let stranger = try CertificateIssuer.makeRoot(commonName: "others", uri: "spiffe://others", now: self.now)
        let unknown = try self.pair(self.identity(stranger, now: self.now))
        #expect(unknown.seenByServer.failure?.code == .certificateUntrusted)
        let old = try self.pair(self.identity(self.clients, now: self.now - 2 * TestCA.day))
        #expect(old.seenByServer.failure?.code == .certificateExpired)
    }

    @Test func aServerNeedsARootToKnowThemBy() throws {
        #expect(throws: TLSError.self) { try self.ca.serverContext { $0.clients = .certified([]) } }
    }
}
