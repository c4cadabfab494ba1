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
    ///   - path: which way the address is.
    /// - Returns: how it ended, and whether the acceptor had let it in.
    func run(
        _ address: HostPort, _ peering: Peering, _ secret: SecretText, path: DialedPath
    ) async -> (end: StreamEnd, wasUp: Bool) {
        do {
            let connection = try await dialer.connect(
                to: address, roots: peering.peerCAPEMs, serverName: peering.peerServerName, timeout: connectTimeout)
            let stream = try await open(over: connection, peering, secret)
            let session = PeerStreamSession(
                environment, peering: peering, role: .dialer(acceptorID: peering.peerID), channel: stream,
                remoteAddress: connection.info.remoteText, path: path)
            let end = await registry.run(session, of: peering.id)
            // An orderly end leaves a last message and the end of our side on the way; letting go of the stream would
            // reset it, and an acceptor need not end its side (observed: 22).
            await connection.close(grace: end.reason == nil ? .seconds(1) : .zero)
            withExtendedLifetime(stream) {}
            return (end, session.hasBeenUp)
        } catch {
            return (.lost(error), false)
        }
    }

    private func open(
        over connection: GRPCConnection, _ peering: Peering, _ secret: SecretText
    ) async throws -> GRPCClientStream {
        let open = StreamOpen(
            peerID: peering.peerID, streamSecretID: secret.reveal(),
            datacenter: environment.store.state.identity?.datacenter ?? "")
        let stream = try connection.openStream(path: PeerStreamMethod.streamResources)
        try await stream.write([PeerMessage.open(open)].encoded(ByteBufferAllocator()))
        return stream
    }
}
