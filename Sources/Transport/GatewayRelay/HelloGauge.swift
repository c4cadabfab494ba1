/// Counts the connections whose hello is incomplete, in all and per source. All threads share it; a connection whose
/// hello is there at the first look does not pass here.
final class HelloGauge: Sendable {
    /// An IPv4 address, or the network of an IPv6 one: a host has 2^64 of these addresses to itself.
    struct Source: Hashable, Sendable {
        private let isIPv4: Bool
        private let prefix: UInt64

        init(_ address: RelayAddress) {
            isIPv4 = address.isIPv4
            prefix = address.isIPv4 ? address.low : address.high
        }
    }

    private struct Counts {
        var total = 0
        var bySource: [Source: Int] = [:]
    }

    private let counts = Locked(Counts())
    private let limit: Int
    private let limitPerSource: Int

    init(limits: RelayLimits) {
        limit = limits.unfinishedHellos
        limitPerSource = limits.unfinishedHellosPerSource
    }

    var total: Int { counts.withLock { $0.total } }

    /// Nil if the connection may go on and was counted.
    func enter(_ source: Source) -> RelayRefusal? {
        counts.withLock { counts in
            guard counts.total < limit else { return .helloLimit }
            let count = counts.bySource[source, default: 0]
            guard count < limitPerSource else { return .sourceLimit }
            counts.bySource[source] = count + 1
            counts.total += 1
            return nil
        }
    }

    /// For each `enter` that returned nil, once.
    func leave(_ source: Source) {
        counts.withLock { counts in
            counts.total -= 1
            if let count = counts.bySource[source], count > 1 {
                counts.bySource[source] = count - 1
            } else {
                counts.bySource[source] = nil
            }
        }
    }
}
