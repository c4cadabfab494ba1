import HawserTestKit
import IdentityCore
import Logging
import NIOCore
import ServiceLifecycle
import StateCore
import Synchronization
import TLSEngine
import TLSTestKit
import Testing

@testable import IdentityService

@Suite struct RenewalTests {
    private let now: Int64 = 1_900_000_000

    /// A store with an identity, and the first certificate of it.
    private func makeCertificate() async throws -> (StateStore, ClusterIdentity, ServerCertificate) {
        let store = try await StateStore(testing: MemoryStorage())
        let identity = try await IdentityMaker.establish(in: store, datacenter: "dc1", now: now)
        return (store, identity, try ServerCertificate(for: identity, now: now))
    }

    private func pair(with holder: ServerCertificate, of identity: ClusterIdentity, at time: Int64) throws -> TLSPair {
        var settings = TLSClientSettings(roots: try X509Certificate.parsePEM(identity.rootPEMs[0]))
        settings.verificationTime = { time }
        return try TLSPair(
            client: TLSConnection(client: TLSContext(client: settings), serverName: identity.peeringServerName),
            server: TLSConnection(server: TLSContext(server: TLSServerSettings { holder.current(for: $0) })))
    }

    @Test func aRenewalIsSeenByNewConnectionsOnly() async throws {
        let (_, identity, holder) = try await makeCertificate()
        let old = try pair(with: holder, of: identity, at: now)
        old.start()
        try #require(old.client.isEstablished && old.server.isEstablished)
        let later = now + 60 * 3_600
        try holder.renew(for: identity, now: later)
        let new = try pair(with: holder, of: identity, at: later + 60 * 3_600)
        new.start()
        #expect(new.client.isEstablished)
        #expect(new.client.session?.peerCertificate != old.client.session?.peerCertificate)
        try old.client.write(ByteBuffer(string: "still here"))
        try old.client.flush()
        old.shuttle()
        #expect(old.seenByServer.plaintext == Array("still here".utf8))
    }

    @Test func aDueRenewalIsMadeAtOnceAndLogged() async throws {
        let (store, identity, holder) = try await makeCertificate()
        let start = now
        let (lines, more) = AsyncStream<String>.makeStream()
        // Two thirds of 72 hours have passed; a moment later the fresh certificate is not due.
        let service = IdentityService(
            store: store, certificate: holder, logger: Logger(label: "test") { _ in LineLog(lines: more) },
            now: { start + 49 * 3_600 })
        let running = Task { try await service.run() }
        let line = await lines.first { _ in true }
        running.cancel()
        try await running.value
        #expect(line?.contains("was renewed") == true)
        #expect(line?.contains("notAfter=2030-03-22T18:45:40Z") == true, "\(line ?? "")")
        #expect(holder.validity.upperBound == start + (49 + 72) * 3_600 - 60)
        #expect(holder.current(for: identity.peeringServerName)?.certificate.notAfter == holder.validity.upperBound)
    }
}

/// Hands every line to a test.
private struct LineLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace
    let lines: AsyncStream<String>.Continuation

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = (event.metadata ?? [:]).map { "\($0.key)=\($0.value)" }.sorted()
        lines.yield(([event.message.description] + fields).joined(separator: " "))
    }
}
