import GRPCWire
import HTTP2Engine
import NIOCore
import NIOEmbedded
import Testing

@testable import GRPCTransport

/// The handler without sockets, with a clock that stands still until it is moved, against a bare HTTP/2 session.
@Suite struct GRPCConnectionHandlerTests {
    /// A handler in an embedded channel, and its peer.
    final class Bench {
        let channel = EmbeddedChannel()
        let mailbox: LoopMailbox
        let peer: HTTP2Session
        var events: [HTTP2Event] = []
        var accepted: [(core: CallCore, head: GRPCRequestHead)] = []
        var closed: GRPCStatus?
        var isReady = false

        init(_ role: HTTP2Role, limits: GRPCLimits = .acceptor, shakesHands: Bool = true) throws {
            mailbox = LoopMailbox(eventLoop: channel.eventLoop, creditPerHop: 1)
            peer = try HTTP2Session(role: role == .server ? .client : .server)
            let settings = GRPCConnectionHandler.Settings(
                role: role, http2: HTTP2Configuration(), limits: limits,
                keepalive: role == .server ? .server : .client)
            let handler = try GRPCConnectionHandler(settings: settings, mailbox: mailbox, owner: .init())
            handler.owner.callAccepted = { [weak self] in self?.accepted.append(($0, $1)) }
            handler.owner.closed = { [weak self] in self?.closed = $0 }
            handler.owner.ready = { [weak self] in self?.isReady = true }
            try channel.pipeline.syncOperations.addHandler(handler)
            try channel.connect(to: SocketAddress(unixDomainSocketPath: "/bench")).wait()
            if shakesHands { try settle() }
        }

        deinit {
            _ = try? channel.finish(acceptAlreadyClosed: true)
        }

        func settle() throws {
            var isMoving = true
            while isMoving {
                isMoving = false
                channel.embeddedEventLoop.run()
                while let bytes = try channel.readOutbound(as: ByteBuffer.self) {
                    isMoving = true
                    try peer.receive(bytes, now: channel.eventLoop.now)
                }
                events += peer.takeEvents()
                while channel.isActive, let bytes = try peer.pullOutput(limit: 1 << 16) {
                    isMoving = true
                    try channel.writeInbound(bytes)
                }
            }
        }

        func advance(_ time: TimeAmount) {
            channel.embeddedEventLoop.advanceTime(by: time)
        }

        func request(_ fields: [HTTP2Field] = Bench.request) throws -> HTTP2StreamID {
            let stream = try peer.submitRequest(fields, endStream: false)
            try settle()
            return stream
        }

        static let request = [
            HTTP2Field(":method", "POST"), HTTP2Field(":scheme", "http"), HTTP2Field(":path", "/s/m"),
            HTTP2Field(":authority", "a"), HTTP2Field("content-type", "application/grpc"),
            HTTP2Field("te", "trailers"),
        ]

        func responses(_ stream: HTTP2StreamID) -> [[HTTP2Field]] {
            events.compactMap { event in
                if case .headersReceived(stream, let fields, _) = event { return fields }
                return nil
            }
        }
    }

    // MARK: - Time

    @Test func silentPeerIsPingedAndGivenUp() throws {
        let bench = try Bench(.client)
        #expect(bench.isReady)
        bench.advance(.seconds(30))
        try bench.settle()
        #expect(bench.events.contains(.pingReceived))
        // The bench's peer has answered; now it stops.
        bench.advance(.seconds(30))
        #expect(bench.channel.isActive)
        bench.advance(.seconds(10))
        #expect(!bench.channel.isActive)
        #expect((bench.closed?.cause as? HTTP2Error)?.code == .keepaliveTimeout)
    }

    @Test func aConnectionWithoutCallsIsNotKept() throws {
        let bench = try Bench(.server)
        for _ in 0..<4 where bench.channel.isActive {
            bench.advance(.seconds(30))
            try bench.settle()
        }
        #expect(!bench.channel.isActive)
        #expect(bench.closed?.cause == nil)
    }

    @Test func aConnectionWithACallIsKept() throws {
        let bench = try Bench(.server)
        _ = try bench.request()
        for _ in 0..<8 {
            bench.advance(.seconds(30))
            try bench.settle()
        }
        #expect(bench.channel.isActive)
    }

    @Test func unfinishedPrefaceIsClosed() throws {
        let bench = try Bench(.server, shakesHands: false)
        try bench.channel.writeInbound(ByteBuffer(string: "PRI * HTTP/2.0\r\n"))
        bench.advance(.seconds(9))
        #expect(bench.channel.isActive)
        bench.advance(.seconds(1))
        #expect(!bench.channel.isActive)
        #expect((bench.closed?.cause as? HTTP2Error)?.code == .handshakeTimeout)
    }

    @Test func handshakeTimerEndsWithTheHandshake() throws {
        let bench = try Bench(.server)
        bench.advance(.seconds(20))
        #expect(bench.channel.isActive)
    }

    @Test func deadlineIsAnswered() throws {
        let bench = try Bench(.server)
        let stream = try bench.request(Bench.request + [HTTP2Field("grpc-timeout", "2S")])
        #expect(bench.accepted.first?.head.timeout == .seconds(2))
        bench.advance(.seconds(2))
        try bench.settle()
        #expect(bench.responses(stream).first?.contains(HTTP2Field("grpc-status", "4")) == true)
        #expect(bench.accepted.first?.core.status?.code == .deadlineExceeded)
    }

    @Test func pingsTooOftenEndTheConnection() throws {
        let bench = try Bench(.server)
        for _ in 0..<3 {
            bench.peer.ping(1)
            try bench.settle()
        }
        #expect(bench.channel.isActive)
        bench.peer.ping(1)
        try bench.settle()
        #expect(!bench.channel.isActive)
        #expect(
            bench.events.contains(.goAwayReceived(lastStream: 0, code: .enhanceYourCalm, debug: "too_many_pings")))
    }

    @Test func drainEndsAtItsDeadline() throws {
        let bench = try Bench(.server)
        _ = try bench.request()
        let handler = try bench.channel.pipeline.syncOperations.handler(type: GRPCConnectionHandler.self)
        handler.drain(grace: .seconds(5))
        try bench.settle()
        bench.advance(.seconds(4))
        #expect(bench.channel.isActive)
        bench.advance(.seconds(1))
        #expect(!bench.channel.isActive)
        #expect(bench.accepted.first?.core.status?.code == .unavailable)
    }

    // MARK: - Wrong peers

    @Test func otherProtocolsAreNamed() throws {
        let bench = try Bench(.server, shakesHands: false)
        try bench.channel.writeInbound(ByteBuffer(string: "GET / HTTP/1.1\r\n\r\n"))
        #expect(!bench.channel.isActive)
        #expect(bench.closed?.message.contains("HTTP/1.1") == true)
        #expect((bench.closed?.cause as? HTTP2Error)?.code == .badPreface)
    }

    @Test(arguments: [("content-type", "text/plain", "415"), (":method", "GET", "405")])
    func wrongRequestsGetAnHTTPStatus(name: String, value: String, http: String) throws {
        let bench = try Bench(.server)
        let fields = Bench.request.map { $0.name == name ? HTTP2Field(name, value) : $0 }
        let stream = try bench.request(fields)
        #expect(bench.responses(stream).first?.first == HTTP2Field(":status", http))
        #expect(bench.accepted.isEmpty)
        #expect(bench.peer.streamCount == 0)
    }

    @Test func errorFromBelowFailsEveryCall() throws {
        struct Alert: Error {}
        let bench = try Bench(.server)
        _ = try bench.request()
        _ = try bench.request()
        bench.channel.pipeline.fireErrorCaught(Alert())
        #expect(bench.accepted.count == 2)
        for call in bench.accepted {
            #expect(call.core.status?.code == .unavailable)
            #expect(call.core.status?.cause is Alert)
        }
        #expect(!bench.channel.isActive)
    }

    @Test func incompleteMessagesAreBoundedTogether() throws {
        var limits = GRPCLimits.acceptor
        limits.maxPartialBytesPerConnection = 100_000
        let bench = try Bench(.server, limits: limits)
        for _ in 0..<3 {
            let stream = try bench.request()
            var half = ByteBuffer(bytes: [0, 0, 1, 0, 0])
            half.writeRepeatingByte(1, count: 40_000)
            bench.peer.write(stream: stream, half)
            try bench.settle()
        }
        #expect(bench.accepted.map { $0.core.status?.code } == [nil, nil, .resourceExhausted])
    }

    @Test func creditComesWithTakingOnly() async throws {
        // What nobody reads stays within the window; what was dropped is given back.
        let bench = try Bench(.server)
        let stream = try bench.request()
        var message = ByteBuffer(bytes: [0, 0, 0, 0x40, 0])
        message.writeRepeatingByte(1, count: 0x4000)
        let window = bench.peer.sendWindow(stream: stream)
        for _ in 0..<300 { bench.peer.write(stream: stream, message) }
        try bench.settle()
        #expect(window == 4 * 1024 * 1024)
        #expect(bench.peer.sendWindow(stream: stream) == 0)
        bench.accepted[0].core.release()
        try bench.settle()
        #expect(bench.peer.queuedBytes(stream: stream) == 0)
    }

    @Test func unservedCallsAreRefusedBeyondTheBound() throws {
        let bench = try Bench(.server)
        let handler = try bench.channel.pipeline.syncOperations.handler(type: GRPCConnectionHandler.self)
        handler.liveHandlers = 2048
        let stream = try bench.request()
        #expect(bench.events.contains(.streamClosed(stream: stream, code: .refusedStream)))
        handler.liveHandlers = 2047
        _ = try bench.request()
        #expect(bench.accepted.count == 1)
        bench.accepted[0].core.release()
        try bench.settle()
        #expect(handler.liveHandlers == 2047)
    }
}
