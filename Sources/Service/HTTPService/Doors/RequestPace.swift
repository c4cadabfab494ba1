/// Which part of a request a client keeps us waiting for: a machine without a clock. It says how long the client has;
/// what waits for us has all the time that we take.
struct RequestPace {
    enum Wait: Hashable {
        case head
        case body
    }

    /// Changes that a caller makes to its one timer.
    enum TimerChange: Hashable {
        case start(Wait)
        case stop
        case keep
    }

    private enum Reading {
        case nothing
        case head
        case body
    }

    private var reading = Reading.nothing
    /// Requests whose heads came and whose answers are not complete.
    private var unanswered = 0
    /// Bytes since the last request ended, while its head is not complete.
    private(set) var headBytes = 0

    /// Bytes came, before it is known what they are.
    mutating func bytesReceived(_ count: Int) -> TimerChange {
        switch reading {
        case .nothing:
            reading = .head
            headBytes = count
            // While an earlier request is answered, nothing may be read on.
            return unanswered == 0 ? .start(.head) : .keep
        case .head:
            headBytes += count
            return .keep
        case .body:
            return .keep
        }
    }

    mutating func headReceived() -> TimerChange {
        reading = .body
        headBytes = 0
        unanswered += 1
        return unanswered == 1 ? .start(.body) : .stop
    }

    mutating func endReceived() -> TimerChange {
        reading = .nothing
        return .stop
    }

    /// An answer is complete.
    mutating func answered() -> TimerChange {
        unanswered = max(0, unanswered - 1)
        switch reading {
        case .nothing: return .stop
        case .head: return unanswered == 0 ? .start(.head) : .keep
        // An answer before the end of its request leaves that one's time running.
        case .body: return unanswered == 1 ? .start(.body) : .keep
        }
    }
}
