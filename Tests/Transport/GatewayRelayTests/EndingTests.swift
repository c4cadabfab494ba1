import CLinux
import Dispatch
import Glibc
import Testing

@testable import GatewayRelay

/// Timeouts, drains, and descriptors that run out, over the loopback.
@Suite(.serialized) struct EndingTests {
    private func withUpstream(
        _ configuration: RelayConfiguration = .plain, _ body: @escaping @Sendable (Bench, Upstream) throws -> Void
    ) async throws {
        try await withRelay(configuration) { bench in
            let upstream = try Upstream()
            bench.router.set("a.test", [upstream.address])
            try body(bench, upstream)
        }
    }

    // MARK: - Timeouts

    @Test func anIdleConnectionEnds() async throws {
        var configuration = RelayConfiguration.plain
        configuration.timeouts.idle = .milliseconds(50)
        try await withUpstream(configuration) { bench, upstream in
            let (client, server) = try bench.connect(to: upstream)
            #expect(try bench.journal.first { $0.closing }.ending == .idle)
            #expect(try client.receiveAll().isEmpty)
            #expect(try server.receiveAll() == Hello.bytes("a.test"))
        }
    }

    @Test func aHalfClosedConnectionHasATimeoutOfItsOwn() async throws {
        var configuration = RelayConfiguration.plain
        configuration.timeouts.halfClosed = .milliseconds(50)
        try await withUpstream(configuration) { bench, upstream in
            let idle = try bench.connect(to: upstream)
            let (client, server) = try bench.connect(to: upstream)
            client.endWriting()
            #expect(try server.receiveAll() == Hello.bytes("a.test"))
            let endings = try bench.journal.take(1) { $0.closing }
            #expect(endings.map(\.ending) == [.idle])
            #expect(try client.receiveAll().isEmpty)
            // The other one goes on.
            try idle.server.send([1])
            #expect(try idle.client.receive(exactly: 1) == [1])
        }
    }

    // MARK: - Drains

    @Test func aDrainLetsConnectionsGoOnAndAcceptsNoMore() async throws {
        try await withUpstream { bench, upstream in
            let (client, server) = try bench.connect(to: upstream)
            _ = try server.receive(exactly: Hello.bytes("a.test").count)
            bench.relay.drain(grace: .seconds(600))
            // Until the port is closed.
            eventually { (try? bench.dial()) == nil }
            try client.send([1, 2])
            #expect(try server.receive(exactly: 2) == [1, 2])
            client.endWriting()
            server.endWriting()
            #expect(try client.receiveAll().isEmpty)
            // The last one has gone: the relay ends long before the grace does.
            try bench.end(grace: .seconds(600))
            let closings = bench.journal.all.compactMap { $0.closing }
            #expect(closings.map(\.ending) == [.finished])
        }
    }

    @Test(arguments: [1, 3]) func theEndOfTheGraceClosesWhatIsLeft(threads: Int) async throws {
        var configuration = RelayConfiguration.plain
        configuration.threads = threads
        try await withUpstream(configuration) { bench, upstream in
            let pairs = try (0..<5).map { _ in try bench.connect(to: upstream) }
            try bench.journal.take(5) { $0.connection }
            let waiting = try bench.dial()
            try waiting.send([22])
            eventually { bench.relay.counters.unfinishedHellos == 1 }
            try bench.end(grace: .milliseconds(20))
            for pair in pairs { #expect(try pair.client.receiveAll().isEmpty) }
            #expect(try waiting.endsWithReset())
            #expect(bench.journal.all.compactMap { $0.closing?.ending } == Array(repeating: .drained, count: 5))
            #expect(bench.relay.counters.refused == ["draining": 1])
        }
    }

    @Test func aRelayMayBeDrainedBeforeItRuns() async throws {
        let relay = try GatewayRelay.bind(.plain, router: TestRouter())
        relay.drain(grace: .zero)
        try await relay.run()
        // Again is too late, and harmless.
        try await relay.run()
    }

    @Test func cancellingEndsIt() async throws {
        var configuration = RelayConfiguration.plain
        configuration.threads = 2
        let relay = try GatewayRelay.bind(configuration, router: TestRouter())
        let running = Task { try await relay.run() }
        running.cancel()
        try await running.value
    }

    @Test func aRelayThatNeverRunsLeavesNothing() async throws {
        try await onOwnThread {
            let before = OwnDescriptors.count
            _ = try GatewayRelay.bind(.plain, router: TestRouter())
            #expect(OwnDescriptors.count == before)
        }
    }

    // MARK: - Binding

    @Test func aPortThatIsTakenIsSaid() async throws {
        let first = try GatewayRelay.bind(.plain, router: TestRouter())
        let error = #expect(throws: RelayError.self) {
            var configuration = RelayConfiguration.plain
            configuration.listen = [.loopback, first.addresses[0]]
            _ = try GatewayRelay.bind(configuration, router: TestRouter())
        }
        #expect(error?.code == .listen)
        #expect(error?.description.contains("in use") == true)
    }

    @Test func aConfigurationMustMakeSense() {
        var configuration = RelayConfiguration(listen: [])
        #expect(throws: RelayError(.configuration, "")) {
            try GatewayRelay.bind(configuration, router: TestRouter())
        }
        configuration = .plain
        configuration.threads = 0
        #expect(throws: RelayError(.configuration, "")) {
            try GatewayRelay.bind(configuration, router: TestRouter())
        }
    }

    @Test func listensOnSeveralAddressesAndBothFamilies() async throws {
        var configuration = RelayConfiguration.plain
        let ipv6 = try #require(RelayAddress(ip: "::1", port: 0))
        configuration.listen = [.loopback, .loopback] + (Self.hasIPv6 ? [ipv6] : [])
        try await withUpstream(configuration) { bench, upstream in
            for address in bench.relay.addresses {
                let client = try Wire(to: address)
                try client.send(Hello.bytes("a.test"))
                #expect(try upstream.accept().receive(exactly: 1) == [22])
            }
        }
    }

    private static let hasIPv6: Bool = {
        guard let address = RelayAddress(ip: "::1", port: 0),
            let listener = try? Listener.open(address, .plain)
        else { return false }
        _ = hawser_close(listener.descriptor)
        return true
    }()

    // MARK: - Descriptors that run out

    /// Opens descriptors until there is none left.
    private static func exhaust(leaving count: Int) -> [Int32] {
        var limit = rlimit()
        _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        if limit.rlim_cur > 65_536 {
            limit.rlim_cur = 65_536
            _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        var taken: [Int32] = []
        while true {
            let copy = dup(0)
            if copy < 0 { break }
            taken.append(copy)
        }
        for _ in 0..<min(count, taken.count) { _ = close(taken.removeLast()) }
        return taken
    }

    @Test(.enabled(if: OwnDescriptors.isPossible))
    func withoutDescriptorsClientsAreTurnedAwayAndOthersGoOn() async throws {
        try await withUpstream { bench, upstream in
            let (client, server) = try bench.connect(to: upstream)
            _ = try server.receive(exactly: Hello.bytes("a.test").count)
            // One for the client's own socket: none is left for the relay's.
            let taken = Self.exhaust(leaving: 1)
            let refused = try bench.dial()
            #expect(try refused.endsWithReset())
            #expect(try bench.journal.first { $0.refusal } == .descriptors)
            let bytes = noise(1_000_000)
            let sending = Worked { try client.send(bytes) }
            #expect(try server.receive(exactly: bytes.count) == bytes)
            try sending.wait()
            for descriptor in taken { _ = close(descriptor) }
            refused.close()
            let again = try bench.connect(to: upstream)
            try again.server.send([7])
            #expect(try again.client.receive(exactly: 1) == [7])
        }
    }

    /// Without a spare descriptor nobody can be turned away: clients wait until something is free.
    @Test(.enabled(if: OwnDescriptors.isPossible))
    func acceptingGoesOnWhenDescriptorsAreFreeAgain() async throws {
        try await onOwnThread {
            let (upstream, router, journal) = (try Upstream(), TestRouter(), Journal())
            router.set("a.test", [upstream.address])
            let relay = try GatewayRelay.bind(.plain, router: router) { journal.record($0) }
            let client = try Wire(to: relay.addresses[0])
            try client.send(Hello.bytes("a.test"))
            let taken = Self.exhaust(leaving: 0)
            let ended = DispatchSemaphore(value: 0)
            relay.start { _ in ended.signal() }
            let pause = try journal.first { event in
                if case .acceptingPaused(let error) = event { error } else { nil }
            }
            #expect(pause.errno == EMFILE)
            for descriptor in taken { _ = close(descriptor) }
            let server = try upstream.accept()
            try server.send([1])
            #expect(try client.receive(exactly: 1) == [1])
            relay.drain(grace: .zero)
            #expect(ended.wait(timeout: .now() + 60) == .success)
        }
    }

    @Test(.enabled(if: OwnDescriptors.isPossible))
    func withoutADescriptorForTheUpstreamTheClientIsRefused() async throws {
        try await withUpstream { bench, upstream in
            let client = try bench.dial()
            try client.send([22])
            eventually { bench.relay.counters.unfinishedHellos == 1 }
            let taken = Self.exhaust(leaving: 0)
            try client.send(Array(Hello.bytes("a.test").dropFirst()))
            #expect(try client.endsWithReset())
            for descriptor in taken { _ = close(descriptor) }
            #expect(try bench.journal.first { $0.refusal } == .descriptors)
            // It was not the target's fault.
            #expect(bench.router.attempts.isEmpty)
        }
    }
}
