/// An IP address as a number.
package enum IPAddress: Hashable, Sendable {
    case v4(UInt32)
    case v6(UInt128)

    /// Reads the text of an address (RFC 1123 section 2.1, RFC 4291 section 2.2); nil for anything else, such as the
    /// name of a host. An address with a zone means nothing on other machines, and is none here.
    package init?(_ text: String) {
        let text = text.utf8
        guard text.count <= Self.maxTextBytes else { return nil }
        if text.contains(UInt8(ascii: ":")) {
            guard let value = Self.v6(text[...]) else { return nil }
            self = .v6(value)
        } else {
            guard let value = Self.v4(text[...]) else { return nil }
            self = .v4(value)
        }
    }

    private static let maxTextBytes = 45

    private static func v4(_ text: Substring.UTF8View) -> UInt32? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard part.count <= 3, let octet = number(part, radix: 10), octet <= UInt8.max else { return nil }
            value = value << 8 | octet
        }
        return value
    }

    private static func v6(_ text: Substring.UTF8View) -> UInt128? {
        guard let gap = doubleColon(in: text) else {
            guard let groups = groups(text, endsInV4: true), groups.count == 8 else { return nil }
            return value(groups)
        }
        let rest = text[text.index(gap, offsetBy: 2)...]
        guard let head = groups(text[..<gap], endsInV4: false), let tail = groups(rest, endsInV4: true),
            head.count + tail.count < 8
        else { return nil }
        return value(head + repeatElement(0, count: 8 - head.count - tail.count) + tail)
    }

    private static func doubleColon(in text: Substring.UTF8View) -> Substring.UTF8View.Index? {
        text.indices.first { index in text[index...].starts(with: "::".utf8) }
    }

    /// The numbers between colons. At the end of an address the last two may be an IPv4 one.
    private static func groups(_ text: Substring.UTF8View, endsInV4: Bool) -> [UInt32]? {
        if text.isEmpty { return [] }
        var groups: [UInt32] = []
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if endsInV4, index == parts.count - 1, let value = v4(part) {
                groups += [value >> 16, value & 0xFFFF]
            } else {
                guard part.count <= 4, let value = number(part, radix: 16) else { return nil }
                groups.append(value)
            }
        }
        return groups
    }

    private static func value(_ groups: [UInt32]) -> UInt128 {
        groups.reduce(0) { $0 << 16 | UInt128($1) }
    }

    /// Digits only: what reads numbers elsewhere takes a sign too.
    private static func number(_ text: Substring.UTF8View, radix: UInt32) -> UInt32? {
        var value: UInt32 = 0
        for byte in text {
            guard let digit = digit(byte), digit < radix else { return nil }
            value = value * radix + digit
        }
        return text.isEmpty ? nil : value
    }

    private static func digit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }

    // MARK: In names

    /// All digits in hexadecimal, as they stand in `<digits>.addr.<domain>`.
    package var hexadecimal: String {
        switch self {
        case .v4(let value): Self.hexadecimal(value)
        case .v6(let value): Self.hexadecimal(value)
        }
    }

    package init?(hexadecimal text: String) {
        let digits = text.utf8.compactMap(Self.digit)
        guard digits.count == text.utf8.count else { return nil }
        switch digits.count {
        case 8: self = .v4(digits.reduce(0) { $0 << 4 | $1 })
        case 32: self = .v6(digits.reduce(0) { $0 << 4 | UInt128($1) })
        default: return nil
        }
    }

    private static func hexadecimal(_ value: some FixedWidthInteger) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: type(of: value).bitWidth / 4 - digits.utf8.count) + digits
    }

    /// Reads the name that a PTR record is asked for under: `7.0.0.10.in-addr.arpa`, or a digit a label below
    /// `ip6.arpa` (RFC 3596 section 2.5).
    package init?(reverseName labels: [String]) {
        let digits = labels.dropLast(2).reversed()
        switch labels.suffix(2).map({ $0.lowercased() }) {
        case ["in-addr", "arpa"]:
            guard let value = Self.v4(digits.joined(separator: ".")[...].utf8) else { return nil }
            self = .v4(value)
        case ["ip6", "arpa"]:
            guard digits.count == 32, digits.allSatisfy({ $0.utf8.count == 1 }) else { return nil }
            self.init(hexadecimal: digits.joined())
        default:
            return nil
        }
    }
}
