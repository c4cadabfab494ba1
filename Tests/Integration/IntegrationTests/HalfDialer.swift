import GRPCTransport
import GRPCWire
import IdentityCore
import NIOCore
import NIOPosix
import PeeringCore
import PeeringWire
import ReplicationCore
import ReplicationService

@testable import PeeringService

/// A dialer that stops where a real one would have crashed, or goes on where a real one would not.
struct HalfDialer: Sendable {
    let token: PeeringToken
    private let dialer = PeerDialer(group: .singletonMultiThreadedEventLoopGroup)

    init(_ text: String) throws {
        token = try PeeringToken(encoded: text)
    }

    func exchange() async throws -> SecretText {
        try await SecretExchange(dialer: dialer, settings: PeeringSettings(addresses: ReachableAddresses(own: [])))
            .redeem(token)
    }

    func connect() async throws -> GRPCConnection {
        let address = try HostPort(token.serverAddresses[0]).orThrow("an address")
        return try await dialer.connect(
            to: address, roots: token.caPEMs, serverName: token.serverName, timeout: .seconds(20))
    }

    /// Opens a stream with a secret, and says what came back first: `nil` is a message, the rest a status.
    func open(_ secret: SecretText) async throws -> GRPCStatus? {
        let stream = try await stream(secret)
        let status = await stream.firstAnswer()
        await stream.close()
        return status
    }

    /// A stream that was opened with the token's peering and a secret.
    func stream(_ secret: SecretText) async throws -> RawStream {
        let stream = try RawStream(try await connect())
        try await stream.send([
            PeerMessage.open(StreamOpen(peerID: token.peerID, streamSecretID: secret.reveal(), datacenter: "dc3"))
        ])
        return stream
    }
}

/// A call to the peering port that sends what it likes.
struct RawStream: Sendable {
    private let connection: GRPCConnection
    private let stream: GRPCClientStream

    init(_ connection: GRPCConnection, path: String = PeerStreamMethod.streamResources) throws {
        self.connection = connection
        stream = try connection.openStream(path: path)
    }

    /// As the other side's log names it.
    var address: String { "127.0.0.1:\(connection.info.localAddress?.port ?? 0)" }

    func send(_ messages: [PeerMessage]) async throws {
        try await stream.write(messages.encoded(ByteBufferAllocator()))
    }

    func send(raw bytes: [UInt8]) async throws { try await stream.write([ByteBuffer(bytes: bytes)]) }

    /// `nil` if a message came, else the status.
    func firstAnswer() async -> GRPCStatus? {
        do {
            return try await stream.next() == nil ? .ok : nil
        } catch {
            return error as? GRPCStatus
        }
    }

    /// Reads until the other side ends the call.
    func waitForEnd() async -> GRPCStatus {
        do {
            while try await stream.next() != nil {}
            return .ok
        } catch {
            return error as? GRPCStatus ?? GRPCStatus(.unknown, "\(error)")
        }
    }

    /// Says that no more messages follow.
    func finish() { stream.finish() }

    func close() async { await connection.close() }
}
