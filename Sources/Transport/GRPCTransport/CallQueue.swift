import NIOConcurrencyHelpers

/// Calls on their way from event loops to the server's task group; one consumer.
///
/// Bounded by what puts calls in: `maxConnections` times `maxConcurrentStreams` handlers may be alive.
final class CallQueue: Sendable {
    private struct State {
        var calls: [GRPCServerCall] = []
        var arrivals: UInt64 = 0
        var consumer: CheckedContinuation<Void, Never>?
        var isFinished = false
    }

    private let state = NIOLockedValueBox(State())

    /// - Parameter makeCall: gets the number of the call among all.
    func push(_ makeCall: (UInt64) -> GRPCServerCall) {
        let consumer = state.withLockedValue { state in
            state.arrivals += 1
            state.calls.append(makeCall(state.arrivals))
            return state.consumer.take()
        }
        consumer?.resume()
    }

    /// `next` returns `nil` once it has returned what is there.
    func finish() {
        let consumer = state.withLockedValue { state in
            state.isFinished = true
            return state.consumer.take()
        }
        consumer?.resume()
    }

    /// Waits for calls. Not woken by cancellation: `finish` does that.
    func next() async -> [GRPCServerCall]? {
        while true {
            let (calls, isFinished) = state.withLockedValue { state in
                var calls: [GRPCServerCall] = []
                swap(&calls, &state.calls)
                return (calls, state.isFinished)
            }
            if !calls.isEmpty { return calls }
            if isFinished { return nil }
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let mustResume = state.withLockedValue { state in
                    guard state.calls.isEmpty, !state.isFinished else { return true }
                    state.consumer = continuation
                    return false
                }
                if mustResume { continuation.resume() }
            }
        }
    }
}
