import NIOCore
import TLSEngine
import TLSTransport

/// TLS to the daemon.
struct ClientSecurity: Sendable {
    let context: TLSContext
    /// Nil for the host of the address.
    let serverName: String?

    /// Adds TLS at the bottom of a channel; called on its event loop.
    ///
    /// - Returns: done when the daemon has shown who it is.
    func add(to channel: any Channel, host: String) throws -> EventLoopFuture<Void> {
        let wait = HandshakeWait(channel.eventLoop.makePromise(of: Void.self))
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(TLSHandler(client: context, serverName: serverName ?? host))
        try pipeline.addHandler(wait)
        return wait.promise.futureResult
    }
}

/// Tells how the handshake ended: what is written meanwhile fails with less to say.
private final class HandshakeWait: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    let promise: EventLoopPromise<Void>
    private var isOver = false

    init(_ promise: EventLoopPromise<Void>) {
        self.promise = promise
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is TLSHandshakeCompleted { end(.success(())) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(.failure(error))
        context.fireErrorCaught(error)
    }

    func handlerRemoved(context: ChannelHandlerContext) { end(.failure(ChannelError.ioOnClosedChannel)) }

    private func end(_ result: Result<Void, any Error>) {
        guard !isOver else { return }
        isOver = true
        promise.completeWith(result)
    }
}
