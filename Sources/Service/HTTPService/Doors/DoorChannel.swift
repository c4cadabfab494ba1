import Glibc
import HummingbirdCore
import Listening
import Logging
import NIOCore
import NIOHTTPTypes
import TLSEngine
import TLSTransport

/// HTTP/1.1 behind a door: what comes before the first byte of HTTP, and what is known of the client by it.
struct DoorChannel: ServerChildChannel {
    struct Connection: ServerChildChannelValue {
        let http: HTTP1Channel.Value
        let credentials: PeerCredentials?

        var channel: any Channel { http.channel }
    }

    let door: HTTPDoor
    let limits: HTTPLimits
    let http: HTTP1Channel

    /// Whose process the connection that this task serves comes from; nil if it comes over a network.
    @TaskLocal static var credentials: PeerCredentials?

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Connection> {
        let credentials: EventLoopFuture<PeerCredentials?>
        do {
            switch door {
            case .plain: credentials = dropDeadClients(channel).map { nil }
            case .tls(_, _, let certificates):
                try secure(channel, certificates, logger)
                credentials = dropDeadClients(channel).map { nil }
            case .unix: credentials = PeerCredentials.of(channel).map(Optional.some)
            }
            try channel.pipeline.syncOperations.addHandler(PaceOfBytes(limits: limits))
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
        return credentials.flatMap { credentials in
            http.setup(channel: channel, logger: logger).map { Connection(http: $0, credentials: credentials) }
        }
    }

    func handle(value: Connection, logger: Logger) async {
        await Self.$credentials.withValue(value.credentials) { await http.handle(value: value.http, logger: logger) }
    }

    private func secure(_ channel: any Channel, _ certificates: HTTPSCertificates, _ logger: Logger) throws {
        var settings = TLSHandlerSettings()
        settings.handshakeTimeout = .seconds(limits.headSeconds)
        // As without TLS: who has asked may close its side and wait.
        settings.allowsRemoteHalfClosure = true
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(TLSHandler(server: certificates.context, settings: settings))
        try pipeline.addHandler(TLSProblemNotes(logger: logger))
    }

    /// A client that does not take its answer is dropped by the kernel (tcp(7), `TCP_USER_TIMEOUT`), which knows best
    /// whether it takes any of it.
    private func dropDeadClients(_ channel: any Channel) -> EventLoopFuture<Void> {
        let option = ChannelOptions.Types.SocketOption(
            level: .tcp, name: NIOBSDSocket.Option(rawValue: CInt(TCP_USER_TIMEOUT)))
        return channel.setOption(option, value: Int(limits.answerSeconds * 1000))
    }
}

/// Says why a TLS connection broke, once, and keeps it from who reads HTTP.
private final class TLSProblemNotes: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Whoever leaves without a goodbye has taken its answer: HTTP says how long that is.
        if let problem = error as? TLSError, problem.code != .truncated {
            logger.warning("a connection to the HTTPS port was closed: \(problem.message)")
        }
        context.fireErrorCaught(error)
    }
}
