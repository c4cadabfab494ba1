import ServiceLifecycle

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
        await withTaskGroup(of: Outcome.self) { group in
            group.addTask {
                await work()
                return .woken
            }
            if let deadline {
                group.addTask {
                    try? await Task.sleep(until: deadline, clock: .continuous)
                    return .timedOut
                }
            }
            group.addTask {
                await client.wait()
                return .clientGone
            }
            group.addTask {
                try? await gracefulShutdown()
                return .shuttingDown
            }
            let first = await group.next() ?? .woken
            group.cancelAll()
            // Cancelled from outside, whichever child noticed first.
            return Task.isCancelled ? .shuttingDown : first
        }
    }
}
