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
            return ([], numbers.absentImports)
        }
        return (entries(of: service, peer: peer), service.modifyIndex)
    }

    /// What a mesh client connects to under a name: its proxies and mesh-native instances.
    func meshInstances(of name: String, peer: String?) -> (entries: [InstanceEntry], index: UInt64) {
        if let peer { return instances(of: name + "-sidecar-proxy", peer: peer) }
        guard let mesh = state.catalog.meshProviders(of: name) else { return ([], numbers.absentMeshServices) }
        let entries = mesh.names.flatMap { provider in
            ownInstances(of: provider).entries.filter { entry in
                let service = entry.instance.service
                if service.kind == .connectProxy { return service.proxy?.destinationServiceName == name }
                return service.connectNative && service.service == name
            }
        }
        return (entries, mesh.modifyIndex)
    }

    /// Changes that can change the instances under a name, of the mesh or not.
    static func topics(of name: String, peer: String?, ofMesh: Bool, in state: State) -> StateTopics {
        guard let peer else { return StateTopics(things: [.localService(name)]) }
        // A peering of that name may come to be.
        guard let id = state.peering(named: peer)?.id else { return StateTopics(areas: .peerings) }
        return StateTopics(things: [.importedService(id, ofMesh ? name + "-sidecar-proxy" : name), .peering(id)])
    }

    /// The instances in what a peer sent.
    func entries(of service: ImportedService, peer: String) -> [InstanceEntry] {
        let indexes = RowIndexes(create: service.createIndex, modify: service.modifyIndex)
        return decode(service.payload).map {
            InstanceEntry(instance: $0, peer: peer, indexes: indexes, nodeIndexes: indexes)
        }
    }

    private func ownInstances(of name: String) -> (entries: [InstanceEntry], index: UInt64) {
        guard let service = state.catalog.services[name] else { return ([], numbers.absentServices) }
        return (service.instances.map(entry), service.modifyIndex)
    }

    private func entry(_ stored: LocalInstance) -> InstanceEntry {
        let indexes = RowIndexes(create: stored.createIndex, modify: stored.modifyIndex)
        let node = state.catalog.nodes[stored.key.node]
        return InstanceEntry(
            instance: state.catalog.resolve(stored), peer: "", indexes: indexes,
            nodeIndexes: node.map { RowIndexes(create: $0.createIndex, modify: $0.modifyIndex) } ?? indexes)
    }
}

// MARK: - Whole catalogs

/// All instances of one name from one source.
struct InstanceGroup: Sendable {
    var name: String
    /// Empty for this cluster's own.
    var peer: String
    var entries: [InstanceEntry]
}

extension RequestFilter {
    /// With the instances that it holds for; a group of which it holds for none is not there.
    func select(_ groups: [InstanceGroup]) -> [InstanceGroup] {
        guard isGiven else { return groups }
        return groups.compactMap { group in
            let entries = select(group.entries) { $0.healthEntry($1) }
            return entries.isEmpty ? nil : InstanceGroup(name: group.name, peer: group.peer, entries: entries)
        }
    }
}

extension InstanceQuery {
    /// What reads of a whole catalog wait for.
    static let interest: StateInterest = [.localCatalog, .imports, .peerings]

    /// Moves when anything of the catalog does.
    func index(peer: String?) -> UInt64 { peer == nil ? numbers.catalog : numbers.imports }

    /// Everything that this cluster has, or one peer exports to it, by name.
    ///
    /// - Throws: `failed` for a peer with more instances than one answer may need.
    func groups(peer: String?, _ limits: HTTPLimits) throws(Refusal) -> [InstanceGroup] {
        guard let peer else {
            return state.catalog.services.keys.sorted().map { name in
                InstanceGroup(name: name, peer: "", entries: instances(of: name, peer: nil).entries)
            }
        }
        guard let id = state.peering(named: peer)?.id, let imports = state.imports[id] else { return [] }
        guard imports.instanceCount <= limits.maxInstances else {
            throw Refusal(
                .failed, "\(peer) exports more than \(limits.maxInstances) instances: ask for one service at a time")
        }
        guard imports.bytes <= limits.maxDecodedBytes else {
            throw Refusal(
                .failed,
                "what \(peer) exports takes more than \(limits.maxDecodedBytes >> 20) MiB: ask for one service at a time"
            )
        }
        return imports.services.sorted { $0.key < $1.key }.map { name, service in
            InstanceGroup(name: name, peer: peer, entries: entries(of: service, peer: peer))
        }
    }

    /// The nodes by name. Of a peer's, those that something exported runs on.
    func nodes(peer: String?, _ limits: HTTPLimits) throws(Refusal) -> [NodeEntry] {
        guard peer != nil else {
            return state.catalog.nodes.values.sorted { $0.node.name < $1.node.name }.map { stored in
                NodeEntry(
                    node: stored.node, peer: "",
                    indexes: RowIndexes(create: stored.createIndex, modify: stored.modifyIndex))
            }
        }
        var found: [String: NodeEntry] = [:]
        for group in try groups(peer: peer, limits) {
            for entry in group.entries { found[entry.instance.node.name] = entry.nodeEntry }
        }
        return found.values.sorted { $0.node.name < $1.node.name }
    }

    /// What runs on a node, in the order of the IDs.
    func entries(on node: String, peer: String?, _ limits: HTTPLimits) throws(Refusal) -> [InstanceEntry] {
        guard peer != nil else {
            return state.catalog.keys(on: node).compactMap { state.catalog.instance(at: $0).map(entry) }
        }
        return try groups(peer: peer, limits).flatMap(\.entries).filter { $0.instance.node.name == node }
            .sorted { $0.instance.service.id < $1.instance.service.id }
    }

    /// The checks of a node: its own, then those of what runs on it.
    func checks(on node: NodeEntry, peer: String?, _ limits: HTTPLimits) throws(Refusal) -> [CheckEntry] {
        let ofServices = try entries(on: node.node.name, peer: peer, limits).flatMap(\.serviceChecks)
        guard peer == nil else { return ofServices }
        return state.catalog.checks(at: InstanceKey(node: node.node.name, id: "")).map { check in
            CheckEntry(check: check, peer: "", indexes: node.indexes)
        } + ofServices
    }
}
