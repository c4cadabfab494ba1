import NIOConcurrencyHelpers

/// Wakes one waiting task. Signals that come while nobody waits are remembered as one.
///
/// Any thread may signal; one task waits. Cancelling the task wakes it for good.
final class Pulse: Sendable {
    private enum Condition {
        case quiet
        case signalled
        case waiting(CheckedContinuation<Void, Never>)
        case cancelled
    }

    private let condition = NIOLockedValueBox(Condition.quiet)

    func signal() {
        let waiter = condition.withLockedValue { condition -> CheckedContinuation<Void, Never>? in
            switch condition {
            case .quiet:
                condition = .signalled
                return nil
            case .waiting(let continuation):
                condition = .quiet
                return continuation
            case .signalled, .cancelled:
                return nil
            }
        }
        waiter?.resume()
    }

    /// Returns after the next signal, or when the task is cancelled.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = condition.withLockedValue { condition in
                    switch condition {
                    case .quiet:
                        condition = .waiting(continuation)
                        return false
                    case .signalled:
                        condition = .quiet
                        return true
                    case .cancelled:
                        return true
                    case .waiting:
                        preconditionFailure("one task waits for a pulse")
                    }
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            cancel()
        }
    }

    private func cancel() {
        let waiter = condition.withLockedValue { condition -> CheckedContinuation<Void, Never>? in
            defer { condition = .cancelled }
            guard case .waiting(let continuation) = condition else { return nil }
            return continuation
        }
        waiter?.resume()
    }
}
