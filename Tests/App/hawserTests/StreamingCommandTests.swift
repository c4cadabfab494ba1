import ACLCore
import DocumentCore
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

    /// A daemon with three events: web came, changed, and went.
    private func withEvents(
        access: DefaultAccess? = nil, _ body: @escaping @Sendable (TestDaemon) async throws -> Void
    ) async throws {
        let id = self.id
        try await TestDaemon.run(access: access) { daemon in
            _ = try await daemon.store.apply(
                GenerateToken(
                    name: "dc1", meta: [:], newID: id,
                    establishment: SecretDigest(bytes: Array(repeating: 1, count: 32))))
            for (byte, count) in [(1, 2), (2, 3), (3, 0)] {
                let change = ImportedChange.service(name: "web", payload: [UInt8(byte)], instanceCount: count)
                _ = try await daemon.store.apply(
                    ImportBatch(id: id, changes: [change], now: Timestamp(seconds: 1_000_000_000 + Int64(byte))))
            }
            try await body(daemon)
        }
    }

    private static let web = "  dc1           imported  service           web                       "

    @Test func watchEndsWithTheLog() async throws {
        try await withEvents { daemon in
            let outcome = await run("watch -since 1 -follow=false", port: daemon.port)
            #expect(
                outcome
                    == Outcome(
                        code: 0,
                        output: """
                                  1  2001-09-09 01:46:41.000\(Self.web)created  2 instances
                                  2  2001-09-09 01:46:42.000\(Self.web)updated  2 -> 3 instances
                                  3  2001-09-09 01:46:43.000\(Self.web)removed  3 instances

                            """, errors: ""))
            let last = await run("watch --since=3 --follow=false --peer=dc1 --service=web", port: daemon.port)
            #expect(last.output == "      3  2001-09-09 01:46:43.000\(Self.web)removed  3 instances\n")
            let none = await run("watch -since=4 -follow=false -format=jsonl", port: daemon.port)
            #expect(none == Outcome(code: 0, output: "", errors: ""))
            let present = await run("watch -follow=false", port: daemon.port)
            #expect(present == Outcome(code: 0, output: "", errors: ""))
            let beyond = await run("watch -since=5", port: daemon.port)
            #expect(beyond.code == 1)
            #expect(beyond.errors.hasPrefix("hawser: the replication log ends with event 3, and event 5 is the next"))
        }
    }

    @Test func watchBeginsWithWhatIsThereAndFollows() async throws {
        try await withEvents { daemon in
            let id = PeeringID("p1")
            let change = ImportedChange.service(name: "api", payload: [1], instanceCount: 1)
            _ = try await daemon.store.apply(ImportBatch(id: id, changes: [change]))
            let lines = Recorder()
            let output = TextOutput(isTerminal: false) { bytes throws(CommandFailure) in
                lines.append(bytes)
                let text = String(decoding: bytes, as: UTF8.self)
                // The first line is proof that the command runs: then something changes.
                if text.contains("present") {
                    Task { try await daemon.store.apply(ImportBatch(id: id, changes: [.serviceList(["a", "b"])])) }
                } else if text.contains("removed") {
                    throw .outputClosed
                }
            }
            let outcome = await run("watch -format jsonl", port: daemon.port, output: output)
            #expect(outcome == Outcome(code: 0, output: "", errors: ""))
            let written = lines.text.split(separator: "\n").map { LogLine(String($0)) }
            #expect(written.map(\.number) == [nil, 5, 6])
            #expect(written.map { $0.document?["name"]?.string } == ["api", "", "api"])
        }
    }

    @Test func aRefusalEndsWatchAndVerify() async throws {
        try await withEvents(access: .deny) { daemon in
            for line in ["watch", "watch -since 1", "log verify"] {
                let outcome = await run(line, port: daemon.port)
                #expect(outcome.code == 1)
                #expect(outcome.errors.contains("Permission denied"), "\(outcome.errors)")
            }
        }
    }

    /// The right is taken while the command runs: it asks again, and is told.
    @Test func watchEndsWithTheRightToIt() async throws {
        try await withEvents(access: .deny) { daemon in
            let (port, manager) = (daemon.port, "-token \(TestDaemon.managementSecret)")
            let policy = await run(#"acl policy create -name w -rules operator="read" \#(manager)"#, port: port)
            #expect(policy.code == 0, "\(policy.errors)")
            let made = await run("acl token create -policy-name w -format json \(manager)", port: port)
            let token = try JSONReader.read(made.output)
            let accessorID = token["AccessorID"]?.string ?? ""
            let output = TextOutput(isTerminal: false) { bytes throws(CommandFailure) in
                guard String(decoding: bytes, as: UTF8.self).contains("removed") else { return }
                Task {
                    _ = await run("acl token delete -accessor-id \(accessorID) \(manager)", port: port)
                    try await daemon.append(
                        ReplicationEvent(
                            time: .zero, peer: "dc1", direction: .imported, what: .service, oldCount: 0, newCount: 1))
                }
            }
            let secret = token["SecretID"]?.string ?? ""
            let outcome = await run("watch -since 1 -token \(secret)", port: port, output: output)
            #expect(outcome.code == 1)
            let lines = outcome.errors.split(separator: "\n")
            #expect(lines.first?.hasSuffix("; going on with event 4 when it answers") == true, "\(outcome.errors)")
            #expect(lines.last?.hasPrefix("Error watching: ") == true, "\(outcome.errors)")
        }
    }

    @Test func aReaderThatHasSeenEnoughEndsWatchQuietly() async throws {
        try await withEvents { daemon in
            let closed = TextOutput(isTerminal: false) { _ throws(CommandFailure) in throw .outputClosed }
            let outcome = await run("watch -since 1 -format jsonl", port: daemon.port, output: closed)
            #expect(outcome == Outcome(code: 0, output: "", errors: ""))
        }
    }

    /// The hashes of the test's store are no SHA-256: that is found out.
    @Test func aLogWithOtherHashesIsNotWhole() async throws {
        try await withEvents { daemon in
            let outcome = await run("log verify", port: daemon.port)
            #expect(outcome.code == 1 && outcome.output.isEmpty)
            #expect(outcome.errors.hasPrefix("hawser: event 2 is not what was written: "), "\(outcome.errors)")
            let json = await run("log verify -format json", port: daemon.port)
            #expect(json.code == 1 && json.errors.isEmpty)
            #expect(json.output.contains("\"Whole\": false") && json.output.contains("\"Event\": 2"), "\(json.output)")
        }
        try await TestDaemon.run { daemon in
            let outcome = await run("log verify", port: daemon.port)
            #expect(outcome == Outcome(code: 0, output: "verified: there are no events yet\n", errors: ""))
        }
    }

    @Test(arguments: [
        (
            "watch -since yesterday",
            "Error: Invalid -since=yesterday: write the number of an event, such as 120, or an age"
        ),
        ("watch -since=-1h", "Error: Invalid -since=-1h"),
        ("watch -follow=maybe", "Error: The value 'maybe' is invalid"),
        ("watch -format xml", "Error: Invalid format, valid formats are {text|jsonl}"),
    ])
    func wrongCommandLinesOfWatch(line: String, errors: String) async {
        let outcome = await run(line, port: 1)
        #expect(outcome.code == 2)
        #expect(outcome.errors.hasPrefix(errors), "\(outcome.errors)")
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
