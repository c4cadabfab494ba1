package import GRPCWire
package import NIOCore

/// The client's end of a call. One task reads; any number may write. Letting go of it cancels the call.
package final class GRPCClientStream: Sendable {
    private let core: CallCore

    init(_ core: CallCore) {
        self.core = core
    }

    deinit {
        core.cancel(GRPCStatus(.cancelled, "the call was abandoned"))
    }

    /// All complete messages that have arrived, at least one; `nil` when the server ended the call with OK. They share
    /// the memory of what was read together: copy what is kept for long.
    ///
    /// - Throws: `GRPCStatus`: how the call ended else. Cancelling the task cancels the call.
    package func next() async throws -> [ByteBuffer]? { try await core.next() }

    /// Sends messages in order and in one piece; suspends while too much is queued.
    package func write(_ messages: [ByteBuffer]) async throws { try await core.write(messages) }

    /// Says that no more messages follow.
    package func finish() { core.end(.halfClose) }

    /// Ends the call now; the server learns CANCEL, `next` throws CANCELLED.
    package func cancel() { core.cancel(GRPCStatus(.cancelled, "the call was cancelled by this side")) }

    /// How the call ended; `nil` while it has not. Trailing metadata is in it.
    package var status: GRPCStatus? { core.status }

    /// The server's initial metadata; empty before its first message.
    package var metadata: GRPCMetadata { core.metadata }
}
