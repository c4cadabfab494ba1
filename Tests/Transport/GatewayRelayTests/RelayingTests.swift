import Testing

@testable import GatewayRelay

/// Connections over the loopback, on both paths.
@Suite(.serialized) struct RelayingTests {
    static let paths = RelayConfiguration.Path.allCases

    private func configuration(_ path: RelayConfiguration.Path, threads: Int = 1) -> RelayConfiguration {
        var configuration = RelayConfiguration.plain
        configuration.path = path
        configuration.threads = threads
        return configuration
    }

    private func relaying(
        _ path: RelayConfiguration.Path, threads: Int = 1, _ body: @escaping @Sendable (Bench, Upstream) throws -> Void
    ) async throws {
        try await withRelay(configuration(path, threads: threads)) { bench in
            let upstream = try Upstream()
            bench.router.set("a.test", [upstream.address])
            try body(bench, upstream)
        }
    }

    @Test(arguments: paths, [0, 1, 1_000, 65_536, 1_000_000, 30_000_000])
    func bytesOfAllSizesAreEqualBothWays(path: RelayConfiguration.Path, size: Int) async throws {
        try await relaying(path) { bench, upstream in
            let (client, server) = try bench.connect(to: upstream)
            let (request, response) = (noise(size), noise(size, seed: 2))
            // All four ends at once.
            let sending = Worked {
                try client.send(request)
                client.endWriting()
            }
            let serving = Worked {
                try server.send(response)
                server.endWriting()
            }
            let reading = Worked {
                let received = try client.receiveAll()
                #expect(received == response)
            }
            #expect(try server.receiveAll() == Hello.bytes("a.test") + request)
            for thread in [sending, serving, reading] { try thread.wait() }

            let summary = try bench.journal.first { $0.closing }
            #expect(summary.ending == .finished)
            #expect(summary.bytesToUpstream == UInt64(Hello.bytes("a.test").count + size))
            #expect(summary.bytesToClient == UInt64(size))
            #expect(summary.route == "a.test")
            #expect(bench.relay.counters.routes["a.test"]?.bytesToClient == UInt64(size))
        }
    }

    @Test(arguments: paths)
    func theClientEndsFirstAndStillGetsItsAnswer(path: RelayConfiguration.Path) async throws {
        try await relaying(path) { bench, upstream in
            let (client, server) = try bench.connect(to: upstream)
            try client.send(noise(300_000))
            client.endWriting()
            #expect(try server.receiveAll().count == 300_000 + Hello.bytes("a.test").count)
            let answer = noise(500_000, seed: 3)
            let answering = Worked {
                try server.send(answer)
                server.close()
            }
            #expect(try client.receiveAll() == answer)
            try answering.wait()
        }
    }

    @Test(arguments: paths)
    func theUpstreamEndsFirstAndStillGetsTheRest(path: RelayConfiguration.Path) async throws {
        try await relaying(path) { bench, upstream in
            let (client, server) = try bench.connect(to: upstream)
            server.endWriting()
            #expect(try client.receiveAll().isEmpty)
            let rest = noise(500_000, seed: 4)
            let sending = Worked {
                try client.send(rest)
                client.close()
            }
            #expect(try server.receiveAll() == Hello.bytes("a.test") + rest)
            try sending.wait()
        }
    }

    @Test(arguments: paths)
    func aDialogueOfSmallMessagesIsRelayedAtOnce(path: RelayConfiguration.Path) async throws {
        try await relaying(path) { bench, upstream in
            let (client, server) = try bench.connect(to: upstream)
            _ = try server.receive(exactly: Hello.bytes("a.test").count)
            for round in 0..<200 {
                let message = noise(64 + round, seed: UInt64(round))
                try client.send(message)
                #expect(try server.receive(exactly: message.count) == message)
                try server.send(message)
                #expect(try client.receive(exactly: message.count) == message)
            }
            // Nothing is held between two messages. The copy path never has a pipe, the other may keep one ready.
            #expect(bench.relay.counters.pipes <= (path == .copy ? 0 : 1))
        }
    }

    /// A reader that is far behind: the sink blocks in the middle of small and of large pieces.
    @Test(arguments: paths)
    func aSlowReaderGetsEverything(path: RelayConfiguration.Path) async throws {
        try await relaying(path) { bench, upstream in
            let client = try Wire(to: bench.address, receiveBuffer: 4_096)
            try client.send(Hello.bytes("a.test"))
            let server = try upstream.accept()
            let pieces = (0..<400).map { noise(20_000 + $0, seed: UInt64($0)) }
            let serving = Worked {
                for piece in pieces { try server.send(piece) }
                server.endWriting()
            }
            var received: [UInt8] = []
            while true {
                let more = try client.receive(3_000)
                if more.isEmpty { break }
                received += more
            }
            #expect(received == pieces.flatMap { $0 })
            try serving.wait()
        }
    }

    @Test(arguments: paths)
    func aReaderThatStopsHoldsBackTheWriter(path: RelayConfiguration.Path) async throws {
        try await relaying(path) { bench, upstream in
            let (client, server) = try bench.connect(to: upstream)
            // More than all buffers on the way can be: the writer must be stopped by them.
            #expect(makeNonblocking(server.descriptor))
            var total = 0
            while total < 200_000_000 {
                let count = sendSome(server.descriptor, 65_536)
                if count > 0 {
                    total += count
                } else if !waitWritable(server.descriptor, milliseconds: 500) {
                    break
                }
            }
            #expect(total < 200_000_000)
            // The other direction and other connections go on.
            try client.send([1, 2, 3])
            _ = Wire(waitingOn: server.descriptor)
            #expect(try server.receive(exactly: Hello.bytes("a.test").count + 3).suffix(3) == [1, 2, 3])
            let (other, otherServer) = try bench.connect(to: upstream)
            try otherServer.send([9])
            #expect(try other.receive(exactly: 1) == [9])
            server.endWriting()
            #expect(try client.receiveAll().count == total)
        }
    }

    @Test(arguments: paths)
    func aResetOfTheClientReachesTheUpstream(path: RelayConfiguration.Path) async throws {
        try await relaying(path) { bench, upstream in
            let (client, server) = try bench.connect(to: upstream)
            try server.send([1])
            #expect(try client.receive(exactly: 1) == [1])
            client.reset()
            #expect(try server.endsWithReset())
            #expect(try bench.journal.first { $0.closing }.ending == .broken)
        }
    }

    @Test(arguments: paths)
    func aResetOfTheUpstreamReachesTheClient(path: RelayConfiguration.Path) async throws {
        try await relaying(path) { bench, upstream in
            let (client, server) = try bench.connect(to: upstream)
            _ = try server.receive(exactly: Hello.bytes("a.test").count)
            try server.send([1])
            #expect(try client.receive(exactly: 1) == [1])
            server.reset()
            #expect(try client.endsWithReset())
            #expect(try bench.journal.first { $0.closing }.ending == .broken)
        }
    }

    @Test(arguments: paths)
    func aClientThatLeavesWhileItIsSentToEndsTheConnection(path: RelayConfiguration.Path) async throws {
        try await relaying(path) { bench, upstream in
            let (client, server) = try bench.connect(to: upstream)
            try client.send([1])
            client.close()
            var error: WireError?
            do {
                for _ in 0..<10_000 { try server.send(noise(65_536)) }
            } catch let failure as WireError { error = failure }
            #expect(error?.isReset == true)
            #expect(try bench.journal.first { $0.closing }.ending == .broken)
        }
    }

    @Test(arguments: paths)
    func manyConnectionsOverManyThreads(path: RelayConfiguration.Path) async throws {
        try await relaying(path, threads: 4) { bench, upstream in
            let connections = 64
            var pairs: [(client: Wire, server: Wire)] = []
            for _ in 0..<connections { pairs.append(try bench.connect(to: upstream)) }
            try bench.journal.take(connections) { $0.connection }
            #expect(bench.relay.counters.total.open == connections)
            #expect(bench.relay.openByThread == [16, 16, 16, 16])
            let threads = pairs.enumerated().map { index, pair in
                Worked {
                    let bytes = noise(100_000, seed: UInt64(index))
                    let sending = Worked {
                        try pair.client.send(bytes)
                        pair.client.endWriting()
                    }
                    let received = try pair.server.receiveAll()
                    #expect(received == Hello.bytes("a.test") + bytes)
                    pair.server.close()
                    let rest = try pair.client.receiveAll()
                    #expect(rest.isEmpty)
                    try sending.wait()
                }
            }
            for thread in threads { try thread.wait() }
            try bench.journal.take(connections) { $0.closing }
            let total = bench.relay.counters.total
            #expect(total.connected == connections)
            #expect(total.bytesToUpstream == UInt64(connections * (100_000 + Hello.bytes("a.test").count)))
        }
    }

    @Test func aHundredThousandShortConnectionsLeaveNothingBehind() async throws {
        for path in Self.paths {
            try await relaying(path, threads: 2) { bench, upstream in
                let hello = Hello.bytes("a.test")
                let rounds = 50_000
                let serving = Worked {
                    for _ in 0..<rounds {
                        let server = try upstream.accept()
                        _ = try server.receive(exactly: hello.count)
                        try server.send([42])
                    }
                }
                for _ in 0..<rounds {
                    let client = try bench.dial()
                    try client.send(hello)
                    #expect(try client.receive(exactly: 1) == [42])
                }
                try serving.wait()
                eventually { bench.relay.counters.total.open == 0 }
                #expect(bench.relay.counters.total.connected == rounds)
            }
        }
    }

    @Test func idleConnectionsHoldNoPipes() async throws {
        try await relaying(.splice) { bench, upstream in
            var pairs: [(client: Wire, server: Wire)] = []
            for _ in 0..<50 {
                let pair = try bench.connect(to: upstream)
                let bytes = noise(200_000)
                let sending = Worked { try pair.client.send(bytes) }
                _ = try pair.server.receive(exactly: Hello.bytes("a.test").count + bytes.count)
                try sending.wait()
                pairs.append(pair)
            }
            #expect(bench.relay.counters.pipes <= 2)
            #expect(bench.relay.counters.total.open == 50)
        }
    }

    /// Without pipes bytes are copied instead.
    @Test func thePipeLimitStopsNothing() async throws {
        var configuration = configuration(.splice)
        configuration.limits.pipes = 0
        try await withRelay(configuration) { bench in
            let upstream = try Upstream()
            bench.router.set("a.test", [upstream.address])
            let (client, server) = try bench.connect(to: upstream)
            let bytes = noise(3_000_000)
            let sending = Worked {
                try client.send(bytes)
                client.endWriting()
            }
            #expect(try server.receiveAll() == Hello.bytes("a.test") + bytes)
            try sending.wait()
            #expect(bench.relay.counters.pipes == 0)
        }
    }
}
