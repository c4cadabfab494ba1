import CLinux
import Testing

@testable import GatewayRelay

/// From the first byte of a client to the connection of an upstream, over the loopback.
@Suite(.serialized) struct OpeningTests {
    private func refusing(
        _ configuration: RelayConfiguration = .plain, _ router: TestRouter = TestRouter(),
        with expected: RelayRefusal, _ body: @escaping @Sendable (Bench, Wire) throws -> Void
    ) async throws {
        try await withRelay(configuration, router) { bench in
            let client = try bench.dial()
            try body(bench, client)
            #expect(try bench.journal.first { $0.refusal } == expected)
            #expect(bench.relay.counters.refused == [expected.code: 1])
        }
    }

    private var quick: RelayConfiguration {
        var configuration = RelayConfiguration.plain
        configuration.timeouts.handshake = .milliseconds(50)
        configuration.timeouts.connect = .milliseconds(50)
        return configuration
    }

    /// An upstream whose queue is full: connecting to it is never answered.
    private final class Silent {
        let address: RelayAddress
        private let listener: Int32
        private var fillers: [Int32] = []

        init() throws {
            var configuration = RelayConfiguration.plain
            configuration.limits.backlog = 0
            let listening = try Listener.open(.loopback, configuration)
            (listener, address) = (listening.descriptor, listening.address)
            var raw = address.raw
            for _ in 0..<8 {
                let filler = Int32(try Wire.check(unsafe hawser_socket(&raw)))
                fillers.append(filler)
                _ = unsafe hawser_connect(filler, &raw)
            }
        }

        /// Takes one from the queue, so that one of those who wait is answered.
        func answerAll() -> [Wire] {
            var wires: [Wire] = []
            for filler in fillers { _ = hawser_close(filler) }
            fillers = []
            _ = Wire(waitingOn: listener)
            var peer = hawser_address()
            for _ in 0..<10 {
                let result = unsafe hawser_accept(listener, &peer)
                guard result >= 0 else { break }
                wires.append(Wire(adopting: Int32(result)))
                if let last = wires.last, (try? last.receive(1))?.isEmpty == false { return [last] }
            }
            return wires
        }

        deinit {
            for descriptor in fillers + [listener] { _ = hawser_close(descriptor) }
        }
    }

    // MARK: - Hellos

    @Test(arguments: [true, false])
    func aHelloMayComeOneByteAtATime(defers: Bool) async throws {
        var configuration = RelayConfiguration.plain
        configuration.defersAccept = defers
        try await withRelay(configuration) { bench in
            let upstream = try Upstream()
            bench.router.set("a.test", [upstream.address])
            let client = try bench.dial()
            let hello = Hello.bytes("a.test", padding: 1_000)
            for byte in hello { try client.send([byte]) }
            let server = try upstream.accept()
            #expect(try server.receive(exactly: hello.count) == hello)
        }
    }

    @Test func whatFollowsTheHelloAtOnceIsRelayed() async throws {
        try await withRelay { bench in
            let upstream = try Upstream()
            bench.router.set("a.test", [upstream.address])
            let client = try bench.dial()
            let bytes = Hello.bytes("a.test") + noise(100_000)
            let sending = Worked {
                try client.send(bytes)
                client.endWriting()
            }
            #expect(try upstream.accept().receiveAll() == bytes)
            try sending.wait()
        }
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\n\r\n", "plain-http"), ("SSH-2.0-x\r\n", "not-tls"), ("PROXY TCP4 ", "proxy-header"),
    ])
    func whatIsNoTLSIsReset(text: String, code: String) async throws {
        try await withRelay { bench in
            let client = try bench.dial()
            try client.send(Array(text.utf8))
            #expect(try client.endsWithReset())
            #expect(try bench.journal.first { $0.refusal }.code == code)
            #expect(bench.relay.counters.refused == [code: 1])
        }
    }

    @Test func anUnknownNameIsToldByAnAlert() async throws {
        try await refusing(with: .unknownServerName) { bench, client in
            try client.send(Hello.bytes("b.test"))
            #expect(try client.receiveAll() == [0x15, 3, 3, 0, 2, 2, 112])
            let name = try bench.journal.first { event -> String? in
                if case .refused(_, _, let name) = event { name } else { nil }
            }
            #expect(name == "b.test")
        }
    }

    @Test func aMissingNameIsToldByAnAlert() async throws {
        try await refusing(with: .noServerName) { _, client in
            try client.send(Hello.bytes(nil))
            #expect(try client.receiveAll() == [0x15, 3, 3, 0, 2, 2, 109])
        }
    }

    @Test func aHelloThatNeverEndsTimesOut() async throws {
        try await refusing(quick, with: .handshakeTimeout) { bench, client in
            try client.send(Array(Hello.bytes("a.test").dropLast()))
            #expect(try client.endsWithReset())
        }
    }

    @Test func aSilentClientTimesOut() async throws {
        try await refusing(quick, with: .handshakeTimeout) { _, client in
            let isReset = try client.endsWithReset()
            #expect(isReset)
        }
    }

    @Test func aHelloThatIsTooLongIsRefusedBeforeItsEnd() async throws {
        try await withRelay { bench in
            let client = try bench.dial()
            try client.send([22, 3, 1, 0x40, 0, 1, 0, 0x7F, 0xFF] + noise(100))
            #expect(try client.endsWithReset())
            #expect(try bench.journal.first { $0.refusal }.code == "too-long")
        }
    }

    @Test(arguments: [0, 1, 20]) func aClientMayCloseEarly(count: Int) async throws {
        try await refusing(with: .closedEarly) { bench, client in
            try client.send(Array(Hello.bytes("a.test").prefix(count)))
            client.close()
            try bench.journal.first { $0.refusal }
        }
    }

    // MARK: - Limits

    @Test func aSourceHasSoManyUnfinishedHellos() async throws {
        var configuration = RelayConfiguration.plain
        configuration.limits.unfinishedHellosPerSource = 3
        try await withRelay(configuration) { bench in
            let upstream = try Upstream()
            bench.router.set("a.test", [upstream.address])
            let hello = Hello.bytes("a.test")
            let waiting = try (0..<3).map { _ in
                let client = try bench.dial()
                try client.send([hello[0]])
                return client
            }
            let fourth = try bench.dial()
            #expect(try fourth.endsWithReset())
            #expect(try bench.journal.first { $0.refusal } == .sourceLimit)
            // One that finishes makes room for another.
            try waiting[0].send(Array(hello.dropFirst()))
            let server = try upstream.accept()
            #expect(try server.receive(exactly: hello.count) == hello)
            let fifth = try bench.dial()
            try fifth.send([hello[0]])
            try fifth.send(Array(hello.dropFirst()))
            #expect(try upstream.accept().receive(exactly: hello.count) == hello)
            #expect(bench.relay.counters.unfinishedHellos == 2)
        }
    }

    @Test func theClientsOfAProxyAreNotOneSource() async throws {
        var configuration = RelayConfiguration.plain
        configuration.expectsProxyHeader = true
        configuration.limits.unfinishedHellosPerSource = 1
        configuration.limits.unfinishedHellos = 2
        try await withRelay(configuration) { bench in
            let waiting = [try bench.dial(), try bench.dial()]
            eventually { bench.relay.counters.unfinishedHellos == waiting.count }
            #expect(try bench.dial().endsWithReset())
            #expect(try bench.journal.first { $0.refusal } == .helloLimit)
        }
    }

    @Test func thereAreSoManyConnections() async throws {
        var configuration = RelayConfiguration.plain
        configuration.limits.connections = 2
        try await withRelay(configuration) { bench in
            let upstream = try Upstream()
            bench.router.set("a.test", [upstream.address])
            let first = try bench.connect(to: upstream)
            let second = try bench.connect(to: upstream)
            try bench.journal.take(2) { $0.connection }
            let third = try bench.dial()
            #expect(try third.endsWithReset())
            #expect(try bench.journal.first { $0.refusal } == .connectionLimit)
            first.client.reset()
            try bench.journal.first { $0.closing }
            let fourth = try bench.connect(to: upstream)
            for server in [second.server, fourth.server] { #expect(try server.receive(exactly: 1) == [22]) }
        }
    }

    // MARK: - Targets

    @Test func theNextTargetIsTried() async throws {
        try await withRelay { bench in
            let upstream = try Upstream()
            let gone = try Upstream().address
            bench.router.set("a.test", [gone, gone, upstream.address])
            let (_, server) = try bench.connect(to: upstream)
            #expect(try server.receive(exactly: 5).first == 22)
            #expect(
                bench.router.attempts == [
                    .init(target: gone, route: "a.test", failure: .refused),
                    .init(target: gone, route: "a.test", failure: .refused),
                    .init(target: upstream.address, route: "a.test", failure: nil),
                ])
            #expect(bench.relay.counters.routes["a.test"]?.connectFailures == 2)
        }
    }

    @Test func whenNoTargetIsLeftTheClientIsReset() async throws {
        try await refusing(with: .unreachable) { bench, client in
            let gone = try Upstream().address
            bench.router.set("a.test", [gone, gone])
            try client.send(Hello.bytes("a.test"))
            #expect(try client.endsWithReset())
            #expect(bench.router.attempts.count == 2)
        }
    }

    @Test func aRouteWithoutTargetsRefuses() async throws {
        try await refusing(.plain, TestRouter(["a.test": []]), with: .noTarget) { _, client in
            try client.send(Hello.bytes("a.test"))
            #expect(try client.endsWithReset())
        }
    }

    @Test func aTargetThatNeverAnswersTimesOut() async throws {
        try await withRelay(quick) { bench in
            let (silent, upstream) = (try Silent(), try Upstream())
            bench.router.set("a.test", [silent.address, upstream.address])
            let (_, server) = try bench.connect(to: upstream)
            #expect(try server.receive(exactly: 5).first == 22)
            #expect(bench.router.attempts.first?.failure == .timeout)
            withExtendedLifetime(silent) {}
        }
    }

    @Test func aTargetMayAnswerLate() async throws {
        try await withRelay { bench in
            let silent = try Silent()
            bench.router.set("a.test", [silent.address])
            let client = try bench.dial()
            try client.send(Hello.bytes("a.test"))
            client.endWriting()
            eventually { !bench.router.clients.isEmpty }
            #expect(silent.answerAll().count == 1)
            try bench.journal.first { $0.connection }
        }
    }

    @Test func aClientThatResetsWhileItsTargetIsSilentIsForgotten() async throws {
        try await refusing(with: .clientLeft) { bench, client in
            let silent = try Silent()
            bench.router.set("a.test", [silent.address])
            try client.send(Hello.bytes("a.test"))
            eventually { !bench.router.clients.isEmpty }
            client.reset()
            try bench.journal.first { $0.refusal }
            withExtendedLifetime(silent) {}
        }
    }

    @Test func routesChangeBetweenTwoConnections() async throws {
        try await withRelay { bench in
            let (old, new) = (try Upstream(), try Upstream())
            bench.router.set("a.test", [old.address])
            let first = try bench.connect(to: old)
            bench.router.set("a.test", [new.address])
            let second = try bench.connect(to: new)
            try first.server.send([1])
            try second.server.send([2])
            #expect(try first.client.receive(exactly: 1) == [1])
            #expect(try second.client.receive(exactly: 1) == [2])
            bench.router.set("a.test", nil)
            let third = try bench.dial()
            try third.send(Hello.bytes("a.test"))
            #expect(try third.receiveAll().last == 112)
        }
    }

    @Test func routesPastTheLimitAreCountedTogether() async throws {
        var configuration = RelayConfiguration.plain
        configuration.limits.countedRoutes = 1
        try await withRelay(configuration) { bench in
            let upstream = try Upstream()
            for name in ["a.test", "b.test", "c.test"] {
                bench.router.set(name, [upstream.address])
                _ = try bench.connect(to: upstream, name: name)
            }
            try bench.journal.take(3) { $0.connection }
            let routes = bench.relay.counters.routes
            #expect(routes.mapValues(\.connected) == ["a.test": 1, RelayCounters.others: 2])
        }
    }

    // MARK: - The PROXY protocol

    @Test func theHeaderOfAClientIsTakenOffAndBelieved() async throws {
        var configuration = RelayConfiguration.plain
        configuration.expectsProxyHeader = true
        try await withRelay(configuration) { bench in
            let upstream = try Upstream()
            bench.router.set("a.test", [upstream.address])
            let source = try #require(RelayAddress(ip: "192.0.2.9", port: 999))
            let header = ProxyHeader(source: source, destination: .loopback).bytes
            let hello = Hello.bytes("a.test")
            // At once, and one byte at a time.
            for isSplit in [false, true] {
                let client = try bench.dial()
                if isSplit {
                    for byte in header + hello { try client.send([byte]) }
                } else {
                    try client.send(header + hello)
                }
                #expect(try upstream.accept().receive(exactly: hello.count) == hello)
            }
            #expect(bench.router.clients == [source, source])
        }
    }

    @Test func withoutTheHeaderAClientIsRefused() async throws {
        var configuration = RelayConfiguration.plain
        configuration.expectsProxyHeader = true
        try await refusing(configuration, with: .proxyHeader) { _, client in
            try client.send(Hello.bytes("a.test"))
            #expect(try client.endsWithReset())
        }
    }

    @Test(arguments: [false, true])
    func theUpstreamGetsAHeaderBeforeTheHello(isForwarded: Bool) async throws {
        var configuration = RelayConfiguration.plain
        configuration.sendsProxyHeader = true
        configuration.expectsProxyHeader = isForwarded
        try await withRelay(configuration) { bench in
            let upstream = try Upstream()
            bench.router.set("a.test", [upstream.address])
            let client = try bench.dial()
            var local = hawser_address()
            _ = unsafe hawser_local_address(client.descriptor, &local)
            var header = ProxyHeader(source: RelayAddress(local), destination: bench.address)
            if isForwarded {
                header.source = RelayAddress(ip: "2001:db8::1", port: 5)
                header.destination = RelayAddress(ip: "2001:db8::2", port: 443)
                try client.send(header.bytes)
            }
            try client.send(Hello.bytes("a.test"))
            let expected = header.bytes + Hello.bytes("a.test")
            #expect(try upstream.accept().receive(exactly: expected.count) == expected)
        }
    }
}
