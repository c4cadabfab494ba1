import CatalogCore
import HealthCore
import StateCore

/// Tells what changed in the catalog of the agent's own checks since the last time: a report of an application costs
/// one look-up, however many instances there are.
struct CatalogFollower {
    let node: String
    /// How far it has read; nil before the first time.
    private var mark: CheckJournal.Mark?

    init(node: String) {
        self.node = node
    }

    /// - Parameters:
    ///   - catalog: no older than the last one.
    ///   - known: services that were told of and have not gone.
    mutating func next(in catalog: LocalCatalog, known: Set<String>) -> [HealthObservation] {
        let journal = catalog.checkJournal
        let changes = mark.flatMap { journal.changes(since: $0) }
        mark = journal.mark
        return changes.map { news($0, catalog) } ?? everything(catalog, known: known)
    }

    private func everything(_ catalog: LocalCatalog, known: Set<String>) -> [HealthObservation] {
        let keys = [.ofNode(node)] + catalog.keys(on: node)
        let gone = known.subtracting(keys.map(\.id)).sorted()
        return gone.map { .instanceGone(serviceID: $0) } + keys.map { observation(of: $0, catalog) }
    }

    /// Each change once, in the order of the first of its kind: so new checks come in the catalog's.
    private func news(_ changes: [CheckJournal.Change], _ catalog: LocalCatalog) -> [HealthObservation] {
        let own = changes.filter { $0.key.node == node }
        let whole = Set(own.filter { $0.checkID == nil }.map(\.key))
        var seen: Set<CheckJournal.Change> = []
        return own.compactMap { change in
            guard seen.insert(change).inserted else { return nil }
            guard let id = change.checkID else { return observation(of: change.key, catalog) }
            guard !whole.contains(change.key) else { return nil }
            let key = CheckKey(serviceID: change.key.id, checkID: id)
            return catalog.check(id, at: change.key).map { .check(key, $0) } ?? .checkGone(key)
        }
    }

    private func observation(of key: InstanceKey, _ catalog: LocalCatalog) -> HealthObservation {
        guard key.id.isEmpty || catalog.serviceName(of: key) != nil else { return .instanceGone(serviceID: key.id) }
        return .instance(serviceID: key.id, checks: catalog.checks(at: key))
    }
}
