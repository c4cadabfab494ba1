package import DocumentCore

/// What a service says of its proxy: what it stands in front of, what it reaches for it, and how it is set up.
package struct ProxyConfiguration: Hashable, Sendable {
    package var destinationServiceName: String
    package var destinationServiceID: String
    package var localServiceAddress: String
    package var localServicePort: Int
    /// In place of an address and a port.
    package var localServiceSocketPath: String
    /// Nil for what the defaults of the service and of all proxies say.
    package var mode: ProxyMode?
    package var transparentProxy: TransparentProxySettings?
    /// The opaque settings of the proxy (gateway data plane, section 5.4): a map, nil if none was given.
    package var config: Document?
    package var upstreams: [Upstream]
    package var gatewayMode: GatewayModeSetting?
    package var expose: ExposedPaths

    package init(
        destinationServiceName: String = "", destinationServiceID: String = "",
        localServiceAddress: String = "", localServicePort: Int = 0, localServiceSocketPath: String = "",
        mode: ProxyMode? = nil, transparentProxy: TransparentProxySettings? = nil, config: Document? = nil,
        upstreams: [Upstream] = [], gatewayMode: GatewayModeSetting? = nil, expose: ExposedPaths = ExposedPaths()
    ) {
        self.destinationServiceName = destinationServiceName
        self.destinationServiceID = destinationServiceID
        self.localServiceAddress = localServiceAddress
        self.localServicePort = localServicePort
        self.localServiceSocketPath = localServiceSocketPath
        self.mode = mode
        self.transparentProxy = transparentProxy
        self.config = config
        self.upstreams = upstreams
        self.gatewayMode = gatewayMode
        self.expose = expose
    }
}

/// How traffic reaches a proxy: because applications dial it, or because the host sends all traffic to it.
package enum ProxyMode: String, CaseIterable, Sendable {
    case direct, transparent
}

/// The settings of a proxy that the host sends all traffic to.
package struct TransparentProxySettings: Hashable, Sendable {
    /// Where outgoing traffic arrives; 0 for the usual port.
    package var outboundListenerPort: Int
    /// Instances can be dialed by their own addresses.
    package var dialedDirectly: Bool

    package init(outboundListenerPort: Int = 0, dialedDirectly: Bool = false) {
        self.outboundListenerPort = outboundListenerPort
        self.dialedDirectly = dialedDirectly
    }
}

/// HTTP paths that a proxy lets through without mutual TLS.
package struct ExposedPaths: Hashable, Sendable {
    /// The paths of the service's HTTP and gRPC checks too.
    package var checks: Bool
    package var paths: [ExposedPath]

    package init(checks: Bool = false, paths: [ExposedPath] = []) {
        self.checks = checks
        self.paths = paths
    }
}

/// One path that a proxy exposes, and the port it does so on.
package struct ExposedPath: Hashable, Sendable {
    package var listenerPort: Int
    package var path: String
    package var localPathPort: Int
    /// `http` or `http2`; empty for the first.
    package var `protocol`: String

    package init(listenerPort: Int, path: String, localPathPort: Int = 0, protocol: String = "") {
        self.listenerPort = listenerPort
        self.path = path
        self.localPathPort = localPathPort
        self.protocol = `protocol`
    }
}
