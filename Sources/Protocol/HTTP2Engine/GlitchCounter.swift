package import NIOCore

/// Counts events in fixed windows of time and says when there were too many. A value; time is a parameter.
package struct GlitchCounter: Sendable, Equatable {
    private let limit: Int
    private let window: TimeAmount
    private var count = 0
    private var windowEnd: NIODeadline?

    package init(limit: Int, window: TimeAmount) {
        self.limit = limit
        self.window = window
    }

    /// Counts one event.
    ///
    /// - Returns: `true` if this one is over the limit.
    package mutating func record(now: NIODeadline) -> Bool {
        if let end = windowEnd, now < end {
            count += 1
        } else {
            windowEnd = now + window
            count = 1
        }
        return count > limit
    }

    /// Forgets what was counted: the peer had a reason.
    package mutating func reset() {
        count = 0
    }
}
