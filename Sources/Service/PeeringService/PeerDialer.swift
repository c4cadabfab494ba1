import GRPCTransport
import GRPCWire
import NIOCore
import PeeringCore
import TLSEngine
import TLSTransport

/// Opens connections to acceptors.
struct PeerDialer: Sendable {
    let group: any EventLoopGroup

    /// Connects to one address.
    ///
    /// - Parameters:
    ///   - roots: PEM texts that the acceptor's certificate is verified with; none means plain text
    ///     (protocol section 5.3).
    ///   - serverName: SNI, verified name and authority.
    /// - Throws: `GRPCStatus`, or `TLSError` for roots that cannot be read.
    func connect(
        to address: HostPort, roots: [String], serverName: String, timeout: Duration
    ) async throws -> GRPCConnection {
        var configuration = GRPCClientConfiguration()
        configuration.connectTimeout = TimeAmount(timeout)
        if !roots.isEmpty { configuration.security = try Self.security(roots, serverName) }
        let authority = serverName.isEmpty ? address.description : serverName
        do {
            return try await GRPCConnection.connect(
                to: .host(address.host.isEmpty ? "localhost" : address.host, port: address.port),
                authority: authority, configuration: configuration, group: group)
        } catch var status as GRPCStatus where roots.isEmpty {
            status.message += " (dialed without TLS, because the token names no CA)"
            throw status
        }
    }

    private static func security(_ roots: [String], _ serverName: String) throws -> GRPCSecurity {
        let parsed = roots.map { root in Result { try X509Certificate.parsePEM(root) } }
        let certificates = parsed.compactMap { try? $0.get() }.flatMap { $0 }
        // One that cannot be read does not keep us from trusting the others.
        if certificates.isEmpty { for root in parsed { _ = try root.get() } }
        let context = try TLSContext(client: TLSClientSettings(roots: certificates))
        return GRPCSecurity(scheme: "https") { channel, _ in
            let handler = try TLSHandler(client: context, serverName: serverName)
            try channel.pipeline.syncOperations.addHandler(handler)
        }
    }
}
