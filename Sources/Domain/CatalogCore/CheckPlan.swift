/// How a check comes to its status: what is asked, how often, and what the answers make of it. Data only; the health
/// service asks.
package struct CheckPlan: Hashable, Sendable {
    package var probe: CheckProbe
    /// What the check is before its first result. A definition that says another is another definition.
    package var start: HealthStatus
    /// From the end of one run to the start of the next; zero for what is not asked regularly.
    package var interval: Duration
    /// Of one run, redirects and TLS included.
    package var timeout: Duration
    /// Good results in a row before a check is what they say.
    package var successBeforePassing: Int
    /// Bad results in a row before a check is a warning, and before it is critical.
    package var failuresBeforeWarning: Int
    package var failuresBeforeCritical: Int
    /// Bytes of output that are kept.
    package var maxOutputBytes: Int
    /// How long a service may be critical by this check before it is deregistered; nil for ever.
    package var deregisterAfter: Duration?

    package init(
        probe: CheckProbe, start: HealthStatus = .critical, interval: Duration = .zero,
        timeout: Duration = CheckPlan.defaultTimeout,
        successBeforePassing: Int = 0, failuresBeforeWarning: Int = 0, failuresBeforeCritical: Int = 0,
        maxOutputBytes: Int = CheckPlan.defaultOutputBytes, deregisterAfter: Duration? = nil
    ) {
        self.probe = probe
        self.start = start
        self.interval = interval
        self.timeout = timeout
        self.successBeforePassing = successBeforePassing
        self.failuresBeforeWarning = failuresBeforeWarning
        self.failuresBeforeCritical = failuresBeforeCritical
        self.maxOutputBytes = maxOutputBytes
        self.deregisterAfter = deregisterAfter
    }

    // Consul's own values.
    package static let defaultTimeout = Duration.seconds(10)
    package static let minInterval = Duration.seconds(1)
    package static let defaultOutputBytes = 4_096
    package static let minDeregisterAfter = Duration.seconds(60)
}

/// What a check asks. Addresses are `host:port` as they were given: one that is none shows when the check runs, as in
/// Consul. Without a host it is this machine.
package indirect enum CheckProbe: Hashable, Sendable {
    /// Nobody: the application says how it is, and is critical when it has said nothing for so long.
    case ttl(Duration)
    /// Whether a connection can be opened; with TLS, whether its handshake succeeds.
    case tcp(String, tls: CheckTLS?)
    /// Whether nobody says that a datagram has no receiver.
    case udp(String)
    case http(HTTPProbe)
    /// `grpc.health.v1.Health/Check`; an empty service asks for the whole server.
    case grpc(String, service: String, tls: CheckTLS?)
    /// Whether an HTTP/2 PING is answered.
    case h2ping(String, tls: CheckTLS?)
    /// The checks of another service, or of the node if there is none.
    case alias(AliasTarget)
}

/// How a check verifies the server that it asks over TLS.
package struct CheckTLS: Hashable, Sendable {
    /// The name to ask for and to verify; empty for the host of the address.
    package var serverName: String
    package var skipsVerification: Bool

    package init(serverName: String = "", skipsVerification: Bool = false) {
        self.serverName = serverName
        self.skipsVerification = skipsVerification
    }
}

/// A request whose answer tells the health: 2xx is passing, 429 a warning, anything else critical.
package struct HTTPProbe: Hashable, Sendable {
    package var url: String
    package var method: String
    package var headers: [String: [String]]
    package var body: String
    package var followsRedirects: Bool
    /// Counts if the URL is `https`, or a redirect leads to one.
    package var tls: CheckTLS

    package init(
        url: String, method: String = "GET", headers: [String: [String]] = [:], body: String = "",
        followsRedirects: Bool = true, tls: CheckTLS = CheckTLS()
    ) {
        self.url = url
        self.method = method
        self.headers = headers
        self.body = body
        self.followsRedirects = followsRedirects
        self.tls = tls
    }
}

/// Whose checks an alias follows.
package struct AliasTarget: Hashable, Sendable {
    /// Empty for the agent's own node.
    package var node: String
    /// Empty for the node itself.
    package var serviceID: String

    package init(node: String = "", serviceID: String = "") {
        self.node = node
        self.serviceID = serviceID
    }
}
