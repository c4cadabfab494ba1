import NIOCore
import Synchronization

/// Lets so many work at once, in the order in which they came. Any task takes a turn, and each gives it back, whatever
/// became of it.
final class Turns: Sendable {
    private struct Record {
        var free: Int
        var line = CircularBuffer<CheckedContinuation<Void, Never>>()
    }

    private let record: Mutex<Record>

    init(_ count: Int) {
        record = Mutex(Record(free: count))
    }

    /// Returns when it is the caller's turn. Who has one works and does not wait for others, so the line moves on; it
    /// does not end early for who is cancelled meanwhile.
    func take() async {
        if tryToTake() { return }
        await withCheckedContinuation { continuation in
            let isFree = record.withLock { record in
                guard record.free == 0 else {
                    record.free -= 1
                    return true
                }
                record.line.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    func give() {
        let next: CheckedContinuation<Void, Never>? = record.withLock { record in
            if let next = record.line.popFirst() { return next }
            record.free += 1
            return nil
        }
        next?.resume()
    }

    /// How many wait.
    var waiting: Int { record.withLock { $0.line.count } }

    private func tryToTake() -> Bool {
        record.withLock { record in
            guard record.free > 0 else { return false }
            record.free -= 1
            return true
        }
    }
}
