/// How a failed attempt ended, as far as the next one depends on it (protocol section 5.5).
package enum DialFailure: Hashable, Sendable {
    /// The address is a follower's: the next one may be the leader's.
    case notLeader
    /// The other side is over a limit, or the resource is too large.
    case overloaded
    /// The other side says that this peering or its secret is unknown: only an operator can help.
    case refused
    /// Anything else: no connection, lost connection, time-out.
    case other
}

/// When to dial again: capped, jittered, and started anew after a stream that worked for a while.
package struct DialBackoff: Hashable, Sendable {
    package struct Limits: Hashable, Sendable {
        /// Waits while looking for the leader: short, because the next address may be right.
        package var leaderSearchBase: Duration = .milliseconds(8)
        package var leaderSearchCap: Duration = .milliseconds(8_192)
        /// First wait after a lost or failed connection.
        package var base: Duration = .milliseconds(250)
        package var cap: Duration = .seconds(30)
        package var overloaded: Duration = .milliseconds(8_192)
        /// For a refusal that will not go away by itself.
        package var refusedCap: Duration = .seconds(300)
        /// A stream that lived this long was healthy.
        package var healthyAfter: Duration = .seconds(10)

        package init() {}
    }

    private let limits: Limits
    private var failures = 0
    private var leaderSearches = 0

    package init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// Consecutive failures so far.
    package var failureCount: Int { failures + leaderSearches }

    /// A stream ended after `lifetime`. A long one clears the memory of failures.
    package mutating func streamEnded(after lifetime: Duration) {
        guard lifetime >= limits.healthyAfter else { return }
        failures = 0
        leaderSearches = 0
    }

    /// An attempt failed: the wait before the next one.
    ///
    /// - Parameter chance: uniform in 0..<1; it takes up to half of the wait away, so that peers that lost their
    ///   counterpart together do not come back together.
    package mutating func attemptFailed(_ failure: DialFailure, chance: Double) -> Duration {
        switch failure {
        case .notLeader:
            leaderSearches += 1
            let doublings = max(0, leaderSearches - 5)
            return Self.doubled(limits.leaderSearchBase, times: doublings, cap: limits.leaderSearchCap)
        case .overloaded:
            failures += 1
            return jittered(limits.overloaded, chance)
        case .refused:
            failures += 1
            return jittered(Self.doubled(limits.base, times: failures + 2, cap: limits.refusedCap), chance)
        case .other:
            failures += 1
            return jittered(Self.doubled(limits.base, times: failures - 1, cap: limits.cap), chance)
        }
    }

    private func jittered(_ wait: Duration, _ chance: Double) -> Duration {
        wait * (1 - 0.5 * chance)
    }

    private static func doubled(_ base: Duration, times: Int, cap: Duration) -> Duration {
        // Beyond 24 doublings every base of at least a microsecond is past every cap in use.
        guard times < 24 else { return cap }
        return min(base * (1 << times), cap)
    }
}

/// The addresses to dial, one per attempt, round and round from the first (protocol section 5.4).
package struct AddressRing: Hashable, Sendable {
    package private(set) var addresses: [String]
    private var position = 0
    private var isFollowingHint = false

    package init(_ addresses: [String]) {
        self.addresses = addresses
    }

    /// The next address; what is no `host:port` is passed over. Nil if there is nothing to dial.
    package mutating func next() -> (text: String, address: HostPort)? {
        for _ in addresses {
            let text = addresses[position]
            position = (position + 1) % addresses.count
            if let address = HostPort(text) { return (text, address) }
        }
        return nil
    }

    /// The first address is next.
    package mutating func restart() { position = 0 }

    /// A changed list starts from its beginning; the same list goes on where it was.
    package mutating func replace(with addresses: [String]) {
        guard addresses != self.addresses else { return }
        self.addresses = addresses
        position = 0
    }

    /// An attempt at `address` failed. A follower names its leader's host: if another of the addresses is on that host,
    /// it is next. A hint that led to another follower is not followed by another: then the ring goes on in its order.
    package mutating func attemptFailed(at address: String, leaderHost: String?) {
        guard !isFollowingHint, let leaderHost, HostPort(address)?.host != leaderHost,
            let hinted = addresses.firstIndex(where: { HostPort($0)?.host == leaderHost })
        else {
            isFollowingHint = false
            return
        }
        position = hinted
        isFollowingHint = true
    }
}
