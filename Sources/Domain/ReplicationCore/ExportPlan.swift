import CatalogCore
import ConfigCore
package import StateCore

/// Which services one peer may see (protocol section 9): kept up to date change by change, so that one changed
/// service costs one look-up, whatever else is exported.
package struct ExportPlan: Sendable {
    /// The name that this cluster gave to the peer: what `Consumers.Peer` holds.
    package let peerName: String
    private var explicit: Set<String> = []
    private var hasWildcard = false
    /// Names on the list that the peer gets.
    package private(set) var listed: Set<String> = []
    /// Names that are reachable over the mesh, and so get synthetic proxies.
    package private(set) var mesh: Set<String> = []

    /// This service is a cluster's own, and never exported.
    private static let serverService = "consul"

    package init(peerName: String, state: State) {
        self.peerName = peerName
        rebuild(from: state)
    }

    /// What changed for one name.
    package struct NameChange: Hashable, Sendable {
        package var listChanged: Bool
        package var meshChanged: Bool
    }

    /// The export rules or the entries that make a mesh service have changed: works all out anew.
    package mutating func rebuild(from state: State) {
        readRules(from: state)
        listed = []
        mesh = []
        for name in explicit { _ = update(name, from: state) }
        guard hasWildcard else { return }
        for name in state.catalog.services.keys { _ = update(name, from: state) }
        for key in state.configEntries.keys where Self.chainKinds.contains(key.kind) {
            _ = update(key.name, from: state)
        }
    }

    /// One service of the catalog has changed.
    package mutating func update(_ name: String, from state: State) -> NameChange {
        let isMesh = Self.isMeshService(name, in: state)
        let isWanted = explicit.contains(name) || (hasWildcard && matches(name, state, isMesh))
        let isListed = isWanted && name != Self.serverService
        let wasListed = isListed ? !listed.insert(name).inserted : listed.remove(name) != nil
        let wasMesh = isListed && isMesh ? !mesh.insert(name).inserted : mesh.remove(name) != nil
        return NameChange(listChanged: wasListed != isListed, meshChanged: wasMesh != (isListed && isMesh))
    }

    private func matches(_ name: String, _ state: State, _ isMesh: Bool) -> Bool {
        if let service = state.catalog.services[name] {
            return service.typicalCount > 0 && NodeService.isExportable(name)
        }
        return isMesh && Self.hasChainEntry(name, in: state)
    }

    private mutating func readRules(from state: State) {
        explicit = []
        hasWildcard = false
        for stored in state.configEntries.values {
            guard case .exportedServices(let services) = stored.entry.content else { continue }
            for service in services where service.peers.contains(peerName) {
                if service.isWildcard {
                    hasWildcard = true
                } else {
                    explicit.insert(service.name)
                }
            }
        }
    }

    /// Kinds of config entry that make a mesh service of a name without instances.
    static let chainKinds: [ConfigEntryKind] = [.serviceResolver, .serviceRouter, .serviceSplitter]

    private static func isMeshService(_ name: String, in state: State) -> Bool {
        state.catalog.isMeshService(name) || hasChainEntry(name, in: state)
    }

    private static func hasChainEntry(_ name: String, in state: State) -> Bool {
        chainKinds.contains { state.configEntries[ConfigEntryKey(kind: $0, name: name)] != nil }
    }
}
