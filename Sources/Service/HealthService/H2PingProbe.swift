import CatalogCore
import HTTP2Engine
import HealthCore
import NIOCore
import PeeringCore
import TLSTransport

extension Prober {
    /// Whether an HTTP/2 server answers a PING.
    func askH2Ping(_ address: HostPort, tls: CheckTLS?, within timeout: Duration) async -> ProbeOutcome {
        do {
            try await ProbeConnection.exchange(with: address, within: timeout, on: group) {
                [security] channel, promise in
                if let tls { try security.add(to: channel, tls, host: address.host, protocols: ["h2"]) }
                try channel.pipeline.syncOperations.addHandler(try PingHandler(promise, isSecured: tls != nil))
            }
            return ProbeOutcome(.passing, "HTTP2 ping was successful")
        } catch {
            let isOfDialing = (error as? ProbeFailure)?.isOfDialing ?? false
            let failure = isOfDialing ? "Failed to dial to \(address)" : "HTTP2 ping failed"
            return ProbeOutcome(.critical, "\(failure): \(ProbeFailure.words(for: error))")
        }
    }
}

/// A client's HTTP/2 connection that sends one PING and keeps its promise when it is answered.
private final class PingHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let payload: UInt64 = 0x6861_7773_6572_0003
    private static let outputPieceBytes = 16 * 1_024

    private let session: HTTP2Session
    private let promise: EventLoopPromise<Void>
    private let isSecured: Bool

    init(_ promise: EventLoopPromise<Void>, isSecured: Bool) throws(HTTP2Error) {
        session = try HTTP2Session(role: .client)
        self.promise = promise
        self.isSecured = isSecured
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if !isSecured { start(context) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is TLSHandshakeCompleted { start(context) }
    }

    private func start(_ context: ChannelHandlerContext) {
        session.ping(Self.payload)
        send(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do {
            try session.receive(unwrapInboundIn(data), now: context.eventLoop.now)
        } catch {
            promise.fail(error)
        }
        if session.takeEvents().contains(.pingAcknowledged(Self.payload)) { promise.succeed() }
        send(context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { promise.fail(error) }
    func channelInactive(context: ChannelHandlerContext) { promise.fail(ProbeFailure.closed) }

    private func send(_ context: ChannelHandlerContext) {
        do {
            while let output = try session.pullOutput(limit: Self.outputPieceBytes) {
                context.writeAndFlush(wrapOutboundOut(output), promise: nil)
            }
        } catch {
            promise.fail(error)
        }
    }
}
