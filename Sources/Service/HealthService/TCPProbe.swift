import CatalogCore
import HealthCore
import NIOCore
import NIOPosix
import PeeringCore
import TLSTransport

extension Prober {
    /// Opens a connection and closes it.
    func askTCP(_ address: HostPort, tls: CheckTLS?, within timeout: Duration) async -> ProbeOutcome {
        do {
            try await ProbeConnection.exchange(with: address, within: timeout, on: group) {
                [security] channel, promise in
                guard let tls else { return promise.succeed() }
                try security.add(to: channel, tls, host: address.host, protocols: [])
                try channel.pipeline.syncOperations.addHandler(HandshakeWaiter(promise))
            }
            return ProbeOutcome(.passing, "\(tls == nil ? "TCP" : "TCP+TLS") connect \(address): Success")
        } catch {
            return ProbeOutcome(.critical, "dial tcp \(address): \(ProbeFailure.words(for: error))")
        }
    }

    /// Sends an empty datagram. Whoever receives it need not answer; that nobody does is an error of the machine's.
    func askUDP(_ address: HostPort, within timeout: Duration) async -> ProbeOutcome {
        let silence = min(timeout, Self.udpSilence)
        let passing = ProbeOutcome(.passing, "UDP connect \(address): Success")
        do {
            let target = try await ProbeConnection.address(of: address, within: timeout, on: group.next())
            let channel = try await DatagramBootstrap(group: group).connect(to: target).get()
            let promise = channel.eventLoop.makePromise(of: Void.self)
            let timer = channel.eventLoop.scheduleTask(in: TimeAmount(silence)) { promise.succeed() }
            promise.futureResult.whenComplete { _ in
                timer.cancel()
                channel.close(promise: nil)
            }
            try await withTaskCancellationHandler {
                try await channel.pipeline.addHandler(DatagramWaiter(promise)).get()
                try await promise.futureResult.get()
            } onCancel: {
                promise.fail(CancellationError())
            }
            return passing
        } catch {
            return ProbeOutcome(.critical, "dial udp \(address): \(ProbeFailure.words(for: error))")
        }
    }

    /// How long a machine may take to say that nobody listens; much longer than any round trip. A check that waited for
    /// its whole timeout would keep others from running.
    private static let udpSilence = Duration.seconds(1)
}

/// Keeps a promise when TLS is agreed on.
private final class HandshakeWaiter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let promise: EventLoopPromise<Void>

    init(_ promise: EventLoopPromise<Void>) { self.promise = promise }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is TLSHandshakeCompleted { promise.succeed() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { promise.fail(error) }
    func channelInactive(context: ChannelHandlerContext) { promise.fail(ProbeFailure.closed) }
}

/// Sends a datagram, and hears of an answer or of an error.
private final class DatagramWaiter: ChannelInboundHandler, Sendable {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    private let promise: EventLoopPromise<Void>

    init(_ promise: EventLoopPromise<Void>) { self.promise = promise }

    func handlerAdded(context: ChannelHandlerContext) {
        guard let remote = context.remoteAddress else { return promise.fail(ProbeFailure.closed) }
        let empty = wrapOutboundOut(AddressedEnvelope(remoteAddress: remote, data: ByteBuffer()))
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.whenFailure { [promise] in promise.fail($0) }
        context.writeAndFlush(empty, promise: sent)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { promise.succeed() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { promise.fail(error) }
    func channelInactive(context: ChannelHandlerContext) { promise.fail(ProbeFailure.closed) }
}
