/// A span of time as Go reads and prints it: `10s`, `1h30m`, `150ms`. Sixty-four bits of nanoseconds.
package struct GoDuration: Hashable, Comparable, Sendable {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// Reads what Go's `time.ParseDuration` reads: an optional sign, then numbers each with a unit out of `ns`,
    /// `us`, `µs`, `ms`, `s`, `m` and `h`; `0` alone needs none. Nil for anything else and beyond 64 bits.
    package init?(_ text: String) {
        var rest = text.utf8[...]
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        if rest.elementsEqual("0".utf8) {
            self.init(nanoseconds: 0)
            return
        }
        guard !rest.isEmpty else { return nil }
        var total: UInt64 = 0
        while !rest.isEmpty {
            guard let part = Self.takePart(&rest) else { return nil }
            let (sum, overflow) = total.addingReportingOverflow(part)
            guard !overflow, sum <= Int64.min.magnitude else { return nil }
            total = sum
        }
        guard isNegative || total <= UInt64(Int64.max) else { return nil }
        self.init(nanoseconds: Int64(truncatingIfNeeded: isNegative ? 0 &- total : total))
    }

    package static func < (left: GoDuration, right: GoDuration) -> Bool { left.nanoseconds < right.nanoseconds }

    package var duration: Duration { .nanoseconds(nanoseconds) }

    /// - Parameter duration: cut to nanoseconds; beyond 64 bits, the longest.
    package init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
        nanoseconds = overflow || carry ? (seconds < 0 ? .min : .max) : sum
    }

    /// One number with its unit, in nanoseconds.
    private static func takePart(_ rest: inout Substring.UTF8View) -> UInt64? {
        var whole: UInt64 = 0
        let integer = takeDigits(&rest)
        for digit in integer {
            let (product, overflow) = whole.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            guard !overflow, !carry else { return nil }
            whole = sum
        }
        var fraction: [UInt8] = []
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            fraction = takeDigits(&rest)
        }
        guard !integer.isEmpty || !fraction.isEmpty else { return nil }
        let name = rest.prefix { $0 != UInt8(ascii: ".") && !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard let unit = units[String(Substring(name))] else { return nil }
        rest.removeFirst(name.count)
        let (product, overflow) = whole.multipliedReportingOverflow(by: unit)
        let (sum, carry) = product.addingReportingOverflow(Self.fraction(fraction, of: unit))
        return overflow || carry ? nil : sum
    }

    private static func takeDigits(_ rest: inout Substring.UTF8View) -> [UInt8] {
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        rest.removeFirst(digits.count)
        return digits.map { $0 - UInt8(ascii: "0") }
    }

    /// Decimals of a unit, cut to nanoseconds. Sixteen digits are beyond what an hour can show.
    private static func fraction(_ digits: [UInt8], of unit: UInt64) -> UInt64 {
        var value: UInt64 = 0
        var scale: UInt64 = 1
        for digit in digits.prefix(16) {
            value = value * 10 + UInt64(digit)
            scale *= 10
        }
        let (high, low) = value.multipliedFullWidth(by: unit)
        return scale.dividingFullWidth((high, low)).quotient
    }

    private static let units: [String: UInt64] = [
        "ns": 1, "us": 1000, "\u{B5}s": 1000, "\u{3BC}s": 1000, "ms": 1_000_000, "s": 1_000_000_000,
        "m": 60_000_000_000, "h": 3_600_000_000_000,
    ]
}

extension GoDuration: CustomStringConvertible {
    /// As Go prints it: `1h30m0s`, `1.5s`, `150ms`, `0s`.
    package var description: String {
        let sign = nanoseconds < 0 ? "-" : ""
        let magnitude = nanoseconds.magnitude
        switch magnitude {
        case 0: return "0s"
        case ..<1000: return "\(sign)\(magnitude)ns"
        case ..<1_000_000: return sign + Self.decimal(magnitude, 1000) + "\u{B5}s"
        case ..<1_000_000_000: return sign + Self.decimal(magnitude, 1_000_000) + "ms"
        default:
            let minutes = magnitude / 60_000_000_000
            let seconds = Self.decimal(magnitude % 60_000_000_000, 1_000_000_000) + "s"
            if minutes == 0 { return sign + seconds }
            if minutes < 60 { return "\(sign)\(minutes)m\(seconds)" }
            return "\(sign)\(minutes / 60)h\(minutes % 60)m\(seconds)"
        }
    }

    private static func decimal(_ value: UInt64, _ unit: UInt64) -> String {
        let rest = value % unit
        guard rest > 0 else { return "\(value / unit)" }
        var digits = String(rest + unit).dropFirst()
        while digits.last == "0" { digits.removeLast() }
        return "\(value / unit).\(digits)"
    }
}
