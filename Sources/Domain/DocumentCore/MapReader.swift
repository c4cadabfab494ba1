/// What to do with keys that nobody asked for.
package enum UnknownKeys: Sendable {
    /// Consul's rule for config entries and definitions in files.
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
///
/// `MapReader.shape` runs a decoder to learn which keys it asks for, and so a decoder asks for all its keys every
/// time, whatever their values are.
package struct MapReader {
    package let members: [DocumentMember]
    package let position: DocumentPosition
    package let path: DocumentPath
    package let collector: ProblemCollector
    /// Stands before what Consul says of anything in this map: `error in upstream defaults: `.
    package var context: String
    let unknown: UnknownKeys
    /// Notes what is asked for, while a shape is learned; nil while a document is read.
    let recorder: ShapeRecorder?
    /// Where this map's keys start in `collector.known`.
    private let firstKnown: Int
    /// Bits of the members that were asked for; further ones are in `takenBeyond`.
    private var taken: UInt64 = 0
    private var takenBeyond: Set<Int> = []
    private var takesAll = false

    /// Reads a whole document, which must be a map.
    package static func read<Result>(
        _ document: Document, unknown: UnknownKeys = .refuse, path: DocumentPath = .root, context: String = "",
        into collector: ProblemCollector, _ body: (inout MapReader) -> Result?
    ) -> Result? {
        guard let map = document.unwrappedMap else {
            collector.problem(.wrongType, at: document.position, path: "\(path)", document.reasonAgainstMap)
            return nil
        }
        var reader = MapReader(
            map.members, at: map.position, path: path, context: context, unknown: unknown, into: collector)
        let result = body(&reader)
        reader.finish()
        return result
    }

    init(
        _ members: [DocumentMember], at position: DocumentPosition, path: DocumentPath, context: String = "",
        unknown: UnknownKeys, into collector: ProblemCollector, recorder: ShapeRecorder? = nil
    ) {
        self.members = members
        self.position = position
        self.path = path
        self.context = context
        self.unknown = unknown
        self.collector = collector
        self.recorder = recorder
        firstKnown = collector.known.count
    }

    // MARK: - Problems

    /// Reports that a required key is not there.
    package func missing(_ key: String, _ message: String) {
        collector.problem(.missing, at: position, path: "\(path.key(spelled(key)))", message)
    }

    /// Reports a rule of ours that this map breaks: at the value of the key if it is there, else at the map.
    package func invalid(_ key: String?, _ message: String) {
        problem(.invalid, key, message)
    }

    /// Reports a rule of Consul's that this map breaks, likewise.
    ///
    /// - Parameters:
    ///   - message: what to tell operators, who see the path before it.
    ///   - words: what Consul says behind the map's context, if it is something else.
    package func consulRefuses(_ key: String?, _ message: String, as words: String? = nil) {
        problem(.invalid, key, message, consulWords: context + (words ?? message))
    }

    /// Reports whatever is wrong with the value of a key, or with this map.
    package func problem(
        _ code: DocumentProblem.Code, _ key: String?, _ message: String, consulWords: String? = nil,
        suggestion: String? = nil
    ) {
        let place = place(of: key)
        collector.problem(
            code, at: place.position, path: place.path, message, consulWords: consulWords, suggestion: suggestion)
    }

    /// Where the value of a key stands; where the map does if it is not there.
    package func position(of key: String) -> DocumentPosition { place(of: key).position }

    /// A key that is not there, as it would be written beside those that are.
    private func spelled(_ key: String) -> String {
        KeySpelling(of: members.map(\.key))?.spell(key) ?? key
    }

    private func place(of key: String?) -> (position: DocumentPosition, path: String) {
        guard let key else { return (position, "\(path)") }
        let member = members.first { keysMatch($0.key, key) }
        return (member?.value.position ?? position, "\(path.key(member?.key ?? spelled(key)))")
    }
}

// MARK: - Matching

extension MapReader {
    /// The member of a key. Two spellings of one key in a map are a mistake: which would win?
    mutating func take(_ key: String, _ shape: @autoclosure () -> DocumentShape) -> DocumentMember? {
        if let recorder {
            recorder.note(key, shape())
            return nil
        }
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

    /// Everything that was not asked for yet, in its order; nothing is unknown afterwards.
    package mutating func rest() -> [DocumentMember] {
        takesAll = true
        recorder?.isOpen = true
        return members.indices.filter { !isTaken($0) }.map { members[$0] }
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
        for index in members.indices where !isTaken(index) && !collector.isFull(unknown) {
            reportUnknown(members[index])
        }
    }

    private func reportUnknown(_ member: DocumentMember) {
        let path = "\(path.key(member.key))"
        let suggestion = nearest(to: member.key, among: collector.known[firstKnown...]).map(spelled)
        let question = suggestion.map { "; did you mean `\($0)`?" } ?? ""
        guard unknown == .refuse else {
            collector.warning(at: member.keyPosition, path: path, "is not used by hawser\(question)")
            return
        }
        collector.problem(
            .unknownKey, at: member.keyPosition, path: path, "unknown key `\(shown(member.key))`\(question)",
            consulWords: "invalid config key \(quoted(path))", suggestion: suggestion)
    }
}

extension Document {
    /// The members of a map, or of the only item of a list, as the YAML of Consul's manual writes it.
    var unwrappedMap: (members: [DocumentMember], position: DocumentPosition)? {
        switch content {
        case .map(let members): return (members, position)
        case .list(let items):
            guard items.count == 1, case .map(let members) = items[0].content else { return nil }
            return (members, items[0].position)
        case .null, .bool, .integer, .number, .string: return nil
        }
    }

    /// Why this is no map, in the words of an error.
    var reasonAgainstMap: String {
        guard let items = list, items.count > 1, items.allSatisfy({ $0.map != nil }) else {
            return "must be a map, and \(kindInWords) stands here"
        }
        return "stands \(items.count == 2 ? "twice" : "\(items.count) times"); write one block"
    }
}
