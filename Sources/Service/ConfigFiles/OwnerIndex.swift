import CatalogCore
import ConfigCore
import DocumentCore

/// Which file has the value of a key, kept from load to load, so that a double key is found by looking at the
/// changed files only.
struct OwnerIndex<Key: Hashable & Sendable, Value: Hashable & Sendable>: Sendable {
    /// What the key is, for errors.
    private let what: String
    private let key: @Sendable (Value) -> Key
    private var owners: [Key: Owner] = [:]

    struct Owner: Sendable {
        var file: String
        var position: DocumentPosition
    }

    /// What a load would change.
    struct Plan {
        /// Nil for a key that nobody has any more.
        var owners: [Key: Owner?] = [:]
        var difference = KeyedDifference<Key, Value>()
        var problems: [DocumentProblem] = []
    }

    init(what: String, key: @escaping @Sendable (Value) -> Key) {
        self.what = what
        self.key = key
    }

    /// Looks at the values of files that went and of files that came, in time proportional to their number.
    func plan(removing old: [[Sourced<Value>]], adding new: [[Sourced<Value>]]) -> Plan {
        var plan = Plan()
        var before: [Key: Value] = [:]
        for item in old.joined() {
            let key = key(item.value)
            before[key] = item.value
            plan.owners[key] = .some(nil)
        }
        for item in new.joined() {
            let key = key(item.value)
            let owner = if let planned = plan.owners[key] { planned } else { owners[key] }
            if let owner {
                plan.problems.append(
                    DocumentProblem(
                        .duplicate, file: item.file, at: item.position,
                        "the \(what) \(quoted("\(key)")) is already defined at \(owner.file):\(owner.position)"))
                continue
            }
            plan.owners[key] = Owner(file: item.file, position: item.position)
            guard let value = before[key] else {
                plan.difference.added.append(item)
                continue
            }
            if value != item.value {
                plan.difference.changed.append(item)
            } else {
                plan.difference.moved.append(item)
            }
        }
        // In the order of the files, each key once.
        for item in old.joined() {
            let key = key(item.value)
            if case .some(.none) = plan.owners[key], before.removeValue(forKey: key) != nil {
                plan.difference.removed.append(key)
            }
        }
        return plan
    }

    mutating func apply(_ plan: Plan) {
        for (key, owner) in plan.owners { owners[key] = owner }
    }
}

extension OwnerIndex where Key == String, Value == Registration {
    static var services: Self { OwnerIndex(what: "service ID", key: { $0.service.id }) }
}

extension OwnerIndex where Key == ConfigEntryKey, Value == ConfigEntry {
    static var entries: Self { OwnerIndex(what: "config entry", key: { $0.key }) }
}
