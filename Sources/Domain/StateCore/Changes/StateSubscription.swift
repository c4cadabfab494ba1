import Synchronization

/// A reader's pending set of changes: what changed since it last looked, each thing once.
///
/// A slow reader accumulates names, up to `StateChanges.maxThings`; then it is told of whole areas instead, so one that
/// never reads costs no more than that. One task reads; it may be cancelled. The store holds it weakly: dropping it
/// ends it.
package final class StateSubscription: Sendable {
    /// Called once.
    typealias Waiter = @Sendable () -> Void

    private struct Inbox {
        var pending = StateChanges()
        var waiter: Waiter?
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
    func changesCommitted(_ changes: [StateChange]) -> Waiter? {
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
    /// - Returns: nothing only when the task was cancelled.
    package func next() async -> StateChanges {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                onNextChange { continuation.resume() }
            }
        } onCancel: {
            let waiter: Waiter? = inbox.withLock { inbox in
                inbox.isCancelled = true
                defer { inbox.waiter = nil }
                return inbox.waiter
            }
            waiter?()
        }
        return takePending()
    }

    /// Does the work once, when something has changed: at once if it has, or if the reader was cancelled. For readers of
    /// whom thousands wait, and who have no task for it. The work is short, and waits for nobody.
    package func onNextChange(_ work: @escaping @Sendable () -> Void) {
        let isReady = inbox.withLock { inbox in
            if inbox.isCancelled || !inbox.pending.isEmpty { return true }
            precondition(inbox.waiter == nil, "a state subscription has one reader")
            inbox.waiter = work
            return false
        }
        if isReady { work() }
    }

    /// How many things it holds by name.
    var pendingThings: Int { inbox.withLock { $0.pending.things.count } }

    /// Takes what has changed so far without waiting.
    package func takePending() -> StateChanges {
        inbox.withLock { inbox in
            defer { inbox.pending = StateChanges() }
            return inbox.pending
        }
    }
}
