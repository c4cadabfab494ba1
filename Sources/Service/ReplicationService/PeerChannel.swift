package import GRPCTransport
package import NIOCore

/// The messages of one stream, whichever side opened it. One task receives, one sends.
package protocol PeerChannel: Sendable {
    /// All messages that have come, at least one; `nil` when the peer has ended its side.
    ///
    /// - Throws: when the stream broke; what is thrown says why.
    func receive() async throws -> [ByteBuffer]?

    /// Sends messages in order; waits while too many are on the way.
    func send(_ messages: [ByteBuffer]) async throws

    /// Says that nothing more will be sent. An acceptor says that with the status of the call instead.
    func endSending()
}

extension GRPCServerCall: PeerChannel {
    package func receive() async throws -> [ByteBuffer]? { try await next() }
    package func send(_ messages: [ByteBuffer]) async throws { try await write(messages) }
    package func endSending() {}
}

extension GRPCClientStream: PeerChannel {
    package func receive() async throws -> [ByteBuffer]? { try await next() }
    package func send(_ messages: [ByteBuffer]) async throws { try await write(messages) }
    package func endSending() { finish() }
}
