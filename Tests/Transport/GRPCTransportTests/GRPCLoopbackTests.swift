import GRPCTransport
import GRPCWire
import HTTP2Engine
import NIOCore
import NIOPosix
import Testing

/// The whole transport over real sockets.
@Suite(.timeLimit(.minutes(2))) struct GRPCLoopbackTests {
    @Test func unaryCallCarriesMetadataBothWays() async throws {
        var router = GRPCRouter()
        router.add("/s/m") { call in
            #expect(call.metadata.first("k") == "v")
            #expect(call.authority == "test")
            #expect(call.connectionInfo.remoteAddress?.port != nil)
            let request = try await call.unaryRequest()
            call.setInitialMetadata(["initial": "1"])
            try await call.write([request])
            call.finish(GRPCStatus(.ok, "", trailers: ["trailing": "2"]))
        }
        try await withLoopback(handler: router.handle) { _, connection in
            let answer = try await connection.unary(
                path: "/s/m", message: ByteBuffer(string: "hello"), metadata: ["k": "v"])
            #expect(String(buffer: answer) == "hello")
            let stream = try connection.openStream(path: "/s/m", metadata: ["k": "v"])
            try await stream.write([ByteBuffer(string: "x")])
            stream.finish()
            #expect(try await stream.collect().count == 1)
            #expect(stream.metadata.first("initial") == "1")
            #expect(stream.status?.trailers.first("trailing") == "2")
        }
    }

    @Test func statusesArriveWhole() async throws {
        let sent = GRPCStatus(.failedPrecondition, "é 100% ", details: [1, 2, 3], trailers: ["t": "1"])
        try await withLoopback(handler: { _ in throw sent }) { _, connection in
            let received = await status { _ = try await connection.unary(path: "/s/m", message: ByteBuffer()) }
            #expect(received == sent)
            #expect(received?.trailers == sent.trailers)
        }
    }

    @Test func unknownNamesAreUnimplemented() async throws {
        var router = GRPCRouter()
        router.add("/s/m") { _ in }
        try await withLoopback(handler: router.handle) { _, connection in
            for (path, text) in [
                ("/s/x", "unknown method x for service s"), ("/t/m", "unknown service t"),
                ("/m", "malformed method name: \"/m\""),
            ] {
                let received = await status { _ = try await connection.unary(path: path, message: ByteBuffer()) }
                #expect(received == GRPCStatus(.unimplemented, text))
            }
        }
    }

    @Test func tenThousandMessagesBothWaysKeepTheirOrder() async throws {
        try await withLoopback(handler: echo) { _, connection in
            let stream = try connection.openStream(path: "/s/m")
            async let received = stream.collect()
            for start in stride(from: 0, to: 10_000, by: 100) {
                let batch = (start..<(start + 100)).map { index in
                    var message = ByteBuffer(integer: index)
                    message.writeRepeatingByte(7, count: 800)
                    return message
                }
                try await stream.write(batch)
            }
            stream.finish()
            let numbers = try await received.map { $0.getInteger(at: $0.readerIndex, as: Int.self) }
            #expect(numbers == Array(0..<10_000))
            #expect(stream.status == .ok)
        }
    }

    @Test func twoWritersKeepTheirOwnOrder() async throws {
        try await withLoopback(handler: echo) { _, connection in
            let stream = try connection.openStream(path: "/s/m")
            async let received = stream.collect()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in [UInt8(0), 1] {
                    group.addTask {
                        for index in 0..<1_000 {
                            var message = ByteBuffer(integer: writer)
                            message.writeInteger(index)
                            message.writeRepeatingByte(1, count: 3_000)
                            try await stream.write([message])
                        }
                    }
                }
                try await group.waitForAll()
            }
            stream.finish()
            var next = [0, 0]
            for var message in try await received {
                let writer = Int(message.readInteger(as: UInt8.self)!)
                #expect(message.readInteger(as: Int.self) == next[writer])
                next[writer] += 1
            }
            #expect(next == [1_000, 1_000])
        }
    }

    @Test func messageLargerThanTheWindowsPasses() async throws {
        var configuration = GRPCServerConfiguration()
        configuration.http2.streamWindowBytes = 65_535
        configuration.http2.connectionWindowBytes = 65_535
        var client = GRPCClientConfiguration()
        client.http2 = configuration.http2
        try await withLoopback(server: configuration, client: client, handler: echo) { _, connection in
            let stream = try connection.openStream(path: "/s/m")
            let large = ByteBuffer(repeating: 3, count: 3_000_000)
            async let received = stream.collect()
            try await stream.write([ByteBuffer(string: "a"), large, ByteBuffer(string: "b"), large])
            stream.finish()
            #expect(try await received == [ByteBuffer(string: "a"), large, ByteBuffer(string: "b"), large])
        }
    }

    @Test func writerWaitsForAReaderThatDoesNotRead() async throws {
        var client = GRPCClientConfiguration()
        client.limits.outboundHighWaterBytes = 100_000
        client.limits.outboundLowWaterBytes = 50_000
        var server = GRPCServerConfiguration()
        server.http2.streamWindowBytes = 100_000
        let mayRead = Shared(false)
        let count = Shared(0)
        try await withLoopback(
            server: server, client: client,
            handler: { call in
                await eventually { mayRead.value }
                while let messages = try await call.next() { count.update { $0 += messages.count } }
            },
            { _, connection in
                let stream = try connection.openStream(path: "/s/m")
                let written = Shared(0)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        for _ in 0..<100 {
                            try await stream.write([ByteBuffer(repeating: 1, count: 10_000)])
                            written.update { $0 += 1 }
                        }
                        stream.finish()
                    }
                    // Window, high-water mark, and the one write that goes over it.
                    await eventually { written.value >= 10 }
                    for _ in 0..<100 { await Task.yield() }
                    #expect(written.value <= 22)
                    mayRead.update { $0 = true }
                    try await group.waitForAll()
                }
                #expect(try await stream.collect().isEmpty)
                #expect(count.value == 100)
            })
    }

    @Test func sizesAreLimitedBothWays() async throws {
        var client = GRPCClientConfiguration()
        client.limits = GRPCLimits(maxReceiveMessageBytes: 1_000, maxSendMessageBytes: 5_000)
        var server = GRPCServerConfiguration()
        server.limits = GRPCLimits(maxReceiveMessageBytes: 2_000, maxSendMessageBytes: 10_000)
        try await withLoopback(server: server, client: client, handler: echo) { _, connection in
            let sizes: [(Int, String)] = [
                (5_001, "trying to send message larger than max (5001 vs. 5000)"),
                (2_001, "grpc: received message larger than max (2001 vs. 2000)"),
                (1_001, "grpc: received message larger than max (1001 vs. 1000)"),
            ]
            for (size, text) in sizes {
                let message = ByteBuffer(repeating: 1, count: size)
                let received = await status { _ = try await connection.unary(path: "/s/m", message: message) }
                #expect(received == GRPCStatus(.resourceExhausted, text))
            }
            let fits = ByteBuffer(repeating: 1, count: 1_000)
            let answer = try await connection.unary(path: "/s/m", message: fits)
            #expect(answer == fits)
        }
    }

    @Test func deadlineEndsBothSides() async throws {
        let ended = Shared<GRPCStatus?>(nil)
        try await withLoopback(handler: { call in
            do {
                while try await call.next() != nil {}
                try await Task.sleep(for: .seconds(3_600))
            } catch {
                ended.update { $0 = error as? GRPCStatus ?? GRPCStatus(.cancelled, "\(error)") }
                throw error
            }
        }) { server, connection in
            // On a busy machine a short time may be over before the server has heard of the call.
            for milliseconds in [20, 200, 2_000] where ended.value == nil {
                let received = await status {
                    _ = try await connection.unary(
                        path: "/s/m", message: ByteBuffer(), timeout: .milliseconds(Int64(milliseconds)))
                }
                #expect(received?.code == .deadlineExceeded)
                await eventually { server.callCount == 0 }
            }
            #expect(ended.value != nil)
        }
    }

    @Test func clientCancellationReachesTheHandler() async throws {
        let ended = Shared<GRPCStatus?>(nil)
        try await withLoopback(handler: { call in
            do {
                while let messages = try await call.next() { try await call.write(messages) }
            } catch {
                ended.update { $0 = error as? GRPCStatus }
            }
        }) { server, connection in
            let stream = try connection.openStream(path: "/s/m")
            try await stream.write([ByteBuffer(string: "x")])
            _ = try await stream.next()
            stream.cancel()
            let received = await status { _ = try await stream.next() }
            #expect(received?.code == .cancelled)
            await eventually { server.callCount == 0 }
            #expect(ended.value?.code == .cancelled)
        }
    }

    @Test func cancelledTaskCancelsItsCall() async throws {
        try await withLoopback(handler: echo) { server, connection in
            let stream = try connection.openStream(path: "/s/m")
            try await stream.write([ByteBuffer(string: "x")])
            _ = try await stream.next()
            let received = await withTaskGroup(of: GRPCStatus?.self) { group in
                group.addTask { await status { _ = try await stream.next() } }
                group.cancelAll()
                return await group.next() ?? nil
            }
            #expect(received?.code == .cancelled)
            await eventually { server.callCount == 0 }
        }
    }

    @Test func abandonedStreamIsCancelled() async throws {
        try await withLoopback(handler: echo) { server, connection in
            do {
                let stream = try connection.openStream(path: "/s/m")
                try await stream.write([ByteBuffer(string: "x")])
                _ = try await stream.next()
                #expect(server.callCount == 1)
            }
            await eventually { server.callCount == 0 }
        }
    }

    @Test func handlerThatCancelsItsReaderStillSendsItsStatus() async throws {
        try await withLoopback(handler: { call in
            await withTaskGroup(of: Void.self) { group in
                group.addTask { _ = try? await call.next() }
                group.cancelAll()
            }
            throw GRPCStatus(.aborted, "the writer failed")
        }) { _, connection in
            let stream = try connection.openStream(path: "/s/m")
            let received = await status { _ = try await stream.next() }
            #expect(received == GRPCStatus(.aborted, "the writer failed"))
        }
    }

    @Test func shutdownLetsCallsEnd() async throws {
        try await withLoopback(handler: echo) { server, connection in
            let stream = try connection.openStream(path: "/s/m")
            try await stream.write([ByteBuffer(string: "before")])
            #expect(try await stream.next() == [ByteBuffer(string: "before")])
            server.shutdown(grace: .seconds(60))
            // The connection refuses new calls as soon as the client has seen GOAWAY.
            var refused: GRPCStatus?
            while refused == nil {
                refused = await status { _ = try await connection.unary(path: "/s/m", message: ByteBuffer()) }
            }
            #expect(refused?.code == .unavailable)
            try await stream.write([ByteBuffer(string: "after")])
            #expect(try await stream.next() == [ByteBuffer(string: "after")])
            stream.finish()
            #expect(try await stream.next() == nil)
            await connection.waitForClose()
            await eventually { server.connectionCount == 0 }
        }
    }

    @Test func shutdownWithoutGraceEndsCalls() async throws {
        try await withLoopback(handler: echo) { server, connection in
            let stream = try connection.openStream(path: "/s/m")
            try await stream.write([ByteBuffer(string: "x")])
            _ = try await stream.next()
            server.shutdown(grace: .zero)
            let received = await status { while try await stream.next() != nil {} }
            #expect(received?.code == .unavailable)
        }
    }

    @Test func connectionsAreBounded() async throws {
        var configuration = GRPCServerConfiguration()
        configuration.maxConnections = 1
        try await withLoopback(server: configuration, handler: echo) { server, connection in
            let refused = await status { _ = try await server.dial() }
            #expect(refused?.code == .unavailable)
            #expect(try await connection.unary(path: "/s/m", message: ByteBuffer()) == ByteBuffer())
            await connection.close()
            await eventually { server.connectionCount == 0 }
            let again = try await server.dial()
            await again.close()
        }
    }

    @Test func callsAreBounded() async throws {
        var configuration = GRPCServerConfiguration()
        configuration.http2.maxConcurrentStreams = 2
        let counts = Shared((most: 0, now: 0))
        try await withLoopback(
            server: configuration,
            handler: { call in
                counts.update {
                    $0.now += 1
                    $0.most = max($0.most, $0.now)
                }
                while let messages = try await call.next() { try await call.write(messages) }
                counts.update { $0.now -= 1 }
            },
            { _, connection in
                await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<50 {
                        group.addTask { _ = try await connection.unary(path: "/s/m", message: ByteBuffer()) }
                    }
                    // A call that comes before its predecessor's handler has returned is refused, and may be retried.
                    while let result = await group.nextResult() {
                        if case .failure(let error) = result {
                            #expect((error as? GRPCStatus)?.code == .unavailable)
                        }
                    }
                }
            })
        #expect(counts.value.most <= 2)
    }

    @Test func thousandConnectionsLeaveNothing() async throws {
        try await withLoopback(handler: echo) { server, connection in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        for _ in 0..<50 {
                            let connection = try await server.dial()
                            _ = try await connection.unary(path: "/s/m", message: ByteBuffer(string: "x"))
                            await connection.close()
                        }
                    }
                }
                try await group.waitForAll()
            }
            await connection.close()
            await eventually { server.connectionCount == 0 && server.callCount == 0 }
        }
    }

    @Test func connectFailsWithItsCause() async throws {
        let server = try await GRPCServer.bind(host: "127.0.0.1", port: 0)
        let address = server.localAddress!
        server.shutdown(grace: .zero)
        await server.run(handler: echo)
        let refused = await status { _ = try await GRPCConnection.connect(to: .address(address), authority: "a") }
        #expect(refused?.code == .unavailable)
        #expect(refused?.cause != nil)
    }

    @Test func securityThatFailsIsTheReason() async throws {
        struct Untrusted: Error, Equatable {}
        final class Failing: ChannelInboundHandler {
            typealias InboundIn = ByteBuffer
            func channelActive(context: ChannelHandlerContext) {
                context.fireErrorCaught(Untrusted())
            }
        }
        var client = GRPCClientConfiguration()
        client.security = GRPCSecurity(scheme: "https") { channel, _ in
            try channel.pipeline.syncOperations.addHandler(Failing())
        }
        try await withLoopback(handler: echo) { [client] server, _ in
            let failed = await status { _ = try await server.dial(client) }
            #expect(failed?.code == .unavailable)
            #expect(failed?.cause is Untrusted)
        }
    }

    @Test func serverNameComesFromTheSecurityLayer() async throws {
        var server = GRPCServerConfiguration()
        server.security = GRPCSecurity(scheme: "https") { _, attributes in attributes.serverName = "server.dc1" }
        try await withLoopback(
            server: server, handler: { call in throw GRPCStatus(.aborted, call.connectionInfo.serverName ?? "none") }
        ) { _, connection in
            let received = await status { _ = try await connection.unary(path: "/s/m", message: ByteBuffer()) }
            #expect(received?.message == "server.dc1")
        }
    }

    @Test func silentServerIsGivenUp() async throws {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0).get()
        var client = GRPCClientConfiguration()
        client.connectTimeout = .milliseconds(50)
        let address = listener.localAddress!
        let failed = await status { [client] in
            _ = try await GRPCConnection.connect(to: .address(address), authority: "a", configuration: client)
        }
        #expect(failed?.code == .unavailable)
        try await listener.close()
    }
}
