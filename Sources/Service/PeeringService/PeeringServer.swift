import GRPCTransport
import GRPCWire
package import IdentityCore
import Listening
package import Logging
package import NIOCore
import ReplicationService
import ServiceLifecycle
package import TLSEngine
import TLSTransport

/// The peering port, open but not answering yet: TLS with the cluster's own certificate.
package struct PeeringListener: Sendable {
    let server: GRPCServer

    /// Starts to listen.
    ///
    /// - Parameters:
    ///   - port: 0 takes any free one.
    ///   - identity: the certificate for the server name that a client asks for.
    /// - Throws: `unavailable` if the address cannot be listened on.
    package static func bind(
        host: String, port: Int, identity: @escaping TLSServerSettings.IdentitySelector, logger: Logger,
        group: any EventLoopGroup
    ) async throws(Refusal) -> PeeringListener {
        do {
            var configuration = GRPCServerConfiguration()
            configuration.security = try security(identity)
            configuration.connectionEnded = note(in: logger)
            return PeeringListener(
                server: try await GRPCServer.bind(host: host, port: port, configuration: configuration, group: group))
        } catch {
            let listener = ListenProblem.Listener(
                name: "the peering port", hostFlag: "-bind", portFlag: "-grpc-tls-port")
            throw Refusal(.unavailable, "\(ListenProblem(error, of: listener, host: host, port: port))")
        }
    }

    /// Where it really listens.
    package var port: Int { server.localAddress?.port ?? 0 }

    private static func security(_ identity: @escaping TLSServerSettings.IdentitySelector) throws -> GRPCSecurity {
        let context = try TLSContext(server: TLSServerSettings(identity: identity))
        return GRPCSecurity(scheme: "https") { channel, attributes in
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(TLSHandler(server: context))
            try pipeline.addHandler(ServerNameObserver(attributes: attributes))
        }
    }

    /// Strangers at the port leave one line each, and nothing else.
    private static func note(in logger: Logger) -> @Sendable (GRPCConnectionInfo, GRPCStatus) -> Void {
        { info, status in
            let from = info.remoteText
            if let cause = status.cause {
                logger.warning(
                    "a connection to the peering port was closed: \(cause)", metadata: ["address": "\(from)"])
            } else {
                logger.debug(
                    "a connection to the peering port ended: \(status.message)", metadata: ["address": "\(from)"])
            }
        }
    }
}

/// Answers what comes to the peering port. Runs until cancelled or a graceful shutdown.
package struct PeeringServer: Service {
    let listener: PeeringListener
    let endpoint: PeerStreamEndpoint

    package func run() async throws {
        let router = endpoint.router
        await withGracefulShutdownHandler {
            await listener.server.run { try await endpoint.handle($0, router: router) }
        } onGracefulShutdown: {
            endpoint.registry.endAll(.shutDown)
            listener.server.shutdown(grace: .seconds(1))
        }
    }
}

/// Notes the name that a client asked for once TLS is up.
private final class ServerNameObserver: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let attributes: GRPCConnectionAttributes

    init(attributes: GRPCConnectionAttributes) {
        self.attributes = attributes
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let completed = event as? TLSHandshakeCompleted {
            attributes.serverName = completed.session.serverName
        }
        context.fireUserInboundEventTriggered(event)
    }
}
