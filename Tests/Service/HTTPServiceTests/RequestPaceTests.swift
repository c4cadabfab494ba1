import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPTypesHTTP1
import Testing

@testable import HTTPService

/// How long clients may take for the parts of their requests.
@Suite struct RequestPaceTests {
    enum Event {
        case bytes, head, end, answered
    }

    static let rows: [(name: String, steps: [(Event, RequestPace.TimerChange)])] = [
        ("one request", [(.bytes, .start(.head)), (.head, .start(.body)), (.end, .stop), (.answered, .stop)]),
        ("byte by byte", [(.bytes, .start(.head)), (.bytes, .keep), (.bytes, .keep), (.head, .start(.body))]),
        ("a long body", [(.bytes, .start(.head)), (.head, .start(.body)), (.bytes, .keep), (.end, .stop)]),
        (
            "the next head while the first waits for us",
            [
                (.bytes, .start(.head)), (.head, .start(.body)), (.end, .stop), (.bytes, .keep),
                (.answered, .start(.head)),
            ]
        ),
        (
            "the next request while the first waits for us",
            [
                (.bytes, .start(.head)), (.head, .start(.body)), (.end, .stop), (.bytes, .keep), (.head, .stop),
                (.answered, .start(.body)), (.end, .stop),
            ]
        ),
        (
            "answered before its end",
            [(.bytes, .start(.head)), (.head, .start(.body)), (.answered, .keep), (.end, .stop)]
        ),
        ("an answer to nothing", [(.answered, .stop), (.bytes, .start(.head))]),
    ]

    @Test(arguments: rows)
    func paces(name: String, steps: [(Event, RequestPace.TimerChange)]) {
        var pace = RequestPace()
        for (event, expected) in steps {
            let change =
                switch event {
                case .bytes: pace.bytesReceived(10)
                case .head: pace.headReceived()
                case .end: pace.endReceived()
                case .answered: pace.answered()
                }
            #expect(change == expected, "\(name): \(event)")
        }
    }

    /// Bytes stand for themselves; whoever decodes them is the test.
    private func channel(_ limits: HTTPLimits) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(handlers: [PaceOfBytes(limits: limits)])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return channel
    }

    @Test func aHeadThatDoesNotEndIsDropped() throws {
        let limits = HTTPLimits()
        let channel = try channel(limits)
        channel.embeddedEventLoop.advanceTime(by: .seconds(1000))
        #expect(channel.isActive)
        try channel.writeInbound(ByteBuffer(string: "GET"))
        channel.embeddedEventLoop.advanceTime(by: .seconds(limits.headSeconds - 1))
        try channel.writeInbound(ByteBuffer(string: " /"))
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!channel.isActive)
    }

    /// With the decoder that the daemon has.
    private func decodingChannel(_ limits: HTTPLimits) throws -> EmbeddedChannel {
        let channel = try channel(limits)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: false, withErrorHandling: false)
        try pipeline.addHandlers([HTTP1ToHTTPServerCodec(secure: false), PaceOfParts()])
        return channel
    }

    @Test func aBodyThatDoesNotEndIsDropped() throws {
        let limits = HTTPLimits()
        let channel = try decodingChannel(limits)
        try channel.writeInbound(ByteBuffer(string: "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"))
        for _ in 0..<limits.bodySeconds - 1 {
            channel.embeddedEventLoop.advanceTime(by: .seconds(1))
            try channel.writeInbound(ByteBuffer(string: "x"))
        }
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!channel.isActive)
    }

    @Test func whoWaitsForUsMayWait() throws {
        let limits = HTTPLimits()
        let channel = try decodingChannel(limits)
        try channel.writeInbound(ByteBuffer(string: "GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
        channel.embeddedEventLoop.advanceTime(by: .seconds(1000))
        #expect(channel.isActive)
    }

    @Test func aHeadThatIsTooLongIsDropped() throws {
        let limits = HTTPLimits()
        let channel = try channel(limits)
        try channel.writeInbound(ByteBuffer(repeating: 0x78, count: limits.maxHeadBytes))
        #expect(channel.isActive)
        try channel.writeInbound(ByteBuffer(repeating: 0x78, count: 1))
        #expect(!channel.isActive)
    }
}
