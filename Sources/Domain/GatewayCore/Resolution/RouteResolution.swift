import DequeModule
import HeapModule
package import PeeringCore

/// Which addresses the routes have, and when which of their host names is looked up. Takes events with the time at which
/// they happened, since a fixed moment, and returns what to do.
///
/// Addresses in digits count at once. Names are looked up side by side within the limits; of the routes whose names wait,
/// those with the fewest running lookups come first, in turn. A route is told each address as soon as it is known, and a
/// name keeps its last addresses until a lookup finds others.
///
/// A lookup cannot be stopped: it counts for its route until it has finished, even if the name or the route is gone.
package struct RouteResolution<Address: Hashable & Sendable>: Sendable {
    private struct Lookup: Hashable {
        var route: RoutePattern
        var upstream: HostPort
    }

    /// When a name, or without one the route as a whole, may go on. It has lost its meaning if that time has changed.
    private struct Timer: Comparable {
        var time: Duration
        var route: RoutePattern
        var upstream: HostPort?

        static func < (left: Timer, right: Timer) -> Bool { left.time < right.time }
        static func == (left: Timer, right: Timer) -> Bool { left.time == right.time }
    }

    private let limits: ResolutionLimits
    private let literal: @Sendable (HostPort) -> Address?
    private let random: @Sendable () -> Double
    private var table = RouteTable()
    private var routes: [RoutePattern: ResolvedRoute<Address>] = [:]
    /// Names of each route that are looked up, by `ResolutionLimits.names`.
    private var quota: Int
    private var lookups: [UInt64: Lookup] = [:]
    private var nextNumber: UInt64 = 0
    /// How many of `lookups` are of a route; none at zero.
    private var running: [RoutePattern: Int] = [:]
    /// Routes that have a lookup to start and may, by the number of those that run.
    private var queues: [Deque<RoutePattern>]
    private var timers = Heap<Timer>()
    /// So many timers, and those without meaning are dropped.
    private var timersBeforeCleaning = 64
    private var actions: [ResolutionAction<Address>] = []

    /// - Parameters:
    ///   - literal: the address that an upstream is, if it needs no lookup.
    ///   - random: a number from 0 up to 1. It takes up to half of the wait after a failure away, so that names that failed
    ///     together are not tried again together.
    package init(
        limits: ResolutionLimits = ResolutionLimits(), literal: @escaping @Sendable (HostPort) -> Address?,
        random: @escaping @Sendable () -> Double
    ) {
        self.limits = limits
        self.literal = literal
        self.random = random
        quota = limits.namesPerRoute
        queues = Array(repeating: [], count: max(limits.runningPerRoute, 1))
    }

    /// When to call `ticked` at the latest; nil while there is nothing to wait for. Soon is early enough.
    package var nextWakeUp: Duration? { timers.min?.time }

    /// Names that are kept, lookups that run and timers: what is bounded, for tests.
    var sizes: (names: Int, lookups: Int, timers: Int) {
        (routes.values.reduce(0) { $0 + $1.names.count }, lookups.count, timers.count)
    }

    // MARK: - Events

    /// There are these routes, and no others.
    package mutating func routesChanged(_ table: RouteTable, now: Duration) -> [ResolutionAction<Address>] {
        guard table != self.table else { return [] }
        self.table = table
        let announced = table.routes.map { route in
            if let known = routes[route.pattern]?.announced, known.upstreams == route.upstreams {
                return (pattern: route.pattern, isNew: false, upstreams: known)
            }
            let upstreams = AnnouncedUpstreams(route.upstreams, limits: limits, literal: literal)
            return (pattern: route.pattern, isNew: true, upstreams: upstreams)
        }
        let patterns = Set(announced.map(\.pattern))
        for pattern in routes.keys where !patterns.contains(pattern) { remove(pattern) }
        let newQuota = quota(for: announced.map(\.upstreams.nameCount))
        for (pattern, isNew, upstreams) in announced where isNew || newQuota != quota {
            adopt(upstreams, of: pattern, quota: newQuota, now)
        }
        quota = newQuota
        actions.insert(.replaceRoutes(table, addresses: routes.mapValues(\.addresses)), at: 0)
        return finish(now)
    }

    /// A lookup has ended.
    ///
    /// - Parameter addresses: none if it failed.
    package mutating func lookupFinished(
        _ number: UInt64, _ addresses: [Address], now: Duration
    ) -> [ResolutionAction<Address>] {
        guard let lookup = lookups.removeValue(forKey: number) else { return [] }
        let count = running[lookup.route, default: 1] - 1
        running[lookup.route] = count > 0 ? count : nil
        if routes[lookup.route]?.names[lookup.upstream]?.phase == .running(number) {
            settle(lookup, addresses, now)
        }
        requeue(lookup.route)
        return finish(now)
    }

    /// The time has come, or some time has passed.
    package mutating func ticked(now: Duration) -> [ResolutionAction<Address>] {
        while let timer = timers.min, timer.time <= now {
            timers.removeMin()
            guard isLive(timer) else { continue }
            if let upstream = timer.upstream {
                routes[timer.route]?.names[upstream]?.phase = .waiting
                routes[timer.route]?.waiting.append(upstream)
            } else {
                routes[timer.route]?.pausedUntil = nil
            }
            requeue(timer.route)
        }
        return finish(now)
    }

    private mutating func finish(_ now: Duration) -> [ResolutionAction<Address>] {
        startLookups(now)
        defer { actions = [] }
        return actions
    }

    // MARK: - Routes come and go

    /// How many names each route may keep, the same for all, so that all are within `limits.names`.
    private func quota(for counts: [Int]) -> Int {
        var quota = limits.namesPerRoute
        while quota > 1, counts.reduce(0, { $0 + min($1, quota) }) > limits.names { quota -= 1 }
        return quota
    }

    private mutating func remove(_ pattern: RoutePattern) {
        leaveQueue(pattern)
        routes[pattern] = nil
    }

    /// A route is new, has other upstreams, or may keep more names or fewer.
    private mutating func adopt(
        _ announced: AnnouncedUpstreams<Address>, of pattern: RoutePattern, quota: Int, _ now: Duration
    ) {
        var route = routes[pattern] ?? ResolvedRoute(announced: announced)
        route.announced = announced
        var names: [HostPort: ResolvedName<Address>] = [:]
        var new: [HostPort] = []
        for case .name(let upstream) in announced.places.lazy where names.count < quota {
            if let known = route.names[upstream] {
                names[upstream] = known
            } else if let number = lookups.first(where: { $0.value == Lookup(route: pattern, upstream: upstream) })?.key
            {
                // It was here before, and its lookup has not finished yet.
                names[upstream] = ResolvedName(.running(number))
            } else {
                names[upstream] = ResolvedName(.waiting)
                new.append(upstream)
            }
        }
        route.names = names
        // Names without an address come before those that are looked up again.
        route.waiting = Deque(new + route.waiting.filter { names[$0]?.phase == .waiting })
        route.addresses = route.knownAddresses(limits)
        let kept = announced.places.count - announced.nameCount + names.count
        let count = Set(announced.upstreams).count
        if kept < count, now >= route.nextCutReport {
            route.nextCutReport = now + limits.silence
            actions.append(.report(.cut(pattern, kept: kept, announced: count)))
        }
        routes[pattern] = route
        requeue(pattern)
    }

    // MARK: - Lookups

    /// What came of the lookup of a name that is still wanted.
    private mutating func settle(_ lookup: Lookup, _ addresses: [Address], _ now: Duration) {
        guard var route = routes[lookup.route], var name = route.names[lookup.upstream] else { return }
        let wait: Duration
        if addresses.isEmpty {
            name.failures += 1
            // Beyond 20 doublings every first wait in use is past the longest.
            let doubled = limits.firstRetry * (1 << min(name.failures - 1, 20))
            wait = min(doubled, limits.longestRetry) * (1 - 0.5 * random())
        } else {
            name.failures = 0
            wait = limits.lifetime
            let found = Array(addresses.prefix(limits.addressesPerName))
            // The same ones in another order are no change: the router goes round by itself.
            if Set(found) != Set(name.addresses) { name.addresses = found }
        }
        name.phase = .resting(until: now + wait)
        route.names[lookup.upstream] = name
        let known = route.knownAddresses(limits)
        if known != route.addresses {
            route.addresses = known
            actions.append(.updateRoute(lookup.route, addresses: known))
        }
        if addresses.isEmpty, now >= route.nextUnresolvedReport {
            route.nextUnresolvedReport = now + limits.silence
            let failing = route.names.values.count { $0.failures > 0 }
            actions.append(
                .report(
                    .unresolved(lookup.route, example: lookup.upstream, failing: failing, names: route.names.count)))
        }
        routes[lookup.route] = route
        add(Timer(time: now + wait, route: lookup.route, upstream: lookup.upstream))
    }

    private mutating func startLookups(_ now: Duration) {
        while lookups.count < limits.running, let queue = queues.firstIndex(where: { !$0.isEmpty }) {
            let pattern = queues[queue].removeFirst()
            routes[pattern]?.queue = nil
            startLookup(of: pattern, now)
            requeue(pattern)
        }
    }

    private mutating func startLookup(of pattern: RoutePattern, _ now: Duration) {
        guard var route = routes[pattern], let upstream = route.waiting.first else { return }
        defer { routes[pattern] = route }
        let earliest = route.paceTime - limits.pace * (limits.burst - 1)
        guard earliest <= now else {
            route.pausedUntil = earliest
            return add(Timer(time: earliest, route: pattern, upstream: nil))
        }
        route.paceTime = max(route.paceTime, now) + limits.pace
        route.waiting.removeFirst()
        nextNumber += 1
        route.names[upstream]?.phase = .running(nextNumber)
        lookups[nextNumber] = Lookup(route: pattern, upstream: upstream)
        running[pattern, default: 0] += 1
        actions.append(.lookUp(nextNumber, upstream))
    }

    // MARK: - Queues

    /// Puts a route where it belongs now; one that stays keeps its turn.
    private mutating func requeue(_ pattern: RoutePattern) {
        guard let route = routes[pattern] else { return }
        let count = running[pattern] ?? 0
        let mayStart = !route.waiting.isEmpty && route.pausedUntil == nil && count < queues.count
        let queue = mayStart ? count : nil
        guard queue != route.queue else { return }
        leaveQueue(pattern)
        routes[pattern]?.queue = queue
        if let queue { queues[queue].append(pattern) }
    }

    private mutating func leaveQueue(_ pattern: RoutePattern) {
        guard let queue = routes[pattern]?.queue else { return }
        routes[pattern]?.queue = nil
        if let position = queues[queue].firstIndex(of: pattern) { queues[queue].remove(at: position) }
    }

    // MARK: - Timers

    private func isLive(_ timer: Timer) -> Bool {
        guard let route = routes[timer.route] else { return false }
        guard let upstream = timer.upstream else { return route.pausedUntil == timer.time }
        return route.names[upstream]?.phase == .resting(until: timer.time)
    }

    /// Timers of names that are gone are dropped when there are more of them than of others.
    private mutating func add(_ timer: Timer) {
        if timers.count >= timersBeforeCleaning {
            timers = Heap(timers.unordered.filter(isLive))
            timersBeforeCleaning = max(64, 2 * timers.count)
        }
        timers.insert(timer)
    }
}
