import NIOCore
import NIOHTTPTypes

/// Closes connections of clients that let us wait for the rest of a request. Two handlers of one pipeline share it: only
/// bytes tell when a head begins, and only parts where it ends. Confined to the channel's event loop.
private final class PaceKeeper {
    private let limits: HTTPLimits
    private var pace = RequestPace()
    private var timer: Scheduled<Void>?

    init(limits: HTTPLimits) {
        self.limits = limits
    }

    func note(_ context: ChannelHandlerContext, _ event: (inout RequestPace) -> RequestPace.TimerChange) {
        let change = event(&pace)
        if pace.headBytes > limits.maxHeadBytes { return context.close(promise: nil) }
        switch change {
        case .keep: return
        case .stop: stop()
        case .start(let wait):
            stop()
            let seconds = wait == .head ? limits.headSeconds : limits.bodySeconds
            timer = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(seconds)) {
                context.close(promise: nil)
            }
        }
    }

    func stop() {
        timer?.cancel()
        timer = nil
    }
}

/// Stands before the decoder.
final class PaceOfBytes: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    fileprivate let keeper: PaceKeeper

    init(limits: HTTPLimits) {
        keeper = PaceKeeper(limits: limits)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let count = unwrapInboundIn(data).readableBytes
        keeper.note(context) { $0.bytesReceived(count) }
        context.fireChannelRead(data)
    }

    func channelInactive(context: ChannelHandlerContext) {
        keeper.stop()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { keeper.stop() }
}

/// Stands behind the decoder of the same pipeline.
final class PaceOfParts: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private var keeper: PaceKeeper?

    func handlerAdded(context: ChannelHandlerContext) {
        keeper = try? context.pipeline.syncOperations.handler(type: PaceOfBytes.self).keeper
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: keeper?.note(context) { $0.headReceived() }
        case .body: break
        case .end: keeper?.note(context) { $0.endReceived() }
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { keeper?.note(context) { $0.answered() } }
        context.write(data, promise: promise)
    }
}
