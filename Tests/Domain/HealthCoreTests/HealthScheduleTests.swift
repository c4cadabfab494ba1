import CatalogCore
import HealthCore
import Synchronization
import Testing

@Suite struct HealthScheduleTests {
    @Test func firstRunsAfterARandomPartOfTheIntervalAndThenAfterEachInterval() throws {
        var harness = Harness(random: 0.25)
        #expect(harness.observe("web", instance("web-1", check("a", tcp))).isEmpty)
        #expect(harness.schedule.nextWakeUp == .seconds(2.5))
        #expect(harness.pass(.seconds(2)).isEmpty)
        let run = try #require(harness.pass(.seconds(0.5)).runs.first)
        #expect(harness.schedule.nextWakeUp == nil)
        // No second run while the first goes on, however long that is.
        #expect(harness.pass(.seconds(60)).isEmpty)
        #expect(harness.finish(run, .passing, "fine") == [recorded("a", .passing, "fine")])
        #expect(harness.pass(.seconds(9)).isEmpty)
        #expect(harness.pass(.seconds(1)).started == ["a"])
    }

    @Test func onlyNewsIsRecordedAndNewsOfTheOutputWaits() throws {
        var harness = Harness(random: 0)
        _ = harness.observe("web", instance("web-1", check("a", tcp)))
        #expect(try harness.run(after: .zero, .passing, "1") == [recorded("a", .passing, "1")])
        #expect(try harness.run(after: .seconds(10), .passing, "1").isEmpty)
        #expect(try harness.run(after: .seconds(10), .passing, "2").isEmpty)
        #expect(harness.schedule.output(of: key("a")) == "2")
        let run = try #require(harness.pass(.seconds(10)).runs.first)
        // Half of the interval, as chance is nought here.
        #expect(harness.pass(.seconds(140)) == [recorded("a", .passing, "2")])
        #expect(harness.finish(run, .critical, "2") == [recorded("a", .critical, "2")])
    }

    @Test func thresholdsCountResultsInARow() throws {
        var harness = Harness(random: 0)
        let slow = check("a", tcp, status: .passing) {
            $0.successBeforePassing = 2
            $0.failuresBeforeWarning = 2
            $0.failuresBeforeCritical = 3
        }
        _ = harness.observe("web", instance("web-1", slow))
        #expect(try harness.run(after: .zero, .critical).isEmpty)
        #expect(try harness.run(after: .seconds(10), .critical) == [recorded("a", .warning)])
        #expect(try harness.run(after: .seconds(10), .critical) == [recorded("a", .critical)])
        #expect(try harness.run(after: .seconds(10), .passing).isEmpty)
        #expect(try harness.run(after: .seconds(10), .critical).isEmpty)
        #expect(try harness.run(after: .seconds(10), .passing).isEmpty)
        #expect(try harness.run(after: .seconds(10), .passing) == [recorded("a", .passing)])
    }

    @Test func atMostSoManyRunAtOnceInTheOrderOfTheirTime() throws {
        var limits = HealthLimits()
        limits.maxRunning = 2
        var harness = Harness(random: 0, limits: limits)
        let checks = (0..<5).map { check("c\($0)", tcp) }
        var actions = harness.observe("web", .instance(serviceID: "web-1", checks: checks))
        actions += harness.pass(.zero)
        var order = actions.started
        #expect(order.count == 2)
        var runs = actions.runs
        while let run = runs.first {
            let next = harness.finish(run, .passing)
            order += next.started
            runs = Array(runs.dropFirst()) + next.runs
        }
        #expect(order.sorted() == ["c0", "c1", "c2", "c3", "c4"])
    }

    @Test func aCheckThatGoesIsCancelledAndFreesItsPlace() throws {
        var limits = HealthLimits()
        limits.maxRunning = 1
        var harness = Harness(random: 0, limits: limits)
        _ = harness.observe("web", instance("web-1", check("a", tcp)))
        let run = try #require(harness.pass(.zero).runs.first)
        _ = harness.observe("db", instance("db-1", check("b", of: "db-1", tcp)))
        #expect(harness.pass(.zero).isEmpty)
        let actions = harness.observe("web")
        #expect(actions.first == .cancelProbe(run) && actions.started == ["b"])
        #expect(harness.finish(run, .passing).isEmpty)
    }

    @Test func aDefinitionThatIsTheSameGoesOnAndAChangedOneStartsAnew() throws {
        var harness = Harness(random: 0)
        _ = harness.observe("web", instance("web-1", check("a", tcp)))
        _ = try harness.run(after: .zero, .passing, "fine")
        // What is on its way to the catalog is said again, in case it met another registration there.
        #expect(harness.observe("web", instance("web-1", check("a", tcp))) == [recorded("a", .passing, "fine")])
        #expect(
            harness.observe("web", instance("web-1", check("a", tcp, status: .passing, output: "fine"))).isEmpty)
        #expect(harness.pass(.zero).isEmpty)
        #expect(harness.observe("web", instance("web-1", check("a", tcp, interval: .seconds(5)))).isEmpty)
        #expect(harness.pass(.zero).started == ["a"])
    }

    @Test func aServiceThatMovesToAnotherNameStays() throws {
        var harness = Harness(random: 0)
        _ = harness.observe("web", instance("web-1", check("a", tcp)))
        _ = try harness.run(after: .zero, .passing)
        let same = check("a", tcp, status: .passing)
        #expect(harness.observe("shop", instance("web-1", same)).isEmpty)
        #expect(harness.observe("web").isEmpty)
        #expect(harness.pass(.seconds(10)).started == ["a"])
    }

    @Test func checksComeAndGoOneByOne() throws {
        var harness = Harness(random: 0)
        _ = harness.observe("web", instance("web-1", check("a", tcp)), instance("db-1", check("b", of: "db-1", tcp)))
        let first = try #require(harness.pass(.zero).runs.first)
        #expect(harness.schedule.observed([.check(key("c"), check("c", tcp))], now: .zero).isEmpty)
        #expect(harness.pass(.zero).started == ["c"])
        let gone = harness.schedule.observed([.checkGone(key("a")), .checkGone(key("none"))], now: .zero)
        #expect(gone == [.cancelProbe(first)])
        let stranger = check("d", of: "none", tcp)
        #expect(harness.schedule.observed([.check(key("d", of: "none"), stranger)], now: .zero).isEmpty)
        #expect(harness.pass(.seconds(60)).isEmpty)
    }

    @Test func aliasesSeeChecksThatComeAndGoOneByOne() {
        var harness = Harness()
        _ = harness.observe(
            "proxy", instance("proxy", check("x", of: "proxy", .alias(AliasTarget(serviceID: "web-1")))))
        _ = harness.observe("web", instance("web-1", check("a", nil, status: .passing)))
        let worse = harness.schedule.observed([.check(key("b"), check("b", nil, output: "bad"))], now: .zero)
        #expect(worse == [recorded("x", of: "proxy", .critical, "Aliased check \"b\" failing: bad")])
        let better = harness.schedule.observed([.checkGone(key("b"))], now: .zero)
        #expect(better == [recorded("x", of: "proxy", .passing, "All checks passing.")])
    }

    @Test func aServiceThatStaysCriticalIsDeregistered() throws {
        var harness = Harness(random: 0)
        let mortal = check("a", tcp, interval: .seconds(30)) { $0.deregisterAfter = .seconds(90) }
        _ = harness.observe("web", instance("web-1", mortal))
        #expect(try harness.run(after: .zero, .critical).isEmpty)
        _ = try harness.run(after: .seconds(30), .passing)
        _ = try harness.run(after: .seconds(30), .critical)
        for _ in 0..<2 { #expect(try harness.run(after: .seconds(30), .critical).isEmpty) }
        #expect(harness.pass(.seconds(30)).withoutRuns == [.deregisterService("web-1")])
        // It is asked for again while the service stays.
        #expect(harness.pass(.seconds(30)).withoutRuns == [.deregisterService("web-1")])
        _ = harness.observe("web")
        #expect(harness.pass(.seconds(300)).isEmpty)
    }

    @Test func tenThousandChecksSpreadOverTheInterval() {
        let drawn = Atomic(0)
        var schedule = HealthSchedule(node: "n") {
            Double(drawn.wrappingAdd(1, ordering: .relaxed).oldValue) / 10_000
        }
        for number in 0..<10_000 {
            let one = instance("s\(number)", check("c\(number)", of: "s\(number)", tcp))
            #expect(schedule.observed([one], now: .zero).isEmpty)
        }
        var started = 0
        for second in 1...10 {
            var runs = schedule.ticked(now: .seconds(second)).runs
            #expect(runs.count == 64)
            while let run = runs.popLast() {
                started += 1
                runs += schedule.probeFinished(run, ProbeOutcome(.passing, ""), now: .seconds(second)).runs
            }
            #expect(abs(started - second * 1_000) <= 1)
        }
    }

    @Test func servicesThatComeAndGoLeaveNothingBehind() {
        var harness = Harness(random: 0.5)
        for number in 0..<1_000 {
            _ = harness.observe("web", instance("web-1", check("a", tcp, interval: .seconds(3_600 + number))))
        }
        _ = harness.observe("web")
        #expect(harness.pass(.seconds(7_200)).isEmpty)
        #expect(harness.schedule.nextWakeUp == nil)
    }
}
