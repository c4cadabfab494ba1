import ConfigCore
import DocumentCore
import StateCore

/// Where connections to a service may end instead: at the service that its resolver redirects to, and at those that
/// it fails over to. Importers of services that do not speak HTTP are told, because TLS ends there (protocol
/// section 4.8).
enum ChainTargets {
    /// Redirects are followed so far; a chain that is longer is a mistake, and so is one that ends where it began.
    private static let maxRedirects = 16

    private struct Target {
        var service: String
        var subset: String

        /// As targets are ordered: by the ID that discovery chains give them.
        var id: String { (subset.isEmpty ? "" : subset + ".") + service + ".default.default" }
    }

    /// Services other than the named one, each once, in the order of their targets.
    static func others(of name: String, in state: State) -> [String] {
        var last = Target(service: name, subset: "")
        for _ in 0..<maxRedirects {
            guard let redirect = redirect(of: last.service, in: state) else { break }
            last = redirect
        }
        let targets = [last] + failover(of: last, in: state)
        var seen: Set = [name]
        return targets.sorted { $0.id < $1.id }.map(\.service).filter { seen.insert($0).inserted }
    }

    private static func resolver(of service: String, in state: State) -> [DocumentMember]? {
        let stored = state.configEntries[ConfigEntryKey(kind: .serviceResolver, name: service)]
        guard case .serviceResolver(let members) = stored?.entry.content else { return nil }
        return members
    }

    private static func redirect(of service: String, in state: State) -> Target? {
        guard let redirect = resolver(of: service, in: state)?.value("redirect")?.map else { return nil }
        return target(redirect, of: service)
    }

    private static func failover(of target: Target, in state: State) -> [Target] {
        guard let failover = resolver(of: target.service, in: state)?.value("failover")?.map else { return [] }
        let chosen = failover.first { $0.key == target.subset } ?? failover.first { $0.key == "*" }
        guard let members = chosen?.value.map else { return [] }
        let listed = members.value("targets")?.list ?? []
        let all = listed.isEmpty ? [members] : listed.compactMap(\.map)
        return all.compactMap { Self.target($0, of: target.service) }
    }

    /// Nil for a target in another cluster: what is exported does not leave this one.
    private static func target(_ members: [DocumentMember], of service: String) -> Target? {
        let isElsewhere = ["peer", "datacenter"].contains { members.value($0)?.string?.isEmpty == false }
        if isElsewhere { return nil }
        let name = members.value("service")?.string ?? ""
        return Target(
            service: name.isEmpty ? service : name, subset: members.value("service_subset")?.string ?? "")
    }
}

extension [DocumentMember] {
    fileprivate func value(_ key: String) -> Document? {
        first { keysMatch($0.key, key) }?.value
    }
}
