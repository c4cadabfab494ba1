import GatewayCore
import GatewayRelay
import NIOConcurrencyHelpers
import PeeringCore

@testable import GatewayService

/// A resolver that answers when its test says so, or never.
final class HeldResolver: HostResolver {
    private typealias Answer = CheckedContinuation<[RelayAddress], Never>

    private let held = NIOLockedValueBox<[HostPort: Answer]>([:])
    private let asked = AsyncStream<HostPort>.makeStream()

    func addresses(of upstream: HostPort) async -> [RelayAddress] {
        await withCheckedContinuation { continuation in
            held.withLockedValue { $0[upstream] = continuation }
            asked.continuation.yield(upstream)
        }
    }

    /// The next names that are asked for, in the order of their text.
    func next(_ count: Int) async -> [String] {
        var names: [String] = []
        var iterator = asked.stream.makeAsyncIterator()
        while names.count < count, let upstream = await iterator.next() { names.append(upstream.host) }
        return names.sorted()
    }

    func answer(_ upstream: HostPort, _ addresses: [RelayAddress]) {
        held.withLockedValue { $0.removeValue(forKey: upstream) }?.resume(returning: addresses)
    }

    /// So that no task is left behind.
    func answerAll() {
        let all = held.withLockedValue { held in
            defer { held = [:] }
            return held
        }
        for answer in all.values { answer.resume(returning: []) }
    }
}

/// Routes that the test changes.
final class ChangingRoutes: GatewayRouteSource {
    private let current: NIOLockedValueBox<[Route]>
    private let changes = AsyncStream<Void>.makeStream()

    init(_ routes: [Route]) {
        current = NIOLockedValueBox(routes)
    }

    func set(_ routes: [Route]) {
        current.withLockedValue { $0 = routes }
        changes.continuation.yield()
    }

    func routes() async -> [Route] { current.withLockedValue { $0 } }

    func changed() async {
        var iterator = changes.stream.makeAsyncIterator()
        _ = await iterator.next()
    }
}

/// A router that says when it was told something.
final class WatchedRouter: RouteSink {
    let router = GatewayRouter()
    private let told = AsyncStream<Void>.makeStream()

    func replace(with table: RouteTable, addresses: [RoutePattern: [RelayAddress]]) {
        router.replace(with: table, addresses: addresses)
        told.continuation.yield()
    }

    func update(_ route: RoutePattern, addresses: [RelayAddress]) {
        router.update(route, addresses: addresses)
        told.continuation.yield()
    }

    /// Waits until it was told once more.
    func change() async {
        var iterator = told.stream.makeAsyncIterator()
        _ = await iterator.next()
    }
}

/// Time that passes when the test says so.
final class HandClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Duration

        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private struct Sleeper {
        var deadline: Instant
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct Hands {
        var now = Instant(offset: .zero)
        var sleepers: [Sleeper] = []
    }

    private let hands = NIOLockedValueBox(Hands())

    var now: Instant { hands.withLockedValue { $0.now } }
    var minimumResolution: Duration { .nanoseconds(1) }

    /// A sleeper that is cancelled sleeps on; `stop` wakes it.
    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        await withCheckedContinuation { continuation in
            let isOver = hands.withLockedValue { hands in
                if deadline <= hands.now { return true }
                hands.sleepers.append(Sleeper(deadline: deadline, continuation: continuation))
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    func advance(by duration: Duration) {
        let due = hands.withLockedValue { hands in
            hands.now = hands.now.advanced(by: duration)
            let due = hands.sleepers.filter { $0.deadline <= hands.now }
            hands.sleepers.removeAll { $0.deadline <= hands.now }
            return due
        }
        for sleeper in due { sleeper.continuation.resume() }
    }

    func stop() { advance(by: .seconds(1_000_000_000)) }
}
