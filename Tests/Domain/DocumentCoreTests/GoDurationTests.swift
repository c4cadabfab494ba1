import DocumentCore
import Testing

@Suite struct GoDurationTests {
    /// A text, its nanoseconds, and how Go prints them.
    @Test(arguments: [
        ("0", 0, "0s"), ("0s", 0, "0s"), ("10s", 10_000_000_000, "10s"), ("1h30m", 5_400_000_000_000, "1h30m0s"),
        ("150ms", 150_000_000, "150ms"), ("1.5s", 1_500_000_000, "1.5s"), (".5m", 30_000_000_000, "30s"),
        ("1m5.25s", 65_250_000_000, "1m5.25s"), ("90m", 5_400_000_000_000, "1h30m0s"), ("-5s", -5_000_000_000, "-5s"),
        ("+5s", 5_000_000_000, "5s"), ("1us", 1000, "1\u{B5}s"), ("1\u{B5}s", 1000, "1\u{B5}s"),
        ("1\u{3BC}s", 1000, "1\u{B5}s"),
        ("1500us", 1_500_000, "1.5ms"), ("7ns", 7, "7ns"), ("1.s", 1_000_000_000, "1s"),
        ("72h", 259_200_000_000_000, "72h0m0s"),
        ("0.3333333333333333333h", 1_200_000_000_000, "20m0s"),
        ("9223372036854775807ns", Int64.max, "2562047h47m16.854775807s"),
        ("-9223372036854775808ns", Int64.min, "-2562047h47m16.854775808s"),
    ])
    func readsAndPrintsAsGo(text: String, nanoseconds: Int64, printed: String) throws {
        let duration = try #require(GoDuration(text))
        // Sixteen decimals are kept of a fraction of an hour, which leaves less than a microsecond.
        #expect(abs(duration.nanoseconds.subtractingReportingOverflow(nanoseconds).partialValue) < 1000)
        #expect(GoDuration(nanoseconds: nanoseconds).description == printed)
        #expect(GoDuration(printed) == GoDuration(nanoseconds: nanoseconds))
    }

    @Test(arguments: [
        "", "-", "+", "10", "s", "1x", "1 s", "1s ", ".s", "1d", "1h-5m", "3000000h", "9223372036854775808ns",
        "99999999999999999999s", "1..5s", "0x1s", "1S",
    ])
    func refusesWhatGoRefuses(text: String) {
        #expect(GoDuration(text) == nil)
    }
}
