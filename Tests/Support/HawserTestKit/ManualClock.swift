package import PeeringCore
import Synchronization

/// A wall clock that a test sets, also back.
package final class ManualClock: Sendable {
    private let time: Mutex<Timestamp>

    package init(seconds: Int64 = 1_000_000_000) {
        time = Mutex(Timestamp(seconds: seconds))
    }

    @Sendable
    package func now() -> Timestamp { time.withLock { $0 } }

    package func move(seconds: Int64) {
        time.withLock { $0 = Timestamp(seconds: $0.seconds + seconds) }
    }
}
