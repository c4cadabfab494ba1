import NIOConcurrencyHelpers

/// A wait that a signal, its time or the end of the task cuts short. One task waits, any may signal.
final class Wakeup: Sendable {
    private struct Condition {
        var isSignalled = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let condition = NIOLockedValueBox(Condition())

    func signal() {
        let waiter = condition.withLockedValue { condition -> CheckedContinuation<Void, Never>? in
            condition.isSignalled = true
            defer { condition.waiter = nil }
            return condition.waiter
        }
        waiter?.resume()
    }

    /// Forgets signals so far.
    func reset() {
        condition.withLockedValue { $0.isSignalled = false }
    }

    /// Returns at once if a signal came since the last `reset`.
    func wait(atMost time: Duration) async {
        let timer = Task {
            try await Task.sleep(for: time)
            signal()
        }
        defer { timer.cancel() }
        await wait()
    }

    /// Returns at once if a signal came since the last `reset`.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = condition.withLockedValue { condition in
                    if condition.isSignalled { return true }
                    condition.waiter = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            signal()
        }
    }
}
