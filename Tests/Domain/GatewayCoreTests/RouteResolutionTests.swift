import PeeringCore
import Testing

@testable import GatewayCore

/// Drives a `RouteResolution` by hand, and keeps what it wanted done.
private struct Bench {
    var resolution: RouteResolution<String>
    private(set) var now: Duration = .zero
    /// What the router has.
    private(set) var shown: [String: [String]] = [:]
    /// Lookups that have been started and have not been answered.
    private(set) var open: [(number: UInt64, host: String)] = []
    /// Hosts of all lookups that were started, in order.
    private(set) var started: [String] = []
    private(set) var reports: [ResolutionReport] = []
    /// How often the router was told something.
    private(set) var changes = 0

    /// Hosts that begin with a digit are addresses.
    init(_ change: (inout ResolutionLimits) -> Void = { _ in }, chance: Double = 0) {
        var limits = ResolutionLimits()
        change(&limits)
        resolution = RouteResolution(
            limits: limits, literal: { $0.host.first?.isNumber == true ? $0.host : nil }, random: { chance })
    }

    mutating func announce(_ routes: KeyValuePairs<String, [String]>) {
        let table = RouteTable(
            routes.map { name, hosts in
                Route(pattern: pattern(name), upstreams: hosts.map { HostPort(host: $0, port: 1) })
            })
        perform(resolution.routesChanged(table, now: now))
    }

    mutating func answer(_ host: String, _ addresses: [String]) {
        guard let index = open.firstIndex(where: { $0.host == host }) else {
            Issue.record("\(host) is not being looked up")
            return
        }
        perform(resolution.lookupFinished(open.remove(at: index).number, addresses, now: now))
    }

    mutating func advance(to time: Duration) {
        now = time
        perform(resolution.ticked(now: now))
    }

    /// Goes on to the next time that the machine asked for.
    mutating func wake() {
        advance(to: resolution.nextWakeUp ?? now)
    }

    var hosts: [String] { open.map(\.host) }

    private mutating func perform(_ actions: [ResolutionAction<String>]) {
        for action in actions {
            switch action {
            case .replaceRoutes(let table, let addresses):
                #expect(Set(table.routes.map(\.pattern)) == Set(addresses.keys))
                shown = Dictionary(uniqueKeysWithValues: addresses.map { ($0.key.description, $0.value) })
                changes += 1
            case .updateRoute(let route, let addresses):
                shown[route.description] = addresses
                changes += 1
            case .lookUp(let number, let upstream):
                open.append((number, upstream.host))
                started.append(upstream.host)
            case .report(let report): reports.append(report)
            }
        }
    }
}

private func pattern(_ text: String) -> RoutePattern {
    RoutePattern(text)!
}

private func hosts(_ prefix: String, _ count: Int) -> [String] {
    (0..<count).map { "\(prefix)\($0)" }
}

@Suite struct RouteResolutionTests {
    // MARK: What the router is told

    @Test func addressesInDigitsCountAtOnce() {
        var bench = Bench()
        bench.announce(["a": ["slow", "10.0.0.1"], "b": ["10.0.0.2"]])
        #expect(bench.shown == ["a": ["10.0.0.1"], "b": ["10.0.0.2"]])
        #expect(bench.hosts == ["slow"])
        // While the name is still being looked up, others come and go.
        bench.announce(["a": ["slow", "10.0.0.1"], "c": ["10.0.0.3"]])
        #expect(bench.shown == ["a": ["10.0.0.1"], "c": ["10.0.0.3"]])
        #expect(bench.hosts == ["slow"])
    }

    @Test func eachAddressCountsAsSoonAsItIsKnown() {
        var bench = Bench()
        bench.announce(["a": ["x", "y", "10.0.0.1", "z"]])
        bench.answer("z", ["3"])
        #expect(bench.shown["a"] == ["10.0.0.1", "3"])
        // In the order of the upstreams, each once.
        bench.answer("x", ["1", "3"])
        #expect(bench.shown["a"] == ["1", "3", "10.0.0.1"])
        bench.answer("y", [])
        #expect(bench.shown["a"] == ["1", "3", "10.0.0.1"] && bench.changes == 3)
    }

    @Test func aNameKeepsItsAddressesWhileItIsLookedUpAgain() {
        var bench = Bench()
        bench.announce(["a": ["x"]])
        bench.answer("x", ["1", "2"])
        bench.advance(to: .milliseconds(9_999))
        #expect(bench.hosts == [])
        bench.advance(to: .seconds(10))
        #expect(bench.hosts == ["x"] && bench.shown["a"] == ["1", "2"])
        bench.answer("x", [])
        #expect(bench.shown["a"] == ["1", "2"])
        bench.wake()
        // The same in another order is no change.
        bench.answer("x", ["2", "1"])
        #expect(bench.shown["a"] == ["1", "2"] && bench.changes == 2)
        bench.wake()
        bench.answer("x", ["3"])
        #expect(bench.shown["a"] == ["3"] && bench.changes == 3)
    }

    @Test func otherRoutesDoNotDisturbWhatIsKnown() {
        var bench = Bench()
        bench.announce(["a": ["x"], "b": ["y"]])
        bench.answer("x", ["1"])
        bench.announce(["a": ["x", "10.0.0.1"], "c": ["z"]])
        #expect(bench.shown == ["a": ["1", "10.0.0.1"], "c": []])
        #expect(bench.hosts == ["y", "z"])
        // The same once more is nothing.
        bench.announce(["a": ["x", "10.0.0.1"], "c": ["z"]])
        #expect(bench.changes == 3)
        bench.announce([:])
        #expect(bench.shown == [:])
    }

    @Test func anAnswerForWhatIsGoneChangesNothing() {
        var bench = Bench()
        bench.announce(["a": ["x", "y"], "b": ["z"]])
        bench.announce(["a": ["y"]])
        let changes = bench.changes
        bench.answer("x", ["1"])
        bench.answer("z", ["2"])
        #expect(bench.shown == ["a": []] && bench.changes == changes)
        bench.answer("y", ["3"])
        #expect(bench.shown == ["a": ["3"]])
        #expect(bench.resolution.lookupFinished(99, ["4"], now: .zero) == [])
    }

    // MARK: Failures

    @Test(arguments: [(0.0, [1, 2, 4, 8, 16, 32, 60, 60]), (0.5, [0.75, 1.5, 3, 6, 12, 24, 45, 45])])
    func failuresBackOff(chance: Double, waits: [Double]) {
        var bench = Bench(chance: chance)
        bench.announce(["a": ["x"]])
        for wait in waits {
            let start = bench.now
            bench.answer("x", [])
            bench.wake()
            #expect(bench.now - start == .seconds(wait) && bench.hosts == ["x"])
        }
        bench.answer("x", ["1"])
        #expect(bench.resolution.nextWakeUp == bench.now + .seconds(10))
        bench.wake()
        let start = bench.now
        bench.answer("x", [])
        #expect(bench.resolution.nextWakeUp == start + .seconds(1 - 0.5 * chance))
    }

    @Test func aNameThatFailsIsNotLookedUpSoonerBecauseItIsAnnouncedAgain() {
        var bench = Bench()
        bench.announce(["a": ["x"]])
        bench.answer("x", [])
        bench.announce(["a": ["x", "10.0.0.1"]])
        #expect(bench.hosts == [])
    }

    // MARK: Side by side, and a share for each

    @Test func namesAreLookedUpSideBySideWithinTheBounds() {
        var bench = Bench {
            $0.running = 5
            $0.runningPerRoute = 2
        }
        bench.announce(["a": hosts("a", 9), "b": hosts("b", 9), "c": hosts("c", 9)])
        #expect(bench.hosts == ["a0", "b0", "c0", "a1", "b1"])
        // The place of one that ends goes to the route with the fewest, and of equals to the one that waits longest.
        bench.answer("a0", ["1"])
        #expect(bench.hosts == ["b0", "c0", "a1", "b1", "c1"])
        bench.answer("b0", [])
        bench.answer("b1", [])
        #expect(bench.hosts == ["c0", "a1", "c1", "a2", "b2"])
    }

    @Test func aPeerWithSlowNamesHoldsUpNobody() {
        var bench = Bench()
        bench.announce(["slow": hosts("slow", 1_000)])
        #expect(bench.hosts == ["slow0", "slow1", "slow2", "slow3"])
        bench.announce(["own": ["server", "10.0.0.1"], "slow": hosts("slow", 1_000)])
        #expect(bench.hosts.suffix(1) == ["server"] && bench.shown["own"] == ["10.0.0.1"])
        bench.answer("server", ["1"])
        #expect(bench.shown["own"] == ["1", "10.0.0.1"])
    }

    @Test func whenAllPlacesAreTakenTheNextOneIsOfWhoHasNone() {
        var bench = Bench()
        bench.announce(["p": hosts("p", 64), "q": hosts("q", 64), "r": hosts("r", 64), "s": hosts("s", 64)])
        #expect(bench.hosts.count == 16)
        bench.announce([
            "own": ["server"], "p": hosts("p", 64), "q": hosts("q", 64), "r": hosts("r", 64), "s": hosts("s", 64),
        ])
        bench.answer("q1", [])
        #expect(bench.hosts.last == "server" && bench.hosts.count == 16)
    }

    @Test func newNamesComeBeforeThoseThatAreLookedUpAgain() {
        var bench = Bench { $0.runningPerRoute = 1 }
        bench.announce(["a": ["x", "y"]])
        bench.answer("x", ["1"])
        bench.advance(to: .seconds(10))
        bench.announce(["a": ["x", "y", "z"]])
        bench.answer("y", ["2"])
        #expect(bench.hosts == ["z"])
        bench.answer("z", ["3"])
        #expect(bench.hosts == ["x"])
    }

    @Test func lookupsOfNamesThatAreGoneStillCount() {
        var bench = Bench()
        // A lookup cannot be stopped: other names all the time, or the route gone and back, get no further ones.
        for round in 0..<9 {
            bench.announce(["a": hosts("r\(round)-", 64)])
            bench.announce([:])
        }
        #expect(bench.hosts == hosts("r0-", 4))
        // A caller that comes back finds the lookup that runs.
        bench.announce(["a": ["r0-2", "x"]])
        #expect(bench.hosts == hosts("r0-", 4))
        bench.answer("r0-2", ["1"])
        #expect(bench.shown["a"] == ["1"] && bench.hosts.last == "x")
    }

    @Test func oneHostOfTwoRoutesIsLookedUpForEach() {
        var bench = Bench()
        bench.announce(["a": ["x"], "b": ["x"]])
        #expect(bench.hosts == ["x", "x"])
    }

    // MARK: What a peer may announce

    @Test func namesAndAddressesAreBoundedPerRoute() {
        var bench = Bench {
            $0.namesPerRoute = 3
            $0.addressesPerRoute = 4
            $0.addressesPerName = 2
        }
        bench.announce(["a": hosts("a", 5) + hosts("1", 9)])
        // Digits behind many names count all the same.
        #expect(bench.shown["a"] == hosts("1", 4))
        #expect(bench.hosts == hosts("a", 3))
        bench.answer("a0", ["x", "y", "z"])
        #expect(bench.shown["a"] == ["x", "y", "10", "11"])
        #expect(bench.reports == [.cut(pattern("a"), kept: 7, announced: 14)])
    }

    @Test func ifThereAreTooManyNamesEachRouteKeepsTheSameNumber() {
        var bench = Bench {
            $0.names = 6
            $0.running = 100
        }
        bench.announce(["a": hosts("a", 9), "b": ["b0"], "c": hosts("c", 3)])
        #expect(Set(bench.hosts) == ["a0", "a1", "b0", "c0", "c1"])
        // None is left without any, and what was left out is taken in when there is room.
        bench.announce([
            "a": hosts("a", 9), "b": ["b0"], "c": hosts("c", 3), "d": ["d0"], "e": ["e0"], "f": ["f0"], "g": ["g0"],
        ])
        #expect(bench.resolution.sizes.names == 7)
        bench.announce(["c": hosts("c", 3)])
        #expect(bench.resolution.sizes.names == 3)
    }

    @Test func whatIsNoNameIsNotLookedUp() {
        for host in ["", "a b", "a\0b", "a\n", "ä", String(repeating: "a", count: 256)] {
            var bench = Bench()
            bench.announce(["a": [host, "10.0.0.1"]])
            #expect(bench.hosts == [] && bench.shown["a"] == ["10.0.0.1"])
            #expect(bench.reports == [.cut(pattern("a"), kept: 1, announced: 2)])
        }
    }

    @Test func aPeerThatAnnouncesOtherNamesAllTheTimeIsSlowedDown() {
        var bench = Bench()
        var answers = 0
        for round in 0..<10 {
            bench.announce(["a": hosts("r\(round)-", 64)])
            while let host = bench.hosts.first, answers < 1_000 {
                bench.answer(host, [])
                answers += 1
            }
        }
        #expect(bench.started.count == 64)
        // Others are not.
        bench.announce(["a": hosts("r9-", 64), "b": ["x"]])
        #expect(bench.hosts == ["x"])
        bench.answer("x", ["1"])
        bench.advance(to: .milliseconds(125))
        #expect(bench.hosts.count == 1)
        bench.answer(bench.hosts[0], [])
        #expect(bench.hosts == [])
        bench.advance(to: .milliseconds(249))
        #expect(bench.hosts == [])
        bench.advance(to: .milliseconds(250))
        #expect(bench.hosts.count == 1)
    }

    @Test func aFullRouteIsResolvedOncePerLifetime() {
        var bench = Bench()
        bench.announce(["a": hosts("a", 64)])
        while bench.now < .seconds(60) {
            while let host = bench.hosts.first { bench.answer(host, ["1"]) }
            bench.wake()
        }
        // At second 0, 10, ... 60: the pace holds nobody up.
        #expect(bench.started.count >= 6 * 64)
    }

    @Test func timersOfWhatIsGoneDoNotPileUp() {
        var bench = Bench { $0.pace = .zero }
        for round in 0..<200 {
            bench.announce(["a": hosts("r\(round)-", 64)])
            while let host = bench.hosts.first { bench.answer(host, []) }
        }
        #expect(bench.started.count == 200 * 64 && bench.resolution.sizes.timers <= 3 * 64)
    }

    // MARK: Reports

    @Test func failuresAreCountedAndNotSaidOneByOne() {
        var bench = Bench()
        bench.announce(["a": hosts("a", 20), "b": ["b0"]])
        while let host = bench.hosts.first { bench.answer(host, []) }
        #expect(
            bench.reports == [
                .unresolved(pattern("a"), example: HostPort(host: "a0", port: 1), failing: 1, names: 20),
                .unresolved(pattern("b"), example: HostPort(host: "b0", port: 1), failing: 1, names: 1),
            ])
        while bench.now < .seconds(120) {
            bench.wake()
            while let host = bench.hosts.first { bench.answer(host, host == "b0" ? ["1"] : []) }
        }
        #expect(bench.reports.count == 3)
        guard case .unresolved(pattern("a"), _, failing: 20, names: 20) = bench.reports[2] else {
            Issue.record("\(bench.reports[2])")
            return
        }
    }

    @Test func whatIsCutIsSaidOnceInAWhile() {
        var bench = Bench()
        for count in 65..<1_000 { bench.announce(["a": hosts("a", count)]) }
        #expect(bench.reports == [.cut(pattern("a"), kept: 64, announced: 65)])
        bench.advance(to: .seconds(60))
        bench.announce(["a": hosts("a", 1_000)])
        #expect(bench.reports.count == 2)
    }

    // MARK: Each state and event

    enum State: CaseIterable {
        case waiting, running, resolved, failed, gone, goneWhileRunning
    }

    enum Event: CaseIterable {
        case announced, withdrawn, succeeded, failed, ticked
    }

    /// Whether the name is being looked up after the event, and what the route has. An answer comes only for what is
    /// being looked up.
    private static let table: [State: [Event: (isLookedUp: Bool, addresses: [String]?)]] = [
        .waiting: [
            .announced: (false, ["9"]), .withdrawn: (false, ["9"]), .ticked: (false, ["9"]),
        ],
        .running: [
            .announced: (true, []), .withdrawn: (true, []), .succeeded: (false, ["1"]), .failed: (false, []),
            .ticked: (true, []),
        ],
        .resolved: [.announced: (false, ["2"]), .withdrawn: (false, []), .ticked: (true, ["2"])],
        .failed: [.announced: (false, []), .withdrawn: (false, []), .ticked: (true, [])],
        .gone: [.announced: (true, []), .withdrawn: (false, []), .ticked: (false, [])],
        .goneWhileRunning: [
            .announced: (true, []), .withdrawn: (true, []), .succeeded: (false, []), .failed: (false, []),
            .ticked: (true, []),
        ],
    ]

    @Test(arguments: State.allCases, Event.allCases) func aName(in state: State, when event: Event) {
        var bench = Bench { $0.running = 1 }
        switch state {
        case .waiting:
            // Behind another one, for which the only place is taken.
            bench.announce(["a": ["first", "9"]])
            bench.announce(["a": ["first", "9", "x"]])
        case .running: bench.announce(["a": ["x"]])
        case .resolved:
            bench.announce(["a": ["x"]])
            bench.answer("x", ["2"])
        case .failed:
            bench.announce(["a": ["x"]])
            bench.answer("x", [])
        case .gone:
            bench.announce(["a": ["x"]])
            bench.answer("x", [])
            bench.announce(["a": []])
        case .goneWhileRunning:
            bench.announce(["a": ["x"]])
            bench.announce(["a": []])
        }
        let others = state == .waiting ? ["first", "9"] : []
        guard let expected = Self.table[state]?[event] else {
            #expect(!bench.hosts.contains("x"), "it could be answered")
            return
        }
        switch event {
        case .announced: bench.announce(["a": others + ["x"], "b": []])
        case .withdrawn: bench.announce(["a": others, "b": []])
        case .succeeded: bench.answer("x", ["1"])
        case .failed: bench.answer("x", [])
        case .ticked: bench.advance(to: .seconds(3_600))
        }
        #expect(bench.hosts.contains("x") == expected.isLookedUp && bench.shown["a"] == expected.addresses)
    }

    // MARK: Whatever happens

    /// Random events: the bounds hold after each one, and when all is quiet every name has been resolved.
    @Test(arguments: 0..<20) func theBoundsHold(seed: Int) {
        var chance = SeededNumbers(UInt64(seed))
        var bench = Bench {
            $0.running = 6
            $0.runningPerRoute = 2
            $0.namesPerRoute = 5
            $0.names = 12
            $0.burst = 4
        }
        for _ in 0..<500 {
            switch Int.random(in: 0..<4, using: &chance) {
            case 0:
                bench.announce([
                    "a": hosts("a", .random(in: 0..<9, using: &chance)),
                    "b": hosts("b", .random(in: 0..<9, using: &chance)),
                    "c": hosts("c", .random(in: 0..<9, using: &chance)),
                ])
            case 1: bench.advance(to: bench.now + .milliseconds(.random(in: 0..<3_000, using: &chance)))
            default:
                guard let host = bench.hosts.randomElement(using: &chance) else { continue }
                bench.answer(host, Bool.random(using: &chance) ? [host] : [])
            }
            let sizes = bench.resolution.sizes
            #expect(sizes.names <= 12 && sizes.lookups <= 6 && sizes.lookups == bench.open.count)
            for name in ["a", "b", "c"] { #expect(bench.hosts.count { $0.hasPrefix(name) } <= 2) }
        }
        bench.announce(["a": hosts("a", 3), "b": hosts("b", 3), "c": hosts("c", 3)])
        let end = bench.now + .seconds(300)
        while bench.now < end {
            while let host = bench.hosts.first { bench.answer(host, [host]) }
            bench.wake()
        }
        #expect(bench.shown == ["a": hosts("a", 3), "b": hosts("b", 3), "c": hosts("c", 3)])
    }
}

/// SplitMix64: the same numbers for the same seed.
private struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
