package import IdentityCore
package import PeeringCore

/// One change that a peer told, checked already.
package enum ImportedChange: Sendable {
    /// All instances of one service; none withdraws it. Without the nodes they run on if nobody has looked.
    case service(name: String, payload: [UInt8], instanceCount: Int, nodes: [ImportedNode]? = nil)
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

/// What one peer may have standing here.
package struct ImportLimits: Hashable, Sendable {
    /// Names: as many as a list may hold, with their proxies.
    package var maxServices: Int
    /// Bytes of one service. What fits the largest message that a peer may send, 50 MiB (protocol section 4.10), fits
    /// here.
    package var maxServiceBytes: Int
    /// Bytes of all services of the peer: 10,000 services of two instances take 8 MiB. They are held in
    /// memory and on disk.
    package var maxBytes: Int

    package init(maxServices: Int = 200_000, maxServiceBytes: Int = 52 << 20, maxBytes: Int = 256 << 20) {
        self.maxServices = maxServices
        self.maxServiceBytes = maxServiceBytes
        self.maxBytes = maxBytes
    }
}

/// What differs between two versions of a service, both as their peer sent them.
package typealias ServiceDifference = @Sendable (_ old: [UInt8], _ new: [UInt8]) -> [FieldChange]

/// Changes that arrived together, applied together, each with its own outcome. What changes is written to the
/// replication log.
package struct ImportBatch: Command {
    package var id: PeeringID
    package var changes: [ImportedChange]
    package var now: Timestamp
    package var limits: ImportLimits
    package var difference: ServiceDifference

    package init(
        id: PeeringID, changes: [ImportedChange], now: Timestamp = .zero, limits: ImportLimits = ImportLimits(),
        difference: @escaping ServiceDifference = { _, _ in [] }
    ) {
        self.id = id
        self.changes = changes
        self.now = now
        self.limits = limits
        self.difference = difference
    }

    /// - Returns: one list per change; a service list adds one outcome for each service that it withdrew.
    package func apply(to transaction: inout Transaction) throws(Refusal) -> [[ImportOutcome]] {
        guard let peering = transaction.state.peerings[id], peering.isActive else {
            throw Refusal(.conflict, "peering does not exist or has been marked for deletion")
        }
        var outcomes: [[ImportOutcome]] = []
        outcomes.reserveCapacity(changes.count)
        for change in changes {
            let (parts, fields) = apply(change, to: &transaction)
            for (place, part) in parts.enumerated() where part.changed {
                // Of a list the first part is the list, the others are services that it withdrew.
                transaction.append(
                    ReplicationEvent(
                        time: now, peer: peering.name, direction: .imported, what: place == 0 ? change.what : .service,
                        name: part.name, oldCount: part.oldCount, newCount: part.newCount, fields: fields))
            }
            outcomes.append(parts)
        }
        return outcomes
    }

    private func apply(
        _ change: ImportedChange, to transaction: inout Transaction
    ) -> (parts: [ImportOutcome], fields: [FieldChange]) {
        switch change {
        case .service(let name, let payload, let count, let nodes):
            let service = ImportedService(
                payload: payload, instanceCount: count, nodes: nodes, createIndex: 0, modifyIndex: 0)
            let (outcome, fields) = apply(service, named: name, to: &transaction)
            return ([outcome], fields)
        case .serviceList(let names):
            return (apply(list: names, to: &transaction), [])
        case .trustBundle(let bundle):
            return ([apply(bundle, to: &transaction)], [])
        case .serverAddresses(let addresses):
            return ([apply(addresses: addresses, to: &transaction)], [])
        }
    }

    private func apply(
        _ service: ImportedService, named name: String, to transaction: inout Transaction
    ) -> (ImportOutcome, [FieldChange]) {
        let count = service.instanceCount
        let old = transaction.state.imports[id]?.services[name]
        guard count > 0 else {
            if old != nil { transaction.removeImported(name, of: id) }
            return (ImportOutcome(name: name, oldCount: old?.instanceCount ?? 0, newCount: 0, changed: old != nil), [])
        }
        if let old, old.hasContent(of: service) {
            transaction.learnNodes(of: service, named: name, of: id)
            return (ImportOutcome(name: name, oldCount: count, newCount: count, changed: false), [])
        }
        if let reason = excess(of: service, over: old, in: transaction.state) {
            let stands = old?.instanceCount ?? 0
            return (
                ImportOutcome(name: name, oldCount: stands, newCount: stands, changed: false, refusal: reason), []
            )
        }
        transaction.putImported(service, named: name, of: id)
        let fields = old.map { FieldChange.bounded(difference($0.payload, service.payload)) } ?? []
        return (ImportOutcome(name: name, oldCount: old?.instanceCount ?? 0, newCount: count), fields)
    }

    /// Why the service is too much; nil if it is not. What makes a peer's services smaller is always taken.
    private func excess(
        of service: ImportedService, over old: ImportedService?, in state: State
    ) -> String? {
        let bytes = service.bytes
        let before = old?.bytes ?? 0
        guard bytes > before || old == nil else { return nil }
        let catalog = state.imports[id] ?? ImportedCatalog()
        if bytes > limits.maxServiceBytes {
            return "the service takes \(bytes) bytes, and may take \(limits.maxServiceBytes)"
        }
        if old == nil, catalog.services.count >= limits.maxServices {
            return "more than \(limits.maxServices) services of one peer"
        }
        if catalog.bytes - before + bytes > limits.maxBytes {
            return "more than \(limits.maxBytes) bytes of services of one peer"
        }
        return nil
    }

    private func apply(list names: [String], to transaction: inout Transaction) -> [ImportOutcome] {
        let sorted = names.sorted()
        let old = transaction.state.imports[id]?.announced
        if old != sorted { transaction.putAnnounced(sorted, of: id) }
        var outcomes = [ImportOutcome(oldCount: old?.count ?? 0, newCount: names.count, changed: old != sorted)]
        let allowed = ImportedCatalog.allowedNames(by: names)
        let withdrawn = transaction.state.imports[id]?.services.filter { !allowed.contains($0.key) } ?? []
        for (name, service) in withdrawn.sorted(by: { $0.key < $1.key }) {
            transaction.removeImported(name, of: id)
            outcomes.append(ImportOutcome(name: name, oldCount: service.instanceCount, newCount: 0))
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

/// The peer has taken resources that this cluster sent: they are written to the replication log.
package struct LogExports: Command {
    package var events: [ReplicationEvent]

    package init(_ events: [ReplicationEvent]) {
        self.events = events
    }

    package func apply(to transaction: inout Transaction) throws(Refusal) {
        for event in events { transaction.append(event) }
    }
}

extension ImportedChange {
    fileprivate var what: ReplicationEvent.What {
        switch self {
        case .service: .service
        case .serviceList: .serviceList
        case .trustBundle: .trustBundle
        case .serverAddresses: .serverAddresses
        }
    }
}
