/// What a reader accepts at most.
package struct DocumentLimits: Hashable, Sendable {
    /// Bytes of text. A document takes up to thirty times as much memory as its text (`[0,0,0...`), so callers
    /// that read from the network set this to what they expect. The default is that of configuration files.
    package var maxBytes: Int
    /// Maps and lists inside each other. Consul's deepest entries have about ten levels; reading is recursive,
    /// so this is also what protects the stack.
    package var maxDepth: Int

    package init(maxBytes: Int = 64 << 20, maxDepth: Int = 64) {
        self.maxBytes = maxBytes
        self.maxDepth = maxDepth
    }
}

/// Reads JSON text as RFC 8259 defines it, strictly: no comments, no trailing commas, no key twice in one map, no
/// invalid UTF-8, nothing after the value. A byte order mark in front is skipped (section 8.1 allows it).
///
/// Integers that fit `Int64` stay integers; larger ones become doubles. Pure computation, on any thread.
package enum JSONReader {
    package static func read(
        _ bytes: [UInt8], limits: DocumentLimits = DocumentLimits()
    ) throws(DocumentError) -> Document {
        guard bytes.count <= limits.maxBytes else {
            throw DocumentError(
                .tooLarge, at: DocumentPosition(line: 1, column: 1),
                "the text has \(bytes.count) bytes, and at most \(limits.maxBytes) are accepted")
        }
        var parser = JSONParser(bytes: bytes, maxDepth: limits.maxDepth)
        return try parser.document()
    }

    package static func read(
        _ text: String, limits: DocumentLimits = DocumentLimits()
    ) throws(DocumentError) -> Document {
        try read(Array(text.utf8), limits: limits)
    }
}

/// The recursive descent behind `JSONReader`: one pass over the bytes.
struct JSONParser {
    let bytes: [UInt8]
    let maxDepth: Int
    var index = 0
    var depth = 0
    var line: UInt32 = 1
    /// The index at which the current line starts, moved on by one for each continuation byte of UTF-8 seen in
    /// the line, so that `index - lineStart` counts Unicode scalars.
    var lineStart = 0

    init(bytes: [UInt8], maxDepth: Int) {
        self.bytes = bytes
        self.maxDepth = maxDepth
    }

    mutating func document() throws(DocumentError) -> Document {
        index = Self.textStart(bytes)
        lineStart = index
        skipSpace()
        guard index < bytes.count else { throw fail(.empty, "the text is empty") }
        let value = try value()
        skipSpace()
        guard index == bytes.count else {
            throw fail(.syntax, "\(found()) stands after the end of the document")
        }
        return value
    }

    /// Behind the byte order mark, if there is one.
    static func textStart(_ bytes: [UInt8]) -> Int { bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0 }

    // MARK: - Values

    private mutating func value() throws(DocumentError) -> Document {
        guard index < bytes.count else { throw truncated() }
        let position = here
        switch bytes[index] {
        case UInt8(ascii: "\""): return Document(.string(try string()), at: position)
        case UInt8(ascii: "{"): return Document(.map(try map()), at: position)
        case UInt8(ascii: "["): return Document(.list(try list()), at: position)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return Document(try number(), at: position)
        case UInt8(ascii: "t"): return Document(try word("true", .bool(true)), at: position)
        case UInt8(ascii: "f"): return Document(try word("false", .bool(false)), at: position)
        case UInt8(ascii: "n"): return Document(try word("null", .null), at: position)
        default: throw fail(.syntax, "\(found()) stands where a value is expected")
        }
    }

    private mutating func word(
        _ word: StaticString, _ content: Document.Content
    ) throws(DocumentError) -> Document.Content {
        let start = index
        for byte in word.description.utf8 {
            guard index < bytes.count else { throw truncated() }
            guard bytes[index] == byte else {
                index = start
                throw fail(.syntax, "a value is expected, and only true, false and null go without quotes")
            }
            index += 1
        }
        return content
    }

    private mutating func list() throws(DocumentError) -> [Document] {
        try enter()
        defer { depth -= 1 }
        var items: [Document] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return items }
        while true {
            items.append(try value())
            skipSpace()
            if take(UInt8(ascii: ",")) {
                skipSpace()
                if index < bytes.count, bytes[index] == UInt8(ascii: "]") {
                    throw fail(.syntax, "a comma may not stand before the end of a list")
                }
                continue
            }
            if take(UInt8(ascii: "]")) { return items }
            guard index < bytes.count else { throw truncated() }
            throw fail(.syntax, "\(found()) stands where \",\" or \"]\" is expected")
        }
    }

    private mutating func map() throws(DocumentError) -> [DocumentMember] {
        try enter()
        defer { depth -= 1 }
        var members: [DocumentMember] = []
        skipSpace()
        if take(UInt8(ascii: "}")) { return members }
        while true {
            guard index < bytes.count else { throw truncated() }
            guard bytes[index] == UInt8(ascii: "\"") else {
                throw fail(.syntax, "\(found()) stands where a key in quotes is expected")
            }
            let position = here
            let key = try string()
            skipSpace()
            guard take(UInt8(ascii: ":")) else {
                if index == bytes.count { throw truncated() }
                throw fail(.syntax, "\(found()) stands where \":\" is expected")
            }
            skipSpace()
            members.append(DocumentMember(key, try value(), at: position))
            skipSpace()
            if take(UInt8(ascii: ",")) {
                skipSpace()
                if index < bytes.count, bytes[index] == UInt8(ascii: "}") {
                    throw fail(.syntax, "a comma may not stand before the end of a map")
                }
                continue
            }
            if take(UInt8(ascii: "}")) {
                try Self.checkKeys(of: members)
                return members
            }
            guard index < bytes.count else { throw truncated() }
            throw fail(.syntax, "\(found()) stands where \",\" or \"}\" is expected")
        }
    }
}
