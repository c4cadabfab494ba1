import Hummingbird
import HummingbirdCore
import IdentityCore
import Listening
package import Logging
import NIOCore
import ServiceLifecycle

/// The daemon's HTTP API. Runs until its task is cancelled or a graceful shutdown, which ends blocking queries and
/// watches at once.
package struct HTTPService: Service {
    private let host: String
    private let port: Int
    private let dependencies: HTTPDependencies
    private let limits: HTTPLimits
    private let logger: Logger
    private let onListening: @Sendable (_ port: Int) async -> Void

    /// - Parameters:
    ///   - host: IP address or name to listen on.
    ///   - port: 0 takes any free one.
    ///   - onListening: told the real port once connections are accepted.
    package init(
        host: String, port: Int, dependencies: HTTPDependencies, limits: HTTPLimits = HTTPLimits(), logger: Logger,
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) {
        self.host = host
        self.port = port
        self.dependencies = dependencies
        self.limits = limits
        self.logger = logger
        self.onListening = onListening
    }

    /// - Throws: `Refusal` with a sentence if the address cannot be listened on.
    package func run() async throws {
        let environment = APIEnvironment(dependencies: dependencies, limits: limits)
        let application = Application(
            responder: APIResponder(
                routes: .all(environment), limits: limits, control: dependencies.access, audit: dependencies.audit),
            server: .http1(configuration: channelConfiguration),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: MaximumAvailableConnections(limits.maxConnections, logger: logger)),
            onServerRunning: { await onListening($0.localAddress?.port ?? port) },
            logger: logger)
        do {
            try await application.run()
        } catch let error where error is IOError || error is SocketAddressError.UnknownHost {
            let listener = ListenProblem.Listener(name: "the HTTP API", hostFlag: "-client", portFlag: "-http-port")
            throw Refusal(.unavailable, "\(ListenProblem(error, of: listener, host: host, port: port))")
        }
    }

    private var channelConfiguration: HTTP1Channel.Configuration {
        HTTP1Channel.Configuration(
            additionalChannelHandlers: [ClientGoneHandler()],
            idleTimeout: .seconds(limits.idleSeconds),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: limits.maxHeaderBytes, maxHeaderListSize: limits.maxHeaderBytes,
                maxHeaderFieldCount: limits.maxHeaderCount))
    }
}
