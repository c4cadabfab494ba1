import CatalogCore
import ConfigCore
import IdentityCore
import PeeringCore

/// The tables as a command sees and changes them. Each change goes into the tables, onto the list of what to write
/// to disk, and onto the list of what changed, in one call.
package struct Transaction: Sendable {
    package private(set) var state: State
    private(set) var writes: [StorageWrite] = []
    private(set) var changes: [StateChange] = []
    /// What changed rows carry.
    package let index: UInt64

    init(state: State) {
        self.state = state
        self.index = state.index + 1
    }

    var committedState: State {
        var state = self.state
        if !changes.isEmpty { state.index = index }
        return state
    }

    mutating func discard() {
        writes = []
        changes = []
    }

    /// What stands in rows of access control, in the tables and on disk.
    mutating func changeACL(_ key: String, to value: [UInt8]?, _ change: (inout ACLTables) -> Void) {
        change(&state.acl)
        writes.append(StorageWrite(key: key, value: value))
        changes.append(.acl)
    }

    // MARK: Identity

    mutating func put(_ identity: ClusterIdentity) {
        state.identity = identity
        writes.append(StorageWrite(key: StateCodec.identityKey, value: StateCodec.encode(identity)))
        changes.append(.identity)
    }

    // MARK: Peerings

    mutating func put(_ peering: Peering) {
        var peering = peering
        peering.createIndex = state.peerings[peering.id]?.createIndex ?? index
        peering.modifyIndex = index
        state.put(peering)
        writes.append(StorageWrite(key: StateCodec.key(of: peering.id), value: StateCodec.encode(peering)))
        changes.append(.peering(peering.id))
    }

    mutating func put(_ secrets: PeeringSecrets?, for id: PeeringID) {
        guard state.secrets[id] != secrets else { return }
        state.secrets[id] = secrets
        writes.append(StorageWrite(key: StateCodec.secretsKey(of: id), value: secrets.map(StateCodec.encode)))
        changes.append(.peering(id))
    }

    mutating func removePeering(_ id: PeeringID) {
        put(nil as PeeringSecrets?, for: id)
        state.removePeering(id)
        writes.append(StorageWrite(key: StateCodec.key(of: id), value: nil))
        changes.append(.peering(id))
    }

    /// Remembers a deleted peering, forgetting the oldest ones beyond the limit.
    mutating func putTombstone(of id: PeeringID, at now: Timestamp) {
        if state.tombstones.count >= State.maxTombstones, let oldest = state.tombstones.min(by: { $0.value < $1.value })
        {
            state.tombstones[oldest.key] = nil
            writes.append(StorageWrite(key: StateCodec.tombstoneKey(of: oldest.key), value: nil))
        }
        state.tombstones[id] = now
        writes.append(StorageWrite(key: StateCodec.tombstoneKey(of: id), value: StateCodec.encode(now)))
    }

    /// Keeps a goodbye, forgetting the oldest ones beyond the limit; `nil` forgets it.
    mutating func put(_ farewell: Farewell?, for id: PeeringID) {
        guard state.farewells[id] != farewell else { return }
        if farewell != nil, state.farewells.count >= State.maxFarewells,
            let oldest = state.farewells.values.min(by: { $0.peering.modifyIndex < $1.peering.modifyIndex })
        {
            put(nil as Farewell?, for: oldest.peering.id)
        }
        state.farewells[id] = farewell
        writes.append(StorageWrite(key: StateCodec.farewellKey(of: id), value: farewell.map(StateCodec.encode)))
        changes.append(.peering(id))
    }

    mutating func put(_ bundle: TrustBundle?, for id: PeeringID) {
        if var bundle {
            bundle.createIndex = state.trustBundles[id]?.createIndex ?? index
            bundle.modifyIndex = index
            state.trustBundles[id] = bundle
            writes.append(StorageWrite(key: StateCodec.bundleKey(of: id), value: StateCodec.encode(bundle)))
        } else {
            guard state.trustBundles.removeValue(forKey: id) != nil else { return }
            writes.append(StorageWrite(key: StateCodec.bundleKey(of: id), value: nil))
        }
        changes.append(.trustBundle(id))
    }

    // MARK: Config entries

    mutating func put(_ entry: ConfigEntry, source: Source) {
        let key = entry.key
        let previous = state.configEntries[key]
        let stored = StoredConfigEntry(
            entry: entry, source: source, createIndex: previous?.createIndex ?? index, modifyIndex: index)
        state.configEntries[key] = stored
        if source == .api {
            writes.append(StorageWrite(key: StateCodec.key(of: key), value: StateCodec.encode(stored)))
        } else if previous?.source == .api {
            // A file took it over: it must not come back when the file goes.
            writes.append(StorageWrite(key: StateCodec.key(of: key), value: nil))
        }
        changes.append(.configEntry(key))
    }

    /// The entry of a file stands elsewhere. That is no change that anybody waits for.
    mutating func move(_ entry: ConfigEntry, to place: String) {
        guard var stored = state.configEntries[entry.key], stored.source != .api, stored.entry == entry else { return }
        stored.entry = entry
        stored.source = .file(place)
        state.configEntries[entry.key] = stored
    }

    mutating func removeConfigEntry(_ key: ConfigEntryKey) {
        guard let stored = state.configEntries.removeValue(forKey: key) else { return }
        if stored.source == .api {
            writes.append(StorageWrite(key: StateCodec.key(of: key), value: nil))
        }
        changes.append(.configEntry(key))
    }

    // MARK: Catalog of this cluster

    mutating func put(_ node: Node, isExternal: Bool = false) {
        let wasExternal = state.catalog.nodes[node.name]?.isExternal ?? false
        guard state.catalog.put(node, isExternal: isExternal, index: index) else { return }
        if isExternal, let stored = state.catalog.nodes[node.name] {
            writes.append(StorageWrite(key: StateCodec.key(ofNode: node.name), value: StateCodec.encode(stored)))
        } else if wasExternal {
            // The agent took the name over: it must not come back as somebody else's.
            writes.append(StorageWrite(key: StateCodec.key(ofNode: node.name), value: nil))
        }
        changes.append(.localNode(node.name))
        changes += state.catalog.touch(servicesOn: node.name, index: index).map { .localService($0) }
    }

    /// Removes an external node with everything on it.
    mutating func removeNode(_ name: String) {
        guard state.catalog.nodes[name]?.isExternal == true else { return }
        for key in state.catalog.keys(on: name) { removeInstance(at: key) }
        let own = InstanceKey(node: name, id: "")
        for check in state.catalog.addedChecks[own] ?? [] { removeAddedCheck(check.checkID, at: own) }
        state.catalog.removeNode(name)
        writes.append(StorageWrite(key: StateCodec.key(ofNode: name), value: nil))
        changes.append(.localNode(name))
    }

    mutating func put(_ registration: Registration, at key: InstanceKey, source: Source) {
        let wasStored = state.catalog.instance(at: key)?.source == .api
        var registration = registration
        registration.service.tagAddressByFamily()
        let previous = state.catalog.instance(at: key)?.registration.checks
        registration.keepHealth(of: previous ?? state.rememberedHealth.removeValue(forKey: key) ?? [])
        for check in registration.checks { removeAddedCheck(check.checkID, at: key) }
        let names = state.catalog.put(registration, at: key, source: source, index: index)
        guard !names.isEmpty else { return }
        if source == .api, let instance = state.catalog.instance(at: key) {
            writes.append(StorageWrite(key: StateCodec.key(of: key), value: StateCodec.encode(instance)))
        } else if wasStored {
            // A file took it over: it must not come back when the file goes.
            writes.append(StorageWrite(key: StateCodec.key(of: key), value: nil))
        }
        changes += names.map { .localService($0) }
    }

    /// The definition of a file stands elsewhere, and its health is what it was.
    mutating func move(_ service: NodeService, at key: InstanceKey, to place: String) {
        state.catalog.move(service, at: key, to: place)
    }

    mutating func removeInstance(at key: InstanceKey) {
        for check in state.catalog.addedChecks[key] ?? [] { removeAddedCheck(check.checkID, at: key) }
        let source = state.catalog.instance(at: key)?.source
        let names = state.catalog.remove(at: key, index: index)
        guard !names.isEmpty else { return }
        if source == .api {
            writes.append(StorageWrite(key: StateCodec.key(of: key), value: nil))
        }
        forgetHealth(at: key)
        changes += names.map { .localService($0) }
    }

    // MARK: Checks of this cluster

    /// The files have said what they define: what else was remembered is of services that are gone.
    mutating func forgetUnusedHealth() {
        state.rememberedHealth = [:]
        for key in state.healthRows where state.catalog.instance(at: key)?.source == nil { forgetHealth(at: key) }
    }

    private mutating func forgetHealth(at key: InstanceKey) {
        guard state.healthRows.remove(key) != nil else { return }
        writes.append(StorageWrite(key: StateCodec.healthKey(of: key), value: nil))
    }

    /// Only what a file does not say itself.
    private mutating func rememberHealth(of instance: LocalInstance) {
        let checks = instance.registration.checks.filter { $0.plan.map(\.start) != $0.status }
        if checks.isEmpty { return forgetHealth(at: instance.key) }
        state.healthRows.insert(instance.key)
        writes.append(
            StorageWrite(
                key: StateCodec.healthKey(of: instance.key), value: StateCodec.encode(checks, of: instance.key)))
    }

    /// A check that was registered by itself. Durable.
    mutating func put(_ check: HealthCheck, at key: InstanceKey) {
        noteHealth(of: key, changed: state.catalog.put(check, at: key, index: index))
        write(check, of: key)
    }

    mutating func removeAddedCheck(_ id: String, at key: InstanceKey) {
        guard let check = state.catalog.addedChecks[key]?.first(where: { $0.checkID == id }) else { return }
        noteHealth(of: key, changed: state.catalog.removeCheck(id, at: key, index: index))
        writes.append(StorageWrite(key: StateCodec.key(of: check, on: key.node), value: nil))
    }

    /// What runs found out. Durable, so that a restart does not make everything critical, here and at every peer, until
    /// all checks have run again.
    mutating func record(_ results: [CheckResult], at key: InstanceKey) {
        let change = state.catalog.record(results, at: key, index: index)
        guard change.isDefinitionChanged || !change.added.isEmpty else { return }
        noteHealth(of: key, changed: change.services)
        for check in change.added { write(check, of: key) }
        guard change.isDefinitionChanged, let instance = state.catalog.instance(at: key) else { return }
        guard instance.source == .api else { return rememberHealth(of: instance) }
        writes.append(StorageWrite(key: StateCodec.key(of: key), value: StateCodec.encode(instance)))
    }

    private mutating func write(_ check: HealthCheck, of key: InstanceKey) {
        let value = StateCodec.encode(check, modifyIndex: index)
        writes.append(StorageWrite(key: StateCodec.key(of: check, on: key.node), value: value))
    }

    private mutating func noteHealth(of key: InstanceKey, changed names: [String]) {
        if key.id.isEmpty { changes.append(.localNode(key.node)) }
        changes += names.map { .localService($0) }
    }

    // MARK: What peers export to us. Not durable here: the peer tells it again, and a separate task keeps a copy.

    /// - Returns: the instance count that stood before, or `nil` if the bytes are what stood already.
    mutating func putImported(
        _ name: String, of id: PeeringID, payload: [UInt8], instanceCount: Int
    ) -> Int? {
        let previous = state.imports[id]?.services[name]
        guard previous?.payload != payload else { return nil }
        state.imports[id, default: ImportedCatalog()].services[name] = ImportedService(
            payload: payload, instanceCount: instanceCount,
            createIndex: previous?.createIndex ?? index, modifyIndex: index)
        importedChanged(name, of: id)
        return previous?.instanceCount ?? 0
    }

    /// - Returns: the instance count that stood before, or `nil` if there was none.
    mutating func removeImported(_ name: String, of id: PeeringID) -> Int? {
        guard let previous = state.imports[id]?.services.removeValue(forKey: name) else { return nil }
        importedChanged(name, of: id)
        return previous.instanceCount
    }

    mutating func putAnnounced(_ names: [String], of id: PeeringID) {
        guard state.imports[id]?.announced != names else { return }
        state.imports[id, default: ImportedCatalog()].announced = names
        state.imports[id, default: ImportedCatalog()].modifyIndex = index
        changes.append(.importedList(id))
    }

    /// Writes the copy that stands now, or takes the stored one away.
    mutating func persistImported(_ name: String, of id: PeeringID) {
        let value = state.imports[id]?.services[name].map(StateCodec.encode)
        writes.append(StorageWrite(key: StateCodec.importKey(of: id, name), value: value))
    }

    mutating func persistAnnounced(of id: PeeringID) {
        let value = state.imports[id]?.announced.map(StateCodec.encode)
        writes.append(StorageWrite(key: StateCodec.announcedKey(of: id), value: value))
    }

    mutating func removeImports(of id: PeeringID) {
        guard let catalog = state.imports.removeValue(forKey: id) else { return }
        // Their copies on disk go with them: nothing of a deleted peering may come back.
        for name in catalog.services.keys {
            writes.append(StorageWrite(key: StateCodec.importKey(of: id, name), value: nil))
            changes.append(.importedService(id, name))
        }
        writes.append(StorageWrite(key: StateCodec.announcedKey(of: id), value: nil))
        changes.append(.importedList(id))
    }

    private mutating func importedChanged(_ name: String, of id: PeeringID) {
        state.imports[id, default: ImportedCatalog()].modifyIndex = index
        changes.append(.importedService(id, name))
    }
}
