import CatalogCore
import IdentityCore
import PeeringCore
import StateCore

/// Finds instances, of this cluster or imported, for the catalog and health routes.
struct InstanceQuery: Sendable {
    let state: State
    let numbers: QueryIndexes.Numbers
    let decode: ImportedDecoder

    /// The instances under a name.
    ///
    /// - Parameter peer: nil for this cluster's own. An unknown peer has none.
    /// - Returns: the instances in the order of their keys, and an index that moves when they do.
    func instances(of name: String, peer: String?) -> (entries: [InstanceEntry], index: UInt64) {
        guard let peer else { return ownInstances(of: name) }
        guard let id = state.peering(named: peer)?.id, let service = state.imports[id]?.services[name] else {
            return ([], numbers.imports)
        }
        return (entries(of: service, peer: peer), service.modifyIndex)
    }

    /// What a mesh client connects to under a name: its proxies and mesh-native instances.
    func meshInstances(of name: String, peer: String?) -> (entries: [InstanceEntry], index: UInt64) {
        if let peer { return instances(of: name + "-sidecar-proxy", peer: peer) }
        var entries: [InstanceEntry] = []
        for candidate in state.catalog.services.keys.sorted() {
            entries += ownInstances(of: candidate).entries.filter { entry in
                let service = entry.instance.service
                if service.kind == .connectProxy { return service.proxy?.destinationServiceName == name }
                return service.connectNative && service.service == name
            }
        }
        return (entries, numbers.catalog)
    }

    /// The instances in what a peer sent.
    func entries(of service: ImportedService, peer: String) -> [InstanceEntry] {
        decode(service.payload).map { instance in
            InstanceEntry(
                instance: instance, peer: peer, createIndex: service.createIndex, modifyIndex: service.modifyIndex)
        }
    }

    private func ownInstances(of name: String) -> (entries: [InstanceEntry], index: UInt64) {
        guard let service = state.catalog.services[name] else { return ([], numbers.catalog) }
        let resolved = state.catalog.instances(of: name)
        let entries = zip(service.instances, resolved).map { stored, instance in
            InstanceEntry(
                instance: instance, peer: "", createIndex: stored.createIndex, modifyIndex: stored.modifyIndex)
        }
        return (entries, max(service.modifyIndex, numbers.nodes))
    }
}

extension InstanceEntry {
    /// Whether no check says otherwise. Maintenance is not passing.
    var isPassing: Bool { instance.checks.allSatisfy { $0.status == .passing } }
}
