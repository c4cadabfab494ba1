package import DocumentCore

/// Which mesh gateways traffic to another cluster passes (gateway data plane, section 4).
package enum MeshGatewayMode: String, CaseIterable, Sendable {
    /// None: straight to the instances. Peers are only reached through gateways, so for them this is `remote`.
    case none
    /// Those of the own cluster, then those of the other.
    case local
    /// Those of the other cluster alone.
    case remote
}

/// A mode and where it was written. Equality ignores the place: moving a definition in its file is no change of it.
package struct GatewayModeSetting: Sendable {
    package var mode: MeshGatewayMode
    package var position: DocumentPosition

    package init(_ mode: MeshGatewayMode, at position: DocumentPosition = .none) {
        self.mode = mode
        self.position = position
    }
}

extension GatewayModeSetting: Hashable {
    package static func == (left: GatewayModeSetting, right: GatewayModeSetting) -> Bool { left.mode == right.mode }
    package func hash(into hasher: inout Hasher) { hasher.combine(mode) }
}

/// A destination that a proxy offers to its service on a local address.
package struct Upstream: Hashable, Sendable {
    package enum DestinationType: String, CaseIterable, Sendable {
        case service
        case preparedQuery = "prepared_query"
    }

    package var destinationType: DestinationType
    package var destinationName: String
    package var destinationNamespace: String
    package var destinationPartition: String
    /// The local name of the peering that the destination is imported over; empty for the own cluster.
    package var destinationPeer: String
    /// Empty for the own datacenter. Never set together with a peer.
    package var datacenter: String
    /// Empty for the loopback address.
    package var localBindAddress: String
    /// 0 if a socket path is given instead.
    package var localBindPort: Int
    package var localBindSocketPath: String
    /// The permissions of the socket in octal digits, such as `0600`; empty for the usual ones.
    package var localBindSocketMode: String
    /// Opaque settings (gateway data plane, section 5.4): a map, nil if none was given.
    package var config: Document?
    package var gatewayMode: GatewayModeSetting?

    package init(
        destinationType: DestinationType = .service, destinationName: String, destinationNamespace: String = "",
        destinationPartition: String = "", destinationPeer: String = "", datacenter: String = "",
        localBindAddress: String = "", localBindPort: Int = 0, localBindSocketPath: String = "",
        localBindSocketMode: String = "", config: Document? = nil, gatewayMode: GatewayModeSetting? = nil
    ) {
        self.destinationType = destinationType
        self.destinationName = destinationName
        self.destinationNamespace = destinationNamespace
        self.destinationPartition = destinationPartition
        self.destinationPeer = destinationPeer
        self.datacenter = datacenter
        self.localBindAddress = localBindAddress
        self.localBindPort = localBindPort
        self.localBindSocketPath = localBindSocketPath
        self.localBindSocketMode = localBindSocketMode
        self.config = config
        self.gatewayMode = gatewayMode
    }

    /// Where the service finds it: the socket's path, or address and port.
    package var bindPoint: String {
        if !localBindSocketPath.isEmpty { return localBindSocketPath }
        let address = localBindAddress.isEmpty ? "127.0.0.1" : localBindAddress
        return address.contains(":") ? "[\(address)]:\(localBindPort)" : "\(address):\(localBindPort)"
    }
}
