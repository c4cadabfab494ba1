import HealthCore
import Synchronization

/// The checks that run, each in a task of its own.
final class ProbeRuns: Sendable {
    private let prober: Prober
    private let finished: @Sendable (UInt64, ProbeOutcome) -> Void
    private let tasks = Mutex<[UInt64: Task<Void, Never>]>([:])

    /// - Parameter finished: told the outcome of each run, also of a cancelled one.
    init(prober: Prober, finished: @escaping @Sendable (UInt64, ProbeOutcome) -> Void) {
        self.prober = prober
        self.finished = finished
    }

    func start(_ run: ProbeRun) {
        // Under the lock, so that the task finds itself in the table when it ends.
        tasks.withLock { tasks in
            tasks[run.id] = Task {
                let outcome = await prober.run(run.plan)
                self.tasks.withLock { $0[run.id] = nil }
                finished(run.id, outcome)
            }
        }
    }

    func cancel(_ id: UInt64) {
        tasks.withLock { $0[id] }?.cancel()
    }

    /// Returns when all have ended.
    func cancelAll() async {
        let running = tasks.withLock { Array($0.values) }
        for task in running { task.cancel() }
        for task in running { await task.value }
    }
}
