import CatalogCore
import HealthCore
import Testing

@Suite struct AliasTests {
    private let web = check("alias", of: "proxy", .alias(AliasTarget(serviceID: "web-1")))

    @Test func followsTheWorstOfItsTarget() throws {
        var harness = Harness(random: 0)
        // It was critical before: that is news of the output alone.
        #expect(harness.observe("proxy", instance("proxy", web)).isEmpty)
        let missing = "Service web-1 could not be found on node node-1"
        #expect(harness.schedule.output(of: key("alias", of: "proxy")) == missing)
        let found = harness.observe("web", instance("web-1"))
        #expect(found == [recorded("alias", of: "proxy", .passing, "No checks found.")])
        let worse = harness.observe("web", instance("web-1", check("a", tcp), check("w", nil, status: .warning)))
        #expect(worse == [recorded("alias", of: "proxy", .critical, "Aliased check \"a\" failing: ")])
        #expect(
            try harness.run(after: .zero, .passing) == [
                recorded("a", .passing), recorded("alias", of: "proxy", .warning, "Aliased check \"w\" failing: "),
            ])
        #expect(harness.observe("web") == [recorded("alias", of: "proxy", .critical, missing)])
    }

    @Test func theNodesOwnChecksCountForAll() {
        var harness = Harness()
        let ofNode = check("alias", of: "proxy", .alias(AliasTarget(node: "NODE-1")))
        _ = harness.observe("proxy", instance("proxy", ofNode))
        let bad = harness.observe("", instance("", check("disk", of: "", nil, output: "full")))
        #expect(bad == [recorded("alias", of: "proxy", .critical, "Aliased check \"disk\" failing: full")])
        let good = harness.observe("", instance("", check("disk", of: "", nil, status: .passing)))
        #expect(good == [recorded("alias", of: "proxy", .passing, "All checks passing.")])
        var other = Harness()
        let away = check("alias", of: "proxy", .alias(AliasTarget(node: "x")), status: .passing)
        #expect(
            other.observe("proxy", instance("proxy", away))
                == [recorded("alias", of: "proxy", .critical, "Node x could not be found")])
    }

    @Test func aRingOfAliasesComesToRest() {
        var harness = Harness()
        func link(_ from: String, _ to: String, _ status: HealthStatus) -> HealthObservation {
            instance(from, check("x", of: from, .alias(AliasTarget(serviceID: to)), status: status))
        }
        _ = harness.observe(
            "ring", link("a", "b", .critical), link("b", "c", .passing), link("c", "a", .passing))
        #expect(harness.schedule.ticked(now: .seconds(1)).isEmpty)
    }
}
