package import CatalogCore

/// What the catalog knows of checks besides the definitions of instances: those that were registered by themselves, which
/// check is where, how many say what, and which changed last.
package struct CheckTable: Sendable {
    /// Checks that were registered by themselves, by what they are of: a node's own under an empty ID.
    private var added = Table<InstanceKey, AddedChecks>()
    /// What each check is of, by its node and its own ID.
    private var owners = Table<CheckPlace, String>()
    /// How many checks say what.
    private(set) var counts = Table<HealthStatus, Int>()
    private(set) var journal = CheckJournal()

    /// Those that were registered by themselves, in the order in which they were; nil if there are none.
    package subscript(key: InstanceKey) -> [HealthCheck]? { added[key]?.checks }

    /// One of those.
    package func check(_ id: String, at key: InstanceKey) -> HealthCheck? { added[key]?[id] }

    /// What some of those are of.
    package var keys: some Sequence<InstanceKey> { added.keys }

    func owner(of id: String, on node: String) -> String? { owners[CheckPlace(node: node, checkID: id)] }

    /// Those that were registered by themselves, each with the index of its last change.
    var stored: [(check: HealthCheck, modifyIndex: UInt64)] { added.values.flatMap(\.stored) }

    // MARK: Of definitions

    /// An instance came with these.
    mutating func define(_ checks: [HealthCheck], of key: InstanceKey) {
        for check in checks {
            own(check.checkID, key)
            count(check.status, 1)
        }
        journal.note(key)
    }

    /// An instance went with these.
    mutating func forget(_ checks: [HealthCheck], of key: InstanceKey) {
        for check in checks {
            disown(check.checkID, key)
            count(check.status, -1)
        }
        journal.note(key)
    }

    /// Writes results into a definition.
    ///
    /// - Returns: whether one of them is news.
    mutating func record(_ results: [CheckResult], in checks: inout [HealthCheck], of key: InstanceKey) -> Bool {
        var isNews = false
        for result in results {
            guard let index = checks.firstIndex(where: { $0.checkID == result.key.checkID }),
                write(result, to: &checks[index], of: key)
            else { continue }
            isNews = true
        }
        return isNews
    }

    // MARK: Of those that were registered by themselves

    /// - Returns: whether anything changed.
    mutating func put(_ check: HealthCheck, at key: InstanceKey, index: UInt64) -> Bool {
        let previous = added[key]?[check.checkID]
        guard previous != check else { return false }
        if let previous { count(previous.status, -1) }
        count(check.status, 1)
        added[key, default: AddedChecks()].put(check, index: index)
        own(check.checkID, key)
        journal.note(key, check: check.checkID)
        return true
    }

    mutating func remove(_ id: String, at key: InstanceKey) {
        disown(id, key)
        guard let removed = added[key]?.remove(id) else { return }
        if added[key]?.isEmpty == true { added[key] = nil }
        count(removed.status, -1)
        journal.note(key, check: id)
    }

    /// Writes results.
    ///
    /// - Returns: the checks that they are news of, in the order in which they were registered.
    mutating func record(_ results: [CheckResult], at key: InstanceKey, index: UInt64) -> [HealthCheck] {
        guard added[key] != nil else { return [] }
        var changed: Set<String> = []
        for result in results {
            guard var check = added[key]?[result.key.checkID], write(result, to: &check, of: key) else { continue }
            added[key]?.put(check, index: index)
            changed.insert(check.checkID)
        }
        return changed.isEmpty ? [] : added[key]?.checks(changed) ?? []
    }

    // MARK: Inside

    private mutating func write(_ result: CheckResult, to check: inout HealthCheck, of key: InstanceKey) -> Bool {
        guard check.status != result.status || check.output != result.output else { return false }
        count(check.status, -1)
        count(result.status, 1)
        check.status = result.status
        check.output = result.output
        journal.note(key, check: check.checkID)
        return true
    }

    private mutating func own(_ checkID: String, _ key: InstanceKey) {
        owners[CheckPlace(node: key.node, checkID: checkID)] = key.id
    }

    private mutating func disown(_ checkID: String, _ key: InstanceKey) {
        let place = CheckPlace(node: key.node, checkID: checkID)
        if owners[place] == key.id { owners[place] = nil }
    }

    private mutating func count(_ status: HealthStatus, _ change: Int) {
        counts[status, default: 0] += change
        if counts[status] == 0 { counts[status] = nil }
    }
}

/// The checks of one instance or node that were registered by themselves: a node may have thousands.
private struct AddedChecks: Sendable {
    private struct Row: Sendable {
        var number: UInt64
        var check: HealthCheck
        var modifyIndex: UInt64
    }

    private var rows = Table<String, Row>()
    private var nextNumber: UInt64 = 0

    var isEmpty: Bool { rows.isEmpty }

    subscript(id: String) -> HealthCheck? { rows[id]?.check }

    /// In the order in which they were registered.
    var checks: [HealthCheck] {
        rows.count == 1 ? rows.values.map(\.check) : rows.values.sorted { $0.number < $1.number }.map(\.check)
    }

    /// The same for some of them.
    func checks(_ ids: Set<String>) -> [HealthCheck] {
        ids.compactMap { rows[$0] }.sorted { $0.number < $1.number }.map(\.check)
    }

    /// A check that is there already keeps its place.
    mutating func put(_ check: HealthCheck, index: UInt64) {
        if let number = rows[check.checkID]?.number {
            rows[check.checkID] = Row(number: number, check: check, modifyIndex: index)
        } else {
            rows[check.checkID] = Row(number: nextNumber, check: check, modifyIndex: index)
            nextNumber += 1
        }
    }

    /// Each with the index of its last change.
    var stored: [(check: HealthCheck, modifyIndex: UInt64)] { rows.values.map { ($0.check, $0.modifyIndex) } }

    mutating func remove(_ id: String) -> HealthCheck? { rows.removeValue(forKey: id)?.check }
}

private struct CheckPlace: Hashable {
    var node: String
    var checkID: String
}

/// Which checks changed last, for a reader that follows them: it looks at those, however many others there are.
package struct CheckJournal: Sendable {
    /// A place in the journal. Everything before it was read.
    package struct Mark: Hashable, Sendable {
        fileprivate var number: UInt64
    }

    /// What changed.
    package struct Change: Hashable, Sendable {
        package var key: InstanceKey
        /// Nil if the instance came, went, or got another definition.
        package var checkID: String?
    }

    /// A reader that missed more looks at everything. Some hundred kilobytes; a reader who is that far behind finds
    /// most checks changed.
    static let capacity: UInt64 = 4_096

    private var changes = Table<UInt64, Change>()
    private var end: UInt64 = 0

    package var mark: Mark { Mark(number: end) }

    /// What changed since then, in any order and perhaps twice; nil if it is not known any more.
    package func changes(since mark: Mark) -> [Change]? {
        guard mark.number <= end, end - mark.number <= Self.capacity else { return nil }
        return (mark.number..<end).compactMap { changes[$0] }
    }

    mutating func note(_ key: InstanceKey, check: String? = nil) {
        changes[end] = Change(key: key, checkID: check)
        if end >= Self.capacity { changes[end - Self.capacity] = nil }
        end += 1
    }
}
