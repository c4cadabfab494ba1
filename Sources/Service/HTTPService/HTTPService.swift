import Hummingbird
import HummingbirdCore
import IdentityCore
import Listening
package import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// The daemon's HTTP API at one of its doors. Runs until its task is cancelled or a graceful shutdown, which ends blocking
/// queries and watches at once.
package struct HTTPService: Service {
    private let door: HTTPDoor
    private let dependencies: HTTPDependencies
    private let limits: HTTPLimits
    private let logger: Logger
    private let onListening: @Sendable (_ port: Int) async -> Void

    /// - Parameter onListening: told the real port, 0 for a Unix socket, once connections are accepted.
    package init(
        door: HTTPDoor, dependencies: HTTPDependencies, limits: HTTPLimits = HTTPLimits(), logger: Logger,
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) {
        self.door = door
        self.dependencies = dependencies
        self.limits = limits
        self.logger = logger
        self.onListening = onListening
    }

    /// - Throws: `Refusal` with a sentence if the door cannot be opened.
    package func run() async throws {
        switch door {
        case .plain(let host, let port):
            try await serve(
                host, port, ListenProblem.Listener(name: "the HTTP API", hostFlag: "-client", portFlag: "-http-port"))
        case .tls(let host, let port, _):
            try await serve(
                host, port, ListenProblem.Listener(name: "the HTTPS API", hostFlag: "-client", portFlag: "-https-port"))
        case .unix(let file):
            try await serve(file)
        }
    }

    private func serve(_ host: String, _ port: Int, _ listener: ListenProblem.Listener) async throws {
        do {
            try await application(at: .hostname(host, port: port)) { await onListening($0.localAddress?.port ?? port) }
                .run()
        } catch let error where error is IOError || error is SocketAddressError.UnknownHost {
            throw Refusal(.unavailable, "\(ListenProblem(error, of: listener, host: host, port: port))")
        }
    }

    private func serve(_ file: UnixSocketFile) async throws {
        let published = Mutex<Result<UInt64, ListenProblem>?>(nil)
        defer { if case .success(let number) = published.withLock({ $0 }) { file.remove(number) } }
        do {
            try file.prepare()
            try await application(at: .unixDomainSocket(path: file.stagingPath)) { server in
                let result = Result { () throws(ListenProblem) in try file.publish() }
                published.withLock { $0 = result }
                switch result {
                case .success: await onListening(0)
                // Ends the server, and with it the application.
                case .failure: try? await server.close()
                }
            }
            .run()
        } catch let problem as ListenProblem {
            throw Refusal(.unavailable, "\(problem)")
        } catch {
            if case .failure(let problem) = published.withLock({ $0 }) { throw Refusal(.unavailable, "\(problem)") }
            throw error
        }
    }

    private func application(
        at address: BindAddress, onServerRunning: @escaping @Sendable (any Channel) async -> Void
    ) -> some ApplicationProtocol {
        let environment = APIEnvironment(dependencies: dependencies, limits: limits)
        return Application(
            responder: APIResponder(
                routes: .all(environment), limits: limits, control: dependencies.access, audit: dependencies.audit,
                counters: dependencies.counters),
            server: HTTPServerBuilder { [door, limits, channelConfiguration] responder in
                DoorChannel(
                    door: door, limits: limits,
                    http: HTTP1Channel(responder: responder, configuration: channelConfiguration))
            },
            configuration: ApplicationConfiguration(
                address: address,
                availableConnectionsDelegate: MaximumAvailableConnections(limits.maxConnections, logger: logger)),
            onServerRunning: onServerRunning, logger: logger)
    }

    private var channelConfiguration: HTTP1Channel.Configuration {
        HTTP1Channel.Configuration(
            additionalChannelHandlers: [PaceOfParts(), ClientGoneHandler()],
            idleTimeout: .seconds(limits.idleSeconds),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: limits.maxHeaderBytes, maxHeaderListSize: limits.maxHeaderBytes,
                maxHeaderFieldCount: limits.maxHeaderCount))
    }
}
