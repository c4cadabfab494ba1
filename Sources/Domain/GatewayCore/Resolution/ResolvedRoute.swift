import DequeModule
import PeeringCore

/// The upstreams of one route, told apart within the limits.
struct AnnouncedUpstreams<Address: Hashable & Sendable>: Sendable {
    enum Place: Sendable {
        case literal(Address)
        case name(HostPort)
    }

    /// As the route has them, compared to see whether it has changed.
    let upstreams: [HostPort]
    /// In the order of the route, each once.
    private(set) var places: [Place] = []
    private(set) var nameCount = 0

    init(_ upstreams: [HostPort], limits: ResolutionLimits, literal: (HostPort) -> Address?) {
        self.upstreams = upstreams
        var seen: Set<HostPort> = []
        var literalCount = 0
        for upstream in upstreams {
            if let address = literal(upstream) {
                guard literalCount < limits.addressesPerRoute, seen.insert(upstream).inserted else { continue }
                literalCount += 1
                places.append(.literal(address))
            } else if Self.canBeLookedUp(upstream) {
                guard nameCount < limits.namesPerRoute, seen.insert(upstream).inserted else { continue }
                nameCount += 1
                places.append(.name(upstream))
            }
        }
    }

    /// Visible ASCII in usual length: the rest would reach the resolver as another name, or none. It also takes an IPv6
    /// address with the name of an interface.
    private static func canBeLookedUp(_ upstream: HostPort) -> Bool {
        (1...255).contains(upstream.host.utf8.count) && (1...65_535).contains(upstream.port)
            && upstream.host.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}

/// One name of a route.
struct ResolvedName<Address: Hashable & Sendable>: Sendable {
    enum Phase: Hashable, Sendable {
        /// In `ResolvedRoute.waiting`.
        case waiting
        /// The lookup of this number runs.
        case running(UInt64)
        case resting(until: Duration)
    }

    var phase: Phase
    /// What the last lookup that succeeded found.
    var addresses: [Address] = []
    /// Lookups in a row that failed.
    var failures = 0

    init(_ phase: Phase) {
        self.phase = phase
    }
}

/// One route and the names of its upstreams.
struct ResolvedRoute<Address: Hashable & Sendable>: Sendable {
    var announced: AnnouncedUpstreams<Address>
    /// Those that are looked up: the first ones.
    var names: [HostPort: ResolvedName<Address>] = [:]
    /// Names whose time has come, in the order in which they are looked up.
    var waiting: Deque<HostPort> = []
    /// What the router has.
    var addresses: [Address] = []
    /// In which of `RouteResolution.queues` the route stands.
    var queue: Int?
    /// Moves on by `ResolutionLimits.pace` with each lookup; a lookup may start unless this is a whole burst ahead.
    var paceTime: Duration = .zero
    /// No lookup starts before.
    var pausedUntil: Duration?
    var nextUnresolvedReport: Duration = .zero
    var nextCutReport: Duration = .zero

    /// What is known of the upstreams now, in their order.
    func knownAddresses(_ limits: ResolutionLimits) -> [Address] {
        var known: [Address] = []
        var seen: Set<Address> = []
        for place in announced.places {
            let found =
                switch place {
                case .literal(let address): [address]
                case .name(let upstream): names[upstream]?.addresses ?? []
                }
            for address in found where seen.insert(address).inserted {
                known.append(address)
                if known.count == limits.addressesPerRoute { return known }
            }
        }
        return known
    }
}
