import HealthCore
import NIOCore
import NIOHTTP1

/// What a server answered.
struct HTTPReply: Sendable {
    var head: HTTPResponseHead
    var body: OutputTail
}

/// The last bytes of an output, and no more of it.
struct OutputTail: Sendable {
    private let limit: Int
    private var bytes: [UInt8] = []

    init(limit: Int) { self.limit = limit }

    mutating func append(_ buffer: ByteBuffer) {
        bytes.append(contentsOf: buffer.readableBytesView.suffix(limit))
        if bytes.count > 2 * limit { bytes.removeFirst(bytes.count - limit) }
    }

    /// Bytes that are no UTF-8 become U+FFFD.
    var text: String { String(decoding: bytes.suffix(limit), as: UTF8.self) }
}

/// Sends one request and keeps its promise with the answer. A body that breaks off, or does not end in time, is no
/// failure: the status has been said.
final class HTTPExchangeHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let request: HTTPRequestHead
    private let requestBody: ByteBuffer
    private let promise: EventLoopPromise<HTTPReply>
    private var reply: HTTPReply?
    private let limit: Int

    init(
        _ request: HTTPRequestHead, body: ByteBuffer, maxOutputBytes: Int, _ promise: EventLoopPromise<HTTPReply>
    ) {
        self.request = request
        self.requestBody = body
        self.promise = promise
        self.limit = maxOutputBytes
    }

    func handlerAdded(context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(request)), promise: nil)
        if requestBody.readableBytes > 0 {
            context.write(wrapOutboundOut(.body(.byteBuffer(requestBody))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): reply = HTTPReply(head: head, body: OutputTail(limit: limit))
        case .body(let buffer): reply?.body.append(buffer)
        case .end: end(ProbeFailure.closed)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { end(error) }
    func channelInactive(context: ChannelHandlerContext) { end(ProbeFailure.closed) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // Without a head, the exchange itself says that the time is over.
        if event is ProbeConnection.TimeIsOver, let reply { promise.succeed(reply) }
    }

    private func end(_ error: any Error) {
        if let reply { promise.succeed(reply) } else { promise.fail(error) }
    }
}
