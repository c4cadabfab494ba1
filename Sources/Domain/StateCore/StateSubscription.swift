import Synchronization

/// A reader's pending set of changes: what changed since it last looked, each thing once.
///
/// A slow reader accumulates names, so its memory is bounded by the number of things in the state, however often
/// they change. One task reads; it may be cancelled. The store holds it weakly: dropping it ends it.
package final class StateSubscription: Sendable {
    private struct Inbox {
        var pending: Set<StateChange> = []
        var waiter: CheckedContinuation<Void, Never>?
        var isCancelled = false
    }

    private let inbox = Mutex(Inbox())
    private let topics: StateTopics
    private let onEnd: @Sendable () -> Void

    init(topics: StateTopics, onEnd: @escaping @Sendable () -> Void) {
        self.topics = topics
        self.onEnd = onEnd
    }

    deinit { onEnd() }

    /// Called by the store after each commit, on the committing task.
    ///
    /// - Returns: the reader, if it waits and is to be woken.
    func changesCommitted(_ changes: [StateChange]) -> CheckedContinuation<Void, Never>? {
        inbox.withLock { inbox in
            for change in changes where topics.include(change) {
                inbox.pending.insert(change)
            }
            guard !inbox.pending.isEmpty else { return nil }
            defer { inbox.waiter = nil }
            return inbox.waiter
        }
    }

    /// Waits until something has changed and takes all of it.
    ///
    /// - Returns: an empty set only when the task was cancelled.
    package func next() async -> Set<StateChange> {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = inbox.withLock { inbox in
                    if inbox.isCancelled || !inbox.pending.isEmpty { return true }
                    precondition(inbox.waiter == nil, "a state subscription has one reader")
                    inbox.waiter = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            let waiter: CheckedContinuation<Void, Never>? = inbox.withLock { inbox in
                inbox.isCancelled = true
                defer { inbox.waiter = nil }
                return inbox.waiter
            }
            waiter?.resume()
        }
        return takePending()
    }

    /// Takes what has changed so far without waiting.
    package func takePending() -> Set<StateChange> {
        inbox.withLock { inbox in
            defer { inbox.pending = [] }
            return inbox.pending
        }
    }
}
