// Tokens of JSON: white space, strings and numbers, and the words of errors.

extension JSONParser {
    /// Steps over the bracket of a map or list.
    mutating func enter() throws(DocumentError) {
        guard depth < maxDepth else {
            throw fail(.tooDeep, "maps and lists are nested more than \(maxDepth) deep")
        }
        depth += 1
        index += 1
    }

    mutating func skipSpace() {
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
                index += 1
            case UInt8(ascii: "\n"):
                index += 1
                line &+= 1
                lineStart = index
            default:
                return
            }
        }
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    // MARK: - Strings

    mutating func string() throws(DocumentError) -> String {
        let quote = index
        index += 1
        let start = index
        var isASCII = true
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""):
                let end = index
                index += 1
                return isASCII
                    ? String(decoding: bytes[start..<end], as: UTF8.self) : try validated(start..<end, quote: quote)
            case UInt8(ascii: "\\"):
                return try stringWithEscapes(from: start)
            case 0..<0x20:
                throw fail(.syntax, "a line break or another control character stands in a string")
            default:
                if byte >= 0x80 { isASCII = false }
                index += 1
            }
        }
        throw truncated()
    }

    /// A string without escapes that has bytes beyond ASCII.
    private mutating func validated(_ range: Range<Int>, quote: Int) throws(DocumentError) -> String {
        guard let text = String(validating: bytes[range], as: UTF8.self) else {
            index = quote
            throw fail(.encoding, "this string is not UTF-8")
        }
        lineStart += bytes[range].count { $0 & 0xC0 == 0x80 }
        return text
    }

    private mutating func stringWithEscapes(from start: Int) throws(DocumentError) -> String {
        let quote = start - 1
        var text = Array(bytes[start..<index])
        var continuations = text.count { $0 & 0xC0 == 0x80 }
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else {
                    index = quote
                    throw fail(.encoding, "this string is not UTF-8")
                }
                index += 1
                lineStart += continuations
                return string
            case UInt8(ascii: "\\"):
                try escape(into: &text)
            case 0..<0x20:
                throw fail(.syntax, "a line break or another control character stands in a string")
            default:
                if byte & 0xC0 == 0x80 { continuations += 1 }
                text.append(byte)
                index += 1
            }
        }
        throw truncated()
    }

    private mutating func escape(into text: inout [UInt8]) throws(DocumentError) {
        guard index + 1 < bytes.count else { throw truncated() }
        switch bytes[index + 1] {
        case UInt8(ascii: "\""): text.append(UInt8(ascii: "\""))
        case UInt8(ascii: "\\"): text.append(UInt8(ascii: "\\"))
        case UInt8(ascii: "/"): text.append(UInt8(ascii: "/"))
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            text.append(contentsOf: UTF8.encode(try unicodeEscape()) ?? UTF8.encodedReplacementCharacter)
            return
        default:
            throw fail(.syntax, "an escape of this kind does not exist in JSON; a backslash itself is written \\\\")
        }
        index += 2
    }

    /// Reads `\uXXXX`, and the second half of a pair after a first one. `index` is at the backslash.
    private mutating func unicodeEscape() throws(DocumentError) -> Unicode.Scalar {
        let start = index
        let first = try hexadecimals()
        if let scalar = Unicode.Scalar(first) { return scalar }
        if first < 0xDC00, index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"),
            bytes[index + 1] == UInt8(ascii: "u")
        {
            let second = try hexadecimals()
            if (0xDC00..<0xE000).contains(second),
                let scalar = Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
            {
                return scalar
            }
        }
        index = start
        throw fail(.encoding, "this escape is half of a surrogate pair")
    }

    private mutating func hexadecimals() throws(DocumentError) -> UInt32 {
        var value: UInt32 = 0
        for place in index + 2..<index + 6 {
            guard place < bytes.count else { throw truncated() }
            guard let digit = Self.hexadecimal(bytes[place]) else {
                throw fail(.syntax, "four hexadecimal digits must follow \\u")
            }
            value = value << 4 | digit
        }
        index += 6
        return value
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }

    // MARK: - Numbers

    mutating func number() throws(DocumentError) -> Document.Content {
        let start = index
        let isNegative = take(UInt8(ascii: "-"))
        let firstDigit = index
        var magnitude: UInt64 = 0
        var overflowed = false
        while let digit = digit() {
            let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(digit)
            magnitude = sum
            overflowed = overflowed || overflow || carry
        }
        guard index > firstDigit else {
            if index == bytes.count { throw truncated() }
            throw fail(.syntax, "\(found()) stands where a digit is expected")
        }
        if bytes[firstDigit] == UInt8(ascii: "0"), index > firstDigit + 1 {
            index = start
            throw fail(.syntax, "a number may not start with 0")
        }
        let isFraction = try fractionAndExponent()
        // -0 is a double: no integer keeps its sign.
        if !isFraction, !overflowed, !(isNegative && magnitude == 0) {
            if !isNegative, magnitude <= UInt64(Int64.max) { return .integer(Int64(magnitude)) }
            if isNegative, magnitude <= Int64.min.magnitude {
                return .integer(Int64(truncatingIfNeeded: 0 &- magnitude))
            }
        }
        guard let value = Double(String(decoding: bytes[start..<index], as: UTF8.self)), value.isFinite else {
            index = start
            throw fail(.numberOutOfRange, "this number is too large")
        }
        return .number(value)
    }

    private mutating func fractionAndExponent() throws(DocumentError) -> Bool {
        var isFraction = false
        if take(UInt8(ascii: ".")) {
            isFraction = true
            try digits()
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isFraction = true
            _ = take(UInt8(ascii: "+")) || take(UInt8(ascii: "-"))
            try digits()
        }
        return isFraction
    }

    private mutating func digits() throws(DocumentError) {
        guard digit() != nil else {
            if index == bytes.count { throw truncated() }
            throw fail(.syntax, "\(found()) stands where a digit is expected")
        }
        while digit() != nil {}
    }

    private mutating func digit() -> UInt64? {
        guard index < bytes.count, case let byte = bytes[index], byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9")
        else { return nil }
        index += 1
        return UInt64(byte - UInt8(ascii: "0"))
    }

    // MARK: - Keys

    /// Refuses a key that stands twice. Small maps are compared pair by pair, large ones through a table, so that
    /// a text cannot make this quadratic.
    static func checkKeys(of members: [DocumentMember]) throws(DocumentError) {
        if members.count <= 16 {
            for later in members.indices.dropFirst() {
                for earlier in 0..<later where members[earlier].key == members[later].key {
                    throw duplicate(members[later], of: members[earlier])
                }
            }
            return
        }
        var seen: [String: Int] = Dictionary(minimumCapacity: members.count)
        for (offset, member) in members.enumerated() {
            if let earlier = seen.updateValue(offset, forKey: member.key) {
                throw duplicate(member, of: members[earlier])
            }
        }
    }

    private static func duplicate(_ later: DocumentMember, of earlier: DocumentMember) -> DocumentError {
        DocumentError(
            .duplicateKey, at: later.keyPosition,
            "the key \(quoted(later.key)) is already at \(earlier.keyPosition) of the same map")
    }

    // MARK: - Errors

    var here: DocumentPosition {
        DocumentPosition(line: line, column: UInt32(truncatingIfNeeded: index - lineStart + 1))
    }

    func fail(_ code: DocumentError.Code, _ message: String) -> DocumentError {
        DocumentError(code, at: place(of: index), message)
    }

    func truncated() -> DocumentError {
        DocumentError(.truncated, at: place(of: bytes.count), "the text ends in the middle of a value")
    }

    /// Counts the characters of the current line anew: `lineStart` does not know those of a string that is being read.
    private func place(of index: Int) -> DocumentPosition {
        let start = bytes[..<index].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? Self.textStart(bytes)
        let column = bytes[start..<index].count { $0 & 0xC0 != 0x80 } + 1
        return DocumentPosition(line: line, column: UInt32(truncatingIfNeeded: column))
    }

    /// The byte at `index` in words.
    func found() -> String {
        guard index < bytes.count else { return "the end of the text" }
        let byte = bytes[index]
        switch byte {
        case UInt8(ascii: "\""): return "a quote"
        case 0x21..<0x7F: return "\"\(Unicode.Scalar(byte))\""
        case 0x80...: return "a character beyond ASCII"
        default: return "a control character"
        }
    }
}
