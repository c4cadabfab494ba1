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
