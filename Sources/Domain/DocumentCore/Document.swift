/// A value of a configuration file, an HTTP body or a stored row, with the place it was read from.
///
/// Keys keep their order. Equality and hashing look at what is said, not at where it stands: two documents that
/// differ in positions only are equal, so that moving a definition in its file is no change of it.
package struct Document: Sendable {
    package enum Content: Hashable, Sendable {
        case null
        case bool(Bool)
        case integer(Int64)
        case number(Double)
        case string(String)
        case list([Document])
        case map([DocumentMember])
    }

    package var content: Content
    package var position: DocumentPosition

    package init(_ content: Content, at position: DocumentPosition = .none) {
        self.content = content
        self.position = position
    }
}

extension Document: Hashable {
    package static func == (left: Document, right: Document) -> Bool { left.content == right.content }
    package func hash(into hasher: inout Hasher) { hasher.combine(content) }
}

/// One key of a map and its value. Equality ignores positions, as that of `Document` does.
package struct DocumentMember: Sendable {
    package var key: String
    package var keyPosition: DocumentPosition
    package var value: Document

    package init(_ key: String, _ value: Document, at keyPosition: DocumentPosition = .none) {
        self.key = key
        self.keyPosition = keyPosition
        self.value = value
    }
}

extension DocumentMember: Hashable {
    package static func == (left: DocumentMember, right: DocumentMember) -> Bool {
        left.key == right.key && left.value == right.value
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(key)
        hasher.combine(value)
    }
}

/// A line and a column, both counted from 1; columns count Unicode scalars. Zero where no text was read.
package struct DocumentPosition: Hashable, Comparable, Sendable {
    package var line: UInt32
    package var column: UInt32

    package init(line: UInt32, column: UInt32) {
        self.line = line
        self.column = column
    }

    /// The position of a value that was made by code.
    package static let none = DocumentPosition(line: 0, column: 0)

    package static func < (left: DocumentPosition, right: DocumentPosition) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

extension DocumentPosition: CustomStringConvertible {
    package var description: String { "\(line):\(column)" }
}

extension Document {
    /// The value of a key as it is spelled, if this is a map that has it. For tests and small look-ups:
    /// a decoder uses `MapReader`.
    package subscript(key: String) -> Document? {
        guard case .map(let members) = content else { return nil }
        return members.first { $0.key == key }?.value
    }

    package var string: String? {
        guard case .string(let value) = content else { return nil }
        return value
    }

    package var list: [Document]? {
        guard case .list(let value) = content else { return nil }
        return value
    }

    package var map: [DocumentMember]? {
        guard case .map(let value) = content else { return nil }
        return value
    }

    /// What this value is, in the words of an error: `a string`, `a map`, ...
    package var kindInWords: String {
        switch content {
        case .null: "null"
        case .bool: "a boolean"
        case .integer: "an integer"
        case .number: "a number"
        case .string: "a string"
        case .list: "a list"
        case .map: "a map"
        }
    }
}

/// Why a text is no document. The first error ends the reading, as what follows it cannot be trusted.
package struct DocumentError: Error, Hashable, Sendable {
    package enum Code: String, Sendable {
        /// There is nothing but white space.
        case empty
        /// The text ends in the middle of a value.
        case truncated
        /// A character stands where it may not.
        case syntax
        /// The text is not UTF-8, or a `\u` escape is half of a pair.
        case encoding
        /// A number that no double can hold.
        case numberOutOfRange
        /// A key stands twice in one map.
        case duplicateKey
        /// Values are nested deeper than the limit.
        case tooDeep
        /// The text is longer than the limit, or grows beyond one when its references are followed.
        case tooLarge
        /// The text could not be fetched at all.
        case unreadable
    }

    package var code: Code
    package var position: DocumentPosition
    /// One sentence for people, without the position.
    package var message: String

    package init(_ code: Code, at position: DocumentPosition, _ message: String) {
        self.code = code
        self.position = position
        self.message = message
    }
}

extension DocumentError: CustomStringConvertible {
    package var description: String { "\(position): \(message)" }
}
