/// A moment of the wall clock, in nanoseconds since 1970-01-01T00:00:00Z.
package struct Timestamp: Hashable, Comparable, Sendable {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    package init(seconds: Int64) {
        self.nanoseconds = seconds &* 1_000_000_000
    }

    package var seconds: Int64 {
        nanoseconds >= 0 ? nanoseconds / 1_000_000_000 : (nanoseconds - 999_999_999) / 1_000_000_000
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.nanoseconds < right.nanoseconds }

    /// RFC 3339 in UTC with as many fractional digits as are needed, as Go's RFC3339Nano writes it.
    package var rfc3339: String {
        guard self != .zero else { return "0001-01-01T00:00:00Z" }
        let seconds = self.seconds
        let fraction = nanoseconds - seconds * 1_000_000_000
        let (date, time) = Self.calendar(seconds: seconds)
        var text = "\(pad(date.year, 4))-\(pad(date.month, 2))-\(pad(date.day, 2))"
        text += "T\(pad(time.hour, 2)):\(pad(time.minute, 2)):\(pad(time.second, 2))"
        if fraction != 0 {
            var digits = pad(Int(fraction), 9)
            while digits.last == "0" { digits.removeLast() }
            text += ".\(digits)"
        }
        return text + "Z"
    }

    /// Go's default text form, which Consul's CLI prints: `2025-01-02 03:04:05.678 +0000 UTC`.
    package var goText: String {
        var text = rfc3339
        text.removeLast()
        return text.replacingFirst("T", with: " ") + " +0000 UTC"
    }

    /// Reads RFC 3339 with `Z` and up to nine fractional digits, as `rfc3339` writes it, in the years that fit
    /// (1677 to 2262), and Go's zero time.
    package init?(rfc3339 text: String) {
        if text == Self.zero.rfc3339 {
            self = .zero
            return
        }
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.last == UInt8(ascii: "Z"), Self.hasSeparators(bytes) else { return nil }
        func number(_ range: Range<Int>) -> Int? { Self.number(bytes[range]) }
        guard let year = number(0..<4), let month = number(5..<7), (1...12).contains(month),
            let day = number(8..<10), (1...31).contains(day), let hour = number(11..<13), hour < 24,
            let minute = number(14..<16), minute < 60, let second = number(17..<19), second < 60,
            let fraction = Self.fraction(bytes[19..<(bytes.count - 1)])
        else { return nil }
        let days = Self.days(year: year, month: month, day: day)
        let seconds = Int64(days * 86_400 + hour * 3_600 + minute * 60 + second)
        let (nanoseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow, nanoseconds <= .max - 999_999_999 else { return nil }
        self.init(nanoseconds: nanoseconds + Int64(fraction))
    }

    private static func hasSeparators(_ bytes: [UInt8]) -> Bool {
        let expected: [(Int, UInt8)] = [(4, 0x2D), (7, 0x2D), (10, 0x54), (13, 0x3A), (16, 0x3A)]
        return expected.allSatisfy { bytes[$0.0] == $0.1 }
    }

    /// Digits alone: no sign, no space.
    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        var value = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return value
    }

    /// Nanoseconds of `.123`, or zero for nothing.
    private static func fraction(_ text: ArraySlice<UInt8>) -> Int? {
        guard let first = text.first else { return 0 }
        let digits = text.dropFirst()
        guard first == UInt8(ascii: "."), (1...9).contains(digits.count), var value = number(digits) else { return nil }
        for _ in digits.count..<9 { value *= 10 }
        return value
    }

    // The civil calendar from days since 1970-01-01, in eras of 400 years that begin on 1 March.

    private static func days(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private static func calendar(
        seconds: Int64
    ) -> (date: (year: Int, month: Int, day: Int), time: (hour: Int, minute: Int, second: Int)) {
        let days = Int(seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400)
        let rest = Int(seconds) - days * 86_400
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthIndex + 2) / 5 + 1
        let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return ((year, month, day), (rest / 3_600, rest / 60 % 60, rest % 60))
    }

    /// The moment that Go's zero time means: nothing has happened yet.
    package static let zero = Timestamp(nanoseconds: .min)
}

private func pad(_ value: Int, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

extension String {
    fileprivate func replacingFirst(_ character: Character, with replacement: String) -> String {
        guard let index = firstIndex(of: character) else { return self }
        return self[..<index] + replacement + self[self.index(after: index)...]
    }
}
