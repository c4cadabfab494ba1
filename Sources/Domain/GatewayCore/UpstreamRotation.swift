/// In which order the addresses of one route are tried: round and round, those that failed lately last.
///
/// Health is what connections find out: an address that could not be connected to rests for a while, longer each time,
/// and is tried in its rest only when no other is left. Times are those of a monotonic clock.
package struct UpstreamRotation<Address: Hashable & Sendable>: Sendable {
    package struct Limits: Hashable, Sendable {
        /// The first rest, which doubles with each failure in a row.
        package var rest: Duration = .seconds(1)
        package var longestRest: Duration = .seconds(30)

        package init() {}
    }

    private struct Health {
        var failures = 0
        var restsUntil: Duration
    }

    private let limits: Limits
    private var addresses: [Address]
    private var position = 0
    /// Of those that failed last; bounded by the addresses.
    private var health: [Address: Health] = [:]

    package init(_ addresses: [Address], limits: Limits = Limits()) {
        self.addresses = addresses
        self.limits = limits
    }

    /// Addresses that stay keep what is known of them.
    package mutating func replace(with addresses: [Address]) {
        guard addresses != self.addresses else { return }
        self.addresses = addresses
        position = 0
        let kept = Set(addresses)
        health = health.filter { kept.contains($0.key) }
    }

    /// All addresses in the order in which a new connection tries them.
    package mutating func order(now: Duration) -> [Address] {
        guard !addresses.isEmpty else { return [] }
        let turned = Array(addresses[position...] + addresses[..<position])
        position = (position + 1) % addresses.count
        if health.isEmpty { return turned }
        let resting = turned.filter { health[$0].map { $0.restsUntil > now } ?? false }
        if resting.isEmpty { return turned }
        let rests = Set(resting)
        return turned.filter { !rests.contains($0) } + resting
    }

    package mutating func connected(to address: Address) {
        health[address] = nil
    }

    package mutating func failed(_ address: Address, now: Duration) {
        guard addresses.contains(address) else { return }
        let failures = min((health[address]?.failures ?? 0) + 1, 16)
        let rest = min(limits.rest * (1 << (failures - 1)), limits.longestRest)
        health[address] = Health(failures: failures, restsUntil: now + rest)
    }

    /// Addresses that rest.
    package func resting(now: Duration) -> [Address] {
        addresses.filter { health[$0].map { $0.restsUntil > now } ?? false }
    }
}
