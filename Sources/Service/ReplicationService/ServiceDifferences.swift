import CatalogCore
import PeerStreamTranslation
import StateCore

/// What differs between two versions of a service, field by field, for the replication log.
enum ServiceDifferences {
    /// - Parameters old, new: the encoded instances, as a peer sends them.
    @Sendable
    static func between(_ old: [UInt8], _ new: [UInt8]) -> [FieldChange] {
        guard let before = try? ServiceDecoding.instances(old, name: ""),
            let after = try? ServiceDecoding.instances(new, name: "")
        else { return [] }
        return between(before, after)
    }

    static func between(_ old: [ServiceInstance], _ new: [ServiceInstance]) -> [FieldChange] {
        let (before, after) = (fields(of: old), fields(of: new))
        return Set(before.keys).union(after.keys).sorted().compactMap { path in
            let (old, new) = (before[path], after[path])
            return old == new ? nil : FieldChange(path: path, old: old, new: new)
        }
    }

    /// Every field by its path, `node/service ID/field`.
    private static func fields(of instances: [ServiceInstance]) -> [String: String] {
        var fields: [String: String] = [:]
        for instance in instances {
            let place = "\(instance.node.name)/\(instance.service.id)"
            func note(_ name: String, _ value: String) { if !value.isEmpty { fields["\(place)/\(name)"] = value } }
            let service = instance.service
            // Of an instance that comes or goes one field is enough.
            fields[place] = "\(service.address.isEmpty ? instance.node.address : service.address):\(service.port)"
            note("Node.Address", instance.node.address)
            for (key, value) in instance.node.meta { note("Node.Meta.\(key)", value) }
            note("Service", service.service)
            note("Tags", service.tags.joined(separator: ","))
            for (key, value) in service.meta { note("Meta.\(key)", value) }
            for (key, value) in service.taggedAddresses {
                note("TaggedAddresses.\(key)", "\(value.address):\(value.port)")
            }
            if let weights = service.weights { note("Weights", "\(weights.passing)/\(weights.warning)") }
            note("Status", HealthStatus.worst(of: instance.checks.map(\.status)).rawValue)
        }
        return fields
    }
}
