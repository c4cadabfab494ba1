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
        let isFirst = transaction.state.catalog.nodes[node.name]?.isExternal ?? true
        transaction.put(node)
        if isFirst { adoptInstances(in: &transaction) }
        for key in removedEntries {
            if case .file = transaction.state.configEntries[key]?.source { transaction.removeConfigEntry(key) }
        }
        for file in entries {
            transaction.put(file.entry, source: .file(file.place))
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
            adoptChecks(in: &transaction)
            transaction.forgetUnusedHealth()
        }
        for file in movedEntries { transaction.move(file.entry, to: file.place) }
        for file in movedRegistrations {
            let key = InstanceKey(node: node.name, id: file.registration.service.id)
            transaction.move(file.registration.service, at: key, to: file.place)
        }
    }
}

extension ApplyFiles {
    /// The agent may have another node name than when clients registered services with it: they are its own still.
    private func adoptInstances(in transaction: inout Transaction) {
        let catalog = transaction.state.catalog
        for key in catalog.keys where key.node != node.name && catalog.nodes[key.node] == nil {
            guard let instance = catalog.instance(at: key), instance.source == .api else { continue }
            var registration = instance.registration
            for index in registration.checks.indices { registration.checks[index].node = node.name }
            let added = catalog.addedChecks[key] ?? []
            transaction.removeInstance(at: key)
            transaction.put(registration, at: InstanceKey(node: node.name, id: key.id), source: .api)
            for check in added { transaction.put(check, at: key) }
        }
    }

    /// Checks that clients registered by themselves follow the node's name too, and go with a service that a file
    /// does not define any more.
    private func adoptChecks(in transaction: inout Transaction) {
        let catalog = transaction.state.catalog
        for (key, checks) in catalog.addedChecks.sorted(by: { $0.key < $1.key })
        where catalog.nodes[key.node]?.isExternal != true {
            let own = InstanceKey(node: node.name, id: key.id)
            let isOrphan = !key.id.isEmpty && catalog.instance(at: own) == nil
            guard isOrphan || own != key else { continue }
            for var check in checks {
                transaction.removeAddedCheck(check.checkID, at: key)
                check.node = node.name
                if !isOrphan { transaction.put(check, at: own) }
            }
        }
    }
}
