import CatalogCore
import ConfigCore
import IdentityCore
import PeeringCore

/// The tables as a command sees and changes them. Each change goes into the tables, onto the list of what to write
/// to disk, and onto the list of what changed, in one call.
package struct Transaction: Sendable {
    package private(set) var state: State
    private(set) var writes = RowWrites()
    /// Lines of events for the replication log, and the time of the last.
    private(set) var events = EventLines()
    private(set) var changes: [StateChange] = []
    /// What changed rows carry.
    package let index: UInt64
    private let digest: EventDigest
    /// Peers whose imports this transaction has changed.
    private var changedImports: Set<PeeringID> = []

    init(state: State, digest: @escaping EventDigest) {
        self.state = state
        self.index = state.index + 1
        self.digest = digest
    }

    /// Whether anything of it must be stored before it may be told.
    var isDurable: Bool { !writes.isEmpty || !events.isEmpty }

    var committedState: State {
        var state = self.state
        // What nobody waits for, such as the line of a file where something stands, moves no index.
        if !changes.isEmpty { state.index = index }
        return state
    }

    // MARK: Rows

    /// Puts a row into the tables and onto the list of what to store.
    mutating func put(_ row: some StoredRow) {
        changes += row.insert(into: &state, at: index)
        writes.put(row)
    }

    /// Takes a row out of both.
    mutating func remove<Row: StoredRow>(_: Row.Type, _ parts: String...) {
        changes += Row.remove(parts, from: &state, at: index)
        writes.remove(RowKey(Row.table, parts))
    }

    /// Tells of a change that is no row's.
    mutating func note(_ change: StateChange) { changes.append(change) }

    /// Appends an event to the replication log.
    mutating func append(_ event: ReplicationEvent) {
        var event = event
        event.number = state.log.nextNumber
        event.previous = state.log.hash
        let line = EventCoding.encode(event)
        events.append(line, number: event.number, time: event.time)
        state.cluster.log = LogHead(nextNumber: event.number + 1, hash: Hex.encode(digest(line)))
        if changes.last != .replicationLog { changes.append(.replicationLog) }
    }

    // MARK: Identity

    mutating func put(_ identity: ClusterIdentity) { put(IdentityRow(identity)) }

    // MARK: Peerings

    mutating func put(_ peering: Peering) {
        var peering = peering
        peering.createIndex = state.peerings[peering.id]?.createIndex ?? index
        peering.modifyIndex = index
        put(PeeringRow(peering))
    }

    mutating func put(_ secrets: PeeringSecrets?, for id: PeeringID) {
        guard state.secrets[id] != secrets else { return }
        if let secrets { put(SecretsRow(secrets, of: id)) } else { remove(SecretsRow.self, id.text) }
    }

    mutating func removePeering(_ id: PeeringID) {
        put(nil as PeeringSecrets?, for: id)
        remove(PeeringRow.self, id.text)
    }

    /// Remembers a deleted peering, forgetting the oldest ones beyond the limit.
    mutating func putTombstone(of id: PeeringID, at now: Timestamp) {
        if state.tombstones.count >= ClusterState.maxTombstones,
            let oldest = state.tombstones.min(by: { $0.value < $1.value })
        {
            remove(TombstoneRow.self, oldest.key.text)
        }
        put(TombstoneRow(now, of: id))
    }

    /// Keeps a goodbye, forgetting the oldest ones beyond the limit; `nil` forgets it.
    mutating func put(_ farewell: Farewell?, for id: PeeringID) {
        guard state.farewells[id] != farewell else { return }
        guard let farewell else { return remove(FarewellRow.self, id.text) }
        if state.farewells.count >= ClusterState.maxFarewells,
            let oldest = state.farewells.values.min(by: { $0.peering.modifyIndex < $1.peering.modifyIndex })
        {
            remove(FarewellRow.self, oldest.peering.id.text)
        }
        put(FarewellRow(farewell, of: id))
    }

    mutating func put(_ bundle: TrustBundle?, for id: PeeringID) {
        guard var bundle else {
            guard state.trustBundles[id] != nil else { return }
            return remove(TrustBundleRow.self, id.text)
        }
        bundle.createIndex = state.trustBundles[id]?.createIndex ?? index
        bundle.modifyIndex = index
        put(TrustBundleRow(bundle, of: id))
    }

    // MARK: Config entries

    /// Writes an entry. One that a file says as before, in another place, changes nothing that anybody waits for.
    ///
    /// - Parameter owner: the node ID of the daemon whose file it is; empty for a client's.
    mutating func put(_ entry: ConfigEntry, source: Source, owner: String = "") {
        let previous = state.configEntries[entry.key]
        if let previous, previous.entry == entry, previous.owner == owner,
            case (.file, .file(let place)) = (previous.source, source)
        {
            return move(entry, to: place)
        }
        put(
            ConfigEntryRow(
                StoredConfigEntry(
                    entry: entry, source: source, owner: owner, createIndex: previous?.createIndex ?? index,
                    modifyIndex: index)))
    }

    /// The entry of a file stands elsewhere. That is no change that anybody waits for.
    mutating func move(_ entry: ConfigEntry, to place: String) {
        guard var stored = state.configEntries[entry.key], stored.source != .api, stored.entry == entry else { return }
        let isElsewhere = stored.source != .file(place)
        stored.entry = entry
        stored.source = .file(place)
        state.cluster.configEntries[entry.key] = stored
        if isElsewhere { writes.put(ConfigEntryRow(stored)) }
    }

    mutating func removeConfigEntry(_ key: ConfigEntryKey) {
        guard state.configEntries[key] != nil else { return }
        remove(ConfigEntryRow.self, key.kind.rawValue, key.name)
    }

    // MARK: Catalog of this cluster

    mutating func put(_ node: Node, isExternal: Bool = false) {
        let previous = state.catalog.nodes[node.name]
        guard previous?.node != node || previous?.isExternal != isExternal else { return }
        put(
            NodeRow(
                LocalNode(
                    node: node, isExternal: isExternal, createIndex: previous?.createIndex ?? index,
                    modifyIndex: index)))
    }

    /// Removes an external node with everything on it.
    mutating func removeNode(_ name: String) {
        guard state.catalog.nodes[name]?.isExternal == true else { return }
        removeWithAllOnIt(name)
    }

    /// Removes a node with everything on it.
    mutating func removeWithAllOnIt(_ name: String) {
        for key in state.catalog.keys(on: name) { removeInstance(at: key) }
        let own = InstanceKey.ofNode(name)
        for check in state.catalog.addedChecks[own] ?? [] { removeAddedCheck(check.checkID, at: own) }
        remove(NodeRow.self, name)
    }

    mutating func put(_ registration: Registration, at key: InstanceKey, source: Source) {
        let previous = state.catalog.instance(at: key)
        var registration = registration
        registration.service.tagAddressByFamily()
        registration.keepHealth(of: previous?.registration.checks ?? takeRememberedHealth(of: key))
        for check in registration.checks { giveUpAddedCheck(check.checkID, on: key.node) }
        if let previous, previous.registration == registration {
            if previous.source == source { return }
            if case (.file, .file(let place)) = (previous.source, source) {
                return move(registration.service, at: key, to: place)
            }
        }
        let name = registration.service.service
        let isRenamed = previous.map { $0.registration.service.service != name } ?? false
        put(
            InstanceRow(
                LocalInstance(
                    key: key, registration: registration, source: source,
                    createIndex: isRenamed ? index : previous?.createIndex ?? index, modifyIndex: index)))
        if let previous, !previous.registration.service.isNamed(as: registration.service) {
            noteIndexes(of: previous.registration.service)
        }
    }

    /// The definition of a file stands elsewhere, and its health is what it was.
    mutating func move(_ service: NodeService, at key: InstanceKey, to place: String) {
        let isElsewhere = state.catalog.instance(at: key)?.source != .file(place)
        state.cluster.catalog.move(service, at: key, to: place)
        guard isElsewhere, let instance = state.catalog.instance(at: key) else { return }
        writes.put(InstanceRow(instance))
    }

    mutating func removeInstance(at key: InstanceKey) {
        guard let instance = state.catalog.instance(at: key) else { return }
        for check in state.catalog.addedChecks[key] ?? [] { removeAddedCheck(check.checkID, at: key) }
        remove(InstanceRow.self, key.node, key.id)
        noteIndexes(of: instance.registration.service)
    }

    /// An instance went or changed its name: what is left under the names that it had keeps their indexes.
    private mutating func noteIndexes(of service: NodeService) {
        for name in service.names {
            if let indexes = state.catalog.indexes(of: name) {
                put(ServiceIndexRow(indexes, of: name))
            } else if state.catalog.indexRows[name] != nil {
                remove(ServiceIndexRow.self, name)
            }
        }
    }

    // MARK: Checks of this cluster

    private mutating func takeRememberedHealth(of key: InstanceKey) -> [HealthCheck] {
        guard let checks = state.local.rememberedHealth.removeValue(forKey: key) else { return [] }
        writes.remove(RememberedHealthRow.key(of: key))
        return checks
    }

    /// The files have said what they define: what else was remembered is of services that are gone.
    mutating func forgetRememberedHealth() {
        for row in RememberedHealthRow.rows(of: state) { writes.remove(row.key) }
        state.local.rememberedHealth = Table()
    }

    mutating func filesApplied() { state.local.hasAppliedFiles = true }

    /// A check that was registered by itself.
    mutating func put(_ check: HealthCheck, at key: InstanceKey) {
        var check = check
        (check.node, check.serviceID) = (key.node, key.id)
        guard state.catalog.addedChecks.check(check.checkID, at: key) != check else { return }
        put(AddedCheckRow(check, modifyIndex: index))
    }

    mutating func removeAddedCheck(_ id: String, at key: InstanceKey) {
        guard state.catalog.addedChecks.check(id, at: key) != nil else { return }
        remove(AddedCheckRow.self, key.node, id)
        if let instance = state.catalog.instance(at: key) {
            noteIndexes(of: instance.registration.service)
        } else if var node = state.catalog.nodes[key.node] {
            // What is on the node has changed with it, and the node's row tells that after a restart.
            node.modifyIndex = index
            put(NodeRow(node))
        }
    }

    /// An ID stands once on a node: what defines it takes it from a check that was registered by itself.
    private mutating func giveUpAddedCheck(_ id: String, on node: String) {
        guard let owner = state.catalog.check(id, on: node) else { return }
        removeAddedCheck(id, at: InstanceKey(node: node, id: owner.serviceID))
    }

    /// What runs found out. Durable, so that a restart does not make everything critical, here and at every peer, until
    /// all checks have run again.
    mutating func record(_ results: [CheckResult], at key: InstanceKey) {
        let change = state.cluster.catalog.record(results, at: key, index: index)
        guard change.isDefinitionChanged || !change.added.isEmpty else { return }
        if key.id.isEmpty { changes.append(.localNode(key.node)) }
        changes += change.services.map { .localService($0) }
        for check in change.added { writes.put(AddedCheckRow(check, modifyIndex: index)) }
        guard change.isDefinitionChanged, let instance = state.catalog.instance(at: key) else { return }
        writes.put(InstanceRow(instance))
    }

    // MARK: What peers export to us

    mutating func putImported(_ service: ImportedService, named name: String, of id: PeeringID) {
        var service = service
        service.createIndex = state.imports[id]?.services[name]?.createIndex ?? index
        service.modifyIndex = index
        put(ImportedServiceRow(service, named: name, of: id))
        noteImports(of: id)
    }

    /// What a version stored that did not look for nodes: what is known of them now is no change.
    mutating func learnNodes(of service: ImportedService, named name: String, of id: PeeringID) {
        guard var stored = state.imports[id]?.services[name], stored.nodes == nil, service.nodes != nil else { return }
        stored.nodes = service.nodes
        state.cluster.imports[id]?.put(stored, named: name)
        writes.put(ImportedServiceRow(stored, named: name, of: id))
    }

    mutating func removeImported(_ name: String, of id: PeeringID) {
        remove(ImportedServiceRow.self, id.text, name)
        noteImports(of: id)
    }

    mutating func putAnnounced(_ names: [String], of id: PeeringID) {
        put(AnnouncedRow(names, of: id))
        noteImports(of: id)
    }

    /// Nothing of a peering that has ended may stay, and the replication log says what went.
    mutating func removeImports(of id: PeeringID, at now: Timestamp) {
        guard let catalog = state.imports[id] else { return }
        let peer = state.peerings[id]?.name ?? id.text
        for (name, service) in catalog.services.sorted(by: { $0.key < $1.key }) {
            remove(ImportedServiceRow.self, id.text, name)
            append(
                ReplicationEvent(
                    time: now, peer: peer, direction: .imported, what: .service, name: name,
                    oldCount: service.instanceCount, newCount: 0))
        }
        if catalog.announced != nil { remove(AnnouncedRow.self, id.text) }
        remove(ImportedCatalogRow.self, id.text)
    }

    private mutating func noteImports(of id: PeeringID) {
        guard changedImports.insert(id).inserted else { return }
        put(ImportedCatalogRow(modifyIndex: index, of: id))
    }
}
