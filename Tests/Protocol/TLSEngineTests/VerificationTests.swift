import NIOCore
import TLSEngine
import TLSTestKit
import Testing

@Suite("TLS verification of the server")
struct VerificationTests {
    let ca: TestCA

    init() throws { self.ca = try TestCA() }

    private func failures(
        _ identity: TLSIdentity, client: TLSContext? = nil, name: String = TestCA.serverName
    ) throws -> (client: TLSError?, server: TLSError?) {
        let server = try TLSContext(server: TLSServerSettings { _ in identity })
        let pair = try makePair(client ?? self.ca.clientContext(), server, name: name)
        pair.client.peerLabel = "10.0.0.1:8503"
        pair.start()
        #expect(!pair.client.isEstablished || pair.seenByClient.failure == nil)
        return (pair.seenByClient.failure, pair.seenByServer.failure)
    }

    @Test func expiredCertificate() throws {
        let identity = try self.ca.identity(now: TestCA.now - 5 * TestCA.day, lifetime: TestCA.day)
        let (client, server) = try self.failures(identity)
        #expect(client?.code == .certificateExpired)
        #expect(
            client?.message
                == "certificate has expired (\(TestCA.serverName), notAfter=2030-03-13T17:45:40Z) (peer 10.0.0.1:8503)")
        #expect(server?.code == .peerAlert && server?.alert == 45)
    }

    @Test func certificateOfTheFuture() throws {
        let identity = try self.ca.identity(now: TestCA.now + 3600)
        let (client, _) = try self.failures(identity)
        #expect(client?.code == .certificateNotYetValid)
        #expect(client?.message.contains("notBefore=2030-03-17T18:45:40Z") == true)
    }

    @Test func oneMinuteOfClockSkewIsAllowed() throws {
        let (client, server) = try self.failures(self.ca.identity(now: TestCA.now + 59))
        #expect(client == nil && server == nil)
    }

    @Test func wrongName() throws {
        let (client, server) = try self.failures(self.ca.identity(for: "a.example"), name: "b.example")
        #expect(client?.code == .certificateNameMismatch)
        #expect(client?.message == "certificate is for \"a.example\", not for \"b.example\" (peer 10.0.0.1:8503)")
        #expect(server?.code == .peerAlert)
    }

    @Test(arguments: [
        ("*.b.example", "a.b.example", true), ("*.b.example", "a.a.b.example", false),
        ("w*.b.example", "ww.b.example", false),
    ])
    func wildcards(pattern: String, name: String, accepted: Bool) throws {
        let (client, _) = try self.failures(self.ca.identity(for: pattern), name: name)
        #expect((client == nil) == accepted)
    }

    @Test func wrongCA() throws {
        let other = try TestCA(commonName: "pri-other000.consul.ca.22222222.consul")
        let (client, server) = try self.failures(other.identity())
        #expect(client?.code == .certificateUntrusted)
        #expect(client?.message.contains("issuer CN=pri-other000.consul.ca.22222222.consul") == true)
        #expect(server?.code == .peerAlert && server?.alert == 48)
        #expect(server?.message.contains("does not trust the issuer") == true)
    }

    /// A root of the same name with another key must not do.
    @Test func namesakeOfTheCA() throws {
        let (client, _) = try self.failures(TestCA().identity())
        #expect(client?.code == .certificateUntrusted)
    }

    @Test func anyOfSeveralRootsWillDo() throws {
        let other = try TestCA(commonName: "pri-other000.consul.ca.22222222.consul")
        let client = try self.ca.clientContext { $0.roots.append(other.root) }
        let (failure, _) = try self.failures(other.identity(), client: client)
        #expect(failure == nil)
    }

    @Test func crossSignedRootBridgesARotation() throws {
        let new = try TestCA(commonName: "pri-newnewne.consul.ca.11111111.consul")
        let bridge = try self.ca.issuer.crossSign(new.root, now: TestCA.now, lifetime: 7 * TestCA.day)
        let identity = try new.issuer.issueIdentity(
            .init(dnsNames: [TestCA.serverName], uris: [], now: TestCA.now), intermediates: [bridge])
        let (failure, _) = try self.failures(identity)
        #expect(failure == nil)
    }

    @Test func intermediateAsAnchorIsTrusted() throws {
        let new = try TestCA(commonName: "pri-newnewne.consul.ca.11111111.consul")
        let intermediate = try self.ca.issuer.crossSign(new.root, now: TestCA.now, lifetime: 7 * TestCA.day)
        let client = try self.ca.clientContext { $0.roots = [intermediate] }
        let (failure, _) = try self.failures(new.identity(), client: client)
        #expect(failure == nil)
    }

    @Test func clientNeedsARoot() {
        #expect(throws: TLSError(.invalidInput, "")) { _ = try TLSContext(client: TLSClientSettings(roots: [])) }
    }

    @Test func rootItselfIsNoServerCertificate() throws {
        let identity = try TLSIdentity(certificate: self.ca.root, key: self.ca.issuer.key)
        let (client, _) = try self.failures(identity)
        #expect(client?.code == .certificateNameMismatch)
    }
}
