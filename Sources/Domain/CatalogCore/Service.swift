/// What an instance is. Values outside the known ones are kept as they came.
package struct ServiceKind: Hashable, Sendable, RawRepresentable {
    package var rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package static let typical = ServiceKind(rawValue: "")
    package static let connectProxy = ServiceKind(rawValue: "connect-proxy")
    package static let meshGateway = ServiceKind(rawValue: "mesh-gateway")
}

/// A host and port that an instance can be reached at.
package struct ServiceAddress: Hashable, Sendable {
    package var address: String
    package var port: Int

    package init(address: String, port: Int) {
        self.address = address
        self.port = port
    }
}

/// A port with a name, of a service that listens on several.
package struct ServicePort: Hashable, Sendable {
    package var port: Int
    package var name: String
    package var isDefault: Bool

    package init(port: Int, name: String, isDefault: Bool = false) {
        self.port = port
        self.name = name
        self.isDefault = isDefault
    }
}

/// DNS weights by health.
package struct Weights: Hashable, Sendable {
    package var passing: Int
    package var warning: Int

    package init(passing: Int = 1, warning: Int = 1) {
        self.passing = passing
        self.warning = warning
    }
}

/// What an importer needs to open mutual TLS to an exported service (protocol section 4.8).
package struct PeerMeta: Hashable, Sendable {
    package var sni: [String]
    package var spiffeID: [String]
    /// `tcp`, `http`, `http2` or `grpc`.
    package var `protocol`: String

    package init(sni: [String], spiffeID: [String], protocol: String) {
        self.sni = sni
        self.spiffeID = spiffeID
        self.protocol = `protocol`
    }
}

/// One registered service without its node and checks (protocol section 3.4, `service.NodeService`).
package struct NodeService: Hashable, Sendable {
    package var kind: ServiceKind
    /// Unique on its node and never empty.
    package var id: String
    /// The service's name.
    package var service: String
    package var tags: [String]
    /// Host name or IP address; empty means the node's.
    package var address: String
    package var port: Int
    package var ports: [ServicePort]
    package var socketPath: String
    package var taggedAddresses: [String: ServiceAddress]
    package var meta: [String: String]
    package var weights: Weights?
    package var enableTagOverride: Bool
    package var locality: Locality?
    /// Set on proxies only.
    package var proxy: ProxyConfiguration?
    /// The instance speaks mesh TLS itself.
    package var connectNative: Bool
    /// Set on the proxies that stand for an exporter's gateways.
    package var peerMeta: PeerMeta?

    package init(
        kind: ServiceKind = .typical, id: String, service: String, tags: [String] = [], address: String = "",
        port: Int = 0, ports: [ServicePort] = [], socketPath: String = "",
        taggedAddresses: [String: ServiceAddress] = [:], meta: [String: String] = [:], weights: Weights? = Weights(),
        enableTagOverride: Bool = false, locality: Locality? = nil, proxy: ProxyConfiguration? = nil,
        connectNative: Bool = false, peerMeta: PeerMeta? = nil
    ) {
        self.kind = kind
        self.id = id
        self.service = service
        self.tags = tags
        self.address = address
        self.port = port
        self.ports = ports
        self.socketPath = socketPath
        self.taggedAddresses = taggedAddresses
        self.meta = meta
        self.weights = weights
        self.enableTagOverride = enableTagOverride
        self.locality = locality
        self.proxy = proxy
        self.connectNative = connectNative
        self.peerMeta = peerMeta
    }
}
