/// Rows by name, which can also be found by a name in another case: DNS knows none.
package struct NameTable<Value: Sendable>: Sendable {
    private var rows = Table<String, Value>()
    /// The names with capital letters, by themselves without.
    private var capitalized = Table<String, Set<String>>()

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

    @discardableResult
    package mutating func removeValue(forKey name: String) -> Value? {
        defer { noteCapitals(of: name) }
        return rows.removeValue(forKey: name)
    }

    /// The name of a row as it is written there; nil if there is none in any case. One in the same case comes first.
    package func spelling(of name: String) -> String? {
        if rows[name] != nil { return name }
        let lowered = name.lowercased()
        return rows[lowered] == nil ? capitalized[lowered]?.min() : lowered
    }

    private mutating func noteCapitals(of name: String) {
        guard name.utf8.contains(where: { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }) else { return }
        let lowered = name.lowercased()
        var names = capitalized[lowered] ?? []
        if rows[name] == nil { names.remove(name) } else { names.insert(name) }
        capitalized[lowered] = names.isEmpty ? nil : names
    }
}

extension NameTable: Sequence {
    package func makeIterator() -> AnyIterator<(key: String, value: Value)> { rows.makeIterator() }
}
