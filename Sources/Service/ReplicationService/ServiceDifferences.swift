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
        let (before, after) = (byPlace(old), byPlace(new))
        return Set(before.keys).union(after.keys).sorted().flatMap { place -> [FieldChange] in
            guard let old = before[place], let new = after[place] else {
                // Of an instance that comes or goes its address says enough.
                return [FieldChange(path: place, old: before[place]?.address, new: after[place]?.address)]
            }
            return changes(at: place, old.fields, new.fields)
        }
    }

    private static func changes(at place: String, _ old: [String: String], _ new: [String: String]) -> [FieldChange] {
        Set(old.keys).union(new.keys).sorted().compactMap { name in
            let (before, after) = (old[name], new[name])
            return before == after ? nil : FieldChange(path: "\(place)/\(name)", old: before, new: after)
        }
    }

    /// One instance as text: its address, and its fields by their names.
    private struct Texts {
        var address: String
        var fields: [String: String]
    }

    /// By `node/service ID`.
    private static func byPlace(_ instances: [ServiceInstance]) -> [String: Texts] {
        Dictionary(instances.map { ("\($0.node.name)/\($0.service.id)", texts(of: $0)) }) { _, last in last }
    }

    private static func texts(of instance: ServiceInstance) -> Texts {
        var fields: [String: String] = [:]
        func note(_ name: String, _ value: String) { if !value.isEmpty { fields[name] = value } }
        let service = instance.service
        let host = service.address.isEmpty ? instance.node.address : service.address
        note("Address", host)
        note("Port", "\(service.port)")
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
        return Texts(address: "\(host):\(service.port)", fields: fields)
    }
}
