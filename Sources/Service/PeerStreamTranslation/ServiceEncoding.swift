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
///
/// Services are most of what a daemon ever sends, so they are written straight from the catalog's values: going
/// through the generated types takes six times as long. Tests compare the bytes with what those make.
package enum ServiceEncoding {
    /// Encodes an exported service: all its instances in the order given, none for a service without instances.
    ///
    /// The same instances give the same bytes, so bytes can be compared and hashed instead of values. What does not
    /// belong on the wire is left out here (raft indexes, peer names); which instances and checks belong there is
    /// decided before, in the catalog's export rules. Pure; called once per version of a service, for all peers.
    package static func bytes(of instances: [ServiceInstance]) throws(UntranslatableValue) -> [UInt8] {
        guard !instances.isEmpty else { return [] }
        var writer = BackwardWriter(capacity: 640 * instances.count)
        for instance in instances.reversed() {
            try writer.message(1) { writer throws(UntranslatableValue) in try writer.write(instance) }
        }
        return writer.written
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

// The numbers are those of the .proto files, falling.

extension BackwardWriter {
    /// `CheckServiceNode`
    fileprivate mutating func write(_ instance: ServiceInstance) throws(UntranslatableValue) {
        for check in instance.checks.reversed() { message(3) { $0.write(check) } }
        try message(2) { writer throws(UntranslatableValue) in try writer.write(instance.service) }
        message(1) { $0.write(instance.node) }
    }

    /// `Node`
    private mutating func write(_ node: Node) {
        locality(10, node.locality)
        map(6, node.meta)
        map(5, node.taggedAddresses)
        string(4, node.datacenter)
        string(3, node.address)
        string(2, node.name)
        string(1, node.id)
    }

    private mutating func locality(_ field: Int, _ locality: Locality?) {
        guard let locality else { return }
        message(field) { writer in
            writer.string(2, locality.zone)
            writer.string(1, locality.region)
        }
    }

    /// `NodeService`
    private mutating func write(_ service: NodeService) throws(UntranslatableValue) {
        let numbers = NumberTranslation(service: service.service)
        for port in service.ports.reversed() {
            let number = try numbers.int32(port.port, "port \(port.name)")
            message(20) { writer in
                writer.flag(3, port.isDefault)
                writer.string(2, port.name)
                writer.number(1, number)
            }
        }
        locality(19, service.locality)
        string(17, service.socketPath)
        // Present and empty, as a Consul without namespaces sends it.
        message(16) { _ in }
        try addresses(15, service.taggedAddresses, numbers)
        connect(12, service)
        try proxy(11, service.proxy, numbers)
        flag(9, service.enableTagOverride)
        try weights(8, service.weights, numbers)
        number(7, try numbers.int32(service.port, "port"))
        map(6, service.meta)
        string(5, service.address)
        strings(4, service.tags)
        string(3, service.service)
        string(2, service.id)
        string(1, service.kind.rawValue)
    }

    private mutating func addresses(
        _ field: Int, _ addresses: [String: ServiceAddress], _ numbers: NumberTranslation
    ) throws(UntranslatableValue) {
        for (name, address) in addresses.sorted(by: { $0.key > $1.key }) {
            let port = try numbers.int32(address.port, "port of the tagged address \(name)")
            message(field) { entry in
                entry.message(2) { writer in
                    writer.number(2, port)
                    writer.string(1, address.address)
                }
                entry.element(1, name)
            }
        }
    }

    private mutating func connect(_ field: Int, _ service: NodeService) {
        guard service.connectNative || service.peerMeta != nil else { return }
        message(field) { writer in
            if let meta = service.peerMeta {
                writer.message(4) { writer in
                    writer.string(3, meta.protocol)
                    writer.strings(2, meta.spiffeID)
                    writer.strings(1, meta.sni)
                }
            }
            writer.flag(1, service.connectNative)
        }
    }

    private mutating func proxy(
        _ field: Int, _ proxy: ProxyConfiguration?, _ numbers: NumberTranslation
    ) throws(UntranslatableValue) {
        guard let proxy else { return }
        let port = try numbers.int32(proxy.localServicePort, "local port")
        message(field) { writer in
            writer.number(4, port)
            writer.string(3, proxy.localServiceAddress)
            writer.string(2, proxy.destinationServiceID)
            writer.string(1, proxy.destinationServiceName)
        }
    }

    private mutating func weights(
        _ field: Int, _ weights: Weights?, _ numbers: NumberTranslation
    ) throws(UntranslatableValue) {
        guard let weights else { return }
        let (passing, warning) = (
            try numbers.int32(weights.passing, "weight"), try numbers.int32(weights.warning, "weight")
        )
        message(field) { writer in
            writer.number(2, warning)
            writer.number(1, passing)
        }
    }

    /// `HealthCheck`
    private mutating func write(_ check: HealthCheck) {
        string(16, check.timeout)
        string(15, check.interval)
        message(13) { _ in }
        string(12, check.type)
        strings(9, check.serviceTags)
        string(8, check.serviceName)
        string(7, check.serviceID)
        string(6, check.output)
        string(5, check.notes)
        string(4, check.status.rawValue)
        string(3, check.name)
        string(2, check.checkID)
        string(1, check.node)
    }
}

/// Numbers of the catalog in the wire's 32 bits.
private struct NumberTranslation {
    var service: String

    func int32(_ value: Int, _ name: @autoclosure () -> String) throws(UntranslatableValue) -> Int32 {
        guard let number = Int32(exactly: value) else {
            throw UntranslatableValue(
                description: "The \(name()) of service \(service) is \(value), which no peer can read.")
        }
        return number
    }
}
