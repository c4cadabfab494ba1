import ArgumentParser
import ConfigCore
import GatewayCore
import GatewayRelay
import GatewayService
import Glibc
import IdentityCore
import Logging
import Observability
import PeeringCore
import ServiceLifecycle
import UnixSignals

struct GatewayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway",
        abstract: "Runs a gateway: forwards TLS connections by the server name that they ask for.",
        discussion: """
            It reads the ClientHello of each connection and passes every byte on as it came: it holds no key and can \
            decrypt nothing. Connections of other names, and those that are not TLS, are refused. An agent runs the \
            same gateway inside when its configuration has a `gateway` block.

                hawser gateway -listen 0.0.0.0:8443 -route 'server.dc1.peering.UUID.consul=10.0.0.7:8503'
            """)

    @Option(
        name: .customLong("listen"),
        help: ArgumentHelp("Where to listen, as address:port. Repeatable.", valueName: "address"))
    var listen: [String] = []

    @Option(
        name: .customLong("route"),
        help: ArgumentHelp(
            "A server name, or *.suffix, and where it goes: name=host:port,host:port. Repeatable.", valueName: "route"))
    var routes: [String] = []

    @Flag(
        name: .customLong("follow"),
        help: "Take the routes from the daemon (-http-addr) and follow them: what its peerings ask of the gateways.")
    var follows = false

    @OptionGroup var options: ClientOptions

    @Option(name: .customLong("threads"), help: "Threads that move bytes. Default: one per core, at most 4.")
    var threads: Int?

    @Flag(name: .customLong("copy"), help: "Move bytes by copying them, not with splice(2).")
    var copies = false

    @Flag(
        name: .customLong("proxy-protocol-in"),
        help: "Clients start with a PROXY protocol header, version 2; those without are refused.")
    var expectsProxyHeader = false

    @Flag(name: .customLong("proxy-protocol-out"), help: "Start connections to upstreams with such a header.")
    var sendsProxyHeader = false

    @Option(
        name: .customLong("max-connections"),
        help: ArgumentHelp("How many connections may be open; each takes two open files.", valueName: "n"))
    var maxConnections = RelayLimits().connections

    @Option(
        name: .customLong("metrics"),
        help: ArgumentHelp(
            "Where to answer GET /metrics for Prometheus, such as 127.0.0.1:9102. Default: nowhere.",
            valueName: "address"))
    var metrics: String?

    @Option(
        name: .customLong("drain"), help: ArgumentHelp("Seconds that connections have after SIGTERM.", valueName: "s"))
    var drainSeconds = 30

    @Option(
        name: .customLong("log-level"), help: ArgumentHelp("trace, debug, info, warn or error.", valueName: "level"))
    var logLevel = "info"

    @Flag(name: .customLong("log-json"), help: "Log one JSON object a line.")
    var logsJSON = false

    func validate() throws {
        if listen.isEmpty { throw ValidationError("-listen is missing: write -listen 0.0.0.0:8443") }
        if routes.isEmpty != follows {
            throw ValidationError(
                "write either -route, or -follow for those of a daemon: without routes nobody gets through")
        }
        for text in listen where HostPort(text) == nil {
            throw ValidationError("-listen=\(text): write an address and a port, such as 0.0.0.0:8443 or [::]:8443")
        }
        for text in routes { _ = try Self.route(text) }
        if let metrics, HostPort(metrics) == nil {
            throw ValidationError("-metrics=\(metrics): write an address and a port, such as 127.0.0.1:9102")
        }
        if !(1...10_000_000).contains(maxConnections) {
            throw ValidationError("-max-connections=\(maxConnections): 1 to 10000000")
        }
        if let threads, !(1...64).contains(threads) { throw ValidationError("-threads=\(threads): 1 to 64") }
        if !(0...86_400).contains(drainSeconds) { throw ValidationError("-drain=\(drainSeconds): 0 to 86400 seconds") }
        if level == nil { throw ValidationError("-log-level=\(logLevel): write trace, debug, info, warn or error") }
    }

    private var level: AgentConfiguration.LogLevel? {
        AgentConfiguration.LogLevel(name: logLevel)
    }

    private static func route(_ text: String) throws -> Route {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2, let pattern = RoutePattern(parts[0]) else {
            throw ValidationError(
                "-route=\(text): write a server name or *.suffix, =, and addresses: name=10.0.0.7:8503,10.0.0.8:8503")
        }
        let upstreams = try parts[1].split(separator: ",").map { address in
            guard let upstream = HostPort(String(address)), !upstream.host.isEmpty else {
                throw ValidationError("-route=\(text): \"\(address)\" is not host:port")
            }
            return upstream
        }
        return Route(pattern: pattern, upstreams: upstreams)
    }

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        var configuration = RelayConfiguration(listen: try listenAddresses())
        configuration.threads = threads
        configuration.path = copies ? .copy : .splice
        configuration.expectsProxyHeader = expectsProxyHeader
        configuration.sendsProxyHeader = sendsProxyHeader
        configuration.limits.connections = maxConnections
        let logger = makeLogger()
        let source: any GatewayRouteSource =
            follows
            ? FollowedRoutes(client: try options.client(), logger: logger)
            : FixedRoutes(try routes.map { try Self.route($0) })
        let parts: GatewayParts
        do throws(Refusal) {
            parts = try GatewayParts(
                configuration, source: source, logger: logger, grace: .seconds(drainSeconds))
        } catch {
            throw CommandFailure("hawser: \(error.message)")
        }
        logger.info("Hawser v\(VersionCommand.version) gateway is up", metadata: ["listen": "\(parts.addresses)"])
        var services: [any Service] = [parts.service]
        if let metrics = metrics.flatMap({ HostPort($0) }) {
            services.append(
                MetricsServer(host: metrics.host, port: metrics.port, logger: logger) { parts.metrics })
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        ProgramMemory.releaseAfterStart()
        do {
            try await group.run()
        } catch let refusal as Refusal {
            throw CommandFailure("hawser: \(refusal.message)")
        }
        logger.info("the gateway has ended in order", metadata: parts.totals)
    }

    private func listenAddresses() throws -> [RelayAddress] {
        try listen.map { text in
            guard let address = HostPort(text), let port = UInt16(exactly: address.port),
                let resolved = RelayAddress(ip: address.host.isEmpty ? "0.0.0.0" : address.host, port: port)
            else { throw CommandFailure("hawser: -listen=\(text): the gateway listens on an IP address") }
            return resolved
        }
    }

    private func makeLogger() -> Logger {
        let (level, isJSON) = (level ?? .info, logsJSON)
        return Logger(label: "gateway") { label in
            AgentLog(label: label, level: level, isJSON: isJSON, output: Surroundings.current.error)
        }
    }
}
