package import CatalogCore
import PeeringWire
package import SwiftProtobuf

/// A catalog value that the wire cannot carry.
package struct UntranslatableValue: Error, Hashable, Sendable, CustomStringConvertible {
    /// One sentence that names the service and the field.
    package var description: String

    package init(description: String) {
        self.description = description
    }
}

/// Catalog values as they travel to a peer (protocol sections 3.4, 3.5 and 4.7).
package enum ServiceEncoding {
    /// Encodes an exported service: all its instances in the order given, none for a service without instances.
    ///
    /// The same instances give the same bytes, so bytes can be compared and hashed instead of values. What does not
    /// belong on the wire is left out here (raft indexes, peer names); which instances and checks belong there is
    /// decided before, in the catalog's export rules. Pure; called once per version of a service, for all peers.
    package static func bytes(of instances: [ServiceInstance]) throws(UntranslatableValue) -> [UInt8] {
        var message = WireExportedService()
        message.nodes.reserveCapacity(instances.count)
        for instance in instances {
            message.nodes.append(try WireCheckServiceNode(instance))
        }
        return try message.resourceBytes()
    }

    /// Encodes the list of exported services, sorted by the bytes of the names.
    package static func bytes(ofList names: some Sequence<String>) throws(UntranslatableValue) -> [UInt8] {
        var message = WireExportedServiceList()
        message.services = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        return try message.resourceBytes()
    }
}

extension Message {
    /// The message as a resource's content.
    package func resourceBytes() throws(UntranslatableValue) -> [UInt8] {
        do {
            return try deterministicBytes()
        } catch {
            throw UntranslatableValue(description: "A resource could not be encoded: \(error)")
        }
    }
}

extension WireCheckServiceNode {
    init(_ instance: ServiceInstance) throws(UntranslatableValue) {
        self.init()
        node = WireNode(instance.node)
        service = try WireNodeService(instance.service)
        checks = instance.checks.map { WireHealthCheck($0) }
    }
}

extension WireNode {
    init(_ node: Node) {
        self.init()
        id = node.id
        self.node = node.name
        address = node.address
        datacenter = node.datacenter
        taggedAddresses = node.taggedAddresses
        meta = node.meta
        if let locality = node.locality { self.locality = WireLocality(locality) }
    }
}

extension WireLocality {
    init(_ locality: Locality) {
        self.init()
        region = locality.region
        zone = locality.zone
    }
}

extension WireNodeService {
    init(_ service: NodeService) throws(UntranslatableValue) {
        let numbers = NumberTranslation(service: service.service)
        self.init()
        kind = service.kind.rawValue
        id = service.id
        self.service = service.service
        tags = service.tags
        address = service.address
        meta = service.meta
        port = try numbers.int32(service.port, "port")
        enableTagOverride = service.enableTagOverride
        socketPath = service.socketPath
        // Present and empty, as a Consul without namespaces sends it.
        enterpriseMeta = WireEnterpriseMeta()
        if let weights = service.weights {
            self.weights.passing = try numbers.int32(weights.passing, "weight")
            self.weights.warning = try numbers.int32(weights.warning, "weight")
        }
        for (name, tagged) in service.taggedAddresses {
            var address = WireServiceAddress()
            address.address = tagged.address
            address.port = try numbers.int32(tagged.port, "port of the tagged address \(name)")
            taggedAddresses[name] = address
        }
        if let locality = service.locality { self.locality = WireLocality(locality) }
        if let proxy = service.proxy { self.proxy = try WireConnectProxyConfig(proxy, numbers) }
        if service.connectNative { connect.native = true }
        if let meta = service.peerMeta { connect.peerMeta = WirePeeringServiceMeta(meta) }
        for port in service.ports {
            var message = WireServicePort()
            message.port = try numbers.int32(port.port, "port \(port.name)")
            message.name = port.name
            message.default = port.isDefault
            ports.append(message)
        }
    }
}

extension WireConnectProxyConfig {
    fileprivate init(_ proxy: ProxyTarget, _ numbers: NumberTranslation) throws(UntranslatableValue) {
        self.init()
        destinationServiceName = proxy.destinationServiceName
        destinationServiceID = proxy.destinationServiceID
        localServiceAddress = proxy.localServiceAddress
        localServicePort = try numbers.int32(proxy.localServicePort, "local port")
    }
}

extension WirePeeringServiceMeta {
    init(_ meta: PeerMeta) {
        self.init()
        sni = meta.sni
        spiffeID = meta.spiffeID
        self.protocol = meta.protocol
    }
}

extension WireHealthCheck {
    init(_ check: HealthCheck) {
        self.init()
        node = check.node
        checkID = check.checkID
        name = check.name
        status = check.status.rawValue
        notes = check.notes
        output = check.output
        serviceID = check.serviceID
        serviceName = check.serviceName
        serviceTags = check.serviceTags
        type = check.type
        interval = check.interval
        timeout = check.timeout
        enterpriseMeta = WireEnterpriseMeta()
    }
}

/// Numbers of the catalog in the wire's 32 bits.
private struct NumberTranslation {
    var service: String

    func int32(_ value: Int, _ name: String) throws(UntranslatableValue) -> Int32 {
        guard let number = Int32(exactly: value) else {
            throw UntranslatableValue(
                description: "The \(name) of service \(service) is \(value), which no peer can read.")
        }
        return number
    }
}
