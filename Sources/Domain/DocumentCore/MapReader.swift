/// What to do with keys that nobody asked for.
package enum UnknownKeys: Sendable {
    /// Consul's rule for config entries and definitions in files: `invalid config key "x"`.
    case refuse
    /// The rule for the agent's own settings: a file that was written for Consul still starts.
    case warn
    /// Consul's rule for definitions that come over HTTP.
    case ignore
}

/// Takes typed values out of a map and reports everything that is wrong with them.
///
/// A key matches whatever its case and underscores: `PeerName`, `peer_name` and `peername` are one key, as in
/// Consul. A value is also accepted where the weak decoding of Consul would: a list of one map for a map, one value
/// for a list, `"8500"` for 8500, `"true"` for true, an integer for a string.
///
/// Each getter returns nil both when the key is not there (or null) and when its value is wrong; the latter has
/// been reported. Used through `MapReader.read` or the `map` and `maps` methods, which report unknown keys
/// when their closure is done.
package struct MapReader {
    package let members: [DocumentMember]
    package let position: DocumentPosition
    package let path: DocumentPath
    package let collector: ProblemCollector
    private let unknown: UnknownKeys
    /// Where this map's keys start in `collector.known`.
    private let firstKnown: Int
    /// Bits of the members that were asked for; further ones are in `takenBeyond`.
    private var taken: UInt64 = 0
    private var takenBeyond: Set<Int> = []
    private var takesAll = false

    /// Reads a whole document, which must be a map.
    package static func read<Result>(
        _ document: Document, unknown: UnknownKeys = .refuse, path: DocumentPath = .root,
        into collector: ProblemCollector, _ body: (inout MapReader) -> Result?
    ) -> Result? {
        guard let map = unwrapped(document) else {
            collector.problem(
                .wrongType, at: document.position, path: "\(path)",
                "must be a map, and \(document.kindInWords) stands here")
            return nil
        }
        var reader = MapReader(map.members, at: map.position, path: path, unknown: unknown, into: collector)
        let result = body(&reader)
        reader.finish()
        return result
    }

    private init(
        _ members: [DocumentMember], at position: DocumentPosition, path: DocumentPath, unknown: UnknownKeys,
        into collector: ProblemCollector
    ) {
        self.members = members
        self.position = position
        self.path = path
        self.unknown = unknown
        self.collector = collector
        firstKnown = collector.known.count
    }

    // MARK: - Scalars

    package mutating func string(_ key: String) -> String? {
        guard let member = take(key) else { return nil }
        return string(member.value, path.key(member.key))
    }

    package mutating func bool(_ key: String) -> Bool? {
        guard let member = take(key) else { return nil }
        switch member.value.content {
        case .bool(let value): return value
        case .integer(0), .string("0"), .string("false"), .string("False"), .string("FALSE"), .string("f"): return false
        case .integer(1), .string("1"), .string("true"), .string("True"), .string("TRUE"), .string("t"): return true
        default:
            wrongType(member, "true or false")
            return nil
        }
    }

    /// An integer inside a range.
    package mutating func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let member = take(key) else { return nil }
        guard let value = integer(member.value) else {
            wrongType(member, "an integer")
            return nil
        }
        guard range.contains(value) else {
            problem(.outOfRange, member, "must be between \(range.lowerBound) and \(range.upperBound), and is \(value)")
            return nil
        }
        return value
    }

    /// A duration as Go writes it; integers are nanoseconds, as in Consul.
    package mutating func duration(_ key: String) -> GoDuration? {
        guard let member = take(key) else { return nil }
        switch member.value.content {
        case .integer(let nanoseconds): return GoDuration(nanoseconds: nanoseconds)
        case .string(let text):
            if let value = GoDuration(text) { return value }
            problem(.wrongType, member, "must be a duration such as \"10s\" or \"1h30m\", and is \(quoted(text))")
        default:
            wrongType(member, "a duration such as \"10s\"")
        }
        return nil
    }

    // MARK: - Lists and maps

    /// A list of strings; a single string counts as a list of one.
    package mutating func strings(_ key: String) -> [String]? {
        guard let member = take(key) else { return nil }
        return strings(member.value, path.key(member.key))
    }

    /// A map with free keys and string values, such as metadata.
    package mutating func stringMap(_ key: String) -> [String: String]? {
        freeMap(key, of: "strings") { $0.string($1, $2) }
    }

    /// A map with free keys and lists of strings as values, such as the fields of a header.
    package mutating func listMap(_ key: String) -> [String: [String]]? {
        freeMap(key, of: "lists of strings") { $0.strings($1, $2) }
    }

    /// A map with known keys; the closure reads it with a reader of its own.
    package mutating func map<Result>(
        _ key: String, unknown: UnknownKeys? = nil, _ body: (inout MapReader) -> Result?
    ) -> Result? {
        guard let member = take(key) else { return nil }
        return Self.read(
            member.value, unknown: unknown ?? self.unknown, path: path.key(member.key), into: collector, body)
    }

    /// A list of maps with known keys, or a single one. Items for which the closure returns nil are left out.
    package mutating func maps<Result>(
        _ key: String, unknown: UnknownKeys? = nil, _ body: (inout MapReader) -> Result?
    ) -> [Result]? {
        guard let member = take(key) else { return nil }
        let path = path.key(member.key)
        let unknown = unknown ?? self.unknown
        guard case .list(let items) = member.value.content else {
            return Self.read(member.value, unknown: unknown, path: path, into: collector, body).map { [$0] } ?? []
        }
        var results: [Result] = []
        results.reserveCapacity(items.count)
        for (index, item) in items.enumerated() {
            let result = Self.read(item, unknown: unknown, path: path.index(index), into: collector, body)
            if let result { results.append(result) }
        }
        return results
    }

    /// A map with free keys and maps with known keys as values, such as tagged addresses.
    package mutating func mapOfMaps<Result>(
        _ key: String, _ body: (inout MapReader) -> Result?
    ) -> [String: Result]? {
        guard let member = take(key) else { return nil }
        guard let map = Self.unwrapped(member.value) else {
            wrongType(member, "a map")
            return nil
        }
        let path = path.key(member.key)
        var result: [String: Result] = [:]
        for entry in map.members {
            let value = Self.read(
                entry.value, unknown: unknown, path: path.key(entry.key), into: collector, body)
            if let value { result[entry.key] = value }
        }
        return result
    }

    // MARK: - As it is

    /// A value that is kept or decoded elsewhere, with its key; null counts as not there.
    package mutating func member(_ key: String) -> DocumentMember? { take(key) }

    /// Keys that are accepted and mean nothing here.
    package mutating func ignore(_ keys: String...) {
        for key in keys { _ = take(key) }
    }

    /// Everything that was not asked for yet, in its order; nothing is unknown afterwards.
    package mutating func rest() -> [DocumentMember] {
        takesAll = true
        return members.indices.filter { !isTaken($0) }.map { members[$0] }
    }

    // MARK: - Problems

    /// Reports that a required key is not there.
    package func missing(_ key: String, _ message: String) {
        collector.problem(.missing, at: position, path: "\(path.key(key))", message)
    }

    /// Reports a rule that this map breaks: at the value of the key if it is there, else at the map.
    package func invalid(_ key: String?, path: String? = nil, _ message: String) {
        let member = key.flatMap { key in members.first { keysMatch($0.key, key) } }
        let rendered = path ?? "\(member.map { self.path.key($0.key) } ?? key.map { self.path.key($0) } ?? self.path)"
        collector.problem(.invalid, at: member?.value.position ?? position, path: rendered, message)
    }
}

// MARK: - Matching

extension MapReader {
    /// The member of a key. Two spellings of one key in a map are a mistake: which would win?
    private mutating func take(_ key: String) -> DocumentMember? {
        collector.known.append(key)
        var found: Int?
        for index in members.indices where keysMatch(members[index].key, key) {
            markTaken(index)
            if let found {
                collector.problem(
                    .duplicate, at: members[index].keyPosition, path: "\(path.key(members[index].key))",
                    "is the same key as \(quoted(members[found].key)) at \(members[found].keyPosition)")
            } else {
                found = index
            }
        }
        guard let found, members[found].value.content != .null else { return nil }
        return members[found]
    }

    private mutating func markTaken(_ index: Int) {
        if index < 64 { taken |= 1 << UInt64(index) } else { takenBeyond.insert(index) }
    }

    private func isTaken(_ index: Int) -> Bool {
        index < 64 ? taken & 1 << UInt64(index) != 0 : takenBeyond.contains(index)
    }

    /// Reports the keys that nobody asked for.
    private func finish() {
        defer { collector.known.removeSubrange(firstKnown...) }
        guard !takesAll, unknown != .ignore else { return }
        for index in members.indices where !isTaken(index) {
            let member = members[index]
            let name = "\(path.key(member.key))"
            switch unknown {
            case .ignore: break
            case .warn: collector.warning(at: member.keyPosition, "\(name) is not used by hawser")
            case .refuse:
                var message = "invalid config key \(quoted(name))"
                if let near = nearest(to: member.key, among: collector.known[firstKnown...]) {
                    message += ", did you mean \(quoted(near))?"
                }
                collector.problem(.unknownKey, at: member.keyPosition, message)
            }
        }
    }

    // MARK: - Values

    private func string(_ value: Document, _ path: @autoclosure () -> DocumentPath) -> String? {
        switch value.content {
        case .string(let text): return text
        case .integer(let number): return String(number)
        case .bool, .number:
            collector.problem(
                .wrongType, at: value.position, path: "\(path())",
                "must be a string, and \(value.kindInWords) stands here: put it in quotes")
        case .null, .list, .map:
            collector.problem(
                .wrongType, at: value.position, path: "\(path())",
                "must be a string, and \(value.kindInWords) stands here")
        }
        return nil
    }

    private func strings(_ value: Document, _ path: DocumentPath) -> [String]? {
        guard case .list(let items) = value.content else { return string(value, path).map { [$0] } }
        return items.enumerated().compactMap { string($1, path.index($0)) }
    }

    private mutating func freeMap<Value>(
        _ key: String, of values: String, _ read: (MapReader, Document, DocumentPath) -> Value?
    ) -> [String: Value]? {
        guard let member = take(key) else { return nil }
        guard let map = Self.unwrapped(member.value) else {
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

    private func integer(_ value: Document) -> Int? {
        switch value.content {
        case .integer(let number): Int(exactly: number)
        case .number(let number): Int(exactly: number)
        case .string(let text): Int(text)
        case .null, .bool, .list, .map: nil
        }
    }

    /// The members of a map, or of the only item of a list, as HCL blocks and the YAML of Consul's manual write it.
    private static func unwrapped(_ value: Document) -> (members: [DocumentMember], position: DocumentPosition)? {
        switch value.content {
        case .map(let members): return (members, value.position)
        case .list(let items):
            guard items.count == 1, case .map(let members) = items[0].content else { return nil }
            return (members, items[0].position)
        case .null, .bool, .integer, .number, .string: return nil
        }
    }

    private func wrongType(_ member: DocumentMember, _ expected: String) {
        problem(.wrongType, member, "must be \(expected), and \(member.value.kindInWords) stands here")
    }

    private func problem(_ code: DocumentProblem.Code, _ member: DocumentMember, _ message: String) {
        collector.problem(code, at: member.value.position, path: "\(path.key(member.key))", message)
    }
}
