// Strings and doubles in the exact text of Go's encoding/json, which clients of Consul compare and sort.

private let hexadecimals = Array("0123456789abcdef".utf8)

/// Appends the text without its quotes. Escaped are the quote, the backslash, control characters, and what is not
/// safe inside HTML or JavaScript: `<`, `>`, `&`, U+2028 and U+2029.
func appendEscaped(_ text: String, to bytes: inout [UInt8]) {
    guard needsEscape(text) else {
        bytes.append(contentsOf: text.utf8)
        return
    }
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "\"")])
        case "\\": bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "\\")])
        case "\n": bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "n")])
        case "\r": bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "r")])
        case "\t": bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "t")])
        case "\u{8}": bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "b")])
        case "\u{C}": bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "f")])
        case "<", ">", "&", "\u{2028}", "\u{2029}", "\0"..<" ":
            bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "u")])
            for shift in [12, 8, 4, 0] {
                bytes.append(hexadecimals[Int(scalar.value >> UInt32(shift) & 0xF)])
            }
        default:
            bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        }
    }
}

private func needsEscape(_ text: String) -> Bool {
    for byte in text.utf8 {
        switch byte {
        case 0..<0x20, UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "<"), UInt8(ascii: ">"),
            UInt8(ascii: "&"), 0xE2:
            // 0xE2 starts U+2028 and U+2029, and much else: the slow path tells them apart.
            return true
        default: continue
        }
    }
    return false
}

/// The shortest text that reads back as the same double: plain digits from 1e-6 up to below 1e21, else an exponent
/// without leading zeros. `null` for what JSON cannot say.
func appendGoDouble(_ value: Double, to bytes: inout [UInt8]) {
    guard value.isFinite else {
        bytes.append(contentsOf: "null".utf8)
        return
    }
    if value.sign == .minus { bytes.append(UInt8(ascii: "-")) }
    guard value != 0 else {
        bytes.append(UInt8(ascii: "0"))
        return
    }
    let (digits, point) = shortestDigits(of: value.magnitude)
    if value.magnitude < 1e-6 || value.magnitude >= 1e21 {
        bytes.append(digits[0])
        if digits.count > 1 {
            bytes.append(UInt8(ascii: "."))
            bytes.append(contentsOf: digits[1...])
        }
        bytes.append(UInt8(ascii: "e"))
        bytes.append(contentsOf: (point > 0 ? "+\(point - 1)" : "\(point - 1)").utf8)
    } else if point <= 0 {
        bytes.append(contentsOf: "0.".utf8)
        bytes.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: -point))
        bytes.append(contentsOf: digits)
    } else if point >= digits.count {
        bytes.append(contentsOf: digits)
        bytes.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: point - digits.count))
    } else {
        bytes.append(contentsOf: digits[..<point])
        bytes.append(UInt8(ascii: "."))
        bytes.append(contentsOf: digits[point...])
    }
}

/// The significant digits of a positive double and where the decimal point stands in them: 0.012 is 12 with -1.
///
/// Swift's description has the same shortest digits as Go's; only its layout differs.
private func shortestDigits(of value: Double) -> (digits: [UInt8], point: Int) {
    var digits: [UInt8] = []
    var point: Int?
    var exponent = 0
    var text = value.description.utf8[...]
    if let mark = text.firstIndex(of: UInt8(ascii: "e")) {
        exponent = Int(Substring(text[text.index(after: mark)...])) ?? 0
        text = text[..<mark]
    }
    for byte in text {
        if byte == UInt8(ascii: ".") { point = digits.count } else { digits.append(byte) }
    }
    var place = (point ?? digits.count) + exponent
    let zeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
    digits.removeFirst(zeros)
    place -= zeros
    while digits.last == UInt8(ascii: "0") { digits.removeLast() }
    return (digits, place)
}
