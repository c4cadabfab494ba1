import ClientHello
import GatewayCore
import GatewayRelay
import Logging
import NIOConcurrencyHelpers
import PeeringCore
import Testing

@testable import GatewayService

/// A follower that runs over a resolver, a clock and routes of the test's own.
private struct Scene {
    let source: ChangingRoutes
    let resolver = HeldResolver()
    let watched = WatchedRouter()
    let clock = HandClock()
    let log = NIOLockedValueBox<[String]>([])

    init(_ routes: [Route]) {
        source = ChangingRoutes(routes)
    }

    /// Runs the follower while `body` does.
    func run(_ body: () async throws -> Void) async rethrows {
        var logger = Logger(label: "test") { [log] _ in LineLog(lines: log) }
        logger.logLevel = .warning
        let follower = RouteFollower(
            source: source, sink: watched, resolver: resolver, clock: clock, logger: logger)
        let task = Task { await follower.run() }
        // The routes themselves.
        await watched.change()
        try await body()
        task.cancel()
        await task.value
        resolver.answerAll()
        clock.stop()
    }

    func targets(_ name: String) -> [String]? {
        let from = RelayAddress(ip: "127.0.0.1", port: 1)!
        let hello = ClientHello(serverName: name)
        guard case .forward(_, let targets) = watched.router.route(hello, from: from) else { return nil }
        return targets.map(\.description).sorted()
    }
}

private struct LineLog: LogHandler {
    let lines: NIOLockedValueBox<[String]>
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.warning

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        lines.withLockedValue { $0.append("\(event.message)") }
    }
}

private func route(_ name: String, _ upstreams: [String]) -> Route {
    Route(pattern: RoutePattern(name)!, upstreams: upstreams.map { HostPort($0)! })
}

private func address(_ text: String) -> RelayAddress {
    let parts = HostPort(text)!
    return RelayAddress(ip: parts.host, port: UInt16(parts.port))!
}

@Suite struct RouteFollowerTests {
    @Test func slowNamesHoldUpNeitherAddressesNorNewRoutes() async {
        let slow = (0..<20).map { route("slow\($0)", ["host\($0):1"]) }
        let scene = Scene(slow + [route("literal", ["10.0.0.1:1"])])
        await scene.run {
            #expect(scene.targets("literal") == ["10.0.0.1:1"])
            // Side by side: none of them is answered.
            #expect(await scene.resolver.next(16).count == 16)
            scene.source.set(slow + [route("literal", ["10.0.0.1:1"]), route("new", ["[2001:db8::1]:2", "host0:1"])])
            await scene.watched.change()
            #expect(scene.targets("new") == ["[2001:db8::1]:2"])
        }
    }

    @Test func aPeerWithSlowNamesHoldsUpNoOther() async {
        let scene = Scene([
            route("hostile", (0..<1_000).map { "slow\($0):1" }), route("own", ["server:1", "other:1"]),
        ])
        await scene.run {
            #expect(await scene.resolver.next(6) == ["other", "server", "slow0", "slow1", "slow2", "slow3"])
            scene.resolver.answer(HostPort("server:1")!, [address("10.0.0.1:1")])
            await scene.watched.change()
            #expect(scene.targets("own") == ["10.0.0.1:1"] && scene.targets("hostile") == nil)
            scene.resolver.answer(HostPort("other:1")!, [address("10.0.0.2:1")])
            await scene.watched.change()
            #expect(scene.targets("own") == ["10.0.0.1:1", "10.0.0.2:1"])
            let lines = scene.log.withLockedValue { $0 }
            #expect(lines.count == 1 && lines[0].hasPrefix("64 of 1000 upstreams of a route are used"), "\(lines)")
        }
    }

    @Test func namesAreLookedUpAgainAndKeepTheirAddressesMeanwhile() async {
        let scene = Scene([route("a", ["x:1"])])
        await scene.run {
            #expect(await scene.resolver.next(1) == ["x"])
            scene.resolver.answer(HostPort("x:1")!, [address("10.0.0.1:1")])
            await scene.watched.change()
            scene.clock.advance(by: .seconds(10))
            #expect(await scene.resolver.next(1) == ["x"])
            #expect(scene.targets("a") == ["10.0.0.1:1"])
            // It fails, and is tried again soon.
            scene.resolver.answer(HostPort("x:1")!, [])
            while scene.log.withLockedValue({ $0.isEmpty }) { await Task.yield() }
            scene.clock.advance(by: .seconds(1))
            #expect(await scene.resolver.next(1) == ["x"])
            #expect(scene.targets("a") == ["10.0.0.1:1"])
            scene.resolver.answer(HostPort("x:1")!, [address("10.0.0.2:1")])
            await scene.watched.change()
            #expect(scene.targets("a") == ["10.0.0.2:1"])
            #expect(scene.log.withLockedValue { $0.count } == 1)
        }
    }

    @Test func itEndsWithoutWaitingForNames() async {
        let scene = Scene([route("a", ["x:1"])])
        // `run` cancels the follower and waits for it before the resolver answers.
        await scene.run { #expect(await scene.resolver.next(1) == ["x"]) }
        #expect(scene.targets("a") == nil)
    }
}

@Suite struct SystemResolverTests {
    @Test func readsWhatTheSystemKnows() async {
        let found = await SystemResolver().addresses(of: HostPort(host: "localhost", port: 7))
        #expect(found.contains(address("127.0.0.1:7")) || found.contains(address("[::1]:7")), "\(found)")
        // Too long for a name: it is asked of nobody.
        let label = String(repeating: "a", count: 64)
        #expect(await SystemResolver().addresses(of: HostPort(host: label, port: 7)) == [])
    }
}
