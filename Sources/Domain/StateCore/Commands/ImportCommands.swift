package import IdentityCore
package import PeeringCore

/// One change that a peer told, checked already.
package enum ImportedChange: Sendable {
    /// All instances of one service; none withdraws it.
    case service(name: String, payload: [UInt8], instanceCount: Int)
    /// The names that the peer exports: what is not on it goes (protocol section 4.9).
    case serviceList([String])
    case trustBundle(TrustBundle)
    case serverAddresses([String])
}

/// What one change did: counts before and after, of instances, names, roots or addresses.
package struct ImportOutcome: Hashable, Sendable {
    package var name: String
    package var oldCount: Int
    package var newCount: Int
    package var changed: Bool
    /// Why it was not taken.
    package var refusal: String?

    init(name: String = "", oldCount: Int, newCount: Int, changed: Bool = true, refusal: String? = nil) {
        self.name = name
        self.oldCount = oldCount
        self.newCount = newCount
        self.changed = changed
        self.refusal = refusal
    }
}

/// Changes that arrived together, applied together, each with its own outcome.
package struct ImportBatch: Command {
    package var id: PeeringID
    package var changes: [ImportedChange]

    package init(id: PeeringID, changes: [ImportedChange]) {
        self.id = id
        self.changes = changes
    }

    /// - Returns: one list per change; a service list adds one outcome for each service that it withdrew.
    package func apply(to transaction: inout Transaction) throws(Refusal) -> [[ImportOutcome]] {
        guard let peering = transaction.state.peerings[id], peering.isActive else {
            throw Refusal(.conflict, "peering does not exist or has been marked for deletion")
        }
        var outcomes: [[ImportOutcome]] = []
        outcomes.reserveCapacity(changes.count)
        for change in changes {
            outcomes.append(apply(change, to: &transaction))
        }
        return outcomes
    }

    private func apply(_ change: ImportedChange, to transaction: inout Transaction) -> [ImportOutcome] {
        switch change {
        case .service(let name, let payload, let count):
            return [apply(service: name, payload, count, to: &transaction)]
        case .serviceList(let names):
            return apply(list: names, to: &transaction)
        case .trustBundle(let bundle):
            return [apply(bundle, to: &transaction)]
        case .serverAddresses(let addresses):
            return [apply(addresses: addresses, to: &transaction)]
        }
    }

    private func apply(
        service name: String, _ payload: [UInt8], _ count: Int, to transaction: inout Transaction
    ) -> ImportOutcome {
        let old =
            count == 0
            ? transaction.removeImported(name, of: id)
            : transaction.putImported(name, of: id, payload: payload, instanceCount: count)
        return ImportOutcome(name: name, oldCount: old ?? count, newCount: count, changed: old != nil)
    }

    private func apply(list names: [String], to transaction: inout Transaction) -> [ImportOutcome] {
        let old = transaction.state.imports[id]?.announced
        transaction.putAnnounced(names.sorted(), of: id)
        var outcomes = [
            ImportOutcome(oldCount: old?.count ?? 0, newCount: names.count, changed: old != names.sorted())
        ]
        let allowed = ImportedCatalog.allowedNames(by: names)
        let stored = transaction.state.imports[id]?.services.keys.filter { !allowed.contains($0) } ?? []
        for name in stored.sorted() {
            guard let count = transaction.removeImported(name, of: id) else { continue }
            outcomes.append(ImportOutcome(name: name, oldCount: count, newCount: 0))
        }
        return outcomes
    }

    private func apply(_ bundle: TrustBundle, to transaction: inout Transaction) -> ImportOutcome {
        let stored = transaction.state.trustBundles[id]
        let count = stored?.rootPEMs.count ?? 0
        let isNew =
            stored?.rootPEMs != bundle.rootPEMs || stored?.trustDomain != bundle.trustDomain
            || stored?.exportedPartition != bundle.exportedPartition
        if isNew, var peering = transaction.state.peerings[id] {
            transaction.put(bundle, for: id)
            peering.peerCAPEMs = bundle.rootPEMs
            transaction.put(peering)
        }
        return ImportOutcome(oldCount: count, newCount: bundle.rootPEMs.count, changed: isNew)
    }

    private func apply(addresses: [String], to transaction: inout Transaction) -> ImportOutcome {
        guard var peering = transaction.state.peerings[id], peering.dials else {
            return ImportOutcome(
                oldCount: 0, newCount: 0, changed: false,
                refusal: "Cannot switch peering dialing mode from false to true")
        }
        let old = peering.peerServerAddresses
        guard old != addresses, !addresses.isEmpty else {
            return ImportOutcome(oldCount: old.count, newCount: old.count, changed: false)
        }
        peering.peerServerAddresses = addresses
        transaction.put(peering)
        return ImportOutcome(oldCount: old.count, newCount: addresses.count)
    }
}

/// Writes the present copies of imported services to disk, so that a restart serves the last known state. What a
/// peer told may be told again, so this happens after it was acknowledged.
package struct PersistImports: Command {
    package var changes: [StateChange]

    /// - Parameter changes: names of imported services and lists whose stored copy is old.
    package init(changes: [StateChange]) {
        self.changes = changes
    }

    package func apply(to transaction: inout Transaction) throws(Refusal) {
        for change in changes {
            switch change {
            case .importedService(let id, let name): transaction.persistImported(name, of: id)
            case .importedList(let id): transaction.persistAnnounced(of: id)
            case .identity, .peering, .establishing, .streamStatus, .trustBundle, .configEntry, .localService,
                .localNode, .acl:
                continue
            }
        }
    }
}
