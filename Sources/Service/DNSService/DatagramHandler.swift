import NIOCore

/// Answers each datagram by one. On the channel's event loop.
final class DatagramHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    private let responder: DNSResponder
    private let limits: DNSLimits

    init(responder: DNSResponder, limits: DNSLimits) {
        self.responder = responder
        self.limits = limits
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let query = unwrapInboundIn(data)
        // Where answers do not get away, more would only be late: clients ask again.
        guard context.channel.isWritable,
            let answer = responder.answer(
                Array(query.data.readableBytesView), datagramLimit: limits.maxDatagramBytes)
        else { return }
        let bytes = context.channel.allocator.buffer(bytes: answer)
        context.write(wrapOutboundOut(AddressedEnvelope(remoteAddress: query.remoteAddress, data: bytes)), promise: nil)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.flush()
    }

    /// What one datagram led to, such as a port where nobody listens any more, says nothing of the others.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}
