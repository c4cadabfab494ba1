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

/// Cuts a filter's text into tokens, each with its place.
struct FilterLexer {
    private let characters: [Character]
    private var position = 0

    init(_ text: String) {
        characters = Array(text)
    }

    static func tokens(of text: String) throws(FilterError) -> [FilterToken] {
        var lexer = FilterLexer(text)
        var tokens: [FilterToken] = []
        repeat { tokens.append(try lexer.next()) } while tokens.last?.kind != .end
        return tokens
    }

    private var current: Character? { position < characters.count ? characters[position] : nil }

    private mutating func next() throws(FilterError) -> FilterToken {
        while let character = current, character.isWhitespace { position += 1 }
        let column = position + 1
        guard let character = current else { return FilterToken(kind: .end, column: column) }
        position += 1
        switch character {
        case "(": return FilterToken(kind: .open, column: column)
        case ")": return FilterToken(kind: .close, column: column)
        case "[": return FilterToken(kind: .openIndex, column: column)
        case "]": return FilterToken(kind: .closeIndex, column: column)
        case ".": return FilterToken(kind: .dot, column: column)
        case "=" where current == "=", "!" where current == "=":
            position += 1
            return FilterToken(kind: character == "=" ? .equal : .notEqual, column: column)
        case "\"": return FilterToken(kind: .text(try quoted(from: column)), column: column)
        case "`": return FilterToken(kind: .text(try raw(from: column)), column: column)
        case _ where Self.isWord(character):
            var word = String(character)
            while let next = current, Self.isWord(next) {
                word.append(next)
                position += 1
            }
            return FilterToken(kind: .word(word), column: column)
        default:
            throw FilterError(at: column, "\(character) may not stand here")
        }
    }

    /// Slashes and colons stand in words too: service names and metadata are written without quotes by many.
    private static func isWord(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || "_-/:".contains(character)
    }

    private mutating func quoted(from column: Int) throws(FilterError) -> String {
        var text = ""
        while let character = current {
            position += 1
            switch character {
            case "\"": return text
            case "\\":
                guard let escaped = current else { break }
                position += 1
                text.append(Self.escapes[escaped] ?? "\\\(escaped)")
            default: text.append(character)
            }
        }
        throw FilterError(at: column, "a text that starts here has no end")
    }

    /// Any other escape stays as it is written: it belongs to a pattern.
    private static let escapes: [Character: String] = ["\"": "\"", "\\": "\\", "n": "\n", "t": "\t", "r": "\r"]

    private mutating func raw(from column: Int) throws(FilterError) -> String {
        var text = ""
        while let character = current {
            position += 1
            if character == "`" { return text }
            text.append(character)
        }
        throw FilterError(at: column, "a text that starts here has no end")
    }
}
