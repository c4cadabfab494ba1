import GRPCWire
import HTTP2Engine
import NIOConcurrencyHelpers
package import NIOCore
import NIOPosix
import Synchronization

/// A listener and its connections. Calls are run by `run`; until then they wait.
///
///     let server = try await GRPCServer.bind(host: "127.0.0.1", port: 0, configuration: configuration)
///     await withDiscardingTaskGroup { group in
///         group.addTask { await server.run(handler: router.handle) }
///         ...
///         server.shutdown(grace: .seconds(5))   // run returns when everything has ended
///     }
package final class GRPCServer: Sendable {
    private struct State {
        var connections: [ObjectIdentifier: Connection] = [:]
        var listener: (any Channel)?
        var shutdownGrace: TimeAmount?
        var isListenerClosed = false
    }

    private struct Connection {
        var eventLoop: any EventLoop
        var handler: NIOLoopBound<GRPCConnectionHandler>
    }

    private let configuration: GRPCServerConfiguration
    private let state = NIOLockedValueBox(State())
    private let calls = CallQueue()
    private let runningCalls = Atomic<Int>(0)

    private init(_ configuration: GRPCServerConfiguration) {
        self.configuration = configuration
    }

    /// Starts to listen.
    ///
    /// - Throws: NIO's error of the socket.
    package static func bind(
        host: String, port: Int, configuration: GRPCServerConfiguration = GRPCServerConfiguration(),
        group: any EventLoopGroup = .singletonMultiThreadedEventLoopGroup
    ) async throws -> GRPCServer {
        let server = GRPCServer(configuration)
        let listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.writeBufferWaterMark, value: GRPCConnection.watermark)
            .childChannelOption(.recvAllocator, value: GRPCConnection.receiveAllocator)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try server.setUp(channel) }
            }
            .bind(host: host, port: port).get()
        server.state.withLockedValue { $0.listener = listener }
        listener.closeFuture.whenComplete { _ in server.listenerClosed() }
        return server
    }

    /// Where the server listens.
    package var localAddress: SocketAddress? { state.withLockedValue { $0.listener?.localAddress } }

    /// Open connections.
    package var connectionCount: Int { state.withLockedValue { $0.connections.count } }

    /// Calls whose handler has not returned.
    package var callCount: Int { runningCalls.load(ordering: .relaxed) }

    // MARK: - Connections (event loop)

    private struct Refused: Error {}

    private func setUp(_ channel: any Channel) throws {
        let attributes = GRPCConnectionAttributes()
        try configuration.security.addHandlers(channel, attributes)
        let mailbox = LoopMailbox(
            eventLoop: channel.eventLoop, creditPerHop: Int(configuration.http2.creditPerHop))
        let settings = GRPCConnectionHandler.Settings(
            role: .server, http2: configuration.http2, limits: configuration.limits,
            keepalive: configuration.keepalive, pings: configuration.pings)
        let (remote, local) = (channel.remoteAddress, channel.localAddress)
        let calls = calls
        @Sendable func info() -> GRPCConnectionInfo {
            GRPCConnectionInfo(remoteAddress: remote, localAddress: local, serverName: attributes.serverName)
        }
        let connectionEnded = configuration.connectionEnded
        let owner = GRPCConnectionHandler.Owner(
            callAccepted: { core, head in
                calls.push { GRPCServerCall(core: core, head: head, connectionInfo: info(), arrival: $0) }
            }, closed: { connectionEnded(info(), $0) })
        let handler = try GRPCConnectionHandler(settings: settings, mailbox: mailbox, owner: owner)
        let id = ObjectIdentifier(channel)
        let connection = Connection(
            eventLoop: channel.eventLoop, handler: NIOLoopBound(handler, eventLoop: channel.eventLoop))
        let isAdmitted = state.withLockedValue { state in
            guard state.shutdownGrace == nil, state.connections.count < configuration.maxConnections else {
                return false
            }
            state.connections[id] = connection
            return true
        }
        // The bootstrap closes the channel.
        guard isAdmitted else { throw Refused() }
        channel.closeFuture.whenComplete { _ in self.connectionClosed(id) }
        try channel.pipeline.syncOperations.addHandler(handler)
    }

    private func connectionClosed(_ id: ObjectIdentifier) {
        let isLast = state.withLockedValue { state in
            state.connections[id] = nil
            return state.isListenerClosed && state.connections.isEmpty
        }
        if isLast { calls.finish() }
    }

    private func listenerClosed() {
        let (isLast, connections) = state.withLockedValue { state in
            state.isListenerClosed = true
            // The listener may also die by itself; then what is open goes on until the end of `run`.
            return (state.connections.isEmpty, Array(state.connections.values))
        }
        if isLast { calls.finish() }
        if state.withLockedValue({ $0.shutdownGrace == nil }) { drain(connections, grace: .zero) }
    }

    // MARK: - Calls (tasks)

    /// Runs a handler for every call, each in a child task, until the server was shut down and all have ended.
    /// Cancelling the task shuts the server down without grace. Call it once.
    package func run(handler: @escaping GRPCCallHandler) async {
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                while let calls = await calls.next() {
                    for call in calls {
                        runningCalls.add(1, ordering: .relaxed)
                        group.addTask {
                            await Self.serve(call, handler)
                            self.runningCalls.subtract(1, ordering: .relaxed)
                        }
                    }
                }
            }
        } onCancel: {
            shutdown(grace: .zero)
        }
    }

    private static func serve(_ call: GRPCServerCall, _ handler: @escaping GRPCCallHandler) async {
        // Two children: the handler, and one that ends when the call does, whereupon the other is cancelled.
        await withTaskGroup(of: Void.self) { group in
            group.addTask { call.finish(await Self.status(of: call, handler)) }
            group.addTask { await call.core.waitForCancellation() }
            await group.next()
            group.cancelAll()
        }
        call.core.release()
    }

    private static func status(of call: GRPCServerCall, _ handler: GRPCCallHandler) async -> GRPCStatus {
        do {
            try await handler(call)
            return .ok
        } catch let status as GRPCStatus {
            return status
        } catch is CancellationError {
            return GRPCStatus(.cancelled, "the call was cancelled")
        } catch {
            // The text of a local error is not the client's business.
            return GRPCStatus(.unknown, "the call failed")
        }
    }

    // MARK: - Ending

    /// Stops listening and ends the connections: GOAWAY, `grace` for calls that run, then the end. `run` returns
    /// when all is over. Later calls may only shorten the time.
    package func shutdown(grace: TimeAmount) {
        let (listener, connections) = state.withLockedValue { state in
            state.shutdownGrace = min(grace, state.shutdownGrace ?? grace)
            return (state.listener, Array(state.connections.values))
        }
        listener?.close(promise: nil)
        drain(connections, grace: grace)
    }

    private func drain(_ connections: [Connection], grace: TimeAmount) {
        for connection in connections {
            connection.eventLoop.execute {
                if grace > .zero {
                    connection.handler.value.drain(grace: grace)
                } else {
                    connection.handler.value.closeNow(GRPCStatus(.unavailable, "the server was shut down"))
                }
            }
        }
    }
}
