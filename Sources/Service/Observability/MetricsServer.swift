import HTTPTypes
import Hummingbird
import HummingbirdCore
import IdentityCore
import Listening
package import Logging
import NIOCore
import ServiceLifecycle

/// Answers `GET /metrics` for a process that has no other HTTP door, such as a gateway of its own.
package struct MetricsServer: Service {
    private let host: String
    private let port: Int
    private let metrics: @Sendable () -> [Metric]
    private let logger: Logger

    /// Scrapers that may be connected at once.
    private static let maxConnections = 64

    /// - Parameter metrics: called for each answer, on its task.
    package init(host: String, port: Int, logger: Logger, metrics: @escaping @Sendable () -> [Metric]) {
        self.host = host
        self.port = port
        self.metrics = metrics
        self.logger = logger
    }

    /// - Throws: `Refusal` with a sentence if the address cannot be listened on.
    package func run() async throws {
        let router = Router()
        router.get("metrics") { [metrics] _, _ in
            Response(
                status: .ok, headers: [.contentType: PrometheusText.contentType],
                body: ResponseBody(byteBuffer: ByteBuffer(string: PrometheusText.write(metrics()))))
        }
        let application = Application(
            router: router,
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: MaximumAvailableConnections(Self.maxConnections, logger: logger)),
            logger: logger)
        do {
            try await application.run()
        } catch let error where error is IOError || error is SocketAddressError.UnknownHost {
            let listener = ListenProblem.Listener(name: "the metrics", hostFlag: "-metrics", portFlag: "-metrics")
            throw Refusal(.unavailable, "\(ListenProblem(error, of: listener, host: host, port: port))")
        }
    }
}
