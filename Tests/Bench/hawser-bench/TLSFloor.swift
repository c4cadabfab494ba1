import NIOCore
import NIOPosix
import TLSEngine
import TLSTestKit
import TLSTransport

/// The time that bytes take through one TLS connection of our own engine over loopback, and nothing else: what no
/// daemon on this machine can be faster than.
enum TLSFloor {
    static func seconds(for bytes: Int) async throws -> Double {
        // The first connection warms up the engine.
        _ = try await once(min(bytes, 100_000))
        var best = Double.infinity
        for _ in 0..<3 { best = min(best, try await once(bytes)) }
        return best
    }

    private static func once(_ bytes: Int) async throws -> Double {
        let authority = try TestCA()
        let (server, client) = (try authority.serverContext(), try authority.clientContext())
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let (done, received) = AsyncStream<Double>.makeStream()
        let listener = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(TLSHandler(server: server))
                    try channel.pipeline.syncOperations.addHandler(ByteCounter(bytes) { received.yield(Clock.now()) })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        guard let address = listener.localAddress else { throw BenchError("no address to listen on") }
        let start = Clock.now()
        let connection = try await ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        TLSHandler(client: client, serverName: TestCA.serverName))
                    try channel.pipeline.syncOperations.addHandler(ByteSource(bytes))
                }
            }
            .connect(to: address).get()
        var end = Double.infinity
        for await moment in done {
            end = moment
            break
        }
        try await connection.close()
        try await listener.close()
        try await group.shutdownGracefully()
        return end - start
    }
}

/// Writes so many bytes as fast as the channel takes them.
private final class ByteSource: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var left: Int

    init(_ bytes: Int) {
        left = bytes
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is TLSHandshakeCompleted { write(context) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        write(context)
    }

    private func write(_ context: ChannelHandlerContext) {
        while left > 0, context.channel.isWritable {
            let count = min(left, 65_536)
            left -= count
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(repeating: 0x41, count: count)), promise: nil)
        }
    }
}

/// Counts what comes in, and says when all is there.
private final class ByteCounter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private var left: Int
    private let complete: @Sendable () -> Void

    init(_ bytes: Int, complete: @escaping @Sendable () -> Void) {
        left = bytes
        self.complete = complete
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let count = unwrapInboundIn(data).readableBytes
        guard left > 0 else { return }
        left -= count
        if left <= 0 { complete() }
    }
}
