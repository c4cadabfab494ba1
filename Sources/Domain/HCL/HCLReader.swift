package import DocumentCore

/// Reads HCL 1, the language of Consul's agent files, config entries and ACL rules, into documents with positions.
///
///     service {                     {"service": {"name": "web", "tags": ["a", "b"], "meta": {"k": "v"}}}
///       name = "web"
///       tags = ["a", "b"]
///       meta { k = "v" }
///     }
///
/// A block is a map, and so is `key = { ... }`; several of one name become a list of maps, in their order. Blocks with
/// labels become maps in maps, and those of one name are merged: `service "a" {}` and `service "b" {}` are
/// `{"service": {"a": {}, "b": {}}}`. What Consul would let pass and cannot be meant is refused: an attribute that
/// stands twice, the same name with the same label twice, a name once with and once without labels. Labels stand on
/// the line of their key. `${...}` stays as it is written. An empty text is an empty map.
///
/// Pure computation, on any thread; memory and time grow linearly with the text.
package enum HCLReader {
    /// Syntax errors reported of one text. Someone who mends twenty will look at the rest anew.
    package static let maxSyntaxErrors = 20

    /// - Parameters:
    ///   - text: the bytes of a file, with or without a byte order mark.
    ///   - file: the name to report problems under.
    /// - Returns: a map.
    /// - Throws: everything that is wrong, in the order of the text. After a syntax error reading goes on with the
    ///   next line of the same block where it is safe to tell which one that is, and ends otherwise.
    package static func read(
        _ text: [UInt8], file: String? = nil, limits: DocumentLimits = DocumentLimits()
    ) throws(DocumentProblems) -> Document {
        let collector = ProblemCollector(file: file)
        if let mistake = mistake(in: text, limits) {
            collector.problem(.unreadable, at: mistake.position, mistake.message)
            return try collector.check(nil)
        }
        var parser = HCLParser(text, maxDepth: limits.maxDepth, collector: collector)
        let document = parser.document()
        if let document, let place = firstPlace(in: document, below: limits.maxDepth) {
            collector.problem(
                .unreadable, at: place,
                "maps and lists are nested more than \(limits.maxDepth) deep: several blocks of one name make a list")
        }
        return try collector.check(document)
    }

    /// The first map or list that is deeper inside than a number of levels. The parser bounds the nesting of the text;
    /// the lists of repeated blocks come on top of that.
    private static func firstPlace(in document: Document, below levels: Int) -> DocumentPosition? {
        let values: [Document]
        switch document.content {
        case .null, .bool, .integer, .number, .string: return nil
        case .list(let items): values = items
        case .map(let members): values = members.map(\.value)
        }
        guard levels > 0 else { return document.position }
        for value in values {
            if let place = firstPlace(in: value, below: levels - 1) { return place }
        }
        return nil
    }

    /// What is wrong with the text as a whole.
    private static func mistake(in text: [UInt8], _ limits: DocumentLimits) -> HCLMistake? {
        var place = HCLPlace(startOf: text)
        guard text.count <= limits.maxBytes else {
            return HCLMistake(
                at: place.position, "the text has \(text.count) bytes, and at most \(limits.maxBytes) are accepted")
        }
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: text.span)
        } catch {
            place.advance(to: error.byteOffsets.lowerBound, in: text)
            return HCLMistake(at: place.position, "the text is not UTF-8: this byte is part of no character")
        }
        guard let null = text.firstIndex(of: 0) else { return nil }
        place.advance(to: null, in: text)
        return HCLMistake(at: place.position, "a NUL character stands here: the file is no text")
    }
}

/// Something that is wrong in a text.
struct HCLMistake: Error {
    var position: DocumentPosition
    var message: String
    /// Whether it is unknown what the text after it belongs to, so that reading has to end.
    var isFinal: Bool

    init(at position: DocumentPosition, _ message: String, isFinal: Bool = false) {
        self.position = position
        self.message = message
        self.isFinal = isFinal
    }
}

/// A byte of the text with its line and column. It moves forward only, over each byte once.
struct HCLPlace {
    private(set) var index: Int
    private(set) var position = DocumentPosition(line: 1, column: 1)

    /// Past a byte order mark.
    init(startOf text: [UInt8]) {
        index = text.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    }

    /// The start of a token.
    init(of token: HCLToken) {
        index = token.range.lowerBound
        position = token.position
    }

    mutating func advance(to end: Int, in text: [UInt8]) {
        while index < end {
            let byte = text[index]
            if byte == UInt8(ascii: "\n") {
                position.line &+= 1
                position.column = 1
            } else if byte & 0xC0 != 0x80 {
                position.column &+= 1
            }
            index += 1
        }
    }
}
