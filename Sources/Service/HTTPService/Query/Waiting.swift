import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// Waiting on behalf of a client: nothing waits longer than the client stays, or than the daemon runs.
enum Waiting {
    enum Outcome: Hashable {
        /// What was waited for happened.
        case woken
        case timedOut
        case clientGone
        case shuttingDown
    }

    /// Runs the work until it is done, the time is over, the client left, or a graceful shutdown began.
    ///
    /// - Parameter work: must return when its task is cancelled.
    static func wait(
        until deadline: ContinuousClock.Instant?, client: ClientGone, for work: @escaping @Sendable () async -> Void
    ) async -> Outcome {
        let end = End()
        let task = Task {
            await work()
            end.come(.woken)
        }
        let outcome = await wait(until: deadline, client: client, end)
        task.cancel()
        await task.value
        return outcome
    }

    /// Waits until something calls back, the time is over, the client left, or a graceful shutdown began.
    ///
    /// Thousands wait at once: all that may end the wait are callbacks, and no task is made for it.
    ///
    /// - Parameter event: is given what it calls when it happens, once.
    static func wait(
        until deadline: ContinuousClock.Instant?, client: ClientGone,
        for event: (@escaping @Sendable () -> Void) -> Void
    ) async -> Outcome {
        let end = End()
        event { end.come(.woken) }
        return await wait(until: deadline, client: client, end)
    }

    private static func wait(
        until deadline: ContinuousClock.Instant?, client: ClientGone, _ end: End
    ) async -> Outcome {
        let timer = deadline.map { deadline in
            MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: TimeAmount(max(.zero, deadline - .now))) {
                end.come(.timedOut)
            }
        }
        let number = client.onLeaving { end.come(.clientGone) }
        defer {
            timer?.cancel()
            client.forget(number)
        }
        return await withGracefulShutdownHandler {
            await withTaskCancellationHandler {
                await end.reached()
            } onCancel: {
                end.come(.shuttingDown)
            }
        } onGracefulShutdown: {
            end.come(.shuttingDown)
        }
    }

    /// What ended the wait first.
    private final class End: Sendable {
        private struct Record {
            var outcome: Outcome?
            var waiter: CheckedContinuation<Outcome, Never>?
        }

        private let record = Mutex(Record())

        func come(_ reason: Outcome) {
            let waiter: CheckedContinuation<Outcome, Never>? = record.withLock { record in
                guard record.outcome == nil else { return nil }
                record.outcome = reason
                defer { record.waiter = nil }
                return record.waiter
            }
            waiter?.resume(returning: reason)
        }

        func reached() async -> Outcome {
            await withCheckedContinuation { continuation in
                let outcome = record.withLock { record in
                    if record.outcome == nil { record.waiter = continuation }
                    return record.outcome
                }
                if let outcome { continuation.resume(returning: outcome) }
            }
        }
    }
}
