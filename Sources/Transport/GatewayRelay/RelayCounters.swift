internal import Synchronization

/// What a relay has done since it was made, at one moment. At rest `accepted` is `connected`, and all that was refused,
/// and `opening`; while connections come and go, numbers of the same moment may differ by those.
package struct RelayCounters: Sendable, Hashable {
    package struct Route: Sendable, Hashable {
        package var connected = 0
        /// Targets that could not be connected to; a connection may have several.
        package var connectFailures = 0
        package var open = 0
        package var bytesToUpstream: UInt64 = 0
        package var bytesToClient: UInt64 = 0

        package init() {}

        static func += (left: inout Route, right: Route) {
            left.connected += right.connected
            left.connectFailures += right.connectFailures
            left.open += right.open
            left.bytesToUpstream += right.bytesToUpstream
            left.bytesToClient += right.bytesToClient
        }
    }

    /// The name under which the routes past `RelayLimits.countedRoutes` are counted. No host name has parentheses.
    package static let others = "(others)"

    package var accepted = 0
    /// By `RelayRefusal.code`.
    package var refused: [String: Int] = [:]
    /// Accepted, and neither refused nor connected yet.
    package var opening = 0
    /// Those of `opening` whose hello is incomplete.
    package var unfinishedHellos = 0
    package var pipes = 0
    package var routes: [String: Route] = [:]

    package init() {}

    /// All routes together.
    package var total: Route {
        routes.values.reduce(into: Route()) { $0 += $1 }
    }
}

/// The counters of one route on one thread. Only that thread writes; all may read.
final class RouteTally: Sendable {
    let connected = Atomic<Int>(0)
    let connectFailures = Atomic<Int>(0)
    let open = Atomic<Int>(0)
    let bytesToUpstream = Atomic<UInt64>(0)
    let bytesToClient = Atomic<UInt64>(0)

    var counters: RelayCounters.Route {
        var counters = RelayCounters.Route()
        counters.connected = connected.load(ordering: .relaxed)
        counters.connectFailures = connectFailures.load(ordering: .relaxed)
        counters.open = open.load(ordering: .relaxed)
        counters.bytesToUpstream = bytesToUpstream.load(ordering: .relaxed)
        counters.bytesToClient = bytesToClient.load(ordering: .relaxed)
        return counters
    }
}

/// The counters of one thread. The locks are taken once per connection, never where bytes move, and only a reader of
/// the counters can be met there.
final class WorkerTally: Sendable {
    let accepted = Atomic<Int>(0)
    let opening = Atomic<Int>(0)
    private let refused = Locked<[String: Int]>([:])
    private let routes = Locked<[String: RouteTally]>([:])
    private let countedRoutes: Int

    init(countedRoutes: Int) {
        self.countedRoutes = countedRoutes
    }

    func refused(_ refusal: RelayRefusal) {
        refused.withLock { $0[refusal.code, default: 0] += 1 }
    }

    func route(_ name: String) -> RouteTally {
        routes.withLock { routes in
            if let tally = routes[name] { return tally }
            let counted = routes.count < countedRoutes ? name : RelayCounters.others
            if let tally = routes[counted] { return tally }
            let tally = RouteTally()
            routes[counted] = tally
            return tally
        }
    }

    func add(to counters: inout RelayCounters) {
        counters.accepted += accepted.load(ordering: .relaxed)
        counters.opening += opening.load(ordering: .relaxed)
        for (code, count) in refused.withLock({ $0 }) { counters.refused[code, default: 0] += count }
        for (name, tally) in routes.withLock({ $0 }) { counters.routes[name, default: .init()] += tally.counters }
    }
}
