import DocumentCore

/// A piece of the text that is not white space.
struct HCLToken {
    enum Kind {
        /// A word without quotes: a key, a label, `true` or `false`.
        case name
        /// With its quotes.
        case string
        /// From `<<` to the end of the closing word.
        case heredoc
        /// All that is attached to a digit, whether it makes a number or not.
        case number
        case lineComment
        case blockComment
        case equals
        case comma
        case openBrace
        case closeBrace
        case openBracket
        case closeBracket
        /// The end of the text.
        case end
        /// A character that HCL has no use for.
        case other
        /// The lexer's `mistake` says what is wrong.
        case broken
    }

    var kind: Kind
    var range: Range<Int>
    var position: DocumentPosition
    /// Ends of lines between the token before and this one.
    var lineBreaks: Int

    var isComment: Bool { kind == .lineComment || kind == .blockComment }
    /// Whether it can be a key or a label.
    var isKey: Bool { kind == .name || kind == .string }
}

/// Cuts a text that is UTF-8 into tokens, one at a time.
struct HCLLexer {
    let text: [UInt8]
    var index: Int
    /// What is wrong with the last token that was `broken`.
    var mistake = HCLMistake(at: .none, "")
    /// The start of the last token.
    private(set) var place: HCLPlace

    init(_ text: [UInt8]) {
        self.text = text
        place = HCLPlace(startOf: text)
        index = place.index
    }

    /// The next token; `end` again and again after the last one.
    mutating func next() -> HCLToken {
        let lineBreaks = skipSpace()
        place.advance(to: index, in: text)
        let start = index
        let kind = scan()
        return HCLToken(kind: kind, range: start..<index, position: place.position, lineBreaks: lineBreaks)
    }

    /// The byte at a distance from the present one.
    func byte(_ distance: Int = 0) -> UInt8? {
        index + distance < text.count ? text[index + distance] : nil
    }

    /// Notes what is wrong at a byte of the present token.
    mutating func broken(at offset: Int, isFinal: Bool = false, _ message: String) -> HCLToken.Kind {
        var spot = place
        spot.advance(to: offset, in: text)
        mistake = HCLMistake(at: spot.position, message, isFinal: isFinal)
        return .broken
    }

    /// To the line break that ends this line, or the end of the text.
    mutating func skipLine() {
        while let byte = byte(), byte != UInt8(ascii: "\n") { index += 1 }
    }

    private mutating func skipSpace() -> Int {
        var lineBreaks = 0
        while let byte = byte() {
            switch byte {
            case UInt8(ascii: "\n"): lineBreaks += 1
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): break
            default: return lineBreaks
            }
            index += 1
        }
        return lineBreaks
    }

    private mutating func scan() -> HCLToken.Kind {
        guard let first = byte() else { return .end }
        switch first {
        case UInt8(ascii: "="): return take(.equals)
        case UInt8(ascii: ","): return take(.comma)
        case UInt8(ascii: "{"): return take(.openBrace)
        case UInt8(ascii: "}"): return take(.closeBrace)
        case UInt8(ascii: "["): return take(.openBracket)
        case UInt8(ascii: "]"): return take(.closeBracket)
        case UInt8(ascii: "\""): return string()
        case UInt8(ascii: "#"): return lineComment()
        case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "/"): return lineComment()
        case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "*"): return blockComment()
        case UInt8(ascii: "<") where byte(1) == UInt8(ascii: "<"): return heredoc()
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return number()
        case UInt8(ascii: "-") where byte(1).map(isDigit) ?? false: return number()
        case UInt8(ascii: ".") where byte(1).map(isDigit) ?? false: return number()
        default: return nameOrOther()
        }
    }

    private mutating func take(_ kind: HCLToken.Kind) -> HCLToken.Kind {
        index += 1
        return kind
    }

    private mutating func lineComment() -> HCLToken.Kind {
        skipLine()
        return .lineComment
    }

    private mutating func blockComment() -> HCLToken.Kind {
        let start = index
        index += 2
        while index + 1 < text.count {
            if text[index] == UInt8(ascii: "*"), text[index + 1] == UInt8(ascii: "/") {
                index += 2
                return .blockComment
            }
            index += 1
        }
        index = text.count
        return broken(at: start, isFinal: true, "this comment is not closed: */ is expected at its end")
    }

    /// A number with whatever is attached to it, such as the unit of `10s`: that it is none is told when it is read.
    private mutating func number() -> HCLToken.Kind {
        index += 1
        while let byte = byte() {
            guard isNameByte(byte) || byte == UInt8(ascii: "+") && text[index - 1] | 0x20 == UInt8(ascii: "e") else {
                break
            }
            index += 1
        }
        return .number
    }

    private mutating func nameOrOther() -> HCLToken.Kind {
        guard takeNameScalar(isFirst: true) else {
            index += 1
            while let byte = byte(), byte & 0xC0 == 0x80 { index += 1 }
            return .other
        }
        while takeNameScalar(isFirst: false) {}
        return .name
    }

    /// Steps over a letter or `_`, and after the first one also over digits, `-` and `.`.
    private mutating func takeNameScalar(isFirst: Bool) -> Bool {
        guard let byte = byte() else { return false }
        if byte < 0x80 {
            guard isFirst ? isNameStart(byte) : isNameByte(byte) else { return false }
            index += 1
            return true
        }
        var end = index + 1
        while end < text.count, text[end] & 0xC0 == 0x80 { end += 1 }
        let scalar = String(decoding: text[index..<end], as: UTF8.self).unicodeScalars.first
        switch scalar?.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: break
        case .decimalNumber where !isFirst: break
        default: return false
        }
        index = end
        return true
    }
}

func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

private func isNameStart(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte == UInt8(ascii: "_")
}

private func isNameByte(_ byte: UInt8) -> Bool {
    isNameStart(byte) || isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
}
