import GRPCTransport
import NIOCore
import NIOPosix
import PeeringCore
import TLSEngine

/// One connection of a check.
enum ProbeConnection {
    /// Of all checks, and of nobody else: those of a slow name must not hold up peers that are dialed.
    static let lookups = HostLookups()

    /// Fired down the pipeline when the time is over: who has half an answer may give it now.
    struct TimeIsOver: Sendable {}

    /// Connects, lets the handlers have their exchange, and closes. Cancelling the task ends it at once.
    ///
    /// - Parameters:
    ///   - timeout: of everything, from the name to the answer.
    ///   - setUp: adds handlers on the event loop when the connection stands; one of them keeps the promise.
    /// - Throws: what the promise failed with; `ProbeFailure` after the time, and for a connection that was refused.
    static func exchange<Answer: Sendable>(
        with target: HostPort, within timeout: Duration, on group: any EventLoopGroup,
        _ setUp: @escaping @Sendable (any Channel, EventLoopPromise<Answer>) throws -> Void
    ) async throws -> Answer {
        let loop = group.next()
        let promise = loop.makePromise(of: Answer.self)
        // Nothing is read before the handlers are there: of several addresses, only the winner's channel gets them.
        let connected = ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(timeout))
            .channelOption(.autoRead, value: false)
            .connect(
                host: target.host.isEmpty ? "localhost" : target.host, port: target.port, lookups: lookups, on: loop)
        connected.whenFailure { promise.fail(ProbeFailure.notConnected(because: $0)) }
        connected.whenSuccess { channel in
            promise.futureResult.whenComplete { _ in channel.close(promise: nil) }
            do {
                try setUp(channel, promise)
                channel.setOption(.autoRead, value: true).whenFailure { promise.fail($0) }
            } catch {
                promise.fail(error)
            }
        }
        let timer = loop.scheduleTask(in: TimeAmount(timeout)) {
            connected.whenSuccess { $0.pipeline.fireUserInboundEventTriggered(TimeIsOver()) }
            promise.fail(ProbeFailure.timedOut(after: timeout))
        }
        defer { timer.cancel() }
        return try await withTaskCancellationHandler {
            try await promise.futureResult.get()
        } onCancel: {
            promise.fail(CancellationError())
        }
    }

    /// The first address of a target without a connection. NIO would look its name up on the calling thread.
    static func address(
        of target: HostPort, within timeout: Duration, on loop: any EventLoop
    ) async throws -> SocketAddress {
        let promise = loop.makePromise(of: [SocketAddress].self)
        lookups.addresses(of: target.host.isEmpty ? "localhost" : target.host, port: target.port, on: loop)
            .cascade(to: promise)
        let timer = loop.scheduleTask(in: TimeAmount(timeout)) { promise.fail(ProbeFailure.timedOut(after: timeout)) }
        defer { timer.cancel() }
        return try await withTaskCancellationHandler {
            guard let first = try await promise.futureResult.get().first else {
                throw ProbeFailure(description: "the name \(target.host) cannot be resolved")
            }
            return first
        } onCancel: {
            promise.fail(CancellationError())
        }
    }
}

/// Why a check got no answer.
struct ProbeFailure: Error, CustomStringConvertible {
    var description: String
    /// There was no connection at all.
    var isOfDialing = false

    static let closed = ProbeFailure(description: "the connection was closed before the answer")

    static func timedOut(after timeout: Duration) -> ProbeFailure {
        ProbeFailure(description: ConnectProblem.text(of: ChannelError.connectTimeout(TimeAmount(timeout))))
    }

    static func notConnected(because error: any Error) -> ProbeFailure {
        ProbeFailure(description: "connect: \(ConnectProblem.text(of: error))", isOfDialing: true)
    }

    /// Any error of an exchange, in words.
    static func words(for error: any Error) -> String {
        if let error = error as? TLSError { return error.message }
        return ConnectProblem.text(of: error)
    }
}
