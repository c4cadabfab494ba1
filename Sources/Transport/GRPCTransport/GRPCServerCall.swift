package import GRPCWire
package import NIOCore

/// The server's end of a call. One task reads; any number may write.
package final class GRPCServerCall: Sendable {
    /// `/package.Service/Method`
    package let path: String
    package let authority: String
    /// The client's metadata.
    package let metadata: GRPCMetadata
    package let connectionInfo: GRPCConnectionInfo
    /// Counts the server's calls in the order in which they arrived, which need not be the order in which their
    /// handlers get on.
    package let arrival: UInt64
    let core: CallCore

    init(core: CallCore, head: GRPCRequestHead, connectionInfo: GRPCConnectionInfo, arrival: UInt64) {
        self.core = core
        self.arrival = arrival
        self.path = head.path
        self.authority = head.authority
        self.metadata = head.metadata
        self.connectionInfo = connectionInfo
    }

    /// All complete messages that have arrived, at least one; `nil` when the client has ended its side. They share the
    /// memory of what was read together: copy what is kept for long.
    ///
    /// - Throws: `GRPCStatus` when the client cancelled, the deadline passed or the connection broke.
    package func next() async throws -> [ByteBuffer]? { try await core.next() }

    /// Sends messages in order and in one piece, the response's header block before the first ones; suspends while too
    /// much is queued.
    package func write(_ messages: [ByteBuffer]) async throws { try await core.write(messages) }

    /// Fields to send before the first message; without effect after it.
    package func setInitialMetadata(_ metadata: GRPCMetadata) { core.setMetadata(metadata) }

    /// Whether the client has reset the call or is gone: nobody waits for what is written.
    package var isLost: Bool { core.status.map { $0.code != .ok } ?? false }

    /// Ends the call after what was written. The first status counts, also against what the handler throws later.
    package func finish(_ status: GRPCStatus = .ok) { core.end(.status(status)) }

    /// The single message of a unary request.
    ///
    /// - Throws: `GRPCStatus` INTERNAL if there is none, or more than one.
    package func unaryRequest() async throws -> ByteBuffer {
        var request: ByteBuffer?
        while let messages = try await next() {
            guard request == nil, messages.count == 1 else {
                throw GRPCStatus(.internal, "a unary call has one message, not several")
            }
            request = messages[0]
        }
        guard let request else { throw GRPCStatus(.internal, "a unary call has one message, not none") }
        return request
    }
}

/// What runs for a call. Returning ends the call with OK, throwing a `GRPCStatus` with that; its task is
/// cancelled when the client cancels, the deadline passes or the connection breaks.
package typealias GRPCCallHandler = @Sendable (GRPCServerCall) async throws -> Void

/// Finds the handler of a path.
package struct GRPCRouter: Sendable {
    private var handlers: [String: GRPCCallHandler] = [:]
    private var services: Set<String> = []

    package init() {}

    /// - Parameter path: `/package.Service/Method`
    package mutating func add(_ path: String, _ handler: @escaping GRPCCallHandler) {
        handlers[path] = handler
        if let name = GRPCMethodName(path: path) { services.insert(name.service) }
    }

    /// Runs the handler of the call's path.
    ///
    /// - Throws: `GRPCStatus` UNIMPLEMENTED if there is none, with grpc-go's words.
    package func handle(_ call: GRPCServerCall) async throws {
        if let handler = handlers[call.path] { return try await handler(call) }
        guard let name = GRPCMethodName(path: call.path) else {
            throw GRPCStatus(.unimplemented, "malformed method name: \"\(call.path)\"")
        }
        guard services.contains(name.service) else {
            throw GRPCStatus(.unimplemented, "unknown service \(name.service)")
        }
        throw GRPCStatus(.unimplemented, "unknown method \(name.method) for service \(name.service)")
    }
}
