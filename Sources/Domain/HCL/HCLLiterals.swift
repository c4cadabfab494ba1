import DocumentCore

/// What strings, heredocs and numbers mean.
enum HCLLiterals {
    /// The text between the quotes of a string token, its escapes replaced.
    static func string(_ token: HCLToken, in text: [UInt8]) throws(HCLMistake) -> String {
        let range = token.range.lowerBound + 1..<token.range.upperBound - 1
        guard text[range].contains(UInt8(ascii: "\\")) else { return String(decoding: text[range], as: UTF8.self) }
        var reader = EscapeReader(text: text, index: range.lowerBound, end: range.upperBound)
        do throws(EscapeReader.Problem) {
            return try reader.read()
        } catch {
            var place = HCLPlace(of: token)
            place.advance(to: error.offset, in: text)
            throw HCLMistake(at: place.position, error.message)
        }
    }

    /// The lines of a heredoc, with the line break of the last one. Those of `<<-` lose the indentation of the closing
    /// word if all of them have it, empty ones included, and keep theirs otherwise.
    static func heredoc(_ token: HCLToken, in text: [UInt8]) -> String {
        let word = HCLHeredoc.anchor(in: text, from: token.range.lowerBound)
        guard let first = text[word.upperBound...].firstIndex(of: UInt8(ascii: "\n")).map({ $0 + 1 }) else { return "" }
        let wordStart = token.range.upperBound - word.count
        guard text[word.lowerBound - 1] == UInt8(ascii: "-") else {
            return String(decoding: text[first..<wordStart], as: UTF8.self)
        }
        let end = text[first..<wordStart].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? first
        let indentation = text[end..<wordStart]
        let content = text[first..<end]
        guard !indentation.isEmpty, !content.isEmpty else { return String(decoding: content, as: UTF8.self) }
        let lines = content.dropLast().split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.allSatisfy({ $0.starts(with: indentation) }) else {
            return String(decoding: content, as: UTF8.self)
        }
        var unindented: [UInt8] = []
        for line in lines {
            unindented += line.dropFirst(indentation.count)
            unindented.append(UInt8(ascii: "\n"))
        }
        return String(decoding: unindented, as: UTF8.self)
    }

    /// Decimal, octal (`0644`) and hexadecimal integers of 64 bits, and numbers with a point or an exponent.
    static func number(_ token: HCLToken, in text: [UInt8]) throws(HCLMistake) -> Document.Content {
        let written = text[token.range]
        let isNegative = written.first == UInt8(ascii: "-")
        let magnitude = written.dropFirst(isNegative ? 1 : 0)
        if let (digits, radix) = integer(magnitude) {
            let signed = (isNegative ? "-" : "") + String(decoding: digits, as: UTF8.self)
            if let value = Int64(signed, radix: radix) { return .integer(value) }
            let isOctal = radix == 8 && digits.contains { $0 >= UInt8(ascii: "8") }
            throw refusal(
                token, in: text,
                isOctal
                    ? "is no number: the 0 in front makes it octal, so leave that out, or put quotes around it"
                    : "does not fit into 64 bits")
        }
        guard isFraction(magnitude) else {
            throw refusal(token, in: text, "is no number: put quotes around it")
        }
        guard let value = Double(String(decoding: written, as: UTF8.self)), value.isFinite else {
            throw refusal(token, in: text, "is too large for a number")
        }
        return .number(value)
    }

    private static func refusal(_ token: HCLToken, in text: [UInt8], _ reason: String) -> HCLMistake {
        HCLMistake(at: token.position, "\(quoted(String(decoding: text[token.range], as: UTF8.self))) \(reason)")
    }

    /// The digits of an integer and their base; nil if it is none. The digits 8 and 9 may stand in an octal one.
    private static func integer(_ magnitude: ArraySlice<UInt8>) -> (digits: ArraySlice<UInt8>, radix: Int)? {
        guard magnitude.first == UInt8(ascii: "0"), magnitude.count > 1 else {
            return magnitude.allSatisfy(isDigit) ? (magnitude, 10) : nil
        }
        let rest = magnitude.dropFirst()
        guard rest.first.map({ $0 | 0x20 }) == UInt8(ascii: "x") else {
            return rest.allSatisfy(isDigit) ? (rest, 8) : nil
        }
        let digits = rest.dropFirst()
        return !digits.isEmpty && digits.allSatisfy { hexadecimal($0) != nil } ? (digits, 16) : nil
    }

    /// Digits on at least one side of a point, and perhaps an exponent.
    private static func isFraction(_ magnitude: ArraySlice<UInt8>) -> Bool {
        var rest = magnitude.drop(while: isDigit)
        var digits = magnitude.count - rest.count
        if rest.first == UInt8(ascii: ".") {
            let decimals = rest.dropFirst().prefix(while: isDigit)
            digits += decimals.count
            rest = rest.dropFirst(decimals.count + 1)
        }
        guard digits > 0 else { return false }
        guard let mark = rest.first else { return true }
        var exponent = rest.dropFirst()
        if exponent.first == UInt8(ascii: "+") || exponent.first == UInt8(ascii: "-") {
            exponent = exponent.dropFirst()
        }
        return mark | 0x20 == UInt8(ascii: "e") && !exponent.isEmpty && exponent.allSatisfy(isDigit)
    }
}

/// Replaces the escapes of one string.
private struct EscapeReader {
    let text: [UInt8]
    var index: Int
    let end: Int
    private var bytes: [UInt8] = []

    struct Problem: Error {
        var offset: Int
        var message: String
    }

    init(text: [UInt8], index: Int, end: Int) {
        self.text = text
        self.index = index
        self.end = end
    }

    mutating func read() throws(Problem) -> String {
        let start = index
        while index < end {
            switch text[index] {
            case UInt8(ascii: "\\"):
                try escape()
            case UInt8(ascii: "$") where index + 1 < end && text[index + 1] == UInt8(ascii: "{"):
                let after = interpolationEnd(in: text, from: index, to: end) ?? end
                bytes += text[index..<after]
                index = after
            default:
                bytes.append(text[index])
                index += 1
            }
        }
        guard let string = String(validating: bytes, as: UTF8.self) else {
            throw Problem(offset: start - 1, message: "the escapes of this string make bytes that are not UTF-8")
        }
        return string
    }

    private mutating func escape() throws(Problem) {
        let letter = index + 1 < end ? text[index + 1] : 0
        switch letter {
        case UInt8(ascii: "a"): take(0x07)
        case UInt8(ascii: "b"): take(0x08)
        case UInt8(ascii: "f"): take(0x0C)
        case UInt8(ascii: "n"): take(0x0A)
        case UInt8(ascii: "r"): take(0x0D)
        case UInt8(ascii: "t"): take(0x09)
        case UInt8(ascii: "v"): take(0x0B)
        case UInt8(ascii: "\\"), UInt8(ascii: "\""): take(letter)
        case UInt8(ascii: "0")...UInt8(ascii: "7"): try byte(digits: 3, after: 1, radix: 8)
        case UInt8(ascii: "x"): try byte(digits: 2, after: 2, radix: 16)
        case UInt8(ascii: "u"): try scalar(digits: 4)
        case UInt8(ascii: "U"): try scalar(digits: 8)
        default:
            throw Problem(offset: index, message: "no escape begins like this: a backslash itself is written \\\\")
        }
    }

    private mutating func take(_ byte: UInt8) {
        bytes.append(byte)
        index += 2
    }

    private mutating func byte(digits: Int, after prefix: Int, radix: UInt32) throws(Problem) {
        let start = index
        guard let byte = UInt8(exactly: try value(digits: digits, after: prefix, radix: radix)) else {
            throw Problem(offset: start, message: "this escape is larger than a byte: the largest is \\377")
        }
        bytes.append(byte)
    }

    private mutating func scalar(digits: Int) throws(Problem) {
        let start = index
        guard let scalar = Unicode.Scalar(try value(digits: digits, after: 2, radix: 16)) else {
            throw Problem(offset: start, message: "this escape is no character of Unicode")
        }
        bytes += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
    }

    private mutating func value(digits: Int, after prefix: Int, radix: UInt32) throws(Problem) -> UInt32 {
        var value: UInt32 = 0
        for offset in index + prefix..<index + prefix + digits {
            guard offset < end, let digit = hexadecimal(text[offset]), digit < radix else {
                let kind = radix == 8 ? "octal" : "hexadecimal"
                throw Problem(offset: index, message: "\(digits) \(kind) digits are expected in this escape")
            }
            value = value &* radix &+ digit
        }
        index += prefix + digits
        return value
    }
}

private func hexadecimal(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
}
