package import CatalogCore
package import ConfigCore
package import IdentityCore

/// A client writes a config entry.
package struct WriteConfigEntry: Command {
    package var entry: ConfigEntry
    /// Write only if the stored entry has this modify index; 0 means only if there is none.
    package var expectedIndex: UInt64?

    package init(entry: ConfigEntry, expectedIndex: UInt64? = nil) {
        self.entry = entry
        self.expectedIndex = expectedIndex
    }

    /// - Returns: `false` if another write came first.
    package func apply(to transaction: inout Transaction) throws(Refusal) -> Bool {
        let stored = transaction.state.configEntries[entry.key]
        if let expectedIndex, (stored?.modifyIndex ?? 0) != expectedIndex { return false }
        try refuseIfFromFile(stored, key: entry.key)
        if let stored, stored.entry == entry { return true }
        transaction.put(entry, source: .api)
        return true
    }
}

/// A client deletes a config entry. Deleting what is not there succeeds.
package struct DeleteConfigEntry: Command {
    package var key: ConfigEntryKey
    package var expectedIndex: UInt64?

    package init(key: ConfigEntryKey, expectedIndex: UInt64? = nil) {
        self.key = key
        self.expectedIndex = expectedIndex
    }

    /// - Returns: `false` if another write came first.
    package func apply(to transaction: inout Transaction) throws(Refusal) -> Bool {
        let stored = transaction.state.configEntries[key]
        if let expectedIndex, stored?.modifyIndex != expectedIndex { return false }
        try refuseIfFromFile(stored, key: key)
        transaction.removeConfigEntry(key)
        return true
    }
}

/// What a file says is changed there.
func refuseIfFromFile(_ stored: StoredConfigEntry?, key: ConfigEntryKey) throws(Refusal) {
    guard case .file(let place) = stored?.source else { return }
    throw Refusal(
        .conflict,
        "config entry \(key) comes from \(place): change it there and run `hawser reload`")
}

/// The configuration files were read anew: brings the state to what they say, leaving alone what clients wrote.
package struct ApplyFiles: Command {
    package struct FileRegistration: Sendable {
        package var registration: Registration
        /// `path:line:column`.
        package var place: String

        package init(registration: Registration, place: String) {
            self.registration = registration
            self.place = place
        }
    }

    package struct FileEntry: Sendable {
        package var entry: ConfigEntry
        package var place: String

        package init(entry: ConfigEntry, place: String) {
            self.entry = entry
            self.place = place
        }
    }

    /// The agent's own node, which the files' services run on.
    package var node: Node
    package var registrations: [FileRegistration]
    package var removedServiceIDs: [String]
    package var entries: [FileEntry]
    package var removedEntries: [ConfigEntryKey]
    /// What is as it was and may stand elsewhere: only their places are taken in.
    package var movedRegistrations: [FileRegistration] = []
    package var movedEntries: [FileEntry] = []

    package init(
        node: Node, registrations: [FileRegistration], removedServiceIDs: [String], entries: [FileEntry],
        removedEntries: [ConfigEntryKey]
    ) {
        self.node = node
        self.registrations = registrations
        self.removedServiceIDs = removedServiceIDs
        self.entries = entries
        self.removedEntries = removedEntries
    }

    package func apply(to transaction: inout Transaction) throws(Refusal) {
        let isFirst = !transaction.state.local.hasAppliedFiles
        if isFirst { renameOwnNode(in: &transaction) }
        transaction.put(node)
        if isFirst { removeUndefined(in: &transaction) }
        for key in removedEntries {
            if case .file = transaction.state.configEntries[key]?.source { transaction.removeConfigEntry(key) }
        }
        for file in entries {
            transaction.put(file.entry, source: .file(file.place), owner: node.id)
        }
        for id in removedServiceIDs {
            let key = InstanceKey(node: node.name, id: id)
            if case .file = transaction.state.catalog.instance(at: key)?.source { transaction.removeInstance(at: key) }
        }
        for file in registrations {
            let key = InstanceKey(node: node.name, id: file.registration.service.id)
            transaction.put(file.registration, at: key, source: .file(file.place))
        }
        if isFirst {
            transaction.forgetRememberedHealth()
            transaction.filesApplied()
        }
        for file in movedEntries { transaction.move(file.entry, to: file.place) }
        for file in movedRegistrations {
            let key = InstanceKey(node: node.name, id: file.registration.service.id)
            transaction.move(file.registration.service, at: key, to: file.place)
        }
    }
}

extension ApplyFiles {
    /// The agent may have had another node name before: what stands on the node of its ID follows it.
    private func renameOwnNode(in transaction: inout Transaction) {
        let earlier = transaction.state.catalog.nodes.values.filter {
            !$0.isExternal && $0.node.id == node.id && $0.node.name != node.name
        }
        for name in earlier.map(\.node.name).sorted() {
            moveAll(from: name, in: &transaction)
            transaction.removeWithAllOnIt(name)
        }
    }

    private func moveAll(from name: String, in transaction: inout Transaction) {
        let catalog = transaction.state.catalog
        transaction.put(node)
        for key in catalog.keys(on: name) {
            guard let instance = catalog.instance(at: key) else { continue }
            var registration = instance.registration
            for index in registration.checks.indices { registration.checks[index].node = node.name }
            let moved = InstanceKey(node: node.name, id: key.id)
            transaction.removeInstance(at: key)
            transaction.put(registration, at: moved, source: instance.source)
            for check in catalog.addedChecks[key] ?? [] { transaction.put(check, at: moved) }
        }
        let own = InstanceKey(node: name, id: "")
        for check in catalog.addedChecks[own] ?? [] {
            transaction.removeAddedCheck(check.checkID, at: own)
            transaction.put(check, at: InstanceKey(node: node.name, id: ""))
        }
    }

    /// What files defined before the start, and define no longer.
    private func removeUndefined(in transaction: inout Transaction) {
        let catalog = transaction.state.catalog
        let defined = Set(registrations.map(\.registration.service.id))
        for key in catalog.keys(on: node.name) where !defined.contains(key.id) {
            if case .file = catalog.instance(at: key)?.source { transaction.removeInstance(at: key) }
        }
        let entryKeys = Set(entries.map(\.entry.key))
        for (key, stored) in transaction.state.configEntries.sorted(by: { $0.key < $1.key })
        where stored.source != .api && stored.owner == node.id && !entryKeys.contains(key) {
            transaction.removeConfigEntry(key)
        }
    }
}
