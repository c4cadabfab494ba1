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
    /// Thousands wait at once: all that may end the wait are callbacks, and the work is the one task.
    ///
    /// - Parameter work: must return when its task is cancelled.
    static func wait(
        until deadline: ContinuousClock.Instant?, client: ClientGone, for work: @escaping @Sendable () async -> Void
    ) async -> Outcome {
        let end = End(Task { await work() })
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
        private let work: Task<Void, Never>
        private let outcome = Mutex<Outcome?>(nil)

        init(_ work: Task<Void, Never>) {
            self.work = work
        }

        func come(_ reason: Outcome) {
            outcome.withLock { $0 = $0 ?? reason }
            work.cancel()
        }

        func reached() async -> Outcome {
            await work.value
            return outcome.withLock { $0 } ?? .woken
        }
    }
}
