import CLinux
import ClientHello
import Dispatch
import Glibc
import Synchronization
import Testing

@testable import GatewayRelay

@_silgen_name("unshare") private func unshare(_ flags: Int32) -> Int32
@_silgen_name("close_range") private func closeRange(_ first: UInt32, _ last: UInt32, _ flags: Int32) -> Int32

/// Descriptors of a thread of its own and the threads it starts: what is open can be counted, and can run out, without
/// the tests that run beside it.
enum OwnDescriptors {
    private static let files: Int32 = 0x400

    /// False where containers forbid it. What needs it is skipped then.
    static let isPossible: Bool = {
        let found = Found()
        let thread = Worked { found.isPossible.store(unshare(files) == 0, ordering: .relaxed) }
        try? thread.wait()
        return found.isPossible.load(ordering: .relaxed)
    }()

    private final class Found: Sendable {
        let isPossible = Atomic<Bool>(false)
    }

    /// Called on a new thread. Copies of other tests' descriptors are closed at once: they would keep connections open.
    static func take() {
        if isPossible, unshare(files) == 0 { _ = closeRange(3, .max, 0) }
    }

    /// How many this thread and those of its table have open; nil if the table is everybody's.
    static var count: Int? {
        guard isPossible, let directory = unsafe opendir("/proc/thread-self/fd") else { return nil }
        defer { unsafe closedir(directory) }
        var count = 0
        while unsafe readdir(directory) != nil { count += 1 }
        // Not the directory itself, `.` and `..`.
        return count - 3
    }
}

/// Routes by exact name, and remembers what it was told.
final class TestRouter: RelayRouter {
    struct Attempt: Equatable {
        var target: RelayAddress
        var route: String
        var failure: RelayFailure.Code?
    }

    private struct State {
        var routes: [String: [RelayAddress]] = [:]
        var attempts: [Attempt] = []
        var clients: [RelayAddress] = []
    }

    private let state = Locked(State())

    init(_ routes: [String: [RelayAddress]] = [:]) {
        state.withLock { $0.routes = routes }
    }

    var attempts: [Attempt] { state.withLock { $0.attempts } }
    var clients: [RelayAddress] { state.withLock { $0.clients } }

    func set(_ name: String, _ targets: [RelayAddress]?) {
        state.withLock { $0.routes[name] = targets }
    }

    func route(_ hello: ClientHello, from: RelayAddress) -> RelayDecision {
        state.withLock { state in
            state.clients.append(from)
            guard let name = hello.serverName else { return .refuse(.noServerName) }
            guard let targets = state.routes[name] else { return .refuse(.unknownServerName) }
            return .forward(route: name, targets: targets)
        }
    }

    func attempted(_ target: RelayAddress, on route: String, failure: RelayFailure?) {
        state.withLock { $0.attempts.append(Attempt(target: target, route: route, failure: failure?.code)) }
    }
}

/// The events of a relay, to be waited for.
final class Journal: Sendable {
    private let events = Locked<[RelayEvent]>([])
    private let arrived = DispatchSemaphore(value: 0)

    func record(_ event: RelayEvent) {
        events.withLock { $0.append(event) }
        arrived.signal()
    }

    var all: [RelayEvent] { events.withLock { $0 } }

    /// Waits for an event, however early it came.
    @discardableResult
    func first<Value>(of choose: (RelayEvent) -> Value?) throws -> Value {
        try take(1, of: choose)[0]
    }

    @discardableResult
    func take<Value>(_ count: Int, of choose: (RelayEvent) -> Value?) throws -> [Value] {
        while true {
            let found = all.compactMap(choose)
            if found.count >= count { return found }
            guard arrived.wait(timeout: .now() + 60) == .success else { throw WireError(errno: ETIMEDOUT) }
        }
    }
}

extension RelayEvent {
    var refusal: RelayRefusal? {
        if case .refused(let refusal, _, _) = self { refusal } else { nil }
    }
    var closing: RelayConnectionSummary? {
        if case .closed(let summary) = self { summary } else { nil }
    }
    var connection: RelayConnectionSummary? {
        if case .connected(let summary) = self { summary } else { nil }
    }
}

/// A relay that runs, and what a test needs to talk through it.
struct Bench: Sendable {
    let relay: GatewayRelay
    let router: TestRouter
    let journal: Journal
    fileprivate let ended: DispatchSemaphore

    var address: RelayAddress { relay.addresses[0] }

    func dial() throws -> Wire { try Wire(to: address) }

    /// A client that has sent its hello, and the upstream's end of the same connection, which has not read it.
    func connect(to upstream: Upstream, name: String = "a.test") throws -> (client: Wire, server: Wire) {
        let client = try dial()
        try client.send(Hello.bytes(name))
        return (client, try upstream.accept())
    }

    func end(grace: Duration = .zero) throws {
        relay.drain(grace: grace)
        guard ended.wait(timeout: .now() + 60) == .success else { throw WireError(errno: ETIMEDOUT) }
        ended.signal()
    }
}

/// Runs a relay and, on a thread with descriptors of its own, a test against it. At the end no descriptor is left, and
/// every connection is accounted for.
func withRelay(
    _ configuration: RelayConfiguration = .plain, _ router: TestRouter = TestRouter(),
    _ body: @escaping @Sendable (Bench) throws -> Void
) async throws {
    try await onOwnThread {
        let before = OwnDescriptors.count
        let counters = try relaying(configuration, router, body)
        // A thread of the test may still be letting go of its sockets.
        eventually { OwnDescriptors.count == before }
        #expect(counters.accepted == counters.total.connected + counters.refused.values.reduce(0, +))
        #expect(counters.opening == 0)
        #expect(counters.unfinishedHellos == 0)
        #expect(counters.total.open == 0)
        #expect(counters.pipes == 0)
    }
}

private func relaying(
    _ configuration: RelayConfiguration, _ router: TestRouter, _ body: (Bench) throws -> Void
) throws -> RelayCounters {
    let (journal, ended) = (Journal(), DispatchSemaphore(value: 0))
    let relay = try GatewayRelay.bind(configuration, router: router) { journal.record($0) }
    relay.start { failure in
        #expect(failure == nil)
        ended.signal()
    }
    let bench = Bench(relay: relay, router: router, journal: journal, ended: ended)
    do {
        try body(bench)
    } catch {
        try? bench.end()
        throw error
    }
    try bench.end()
    return relay.counters
}

/// Tests block; the threads of Swift's tasks must not.
func onOwnThread(_ body: @escaping @Sendable () throws -> Void) async throws {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        let isStarted = RelayThread.start(named: "test") {
            OwnDescriptors.take()
            continuation.resume(with: Result { try body() })
        }
        precondition(isStarted)
    }
}

/// Waits for what nothing tells of. The bound only ends a failing test.
func eventually(_ condition: () -> Bool, at location: SourceLocation = #_sourceLocation) {
    let bound = hawser_milliseconds() + 30_000
    while !condition(), hawser_milliseconds() < bound { sched_yield() }
    #expect(condition(), sourceLocation: location)
}

enum Hello {
    /// A ClientHello in one record.
    static func bytes(_ name: String?, padding: Int = 0) -> [UInt8] {
        func sized(_ bytes: [UInt8], in width: Int) -> [UInt8] {
            (0..<width).reversed().map { UInt8(truncatingIfNeeded: bytes.count >> (8 * $0)) } + bytes
        }
        var extensions: [UInt8] = []
        if let name { extensions += [0, 0] + sized(sized([0] + sized(Array(name.utf8), in: 2), in: 2), in: 2) }
        if padding > 0 { extensions += [0, 21] + sized([UInt8](repeating: 0, count: padding), in: 2) }
        let body =
            [3, 3] + [UInt8](repeating: 7, count: 32) + [0] + sized([0x13, 0x01], in: 2) + sized([0], in: 1)
            + sized(extensions, in: 2)
        return [22, 3, 1] + sized([1] + sized(body, in: 3), in: 2)
    }
}

/// Bytes that repeat only after a prime number of them, so that pieces which are lost or swapped show.
func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed
    let block = (0..<min(count, 65_521)).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 56)
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count { bytes += block.prefix(count - bytes.count) }
    return bytes
}
