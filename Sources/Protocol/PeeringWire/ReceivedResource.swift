package import NIOCore
package import SwiftProtobuf

/// What a peer may put into one resource. The size of a message is bounded below, by gRPC; these bound what becomes
/// of it in memory.
package struct ResourceLimits: Hashable, Sendable {
    /// Instances of one service: what fits 8 MiB at 400 bytes each (protocol section 4.10).
    package var maxInstances = 20_000
    /// Checks of one instance: exporters send one.
    package var maxChecks = 256
    /// Names in a list of exported services.
    package var maxServices = 100_000
    /// Roots in a trust bundle: a few, while the CA rotates.
    package var maxRoots = 64
    /// Addresses of servers or gateways.
    package var maxAddresses = 1_024

    package init() {}
}

/// Opens the resources of a peer, and refuses what must not get further.
///
/// All functions are pure; the importer calls them before it commits, and answers a rejection with a NACK. Texts that
/// are not UTF-8 are refused, as Go does. Node names, service IDs and check IDs must not be empty: Consul would panic
/// (protocol section 4.9).
package struct ReceivedResource: Sendable {
    /// Says why a text is no name, as the end of a sentence; nil if it is one.
    package typealias NameCheck = @Sendable (String) -> String?

    package var limits: ResourceLimits
    private let problem: NameCheck

    /// - Parameter problem: the rule for the names inside of services and lists. A short one in ASCII without control
    ///   characters is right by it. What has been taken in already is decoded without one.
    package init(limits: ResourceLimits = ResourceLimits(), problemOfName problem: @escaping NameCheck = { _ in nil }) {
        self.limits = limits
        self.problem = problem
    }

    /// A service that may be kept.
    package struct CheckedService: Hashable, Sendable {
        /// The encoded instances: what came, but for instances that came twice.
        package var payload: [UInt8]
        package var instanceCount: Int
        /// Each name once, in the order of the instances.
        package var nodes: [ServiceNode]
    }

    /// A node that instances of a service run on.
    package struct ServiceNode: Hashable, Sendable {
        package var name: String
        package var address: String
    }

    /// Checks an `ExportedService` without keeping anything of it: the bytes stay the truth, and are decoded again
    /// when somebody asks. What exporters usually send takes a tenth of the time that decoding takes.
    ///
    /// - Parameter name: the service's name, the resource's ID.
    package func checkService(_ bytes: [UInt8], name: String) throws(ResourceRejection) -> CheckedService {
        if let count = ServiceScanner.count(bytes, limits: limits), let nodes = ServiceNodes.read(bytes) {
            return CheckedService(payload: bytes, instanceCount: count, nodes: nodes)
        }
        var service = try service(bytes, name: name)
        let isRepeated = service.keepLastOfEachInstance()
        let nodes = ServiceNodes.of(service)
        guard isRepeated else {
            return CheckedService(payload: bytes, instanceCount: service.nodes.count, nodes: nodes)
        }
        do {
            return CheckedService(
                payload: try service.deterministicBytes(), instanceCount: service.nodes.count, nodes: nodes)
        } catch {
            throw .service(name, cause: "it cannot be written again: \(error)")
        }
    }

    /// Decodes and checks an `ExportedService`.
    package func service(_ bytes: [UInt8], name: String) throws(ResourceRejection) -> WireExportedService {
        let service: WireExportedService = try decode(bytes, of: .exportedService, id: name)
        guard service.nodes.count <= limits.maxInstances else {
            throw .service(name, cause: "\(service.nodes.count) instances are more than \(limits.maxInstances)")
        }
        for (index, instance) in service.nodes.enumerated() {
            guard !instance.node.node.isEmpty else {
                throw .service(name, cause: "instance \(index) has no node name")
            }
            guard !instance.service.id.isEmpty else {
                throw .service(name, cause: "instance \(index) has no service ID")
            }
            guard instance.checks.count <= limits.maxChecks else {
                throw .service(name, cause: "instance \(index) has more than \(limits.maxChecks) checks")
            }
            guard instance.checks.allSatisfy({ !$0.checkID.isEmpty }) else {
                throw .service(name, cause: "a check of instance \(index) has no ID")
            }
            if let reason = nameProblem(in: instance) {
                throw .service(name, cause: "instance \(index): \(reason)")
            }
            if let problem = ServiceMeta.problem(instance.service.meta) {
                throw .service(name, cause: "Invalid Service Meta: \(problem)")
            }
        }
        return service
    }

    private func nameProblem(in instance: WireCheckServiceNode) -> String? {
        let service = instance.service
        var names = [
            ("the node name", instance.node.node), ("the node ID", instance.node.id),
            ("the datacenter", instance.node.datacenter), ("the service ID", service.id),
            ("the service name", service.service), ("the destination's name", service.proxy.destinationServiceName),
            ("the destination's ID", service.proxy.destinationServiceID),
        ]
        for check in instance.checks {
            names += [
                ("the ID of a check", check.checkID), ("the node of a check", check.node),
                ("the service ID of a check", check.serviceID), ("the service name of a check", check.serviceName),
            ]
        }
        for (field, name) in names {
            if let reason = problem(name) { return "\(field) \(reason)" }
        }
        return nil
    }

    /// Decodes and checks an `ExportedServiceList`.
    ///
    /// - Returns: the names as they came, without empty ones and those that are none: a service of such a name is
    ///   refused by itself, and a list with it withdraws others all the same.
    package func serviceList(_ bytes: [UInt8]) throws(ResourceRejection) -> [String] {
        let list: WireExportedServiceList = try decode(
            bytes, of: .exportedServiceList, id: ResourceID.exportedServiceList)
        guard list.services.count <= limits.maxServices else {
            throw .list(cause: "\(list.services.count) services are more than \(limits.maxServices)")
        }
        return list.services.filter { !$0.isEmpty && problem($0) == nil }
    }

    /// Decodes and checks a `PeeringTrustBundle`. The certificates themselves are not looked at, but there must be one:
    /// without roots the next dial would go without TLS.
    package func trustBundle(_ bytes: [UInt8]) throws(ResourceRejection) -> WirePeeringTrustBundle {
        let bundle: WirePeeringTrustBundle = try decode(bytes, of: .trustBundle, id: ResourceID.trustBundle)
        guard bundle.rootPems.count <= limits.maxRoots else {
            throw .upsert(
                .trustBundle, id: ResourceID.trustBundle,
                detail: "\(bundle.rootPems.count) roots are more than \(limits.maxRoots)")
        }
        guard !bundle.rootPems.isEmpty else {
            throw .upsert(.trustBundle, id: ResourceID.trustBundle, detail: "the trust bundle has no roots")
        }
        return bundle
    }

    /// Decodes and checks `PeeringServerAddresses`.
    package func serverAddresses(_ bytes: [UInt8]) throws(ResourceRejection) -> [String] {
        let message: WirePeeringServerAddresses = try decode(
            bytes, of: .serverAddresses, id: ResourceID.serverAddresses)
        guard message.addresses.count <= limits.maxAddresses else {
            throw .upsert(
                .serverAddresses, id: ResourceID.serverAddresses,
                detail: "\(message.addresses.count) addresses are more than \(limits.maxAddresses)")
        }
        return message.addresses
    }

    private func decode<Value: Message>(
        _ bytes: [UInt8], of url: ResourceURL, id: String
    ) throws(ResourceRejection) -> Value {
        do {
            return try Value(serializedBytes: bytes)
        } catch {
            throw .undecodable(url, id: id, cause: "\(error)")
        }
    }
}

extension Message {
    /// Reads a whole message that a peer sent, without a gRPC prefix.
    package init(received buffer: ByteBuffer) throws(MalformedMessage) {
        do {
            try self.init(serializedBytes: buffer.readableBytesSpan)
        } catch {
            throw MalformedMessage(cause: "\(error)")
        }
    }

    /// The message's bytes, the same for the same content: maps go out in the order of their keys.
    ///
    /// No message of the peering protocol can fail to be encoded: none has required fields or unpacked `Any`s.
    package func deterministicBytes() throws -> [UInt8] {
        var options = BinaryEncodingOptions()
        options.useDeterministicOrdering = true
        return try serializedBytes(options: options)
    }
}

extension WireExportedService {
    /// An instance that comes twice stands once, as it came last (protocol section 4.9).
    ///
    /// - Returns: whether there was one.
    fileprivate mutating func keepLastOfEachInstance() -> Bool {
        struct Key: Hashable {
            var node: String
            var id: String
        }
        var places: [Key: Int] = [:]
        var kept: [WireCheckServiceNode] = []
        for node in nodes {
            let key = Key(node: node.node.node, id: node.service.id)
            if let place = places[key] {
                kept[place] = node
            } else {
                places[key] = kept.count
                kept.append(node)
            }
        }
        defer { nodes = kept }
        return kept.count < nodes.count
    }
}
