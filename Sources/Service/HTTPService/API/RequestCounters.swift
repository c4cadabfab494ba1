import Observability
import Synchronization

/// How many requests there were, by the status of their answer, and how many are being worked on. Any task counts.
final class RequestCounters: Sendable {
    private struct Counts {
        var answered: [Int: Int] = [:]
        var current = 0
    }

    private let counts = Mutex(Counts())

    func began() { counts.withLock { $0.current += 1 } }

    func answered(_ status: Int) {
        counts.withLock { counts in
            counts.current -= 1
            counts.answered[status, default: 0] += 1
        }
    }

    var metrics: [Metric] {
        let counts = counts.withLock { $0 }
        return [
            Metric(
                "hawser.http.requests", .counter, "Requests to the HTTP API, by the status of the answer",
                counts.answered.sorted { $0.key < $1.key }.map { status, count in
                    Metric.Sample([.init("status", "\(status)")], Double(count))
                }),
            Metric(
                "hawser.http.current_requests", .gauge, "Requests without an answer yet, blocking queries among them",
                value: Double(counts.current)),
        ]
    }
}
