import CatalogCore
import IdentityCore

/// Ports of sidecars that name none, out of Consul's range.
///
/// The search starts where the sidecar's ID falls and takes the first free port from there on. So a sidecar has the
/// same port after a restart too, whatever else came and went, unless it had to make way for another one; and it keeps
/// what it has for as long as it stands.
struct SidecarPorts: Sendable {
    static let range = 21_000...21_255

    private var assigned: [String: Int] = [:]
    /// What services of the files ask for themselves, in the range.
    private var asked: [String: Int] = [:]

    /// Whether a service is a sidecar that leaves its port to the agent.
    static func isDue(_ service: NodeService) -> Bool {
        service.kind == .connectProxy && service.port == 0
    }

    /// Must hear of every added or changed service before ports are assigned.
    mutating func note(_ service: NodeService) {
        if !Self.isDue(service) { assigned[service.id] = nil }
        asked[service.id] = Self.range.contains(service.port) ? service.port : nil
    }

    mutating func assign(to id: String) throws(Refusal) -> Int {
        if let port = assigned[id] { return port }
        let taken = Set(assigned.values).union(asked.values)
        let start = Self.place(of: id)
        let ports = (0..<Self.range.count).lazy.map { Self.range.lowerBound + (start + $0) % Self.range.count }
        guard let port = ports.first(where: { !taken.contains($0) }) else {
            throw Refusal(
                .invalid,
                "no port is left for the sidecar \"\(id)\": the automatic range is \(Self.range.lowerBound) to "
                    + "\(Self.range.upperBound); give some sidecars a port of their own")
        }
        assigned[id] = port
        return port
    }

    mutating func release(_ ids: [String]) {
        for id in ids {
            assigned[id] = nil
            asked[id] = nil
        }
    }

    /// FNV-1a (draft-eastlake-fnv section 2): the same in every process, which the hashes of the language are not.
    private static func place(of id: String) -> Int {
        let hash = id.utf8.reduce(0x811c_9dc5 as UInt32) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
        return Int(hash % UInt32(range.count))
    }
}
