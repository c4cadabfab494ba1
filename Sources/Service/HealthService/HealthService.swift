package import CatalogCore
package import HealthCore
package import IdentityCore
package import Logging
package import NIOCore
import ServiceLifecycle
package import StateCore

/// Runs the checks of the agent's node, and keeps the catalog's view of their health. Runs until its task is
/// cancelled or a graceful shutdown, which ends running checks at once.
///
///     catalog ─► HealthBoard ─► HealthSchedule ─► Prober
///        ▲                                          │
///        └────── RecordHealth, in batches ◄─────────┘
package final class HealthService: Service {
    /// Until results that the disk refused are tried again.
    private static let retryPause = Duration.seconds(1)

    private let store: StateStore
    private let node: String
    private let logger: Logger
    private let board: HealthBoard
    private let recorder: HealthRecorder
    private let runs: ProbeRuns

    /// - Parameters:
    ///   - node: the agent's own.
    ///   - group: where connections are made.
    package init(
        store: StateStore, node: String, group: any EventLoopGroup, logger: Logger,
        limits: HealthLimits = HealthLimits()
    ) {
        self.store = store
        self.node = node
        self.logger = logger
        let schedule = HealthSchedule(node: node, limits: limits) { Double.random(in: 0..<1) }
        let board = HealthBoard(store: store, schedule: schedule, node: node)
        self.board = board
        recorder = HealthRecorder(store: store, board: board, node: node, logger: logger)
        runs = ProbeRuns(prober: Prober(group: group)) { board.finished($0, $1) }
    }

    package func run() async {
        let subscription = store.subscribe(to: .localCatalog)
        board.observe()
        await cancelWhenGracefulShutdown { [self] in
            await withDiscardingTaskGroup { group in
                group.addTask { [board] in
                    while !Task.isCancelled {
                        _ = await subscription.next()
                        board.observe()
                    }
                }
                group.addTask { await self.writeNews() }
                await work()
                group.cancelAll()
            }
        }
    }

    // MARK: - What clients ask

    /// An application says how it is. Returns when readers of the catalog see it.
    ///
    /// - Throws: `notFound` for a check that is not there, `failed` in Consul's words for one without a TTL, or the
    ///   storage's refusal.
    package func hear(_ status: HealthStatus, output: String, of checkID: String) async throws(Refusal) {
        if try board.heard(status, output: output, of: checkID) { try await recorder.write() }
    }

    /// The latest output of a check. The catalog gets it later if nothing else is new.
    package func output(of check: CheckKey) -> String? { board.output(of: check) }

    // MARK: - Work

    private func writeNews() async {
        for await _ in board.news {
            while !Task.isCancelled {
                do throws(Refusal) {
                    try await recorder.write()
                    break
                } catch {
                    logger.error("the health of checks is not written, and is tried again: \(error.message)")
                    try? await Task.sleep(for: Self.retryPause)
                }
            }
        }
    }

    /// Does what is due, and waits for more.
    private func work() async {
        var more = board.work.makeAsyncIterator()
        while !Task.isCancelled {
            board.tick()
            let (tasks, sleep) = board.takeTasks()
            for task in tasks { await perform(task) }
            let timer = Task { [board] in
                guard let sleep else { return }
                try await Task.sleep(for: sleep)
                board.wake()
            }
            _ = await more.next()
            timer.cancel()
        }
        await runs.cancelAll()
    }

    private func perform(_ action: HealthAction) async {
        switch action {
        case .startProbe(let run): runs.start(run)
        case .cancelProbe(let id): runs.cancel(id)
        case .deregisterService(let id):
            logger.warning("service \(id) is deregistered: it was critical for as long as a check of it allows")
            do throws(Refusal) {
                try await store.apply(DeregisterCriticalService(node: node, id: id))
            } catch {
                logger.error("service \(id) could not be deregistered: \(error.message)")
            }
        case .record: break  // Gathered by the board, and written by the recorder.
        }
    }
}
