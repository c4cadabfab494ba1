import DNSWire
import Observability
import Synchronization

/// How many queries there were, by the code of their answer. Any thread counts.
final class QueryCounters: Sendable {
    private struct Counts {
        var answered: [ResponseCode: Int] = [:]
        var dropped = 0
    }

    private let counts = Mutex(Counts())

    func answered(_ code: ResponseCode) { counts.withLock { $0.answered[code, default: 0] += 1 } }

    /// What was no query.
    func dropped() { counts.withLock { $0.dropped += 1 } }

    var metrics: [Metric] {
        let counts = counts.withLock { $0 }
        return [
            Metric(
                "hawser.dns.queries", .counter, "DNS queries, by the code of the answer",
                counts.answered.sorted { $0.key.rawValue < $1.key.rawValue }.map { code, count in
                    Metric.Sample([.init("rcode", "\(code.rawValue)")], Double(count))
                }),
            Metric(
                "hawser.dns.dropped", .counter, "DNS messages that could not be read as a query",
                value: Double(counts.dropped)),
        ]
    }
}
