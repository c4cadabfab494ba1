import GRPCTransport
import GRPCWire
import NIOCore
import NIOConcurrencyHelpers

/// Runs a server on a free port of the loopback interface for the time of `body`, with one connection to it.
func withLoopback<R: Sendable>(
    server configuration: GRPCServerConfiguration = GRPCServerConfiguration(),
    client: GRPCClientConfiguration = GRPCClientConfiguration(),
    handler: @escaping GRPCCallHandler,
    _ body: (GRPCServer, GRPCConnection) async throws -> R
) async throws -> R {
    let server = try await GRPCServer.bind(host: "127.0.0.1", port: 0, configuration: configuration)
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await server.run(handler: handler) }
        defer { server.shutdown(grace: .zero) }
        let connection = try await server.dial(client)
        let result = try await body(server, connection)
        await connection.close()
        return result
    }
}

extension GRPCServer {
    func dial(_ configuration: GRPCClientConfiguration = GRPCClientConfiguration()) async throws -> GRPCConnection {
        try await GRPCConnection.connect(
            to: .address(localAddress!), authority: "test", configuration: configuration)
    }
}

/// Answers each batch with itself.
let echo: GRPCCallHandler = { call in
    while let messages = try await call.next() { try await call.write(messages) }
}

extension GRPCClientStream {
    /// All messages until the end.
    func collect() async throws -> [ByteBuffer] {
        var all: [ByteBuffer] = []
        while let messages = try await next() { all += messages }
        return all
    }
}

/// Waits, cooperatively, for something that another task or loop is about to do.
func eventually(_ condition: @Sendable () -> Bool) async {
    while !condition() { await Task.yield() }
}

/// The status that `body` throws.
func status(_ body: () async throws -> Void) async -> GRPCStatus? {
    do {
        try await body()
        return nil
    } catch {
        return error as? GRPCStatus
    }
}

/// A value that a handler and its test share.
final class Shared<Value: Sendable>: Sendable {
    private let mutex: NIOLockedValueBox<Value>

    init(_ value: Value) {
        mutex = NIOLockedValueBox(value)
    }

    var value: Value { mutex.withLockedValue { $0 } }

    func update(_ change: @Sendable (inout Value) -> Void) {
        mutex.withLockedValue { change(&$0) }
    }
}
