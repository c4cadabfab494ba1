import HawserTestKit
import IdentityCore
import PeeringCore
import ReplicationCore
import StateCore
import Synchronization
import Testing

@testable import hawser

@Suite("Commands that wait")
struct StreamingCommandTests {
    private let id = PeeringID("p1")

    /// Makes the peering that establishing it would make, with the stream as given.
    private func establish(_ daemon: TestDaemon, _ status: StreamStatus, services: [String]?) {
        let id = self.id
        daemon.peerings.onEstablish {
            let acceptor = AcceptorDescription(
                peerID: "x", caPEMs: [], serverName: "s", serverAddresses: ["a:1"], manualServerAddresses: [],
                remote: RemoteInfo())
            _ = try? await daemon.store.apply(
                CompleteEstablish(
                    name: "dc1", meta: [:], newID: id, acceptor: acceptor, streamSecret: SecretText("s"),
                    keepsAddresses: false))
            daemon.peerings.set(status, of: id)
            guard let services else { return }
            let changes = services.map { ImportedChange.service(name: $0, payload: [1], instanceCount: 1) }
            _ = try? await daemon.store.apply(ImportBatch(id: id, changes: [.serviceList(services)] + changes))
        }
    }

    @Test func establishShowsItsSteps() async throws {
        try await TestDaemon.run { daemon in
            var status = StreamStatus()
            status.isConnected = true
            status.remoteAddress = "10.0.0.1:8503"
            establish(daemon, status, services: ["api", "web"])
            let outcome = await run("peering establish -name dc1 -peering-token T -wait", port: daemon.port)
            #expect(
                outcome
                    == Outcome(
                        code: 0,
                        output: """
                            token accepted, secret exchanged
                            stream up: connected to 10.0.0.1:8503
                            first sync: received 2 of 2 announced services
                            Successfully established peering connection with dc1

                            """, errors: ""))
        }
    }

    @Test func establishTellsWhyItIsNotActive() async throws {
        try await TestDaemon.run { daemon in
            var status = StreamStatus()
            status.lastError = "connection refused by 10.0.0.1:8503"
            establish(daemon, status, services: nil)
            let outcome = await run("peering establish -name dc1 -peering-token T -wait=1ms", port: daemon.port)
            #expect(outcome.code == 1)
            #expect(outcome.errors.hasPrefix("hawser: the peering dc1 is "), "\(outcome.errors)")
        }
    }

    @Test func aTerminatedPeeringIsNotWaitedFor() async throws {
        try await TestDaemon.run { daemon in
            establish(daemon, StreamStatus(), services: nil)
            let id = self.id
            let terminated = Task {
                let changes = daemon.store.subscribe(to: .peerings)
                while daemon.store.state.peerings[id] == nil { _ = await changes.next() }
                try await daemon.store.apply(TerminatePeering(id: id))
            }
            let outcome = await run("peering establish -name dc1 -peering-token T -wait=10m", port: daemon.port)
            try await terminated.value
            #expect(outcome.code == 1)
            #expect(outcome.errors.hasPrefix("hawser: the peering dc1 is TERMINATED and not ACTIVE"))
        }
    }

    @Test func watchPrintsUntilTheDaemonGoes() async throws {
        try await TestDaemon.run { daemon in
            _ = try await daemon.store.apply(
                GenerateToken(
                    name: "dc1", meta: [:], newID: id,
                    establishment: SecretDigest(bytes: Array(repeating: 1, count: 32))))
            let change = ImportedChange.service(name: "web", payload: [1], instanceCount: 2)
            _ = try await daemon.store.apply(ImportBatch(id: id, changes: [change]))
            let lines = Recorder()
            // The first line is proof that the stream runs: then the daemon goes.
            let output = TextOutput(isTerminal: false) { bytes throws(CommandFailure) in
                lines.append(bytes)
                Task { await daemon.shutDown() }
            }
            let outcome = await run("watch -peer dc1", port: daemon.port, output: output)
            #expect(outcome.code == 1)
            #expect(
                lines.text.hasSuffix(
                    "  dc1           imported  service           web                       2 instances\n"))
            #expect(outcome.errors == "hawser: the daemon at 127.0.0.1:\(daemon.port) closed the connection\n")
        }
    }

    @Test func aReaderThatHasSeenEnoughEndsWatchQuietly() async throws {
        try await TestDaemon.run { daemon in
            daemon.log.append(
                ReplicationEvent(
                    time: Timestamp(seconds: 0), peer: "x", direction: .imported, what: .service, oldCount: 0,
                    newCount: 1))
            _ = try await daemon.store.apply(
                GenerateToken(
                    name: "dc1", meta: [:], newID: id,
                    establishment: SecretDigest(bytes: Array(repeating: 1, count: 32))))
            let change = ImportedChange.service(name: "web", payload: [1], instanceCount: 2)
            _ = try await daemon.store.apply(ImportBatch(id: id, changes: [change]))
            let closed = TextOutput(isTerminal: false) { _ throws(CommandFailure) in throw .outputClosed }
            let outcome = await run("watch -format jsonl", port: daemon.port, output: closed)
            #expect(outcome == Outcome(code: 0, output: "", errors: ""))
        }
    }
}

extension Recorder {
    func append(_ bytes: [UInt8]) {
        do { try output().write(String(decoding: bytes, as: UTF8.self)) } catch {}
    }
}

/// A value that a test carries out of a closure.
final class Mutexed: Sendable {
    private let stored: Mutex<Int>

    init(_ value: Int) { stored = Mutex(value) }

    var value: Int { stored.withLock { $0 } }
    func set(_ value: Int) { stored.withLock { $0 = value } }
}

extension HTTPClient {
    func put(_ target: String, _ body: String) async throws {
        _ = try await send(ClientRequest(method: .put, target: target, body: Array(body.utf8), seconds: 30))
    }
}
