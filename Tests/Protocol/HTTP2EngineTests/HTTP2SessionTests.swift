import HTTP2Engine
import NIOCore
import Testing

@Suite struct HTTP2SessionTests {
    @Test(arguments: [1, 2, 7, 9, 100, Int.max])
    func dialogueSurvivesAnySplit(piece: Int) throws {
        var pair = try Pair(piece: piece)
        let stream = try pair.client.submitRequest(requestFields, endStream: false)
        pair.client.write(stream: stream, ByteBuffer(string: "hello "))
        pair.client.write(stream: stream, ByteBuffer(string: "world"))
        pair.client.end(stream: stream)
        try pair.settle()
        #expect(pair.serverEvents.contains(.settingsReceived))
        #expect(pair.serverEvents.headers(stream).first == requestFields)
        #expect(String(buffer: pair.serverEvents.data(stream)) == "hello world")
        #expect(pair.serverEvents.last == .endReceived(stream: stream))

        try pair.server.submitResponse(stream: stream, responseFields, endStream: false)
        pair.server.write(stream: stream, ByteBuffer(string: "answer"))
        pair.server.end(stream: stream, trailers: [HTTP2Field("grpc-status", "0")])
        try pair.settle()
        #expect(pair.clientEvents.headers(stream) == [responseFields, [HTTP2Field("grpc-status", "0")]])
        #expect(String(buffer: pair.clientEvents.data(stream)) == "answer")
        #expect(pair.clientEvents.closeCode(stream) == .noError)
        #expect(pair.serverEvents.closeCode(stream) == .noError)
        #expect(pair.server.streamCount == 0 && pair.client.streamCount == 0)
    }

    @Test func trailersAloneEndTheStream() throws {
        var pair = try Pair()
        let stream = try pair.openRequest()
        try pair.server.submitResponse(
            stream: stream, responseFields + [HTTP2Field("grpc-status", "12")], endStream: true)
        try pair.settle()
        #expect(
            pair.clientEvents.contains(
                .headersReceived(
                    stream: stream, fields: responseFields + [HTTP2Field("grpc-status", "12")], endStream: true)))
        // The request had not ended: the server lets the client stop (RFC 9113 section 8.1).
        #expect(pair.clientEvents.closeCode(stream) == .noError)
        #expect(pair.server.streamCount == 0)
    }

    @Test func dataOfOneReadIsOneEvent() throws {
        var pair = try Pair()
        let stream = try pair.openRequest()
        pair.serverEvents = []
        pair.client.write(stream: stream, ByteBuffer(repeating: 1, count: 50_000))
        try pair.settle()
        let events = pair.serverEvents.filter { if case .dataReceived = $0 { true } else { false } }
        #expect(events.count == 1)
        #expect(pair.serverEvents.data(stream).readableBytes == 50_000)
    }

    @Test func senderStopsAtTheWindowUntilBytesAreConsumed() throws {
        var configuration = HTTP2Configuration()
        configuration.streamWindowBytes = 100_000
        configuration.connectionWindowBytes = 150_000
        var pair = try Pair(server: configuration)
        let first = try pair.openRequest()
        let second = try pair.openRequest()
        for stream in [first, second] {
            pair.client.write(stream: stream, ByteBuffer(repeating: 5, count: 300_000))
            pair.client.end(stream: stream)
        }
        try pair.settle()
        var received = [first: 0, second: 0]
        func take() {
            for stream in [first, second] {
                received[stream]! += pair.serverEvents.data(stream).readableBytes
            }
        }
        take()
        #expect(received[first]! <= 100_000 && received[second]! <= 100_000)
        #expect(received[first]! + received[second]! == 150_000)
        #expect(pair.client.queuedBytes(stream: first) == 300_000 - received[first]!)
        var rounds = 0
        while received[first]! + received[second]! < 600_000, rounds < 100 {
            for stream in [first, second] {
                pair.server.consume(stream: stream, bytes: pair.serverEvents.data(stream).readableBytes)
            }
            pair.serverEvents = []
            try pair.settle()
            take()
            rounds += 1
        }
        #expect(received == [first: 300_000, second: 300_000])
    }

    @Test func consumingAClosedStreamFreesTheConnection() throws {
        var configuration = HTTP2Configuration()
        configuration.connectionWindowBytes = 70_000
        var pair = try Pair(server: configuration)
        let first = try pair.openRequest()
        pair.client.write(stream: first, ByteBuffer(repeating: 5, count: 70_000))
        try pair.settle()
        pair.client.reset(stream: first, .cancel)
        try pair.settle()
        #expect(pair.serverEvents.closeCode(first) == .cancel)
        let second = try pair.openRequest()
        pair.serverEvents = []
        pair.client.write(stream: second, ByteBuffer(repeating: 6, count: 1_000))
        try pair.settle()
        #expect(pair.serverEvents.data(second).readableBytes == 0)
        pair.server.consume(stream: first, bytes: 70_000)
        try pair.settle()
        #expect(pair.serverEvents.data(second).readableBytes == 1_000)
    }

    @Test func outputComesInPiecesOfAboutTheLimit() throws {
        var pair = try Pair()
        let stream = try pair.openRequest()
        pair.client.write(stream: stream, ByteBuffer(repeating: 5, count: 1_000_000))
        var total = 0
        while let bytes = try pair.client.pullOutput(limit: 40_000) {
            #expect(bytes.readableBytes < 40_000 + 17_000)
            total += bytes.readableBytes
        }
        #expect(total > 1_000_000)
        #expect(pair.client.takeDrained().reduce(0) { $0 + $1.bytes } == 1_000_000)
        #expect(pair.client.takeDrained().isEmpty)
    }

    @Test func twoStreamsShareTheConnection() throws {
        var pair = try Pair()
        let first = try pair.openRequest()
        let second = try pair.openRequest()
        pair.serverEvents = []
        pair.client.write(stream: first, ByteBuffer(repeating: 5, count: 1_000_000))
        pair.client.write(stream: second, ByteBuffer(string: "heartbeat"))
        let bytes = try pair.client.pullOutput(limit: 64 * 1024)
        try pair.server.receive(bytes!, now: pair.now)
        #expect(String(buffer: pair.server.takeEvents().data(second)) == "heartbeat")
    }

    @Test func pingsAreAnswered() throws {
        var pair = try Pair()
        try pair.settle()
        pair.client.ping(0x0102_0304_0506_0708)
        try pair.settle()
        #expect(pair.serverEvents.contains(.pingReceived))
        #expect(pair.clientEvents.contains(.pingAcknowledged(0x0102_0304_0506_0708)))
    }

    @Test func headerBlockOverTheLimitResetsItsStreamOnly() throws {
        var pair = try Pair()
        try pair.settle()
        let large = requestFields + [HTTP2Field("x-large", String(repeating: "v", count: 20_000))]
        let bad = try pair.client.submitRequest(large, endStream: true)
        let good = try pair.client.submitRequest(requestFields, endStream: true)
        try pair.settle()
        #expect(pair.clientEvents.closeCode(bad) == .internalError)
        #expect(pair.serverEvents.headers(bad).isEmpty)
        #expect(pair.serverEvents.headers(good).count == 1)
    }

    @Test func shutdownServesWhatRunsAndRefusesTheRest() throws {
        var pair = try Pair()
        let running = try pair.openRequest()
        pair.server.noticeShutdown()
        try pair.settle()
        pair.server.goAway(.noError)
        try pair.settle()
        #expect(
            pair.clientEvents.contains(.goAwayReceived(lastStream: running, code: .noError, debug: "")))
        #expect(throws: HTTP2Error(.refused, "")) { try pair.client.submitRequest(requestFields, endStream: true) }
        #expect(!pair.server.isFinished)
        try pair.server.submitResponse(stream: running, responseFields, endStream: true)
        try pair.settle()
        #expect(pair.clientEvents.closeCode(running) == .noError)
        #expect(pair.server.isFinished && pair.client.isFinished)
        #expect(pair.server.failure == nil)
    }

    @Test func goAwayClosesStreamsThatWereNotServed() throws {
        var pair = try Pair()
        try pair.settle()
        let late = try pair.client.submitRequest(requestFields, endStream: true)
        pair.server.goAway(.enhanceYourCalm, debug: "too_many\u{1b}pings")
        try pair.settle()
        #expect(pair.clientEvents.closeCode(late) == .refusedStream)
        #expect(
            pair.clientEvents.contains(
                .goAwayReceived(lastStream: 0, code: .enhanceYourCalm, debug: "too_many?pings")))
    }

    @Test func requestsBeyondThePeersLimitWait() throws {
        var configuration = HTTP2Configuration()
        configuration.maxConcurrentStreams = 1
        var pair = try Pair(server: configuration)
        let first = try pair.openRequest()
        let second = try pair.openRequest()
        #expect(pair.serverEvents.headers(second).isEmpty)
        try pair.server.submitResponse(stream: first, responseFields, endStream: true)
        try pair.settle()
        #expect(pair.serverEvents.headers(second).count == 1)
    }

    @Test func writesToAClosedStreamAreDropped() throws {
        var pair = try Pair()
        let stream = try pair.openRequest()
        pair.client.write(stream: stream, ByteBuffer(repeating: 1, count: 10))
        pair.client.reset(stream: stream, .cancel)
        try pair.settle()
        pair.client.write(stream: stream, ByteBuffer(repeating: 1, count: 10))
        pair.client.end(stream: stream)
        try pair.server.submitResponse(stream: stream, responseFields, endStream: true)
        try pair.settle()
        #expect(pair.client.streamCount == 0 && pair.server.streamCount == 0)
    }

    @Test(arguments: [false, true])
    func answerTooLargeToSendResetsTheStream(inTrailers: Bool) throws {
        var pair = try Pair()
        let stream = try pair.openRequest()
        let large = HTTP2Field("x-large", String(repeating: "v", count: 70_000))
        try pair.server.submitResponse(
            stream: stream, inTrailers ? responseFields : responseFields + [large], endStream: !inTrailers)
        if inTrailers { pair.server.end(stream: stream, trailers: [large]) }
        try pair.settle()
        #expect(pair.clientEvents.closeCode(stream) == .internalError)
        #expect(pair.server.streamCount == 0)
    }
}
