import DocumentCore
import HTTPService
import HawserTestKit
import PeeringCore
import ReplicationCore
import StateCore
import Synchronization
import Testing

@testable import hawser

@Suite("Blocking queries")
struct BlockingQueryTests {
    /// Each of these may come before or after the query started to wait: it must be answered either way.
    private static let changes: [(target: String, change: @Sendable (TestDaemon, PeeringID) async throws -> Void)] = [
        (
            "/v1/peering/dc2",
            { daemon, id in
                var status = StreamStatus()
                status.isConnected = true
                daemon.peerings.set(status, of: id)
                daemon.store.announce(.streamStatus(id))
            }
        ),
        ("/v1/peerings", { daemon, _ in _ = try await daemon.store.addAcceptor("dc3") }),
        (
            "/v1/health/service/web?peer=dc2",
            { daemon, id in try await daemon.store.imported("web", of: id, payload: "web", count: 1) }
        ),
        (
            "/v1/catalog/services",
            { daemon, _ in _ = try await daemon.send(.put, "/v1/agent/service/register", #"{"Name":"a"}"#) }
        ),
        (
            "/v1/config/mesh",
            { daemon, _ in _ = try await daemon.send(.put, "/v1/config", #"{"Kind":"mesh"}"#) }
        ),
    ]

    @Test(arguments: changes.indices)
    func aChangeWakesIt(number: Int) async throws {
        let (target, change) = Self.changes[number]
        try await TestDaemon.run { daemon in
            let id = try await daemon.store.addAcceptor("dc2")
            let before = try await daemon.send(.get, target)
            let query = target + (target.contains("?") ? "&" : "?") + "index=\(before.index)&wait=10m"
            async let blocked = daemon.send(.get, query)
            try await change(daemon, id)
            let after = try await blocked
            #expect(after.index > before.index)
            #expect(after.text != before.text || target.hasPrefix("/v1/health"))
        }
    }

    @Test func theSameIndexComesBackWhenTheWaitIsOver() async throws {
        try await TestDaemon.run { daemon in
            let before = try await daemon.send(.get, "/v1/peerings")
            let after = try await daemon.send(.get, "/v1/peerings?index=\(before.index)&wait=1ms")
            #expect(after.index == before.index)
        }
    }

    @Test func anIndexFromBeforeARestartIsAnsweredAtOnce() async throws {
        try await TestDaemon.run { daemon in
            let answer = try await daemon.send(.get, "/v1/peerings?index=999&wait=10m")
            #expect(answer.index == 1)
        }
    }

    @Test func aServiceThatGoesAndComesBackMovesTheIndexEachTime() async throws {
        try await TestDaemon.run { daemon in
            var seen: [UInt64] = []
            for round in 0..<3 {
                _ = try await daemon.send(.put, "/v1/agent/service/register", #"{"Name":"a","Port":\#(round + 1)}"#)
                seen.append(try await daemon.send(.get, "/v1/health/service/a").index)
                _ = try await daemon.send(.put, "/v1/agent/service/deregister/a")
                seen.append(try await daemon.send(.get, "/v1/health/service/a").index)
            }
            #expect(seen == seen.sorted() && Set(seen).count == seen.count, "\(seen)")
        }
    }

    /// Neither its index moves, nor is whoever waits for it woken.
    @Test(arguments: ["health/service/a", "health/connect/a", "catalog/service/a", "health/checks/a"])
    func aChangeOfAnotherServiceIsNoneOfItsOwn(target: String) async throws {
        try await TestDaemon.run { daemon in
            let sidecar = #""Connect":{"SidecarService":{"Port":21000}}"#
            _ = try await daemon.send(
                .put, "/v1/agent/service/register", #"{"Name":"a","Check":{"Name":"c","TTL":"1h"},\#(sidecar)}"#)
            let before = try await daemon.send(.get, "/v1/\(target)")
            _ = try await daemon.send(.put, "/v1/agent/service/register", #"{"Name":"b"}"#)
            _ = try await daemon.send(.put, "/v1/agent/service/deregister/b")
            let after = try await daemon.send(.get, "/v1/\(target)?index=\(before.index)&wait=1ms")
            #expect(after.index == before.index && before.text != "[]")
        }
    }

    /// It did not exist when the query began to wait.
    @Test func aPeeringThatComesToBeWakesWhoWaitsForItsServices() async throws {
        try await TestDaemon.run { daemon in
            let before = try await daemon.send(.get, "/v1/health/service/web?peer=dc2")
            async let blocked = daemon.send(.get, "/v1/health/service/web?peer=dc2&index=\(before.index)&wait=10m")
            let id = try await daemon.store.addAcceptor("dc2")
            try await daemon.store.imported("web", of: id, payload: "web", count: 1)
            let after = try await blocked
            #expect(after.index > before.index)
        }
    }

    /// Would hang for ten minutes if it did not.
    @Test func aShutdownEndsIt() async throws {
        try await TestDaemon.run { daemon in
            let before = try await daemon.send(.get, "/v1/peerings")
            let stream = WatchLines()
            async let watching: Void = stream.follow(daemon, "/v1/hawser/watch")
            async let blocked = try? daemon.send(.get, "/v1/peerings?index=\(before.index)&wait=10m")
            await daemon.shutDown()
            _ = await blocked
            await watching
        }
    }
}

/// Collects the lines of a stream until it ends.
final class WatchLines: Sendable {
    private struct Record {
        var lines: [String] = []
        var waiter: (count: Int, continuation: CheckedContinuation<Void, Never>)?
        var isOver = false
    }

    private let record = Mutex(Record())

    var lines: [String] { record.withLock { $0.lines } }

    func follow(_ daemon: TestDaemon, _ target: String, token: String = "") async {
        do {
            var client = daemon.client
            client.token = token
            try await client.lines(of: ClientRequest(method: .get, target: target)) { line in
                self.received(String(decoding: line, as: UTF8.self))
            }
        } catch {}
        wake { $0.isOver = true }
    }

    private func received(_ line: String) {
        wake { $0.lines.append(line) }
    }

    private func wake(_ change: (inout Record) -> Void) {
        let waiter: CheckedContinuation<Void, Never>? = record.withLock { record in
            change(&record)
            guard let waiter = record.waiter, record.isOver || record.lines.count >= waiter.count else { return nil }
            record.waiter = nil
            return waiter.continuation
        }
        waiter?.resume()
    }

    /// Waits until so many lines are there, or the stream is over.
    func wait(for count: Int) async {
        await withCheckedContinuation { continuation in
            let isReady = record.withLock { record in
                if record.isOver || record.lines.count >= count { return true }
                record.waiter = (count, continuation)
                return false
            }
            if isReady { continuation.resume() }
        }
    }
}
