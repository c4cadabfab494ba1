package import IdentityCore
import Listening
import NIOCore
import NIOPosix
package import Observability
import ServiceLifecycle

/// Answers DNS over UDP and TCP. Names outside of its domains are refused: it asks no other server. Runs until
/// cancelled or a graceful shutdown.
package struct DNSService: Service {
    private let listeners: [DNSListener]
    private let responder: DNSResponder
    /// Of its own.
    private let group: MultiThreadedEventLoopGroup

    /// Starts to listen on one port of each host; answers are given from then on.
    ///
    /// - Parameter port: 0 takes any free one.
    /// - Throws: `unavailable` if an address cannot be listened on.
    package static func bind(
        hosts: [String], port: Int, responder: DNSResponder, limits: DNSLimits = DNSLimits()
    ) async throws(Refusal) -> DNSService {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: limits.threads)
        var listeners: [DNSListener] = []
        for host in hosts {
            do {
                listeners.append(
                    try await DNSListener.bind(
                        host: host, port: port, responder: responder, limits: limits, group: group))
            } catch {
                for listener in listeners { listener.close() }
                try? await group.shutdownGracefully()
                let named = ListenProblem.Listener(name: "DNS", hostFlag: "-client", portFlag: "-dns-port")
                throw Refusal(.unavailable, "\(ListenProblem(error, of: named, host: host, port: port))")
            }
        }
        return DNSService(listeners: listeners, responder: responder, group: group)
    }

    /// Where it really listens, host by host.
    package var ports: [Int] { listeners.map(\.port) }

    package var metrics: [Metric] { responder.metrics }

    package func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            for listener in listeners { await listener.waitForEnd() }
        } onCancelOrGracefulShutdown: {
            for listener in listeners { listener.close() }
        }
        try await group.shutdownGracefully()
    }
}

/// The two sockets of one address.
private struct DNSListener: Sendable {
    let datagrams: any Channel
    let connections: any Channel
    let clients: ConnectionCounter

    var port: Int { connections.localAddress?.port ?? 0 }

    static func bind(
        host: String, port: Int, responder: DNSResponder, limits: DNSLimits, group: any EventLoopGroup
    ) async throws -> DNSListener {
        let clients = ConnectionCounter(limit: limits.maxConnections)
        let connections = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(
                .writeBufferWaterMark, value: .init(low: limits.maxUnsentBytes / 2, high: limits.maxUnsentBytes)
            )
            .childChannelInitializer { channel in
                guard clients.admit(channel) else { return channel.close() }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(
                        IdleStateHandler(allTimeout: .seconds(limits.idleSeconds)), BackPressureHandler(),
                        ConnectionHandler(responder: responder, limits: limits))
                }
            }
            .bind(host: host, port: port).get()
        do {
            let datagrams = try await DatagramBootstrap(group: group)
                .channelOption(
                    .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: limits.maxQueryBytes)
                )
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            DatagramHandler(responder: responder, limits: limits))
                    }
                }
                .bind(host: host, port: connections.localAddress?.port ?? port).get()
            return DNSListener(datagrams: datagrams, connections: connections, clients: clients)
        } catch {
            connections.close(promise: nil)
            throw error
        }
    }

    func close() {
        datagrams.close(promise: nil)
        connections.close(promise: nil)
        clients.closeAll()
    }

    func waitForEnd() async {
        try? await datagrams.closeFuture.get()
        try? await connections.closeFuture.get()
    }
}
