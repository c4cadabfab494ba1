import GRPCTransport
import IdentityCore
import NIOCore
import PeeringCore
import PeeringWire
import ReplicationCore
import ReplicationService
import StateCore

/// One attempt to dial an acceptor: connects, opens the stream, and runs it to its end.
struct StreamAttempt: Sendable {
    let environment: ReplicationEnvironment
    let registry: StreamRegistry
    let dialer: PeerDialer
    /// A connection that does not come up in this time is given up.
    var connectTimeout = Duration.seconds(20)

    /// - Parameters:
    ///   - peering: whom to dial, and as whom; its row may be gone, and then the stream only says goodbye.
    ///   - secret: what the acceptor knows us by.
    func run(_ address: HostPort, _ peering: Peering, _ secret: SecretText) async -> StreamEnd {
        do {
            let connection = try await dialer.connect(
                to: address, roots: peering.peerCAPEMs, serverName: peering.peerServerName, timeout: connectTimeout)
            let end = await stream(over: connection, peering, secret)
            // An orderly end leaves a last message on the way.
            await connection.close(grace: end.reason == nil ? .seconds(1) : .zero)
            return end
        } catch {
            return .lost(error)
        }
    }

    private func stream(over connection: GRPCConnection, _ peering: Peering, _ secret: SecretText) async -> StreamEnd {
        let open = StreamOpen(
            peerID: peering.peerID, streamSecretID: secret.reveal(),
            datacenter: environment.store.state.identity?.datacenter ?? "")
        let stream: GRPCClientStream
        do {
            stream = try connection.openStream(path: PeerStreamMethod.streamResources)
            try await stream.write([PeerMessage.open(open)].encoded(ByteBufferAllocator()))
        } catch {
            return .lost(error)
        }
        let session = PeerStreamSession(
            environment, peering: peering, role: .dialer(acceptorID: peering.peerID), channel: stream,
            remoteAddress: connection.info.remoteText)
        return await registry.run(session, of: peering.id)
    }
}
