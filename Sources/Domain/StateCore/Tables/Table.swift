import HashTreeCollections

/// Rows by key, as a value: a copy costs nothing and shares what stays equal, so that a snapshot never slows the
/// writer down, and one changed row costs the same however many there are.
package struct Table<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var rows = TreeDictionary<Key, Value>()

    package init() {}

    package var count: Int { rows.count }
    package var isEmpty: Bool { rows.isEmpty }

    package var keys: some Sequence<Key> { rows.keys }
    package var values: some Sequence<Value> { rows.values }

    package subscript(key: Key) -> Value? {
        get { rows[key] }
        _modify { yield &rows[key] }
    }

    package subscript(key: Key, default value: @autoclosure () -> Value) -> Value {
        get { rows[key] ?? value() }
        _modify { yield &rows[key, default: value()] }
    }

    @discardableResult
    package mutating func removeValue(forKey key: Key) -> Value? { rows.removeValue(forKey: key) }
}

extension Table: Sequence {
    package func makeIterator() -> AnyIterator<(key: Key, value: Value)> {
        var iterator = rows.makeIterator()
        return AnyIterator { iterator.next() }
    }
}

extension Table: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (Key, Value)...) {
        for (key, value) in elements { rows[key] = value }
    }
}

/// Keys without rows, with the costs of a table: a `Set` is copied whole at the first change after a snapshot.
package struct KeySet<Key: Hashable & Sendable>: Sendable {
    private var keys = TreeSet<Key>()

    package init() {}

    package var count: Int { keys.count }
    package var isEmpty: Bool { keys.isEmpty }

    package func contains(_ key: Key) -> Bool { keys.contains(key) }

    package mutating func insert(_ key: Key) { keys.insert(key) }

    @discardableResult
    package mutating func remove(_ key: Key) -> Key? { keys.remove(key) }
}

extension KeySet: Sequence {
    package func makeIterator() -> AnyIterator<Key> {
        var iterator = keys.makeIterator()
        return AnyIterator { iterator.next() }
    }
}

/// A table that has a single row as a rule, which takes no memory of its own.
struct SmallTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private enum Rows: Sendable {
        case none
        case one(Key, Value)
        case many(Table<Key, Value>)
    }

    private var rows = Rows.none

    var isEmpty: Bool {
        switch rows {
        case .none: true
        case .one: false
        case .many(let table): table.isEmpty
        }
    }

    subscript(key: Key) -> Value? {
        get {
            switch rows {
            case .none: nil
            case .one(key, let value): value
            case .one: nil
            case .many(let table): table[key]
            }
        }
        set {
            switch (rows, newValue) {
            case (.none, nil): break
            case (.none, let value?): rows = .one(key, value)
            case (.one(key, _), nil): rows = .none
            case (.one(key, _), let value?): rows = .one(key, value)
            case (.one, nil): break
            case (.one(let other, let old), let value?): rows = .many([other: old, key: value])
            case (.many(var table), let value):
                rows = .none  // So that the table has one owner, and changes in place.
                table[key] = value
                rows = .many(table)
            }
        }
    }
}

extension SmallTable: Sequence {
    func makeIterator() -> AnyIterator<(key: Key, value: Value)> {
        switch rows {
        case .none: AnyIterator { nil }
        case .one(let key, let value): AnyIterator(CollectionOfOne((key: key, value: value)).makeIterator())
        case .many(let table): table.makeIterator()
        }
    }
}
