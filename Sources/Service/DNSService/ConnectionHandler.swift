import NIOCore

/// Answers the queries of a connection in their order, each after its length (RFC 1035 section 4.2.2). Whoever sends
/// something else is disconnected. On the channel's event loop.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let responder: DNSResponder
    private let limits: DNSLimits
    /// At most what one read brought after a part of a query.
    private var received = ByteBuffer()
    private var isAnswering = false

    init(responder: DNSResponder, limits: DNSLimits) {
        self.responder = responder
        self.limits = limits
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        answer(context)
    }

    /// The client took what it had been sent: what it asked meanwhile is next.
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        answer(context)
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func answer(_ context: ChannelHandlerContext) {
        // A flush may tell at once that the client takes more.
        guard !isAnswering else { return }
        isAnswering = true
        defer { isAnswering = false }
        while context.channel.isWritable, let length = received.getInteger(at: received.readerIndex, as: UInt16.self) {
            guard Int(length) <= limits.maxQueryBytes else { return disconnect(context) }
            guard received.readableBytes >= 2 + Int(length) else { break }
            received.moveReaderIndex(forwardBy: 2)
            guard let query = received.readBytes(length: Int(length)),
                let answer = responder.answer(query, datagramLimit: nil)
            else { return disconnect(context) }
            var bytes = context.channel.allocator.buffer(capacity: 2 + answer.count)
            bytes.writeInteger(UInt16(answer.count))
            bytes.writeBytes(answer)
            context.write(wrapOutboundOut(bytes), promise: nil)
            if !context.channel.isWritable { context.flush() }
        }
        context.flush()
        received.discardReadBytes()
    }

    /// What was asked before is answered still.
    private func disconnect(_ context: ChannelHandlerContext) {
        context.flush()
        context.close(promise: nil)
    }
}
