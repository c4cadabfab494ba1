package import CatalogCore
package import PeeringWire

/// A peer's catalog values in our words.
package enum ServiceDecoding {
    /// Decodes an imported service for an answer to a query. Fields that the catalog does not know are dropped: the
    /// bytes stay the truth.
    ///
    /// Pure and not cheap (some 20 microseconds for two instances): called when somebody asks, not when it arrives.
    ///
    /// - Parameter name: the service's name, for the error.
    package static func instances(
        _ bytes: [UInt8], name: String, limits: ResourceLimits = ResourceLimits()
    ) throws(ResourceRejection) -> [ServiceInstance] {
        try ReceivedResource(limits: limits).service(bytes, name: name).nodes.map { ServiceInstance($0) }
    }
}

extension ServiceInstance {
    /// Peer names, partitions and raft indexes of the wire mean nothing here: the importer knows whose these are.
    package init(_ message: WireCheckServiceNode) {
        self.init(
            node: Node(message.node), service: NodeService(message.service),
            checks: message.checks.map { HealthCheck($0) })
    }
}

extension Node {
    init(_ message: WireNode) {
        self.init(
            id: message.id, name: message.node, address: message.address, datacenter: message.datacenter,
            taggedAddresses: message.taggedAddresses, meta: message.meta,
            locality: message.hasLocality ? Locality(message.locality) : nil)
    }
}

extension Locality {
    init(_ message: WireLocality) {
        self.init(region: message.region, zone: message.zone)
    }
}

extension NodeService {
    init(_ message: WireNodeService) {
        let connect = message.hasConnect ? message.connect : nil
        self.init(
            kind: ServiceKind(rawValue: message.kind), id: message.id, service: message.service, tags: message.tags,
            address: message.address, port: Int(message.port), ports: message.ports.map { ServicePort($0) },
            socketPath: message.socketPath,
            taggedAddresses: message.taggedAddresses.mapValues {
                ServiceAddress(address: $0.address, port: Int($0.port))
            },
            meta: message.meta, weights: message.hasWeights ? Weights(message.weights) : nil,
            enableTagOverride: message.enableTagOverride,
            locality: message.hasLocality ? Locality(message.locality) : nil,
            proxy: message.hasProxy ? ProxyConfiguration(message.proxy) : nil, connectNative: connect?.native ?? false,
            peerMeta: connect.flatMap { $0.hasPeerMeta ? PeerMeta($0.peerMeta) : nil })
    }
}

extension ServicePort {
    init(_ message: WireServicePort) {
        self.init(port: Int(message.port), name: message.name, isDefault: message.default)
    }
}

extension Weights {
    init(_ message: WireWeights) {
        self.init(passing: Int(message.passing), warning: Int(message.warning))
    }
}

extension ProxyConfiguration {
    init(_ message: WireConnectProxyConfig) {
        self.init(
            destinationServiceName: message.destinationServiceName,
            destinationServiceID: message.destinationServiceID, localServiceAddress: message.localServiceAddress,
            localServicePort: Int(message.localServicePort))
    }
}

extension PeerMeta {
    init(_ message: WirePeeringServiceMeta) {
        self.init(sni: message.sni, spiffeID: message.spiffeID, protocol: message.protocol)
    }
}

extension HealthCheck {
    init(_ message: WireHealthCheck) {
        self.init(
            node: message.node, checkID: message.checkID, name: message.name,
            status: HealthStatus(rawValue: message.status), notes: message.notes, output: message.output,
            serviceID: message.serviceID, serviceName: message.serviceName, serviceTags: message.serviceTags,
            type: message.type, interval: message.interval, timeout: message.timeout)
    }
}
