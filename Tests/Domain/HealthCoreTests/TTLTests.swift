import CatalogCore
import HealthCore
import Testing

@Suite struct TTLTests {
    private let ttl = CheckProbe.ttl(.seconds(30))

    @Test func isCriticalWhenNothingWasSaidForItsTime() {
        var harness = Harness()
        _ = harness.observe("web", instance("web-1", check("t", ttl, status: .passing)))
        #expect(harness.pass(.seconds(29)).isEmpty)
        #expect(harness.pass(.seconds(1)) == [recorded("t", .critical, "TTL expired")])
        #expect(harness.pass(.seconds(300)).isEmpty)
    }

    @Test func everyWordStartsTheTimeAnew() throws {
        var harness = Harness()
        _ = harness.observe("web", instance("web-1", check("t", ttl)))
        #expect(harness.hear(.passing, "ok", of: key("t")) == [recorded("t", .passing, "ok")])
        for _ in 0..<10 {
            #expect(harness.pass(.seconds(29)).isEmpty)
            #expect(harness.hear(.passing, "ok", of: key("t")) == [])
        }
        let expired = "TTL expired (last output before timeout follows): ok"
        #expect(harness.pass(.seconds(30)) == [recorded("t", .critical, expired)])
        #expect(harness.hear(.warning, "hm", of: key("t")) == [recorded("t", .warning, "hm")])
    }

    @Test func cutsWhatIsTooLong() throws {
        var harness = Harness()
        _ = harness.observe("web", instance("web-1", check("t", ttl) { $0.maxOutputBytes = 4 }))
        #expect(
            harness.hear(.passing, "123456", of: key("t"))
                == [recorded("t", .passing, "1234 ... (captured 4 of 6 bytes)")])
        // Not in the middle of a character.
        #expect(
            harness.hear(.critical, "123ä", of: key("t"))
                == [recorded("t", .critical, "123 ... (captured 4 of 5 bytes)")])
    }

    @Test func othersHaveNoTTL() {
        var harness = Harness()
        _ = harness.observe("web", instance("web-1", check("a", tcp), check("s", nil)))
        #expect(harness.hear(.passing, "", of: key("a")) == nil)
        #expect(harness.hear(.passing, "", of: key("s")) == nil)
        #expect(harness.hear(.passing, "", of: key("unknown")) == nil)
    }
}
