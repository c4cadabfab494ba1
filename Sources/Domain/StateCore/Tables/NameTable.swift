/// Rows by name, which can also be found by a name in another case: DNS knows none.
package struct NameTable<Value: Sendable>: Sendable {
    private var rows = Table<String, Value>()
    /// The names with capital letters, by themselves without.
    private var capitalized = Table<String, Spellings>()

    package init() {}

    package var count: Int { rows.count }
    package var isEmpty: Bool { rows.isEmpty }

    package var keys: some Sequence<String> { rows.keys }
    package var values: some Sequence<Value> { rows.values }

    package subscript(name: String) -> Value? {
        get { rows[name] }
        _modify {
            defer { noteCapitals(of: name) }
            yield &rows[name]
        }
    }

    package subscript(name: String, default value: @autoclosure () -> Value) -> Value {
        get { rows[name] ?? value() }
        _modify {
            defer { noteCapitals(of: name) }
            yield &rows[name, default: value()]
        }
    }

    @discardableResult
    package mutating func removeValue(forKey name: String) -> Value? {
        defer { noteCapitals(of: name) }
        return rows.removeValue(forKey: name)
    }

    /// The name of a row as it is written there; nil if there is none in any case. One in the same case comes first.
    package func spelling(of name: String) -> String? {
        if rows[name] != nil { return name }
        let lowered = name.lowercased()
        return rows[lowered] == nil ? capitalized[lowered]?.least : lowered
    }

    private mutating func noteCapitals(of name: String) {
        guard name.utf8.contains(where: { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }) else { return }
        let lowered = name.lowercased()
        if rows[name] != nil {
            capitalized[lowered, default: Spellings(least: name)].insert(name)
        } else if capitalized[lowered]?.remove(name) == true {
            capitalized[lowered] = nil
        }
    }
}

extension NameTable: Sequence {
    package func makeIterator() -> AnyIterator<(key: String, value: Value)> { rows.makeIterator() }
}

/// Names that differ in case alone.
private struct Spellings: Sendable {
    private(set) var least: String
    private var names = KeySet<String>()

    init(least: String) {
        self.least = least
    }

    mutating func insert(_ name: String) {
        names.insert(name)
        least = Swift.min(least, name)
    }

    /// Looks at all names only when the least of them goes.
    ///
    /// - Returns: whether none is left.
    mutating func remove(_ name: String) -> Bool {
        names.remove(name)
        if name == least, let next = names.min() { least = next }
        return names.isEmpty
    }
}
