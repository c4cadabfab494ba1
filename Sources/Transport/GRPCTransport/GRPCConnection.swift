package import GRPCWire
package import NIOCore
import NIOPosix

/// Where a client connects to.
package enum GRPCTarget: Sendable {
    case address(SocketAddress)
    /// A name is resolved at the time of the connection; its addresses are tried in order.
    case host(String, port: Int)
}

/// A client's connection. It has no task; it lives until `close`, until the peer ends it, or until it fails.
///
///     let connection = try await GRPCConnection.connect(to: .host("127.0.0.1", port: 8503), authority: name)
///     let stream = try connection.openStream(path: "/package.Service/Method")
///     try await stream.write([first])
///     while let messages = try await stream.next() { ... }
///     await connection.close()
package final class GRPCConnection: Sendable {
    private let channel: any Channel
    private let handler: NIOLoopBound<GRPCConnectionHandler>
    private let mailbox: LoopMailbox
    private let configuration: GRPCClientConfiguration
    private let authority: String
    /// Who is connected.
    package let info: GRPCConnectionInfo

    private init(
        channel: any Channel, handler: NIOLoopBound<GRPCConnectionHandler>, mailbox: LoopMailbox,
        configuration: GRPCClientConfiguration, authority: String, info: GRPCConnectionInfo
    ) {
        self.channel = channel
        self.handler = handler
        self.mailbox = mailbox
        self.configuration = configuration
        self.authority = authority
        self.info = info
    }

    /// Connects: name, TCP, security, and the server's HTTP/2 SETTINGS.
    ///
    /// - Parameter authority: the value of `:authority` of every call.
    /// - Throws: `GRPCStatus` UNAVAILABLE, its `cause` the error below (TCP, security, HTTP/2).
    package static func connect(
        to target: GRPCTarget, authority: String, configuration: GRPCClientConfiguration = GRPCClientConfiguration(),
        group: any EventLoopGroup = .singletonMultiThreadedEventLoopGroup
    ) async throws -> GRPCConnection {
        let eventLoop = group.next()
        let attempt = ConnectAttempt()
        return try await withTaskCancellationHandler {
            let start = NIODeadline.now()
            let bootstrap = ClientBootstrap(group: eventLoop)
                .connectTimeout(configuration.connectTimeout)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelOption(.writeBufferWaterMark, value: Self.watermark)
                .channelOption(.recvAllocator, value: Self.receiveAllocator)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try attempt.setUp(channel, configuration: configuration)
                    }
                }
            let connected: any Channel
            do {
                let future =
                    switch target {
                    case .address(let address): bootstrap.connect(to: address)
                    case .host(let host, let port):
                        bootstrap.connect(host: host, port: port, lookups: Self.lookups, on: eventLoop)
                    }
                connected = try await future.get()
            } catch {
                attempt.cancel()
                throw GRPCStatus(.unavailable, "cannot connect: \(ConnectProblem.text(of: error))", cause: error)
            }
            let rest = start + configuration.connectTimeout - NIODeadline.now()
            let entry = try await attempt.ready(connected, within: rest)
            let info = GRPCConnectionInfo(
                remoteAddress: connected.remoteAddress, localAddress: connected.localAddress, serverName: nil)
            return GRPCConnection(
                channel: connected, handler: entry.handler, mailbox: entry.mailbox, configuration: configuration,
                authority: authority, info: info)
        } onCancel: {
            attempt.cancel()
        }
    }

    /// Of all connections: peers are dialed one address at a time, so that none has more than a few lookups.
    private static let lookups = HostLookups()

    /// Enough to write a burst with few system calls; the calls' own bounds come first.
    static let watermark = ChannelOptions.Types.WriteBufferWaterMark(low: 256 * 1024, high: 1024 * 1024)
    static let receiveAllocator = AdaptiveRecvByteBufferAllocator(
        minimum: 2 * 1024, initial: 16 * 1024, maximum: 256 * 1024)

    // MARK: - Calls

    /// Starts a call. The request's header block is sent at once; nothing is waited for.
    ///
    /// - Throws: `GRPCStatus` if the connection is over. A refusal by the peer shows in `next` and `write`.
    package func openStream(
        path: String, metadata: GRPCMetadata = [:], timeout: TimeAmount? = nil
    ) throws(GRPCStatus) -> GRPCClientStream {
        let core = makeCore(path, metadata, timeout)
        core.open()
        // A peer may have refused the call already.
        if let status = core.status, status.code == .unavailable { throw status }
        return GRPCClientStream(core)
    }

    /// One message out, one message back.
    ///
    /// - Throws: `GRPCStatus`, also for a response that is not exactly one message.
    package func unary(
        path: String, message: ByteBuffer, metadata: GRPCMetadata = [:], timeout: TimeAmount? = nil
    ) async throws -> ByteBuffer {
        let core = makeCore(path, metadata, timeout)
        try core.preload(message)
        core.open()
        let stream = GRPCClientStream(core)
        var response: ByteBuffer?
        while let messages = try await stream.next() {
            guard response == nil, messages.count == 1 else {
                throw GRPCStatus(.internal, "the server answered a unary call with several messages")
            }
            response = messages[0]
        }
        guard let response else {
            throw GRPCStatus(.internal, "the server answered a unary call without a message")
        }
        return response
    }

    private func makeCore(_ path: String, _ metadata: GRPCMetadata, _ timeout: TimeAmount?) -> CallCore {
        let head = GRPCRequestHead(
            path: path, authority: authority, scheme: configuration.security.scheme, metadata: metadata,
            timeout: timeout)
        return CallCore(mailbox: mailbox, limits: configuration.limits, request: head)
    }

    // MARK: - Ending

    /// Does something over the connection, and closes it whatever came of that.
    package func closing<Value>(after work: () async throws -> Value) async throws -> Value {
        let result: Result<Value, any Error>
        do {
            result = .success(try await work())
        } catch {
            result = .failure(error)
        }
        await close()
        return try result.get()
    }

    /// Ends the connection. Calls that run have `grace` to end by themselves, then they fail with UNAVAILABLE.
    /// Returns when the connection is closed.
    package func close(grace: TimeAmount = .zero) async {
        let handler = handler
        channel.eventLoop.execute {
            if grace > .zero {
                handler.value.drain(grace: grace)
            } else {
                handler.value.closeNow(GRPCStatus(.cancelled, "the connection was closed by this side"))
            }
        }
        await waitForClose()
    }

    /// Returns when the connection is over, with the reason.
    @discardableResult
    package func waitForClose() async -> GRPCStatus {
        try? await channel.closeFuture.get()
        return mailbox.closeReason
    }

    /// Whether new calls have a chance.
    package var isActive: Bool { channel.isActive }

    deinit {
        // A forgotten connection does not stay open.
        channel.close(promise: nil)
    }
}
