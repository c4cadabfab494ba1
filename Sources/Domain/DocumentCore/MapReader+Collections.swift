extension MapReader {
    /// A list of strings; a single string counts as a list of one.
    package mutating func strings(_ key: String) -> [String]? {
        guard let member = take(key, .strings) else { return nil }
        return strings(member.value, path.key(member.key))
    }

    /// A map with free keys and string values, such as metadata.
    package mutating func stringMap(_ key: String) -> [String: String]? {
        freeMap(key, .stringMap, of: "strings") { $0.string($1, $2) }
    }

    /// A map with free keys and lists of strings as values, such as the fields of a header.
    package mutating func listMap(_ key: String) -> [String: [String]]? {
        freeMap(key, .listMap, of: "lists of strings") { $0.strings($1, $2) }
    }

    private func strings(_ value: Document, _ path: DocumentPath) -> [String]? {
        guard case .list(let items) = value.content else { return string(value, path).map { [$0] } }
        return items.enumerated().compactMap { string($1, path.index($0)) }
    }

    private mutating func freeMap<Value>(
        _ key: String, _ shape: DocumentShape, of values: String,
        _ read: (MapReader, Document, DocumentPath) -> Value?
    ) -> [String: Value]? {
        guard let member = take(key, shape) else { return nil }
        guard let map = member.value.unwrappedMap else {
            wrongType(member, "a map of \(values)")
            return nil
        }
        let path = path.key(member.key)
        var result: [String: Value] = Dictionary(minimumCapacity: map.members.count)
        for entry in map.members {
            if let value = read(self, entry.value, path.key(entry.key)) { result[entry.key] = value }
        }
        return result
    }

    /// A map with known keys; the closure reads it with a reader of its own.
    ///
    /// - Parameter context: what Consul says before each problem in it; nil for what it says before those of this map.
    package mutating func map<Result>(
        _ key: String, unknown: UnknownKeys? = nil, context: String? = nil, _ body: (inout MapReader) -> Result?
    ) -> Result? {
        let unknown = unknown ?? self.unknown
        guard let member = take(key, .map(.learned(unknown, body))) else { return nil }
        return Self.read(
            member.value, unknown: unknown, path: path.key(member.key), context: context ?? self.context,
            into: collector, body)
    }

    /// A list of maps with known keys, or a single one. Items for which the closure returns nil are left out.
    ///
    /// - Parameter context: what Consul says before each problem in the item of an index.
    package mutating func maps<Result>(
        _ key: String, unknown: UnknownKeys? = nil, context: ((Int) -> String)? = nil,
        _ body: (inout MapReader) -> Result?
    ) -> [Result]? {
        let unknown = unknown ?? self.unknown
        guard let member = take(key, .maps(.learned(unknown, body))) else { return nil }
        let path = path.key(member.key)
        guard case .list(let items) = member.value.content else {
            return Self.read(
                member.value, unknown: unknown, path: path, context: context?(0) ?? self.context, into: collector, body
            ).map { [$0] } ?? []
        }
        var results: [Result] = []
        results.reserveCapacity(items.count)
        for (index, item) in items.enumerated() {
            let result = Self.read(
                item, unknown: unknown, path: path.index(index), context: context?(index) ?? self.context,
                into: collector, body)
            if let result { results.append(result) }
        }
        return results
    }

    /// A map with free keys and maps with known keys as values, such as tagged addresses.
    package mutating func mapOfMaps<Result>(
        _ key: String, _ body: (inout MapReader) -> Result?
    ) -> [String: Result]? {
        let unknown = unknown
        guard let member = take(key, .mapOfMaps(.learned(unknown, body))) else { return nil }
        guard let map = member.value.unwrappedMap else {
            wrongType(member, "a map")
            return nil
        }
        let path = path.key(member.key)
        var result: [String: Result] = [:]
        for entry in map.members {
            let value = Self.read(
                entry.value, unknown: unknown, path: path.key(entry.key), context: context, into: collector, body)
            if let value { result[entry.key] = value }
        }
        return result
    }

    // MARK: - As it is

    /// A map that means something elsewhere only, and is kept as it was written.
    package mutating func opaqueMap(_ key: String) -> Document? {
        guard let member = take(key, .opaqueMap) else { return nil }
        guard let map = member.value.unwrappedMap else {
            collector.problem(
                .wrongType, at: member.value.position, path: "\(path.key(member.key))", member.value.reasonAgainstMap)
            return nil
        }
        return Document(.map(map.members), at: map.position)
    }

    /// A value that is decoded elsewhere, with its key; null counts as not there.
    ///
    /// - Parameter shape: what it looks like, for those who learn the shape of this map.
    package mutating func member(
        _ key: String, _ shape: @autoclosure () -> DocumentShape = .anything
    ) -> DocumentMember? {
        take(key, shape())
    }

    /// Keys that are accepted and mean nothing here.
    package mutating func ignore(_ keys: String...) {
        for key in keys { _ = take(key, .anything) }
    }
}
