import GRPCTransport
import GRPCWire
import IdentityCore
import Logging
import NIOCore
import ReplicationService
import ServiceLifecycle
import TLSEngine
import TLSTransport

/// The peering port: TLS with the cluster's own certificate, and the two methods behind it.
package struct PeeringServer: Service {
    private let server: GRPCServer
    private let endpoint: PeerStreamEndpoint

    /// Starts to listen; calls are answered once `run` runs.
    ///
    /// - Parameter identity: the certificate for the server name that the client asked for.
    /// - Throws: `Refusal` if the address cannot be listened on.
    init(
        host: String, port: Int, identity: @escaping TLSServerSettings.IdentitySelector,
        endpoint: PeerStreamEndpoint, group: any EventLoopGroup
    ) async throws(Refusal) {
        self.endpoint = endpoint
        do {
            var configuration = GRPCServerConfiguration()
            configuration.security = try Self.security(identity)
            configuration.connectionEnded = Self.logger(of: endpoint)
            server = try await GRPCServer.bind(host: host, port: port, configuration: configuration, group: group)
        } catch {
            throw Refusal(
                .unavailable,
                "the peering port cannot listen on \(host):\(port): \(error). Is another agent running? "
                    + "Set another -grpc-tls-port or -bind if so.")
        }
    }

    /// Where the server really listens.
    package var port: Int? { server.localAddress?.port }

    package func run() async throws {
        let router = endpoint.router
        await withGracefulShutdownHandler {
            await server.run { try await endpoint.handle($0, router: router) }
        } onGracefulShutdown: {
            endpoint.registry.endAll(.shutDown)
            server.shutdown(grace: .seconds(1))
        }
    }

    private static func security(_ identity: @escaping TLSServerSettings.IdentitySelector) throws -> GRPCSecurity {
        let context = try TLSContext(server: TLSServerSettings(identity: identity))
        return GRPCSecurity(scheme: "https") { channel, attributes in
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(TLSHandler(server: context))
            try pipeline.addHandler(ServerNameObserver(attributes: attributes))
        }
    }

    /// Strangers at the port leave one line each, and nothing else.
    private static func logger(
        of endpoint: PeerStreamEndpoint
    ) -> @Sendable (GRPCConnectionInfo, GRPCStatus) -> Void {
        let logger = endpoint.environment.logger
        return { info, status in
            let from = info.remoteAddress.map { "\($0)" } ?? "unknown"
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
