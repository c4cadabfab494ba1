internal import CLinux

/// An IPv4 or IPv6 address and a TCP port, as a value. Names are resolved by whoever makes one.
package struct RelayAddress: Hashable, Sendable, CustomStringConvertible {
    /// The address in network order, in two halves; an IPv4 address is the low 32 bits of `low`.
    let high: UInt64
    let low: UInt64
    /// The interface of a link-local IPv6 address, 0 for others.
    let scope: UInt32
    package let isIPv4: Bool
    package let port: UInt16

    /// - Parameter bytes: four or sixteen of them, in network order. An IPv4-mapped IPv6 address becomes IPv4.
    package init?(bytes: [UInt8], port: UInt16, scope: UInt32 = 0) {
        func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        switch bytes.count {
        case 4: self.init(high: 0, low: number(bytes[...]), scope: 0, isIPv4: true, port: port)
        case 16:
            let (high, low) = (number(bytes[..<8]), number(bytes[8...]))
            let isMapped = high == 0 && low >> 32 == 0xFFFF
            self.init(
                high: high, low: isMapped ? low & 0xFFFF_FFFF : low, scope: isMapped ? 0 : scope, isIPv4: isMapped,
                port: port)
        default: return nil
        }
    }

    /// - Parameter ip: digits such as `127.0.0.1`, `::1` or `fe80::1%2`, without brackets.
    package init?(ip: String, port: UInt16) {
        let parts = ip.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        guard let digits = parts.first, let bytes = AddressText.parse(digits) else { return nil }
        var scope: UInt32 = 0
        if parts.count == 2 {
            guard bytes.count == 16, let number = UInt32(parts[1]) else { return nil }
            scope = number
        }
        self.init(bytes: bytes, port: port, scope: scope)
    }

    init(high: UInt64, low: UInt64, scope: UInt32, isIPv4: Bool, port: UInt16) {
        self.high = high
        self.low = low
        self.scope = scope
        self.isIPv4 = isIPv4
        self.port = port
    }

    /// Nil for address families other than IPv4 and IPv6.
    init?(_ raw: hawser_address) {
        guard raw.family == 4 || raw.family == 6 else { return nil }
        self.init(high: raw.high, low: raw.low, scope: raw.scope, isIPv4: raw.family == 4, port: raw.port)
    }

    var raw: hawser_address {
        hawser_address(high: high, low: low, scope: scope, port: port, family: isIPv4 ? 4 : 6)
    }

    /// The address in network order: four bytes or sixteen.
    package var bytes: [UInt8] {
        func bytes(_ number: UInt64) -> [UInt8] {
            stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> UInt64($0)) }
        }
        return isIPv4 ? Array(bytes(low).suffix(4)) : bytes(high) + bytes(low)
    }

    /// The address without the port, as digits.
    package var ip: String {
        let text = AddressText.print(bytes)
        return scope == 0 ? text : "\(text)%\(scope)"
    }

    package var description: String { isIPv4 ? "\(ip):\(port)" : "[\(ip)]:\(port)" }
}

/// Addresses as text: dotted IPv4, and IPv6 as RFC 4291 section 2.2 reads and RFC 5952 writes it.
enum AddressText {
    static func parse(_ text: Substring) -> [UInt8]? {
        text.contains(":") ? parseIPv6(text) : parseIPv4(text)
    }

    private static func parseIPv4(_ text: Substring) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            // A leading zero would mean octal to some readers: such digits are no address here.
            guard part.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), part.count == 1 || part.first != "0",
                let byte = UInt8(part)
            else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private static func parseIPv6(_ text: Substring) -> [UInt8]? {
        guard let gap = text.firstRange(of: "::") else {
            guard let bytes = groups(text), bytes.count == 16 else { return nil }
            return bytes
        }
        let (before, after) = (text[..<gap.lowerBound], text[gap.upperBound...])
        // An IPv4 address may only stand at the very end.
        guard !before.contains("."), let head = before.isEmpty ? [] : groups(before),
            let tail = after.isEmpty ? [] : groups(after), head.count + tail.count <= 14
        else { return nil }
        return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
    }

    private static func groups(_ text: Substring) -> [UInt8]? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var bytes: [UInt8] = []
        for (index, part) in parts.enumerated() {
            if index == parts.count - 1, part.contains(".") {
                guard let last = parseIPv4(part) else { return nil }
                bytes += last
            } else {
                guard (1...4).contains(part.count), part.first != "+", let group = UInt16(part, radix: 16) else {
                    return nil
                }
                bytes += [UInt8(group >> 8), UInt8(group & 0xFF)]
            }
        }
        return bytes.count <= 16 ? bytes : nil
    }

    static func print(_ bytes: [UInt8]) -> String {
        if bytes.count == 4 { return bytes.map(String.init).joined(separator: ".") }
        let groups = stride(from: 0, to: bytes.count - 1, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
        var gap = 0..<0
        var start: Int?
        for index in 0...groups.count {
            if index < groups.count, groups[index] == 0 {
                start = start ?? index
            } else if let first = start {
                if index - first > max(1, gap.count) { gap = first..<index }
                start = nil
            }
        }
        func text(_ groups: some Sequence<UInt16>) -> String {
            groups.map { String($0, radix: 16) }.joined(separator: ":")
        }
        return gap.isEmpty
            ? text(groups) : "\(text(groups[..<gap.lowerBound]))::\(text(groups[gap.upperBound...]))"
    }
}
