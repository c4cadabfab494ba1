/// A piece of a filter's text.
struct FilterToken {
    enum Kind: Hashable {
        /// Letters, digits and `_-`: a keyword, a part of a selector, or a value without quotes.
        case word(String)
        case text(String)
        case equal, notEqual, open, close, dot, openIndex, closeIndex
        case end

        var inWords: String {
            switch self {
            case .word(let word): "\"\(word)\""
            case .text(let text): "the text \"\(text)\""
            case .equal: "=="
            case .notEqual: "!="
            case .open: "("
            case .close: ")"
            case .dot: "."
            case .openIndex: "["
            case .closeIndex: "]"
            case .end: "the end"
            }
        }
    }

    var kind: Kind
    var column: Int
}

/// Cuts a filter's text into tokens, each with its place. It looks at Unicode scalars: a quote is one whatever follows.
struct FilterLexer {
    private let scalars: [Unicode.Scalar]
    private var position = 0

    init(_ text: String) {
        scalars = Array(text.unicodeScalars)
    }

    static func tokens(of text: String) throws(FilterError) -> [FilterToken] {
        var lexer = FilterLexer(text)
        var tokens: [FilterToken] = []
        repeat { tokens.append(try lexer.next()) } while tokens.last?.kind != .end
        return tokens
    }

    private var current: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func next() throws(FilterError) -> FilterToken {
        while let scalar = current, scalar.properties.isWhitespace { position += 1 }
        let column = position + 1
        guard let scalar = current else { return FilterToken(kind: .end, column: column) }
        position += 1
        switch scalar {
        case "(": return FilterToken(kind: .open, column: column)
        case ")": return FilterToken(kind: .close, column: column)
        case "[": return FilterToken(kind: .openIndex, column: column)
        case "]": return FilterToken(kind: .closeIndex, column: column)
        case ".": return FilterToken(kind: .dot, column: column)
        case "=" where current == "=", "!" where current == "=":
            position += 1
            return FilterToken(kind: scalar == "=" ? .equal : .notEqual, column: column)
        case "\"": return FilterToken(kind: .text(try quoted(from: column)), column: column)
        case "`": return FilterToken(kind: .text(try raw(from: column)), column: column)
        case _ where Self.isWord(scalar):
            let end = scalars[position...].firstIndex { !Self.isWord($0) } ?? scalars.count
            defer { position = end }
            return FilterToken(kind: .word(text(scalars[(position - 1)..<end])), column: column)
        default:
            throw FilterError(at: column, "\(scalar) may not stand here")
        }
    }

    /// Slashes and colons stand in words too: service names and metadata are written without quotes by many.
    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "_", "-", "/", ":": true
        default: scalar.properties.isAlphabetic || scalar.properties.numericType != nil
        }
    }

    private func text(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text)
    }

    private mutating func quoted(from column: Int) throws(FilterError) -> String {
        var found: [Unicode.Scalar] = []
        while let scalar = current {
            position += 1
            switch scalar {
            case "\"": return text(found)
            case "\\":
                guard let escaped = current else { break }
                position += 1
                if let meant = Self.escapes[escaped] { found.append(meant) } else { found += [scalar, escaped] }
            default: found.append(scalar)
            }
        }
        throw FilterError(at: column, "a text that starts here has no end")
    }

    /// Any other escape stays as it is written: it belongs to a pattern.
    private static let escapes: [Unicode.Scalar: Unicode.Scalar] = [
        "\"": "\"", "\\": "\\", "n": "\n", "t": "\t", "r": "\r",
    ]

    private mutating func raw(from column: Int) throws(FilterError) -> String {
        guard let end = scalars[position...].firstIndex(of: "`") else {
            throw FilterError(at: column, "a text that starts here has no end")
        }
        defer { position = end + 1 }
        return text(scalars[position..<end])
    }
}
