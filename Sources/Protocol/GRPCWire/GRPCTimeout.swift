package import NIOCore

/// The grpc-timeout field (gRPC: PROTOCOL-HTTP2, "Timeout"): at most eight digits and a unit.
package enum GRPCTimeout {
    /// Longer ones are cut to this, so that adding one to the clock cannot overflow.
    package static let longest = TimeAmount.hours(24 * 365 * 100)

    private static let units: [(symbol: UInt8, nanoseconds: Int64)] = [
        (UInt8(ascii: "n"), 1), (UInt8(ascii: "u"), 1_000), (UInt8(ascii: "m"), 1_000_000),
        (UInt8(ascii: "S"), 1_000_000_000), (UInt8(ascii: "M"), 60_000_000_000), (UInt8(ascii: "H"), 3_600_000_000_000),
    ]

    /// - Returns: `nil` if the text is not a timeout.
    package static func parse(_ text: String) -> TimeAmount? {
        var bytes = Array(text.utf8)
        guard let symbol = bytes.popLast(), let unit = units.first(where: { $0.symbol == symbol }),
            (1...8).contains(bytes.count)
        else { return nil }
        var value: Int64 = 0
        for byte in bytes {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        let (nanoseconds, overflow) = value.multipliedReportingOverflow(by: unit.nanoseconds)
        return overflow ? longest : min(.nanoseconds(nanoseconds), longest)
    }

    /// The shortest unit that fits, rounded up: a server must not give up before the client does.
    package static func format(_ timeout: TimeAmount) -> String {
        let nanoseconds = max(0, min(timeout, longest).nanoseconds)
        for unit in units {
            let value = (nanoseconds + unit.nanoseconds - 1) / unit.nanoseconds
            if value <= 99_999_999 {
                return "\(value)\(Character(UnicodeScalar(unit.symbol)))"
            }
        }
        return "99999999H"
    }
}
