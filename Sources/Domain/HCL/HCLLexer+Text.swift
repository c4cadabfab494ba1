import DocumentCore

// Where strings and heredocs end.

extension HCLLexer {
    /// A quote inside `${...}` does not end a string, nor does the end of a line there.
    mutating func string() -> HCLToken.Kind {
        let start = index
        index += 1
        while let byte = byte() {
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                return .string
            case UInt8(ascii: "\n"):
                return unclosedString(start)
            case UInt8(ascii: "\\") where self.byte(1) != UInt8(ascii: "\n"):
                index += 2
            case UInt8(ascii: "$") where self.byte(1) == UInt8(ascii: "{"):
                guard let end = interpolationEnd(in: text, from: index) else { return unclosedInterpolation() }
                index = end
            default:
                index += 1
            }
        }
        index = text.count
        return unclosedString(start)
    }

    private mutating func unclosedString(_ start: Int) -> HCLToken.Kind {
        broken(at: start, "this string is not closed: a quote is expected before the end of the line")
    }

    /// If the string is closed on its line, the next line is outside of it.
    private mutating func unclosedInterpolation() -> HCLToken.Kind {
        let start = index
        skipLine()
        let isClosed = text[start..<index].contains(UInt8(ascii: "\""))
        return broken(at: start, isFinal: !isClosed, "\"${\" is not closed: \"}\" is expected in the same string")
    }

    /// The closing word stands alone on a line, indented or not.
    mutating func heredoc() -> HCLToken.Kind {
        let start = index
        let anchor = HCLHeredoc.anchor(in: text, from: start)
        index = anchor.upperBound
        if byte() == UInt8(ascii: "\r") { index += 1 }
        guard !anchor.isEmpty, byte() == UInt8(ascii: "\n") || byte() == nil else {
            skipLine()
            return broken(at: start, isFinal: true, "a word and the end of the line are expected after \"<<\"")
        }
        let word = text[anchor]
        while index < text.count {
            index += 1
            let line = index
            skipLine()
            if let end = HCLHeredoc.closing(word, in: text, line: line..<index) {
                index = end
                return .heredoc
            }
        }
        return broken(
            at: start, isFinal: true,
            "this heredoc is not closed: a line with \(quoted(String(decoding: word, as: UTF8.self))) and nothing else is expected"
        )
    }
}

/// The end of the `${...}` that begins at an offset, or nil if it has none. Braces inside it are counted.
func interpolationEnd(in text: [UInt8], from start: Int, to end: Int? = nil) -> Int? {
    let end = end ?? text.count
    var index = start + 2
    var braces = 1
    while index < end {
        switch text[index] {
        case UInt8(ascii: "{"): braces += 1
        case UInt8(ascii: "}"): braces -= 1
        case UInt8(ascii: "\\"): index += 1
        default: break
        }
        index += 1
        if braces == 0 { return index }
    }
    return nil
}

/// The shape of `<<WORD`, its lines and the `WORD` that ends it.
enum HCLHeredoc {
    /// The word after `<<` or `<<-`.
    static func anchor(in text: [UInt8], from start: Int) -> Range<Int> {
        var first = start + 2
        if first < text.count, text[first] == UInt8(ascii: "-") { first += 1 }
        var end = first
        while end < text.count, isWordByte(text[end]) { end += 1 }
        return first..<end
    }

    /// Where the closing word ends, if the line has it and nothing else.
    static func closing(_ word: ArraySlice<UInt8>, in text: [UInt8], line: Range<Int>) -> Int? {
        let start = line.lowerBound + text[line].prefix(while: isBlank).count
        let end = start + word.count
        guard end <= line.upperBound, text[start..<end] == word else { return nil }
        return text[end..<line.upperBound].allSatisfy { $0 == UInt8(ascii: "\r") } ? end : nil
    }

    static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte == UInt8(ascii: "_")
            || byte >= 0x80
    }
}
