import CatalogCore
import HealthCore
import IdentityCore
import StateCore
import Synchronization

/// The schedule of the agent's checks, kept true to the catalog, and what is to be done by it.
///
/// Any task calls it. What it reads of the catalog it reads while it holds its lock, so an older view never comes
/// after a newer one.
final class HealthBoard: Sendable {
    private struct Record {
        var schedule: HealthSchedule
        /// Runs to start and to cancel, and services to deregister, in their order.
        var tasks: [HealthAction] = []
        /// Results that are not in the catalog yet, the latest of each check.
        var results: [CheckKey: CheckResult] = [:]
        var follower: CatalogFollower
        /// Until when whoever does the tasks sleeps; nil for ever.
        var sleepsUntil: Duration?

        mutating func take(_ actions: [HealthAction]) {
            for action in actions {
                if case .record(let result) = action { results[result.key] = result } else { tasks.append(action) }
            }
        }

        /// Whether that sleep is too long.
        var hasWork: Bool {
            if !tasks.isEmpty { return true }
            guard let next = schedule.nextWakeUp else { return false }
            return sleepsUntil.map { next < $0 } ?? true
        }
    }

    private let store: StateStore
    private let node: String
    private let start = ContinuousClock.now
    private let record: Mutex<Record>
    /// There is something to do, or the time to sleep has changed. For one task.
    let work: AsyncStream<Void>
    /// There are results to write. For one task.
    let news: AsyncStream<Void>
    private let workCame: AsyncStream<Void>.Continuation
    private let newsCame: AsyncStream<Void>.Continuation

    init(store: StateStore, schedule: HealthSchedule, node: String) {
        self.store = store
        self.node = node
        (work, workCame) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        (news, newsCame) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        record = Mutex(Record(schedule: schedule, follower: CatalogFollower(node: node)))
    }

    // MARK: - Events

    /// Takes in what the catalog has: what changed since the last time, at first everything.
    func observe() {
        _ = change { observe(&$0, $1) }
    }

    func finished(_ run: UInt64, _ outcome: ProbeOutcome) {
        change { $0.take($0.schedule.probeFinished(run, outcome, now: $1)) }
    }

    func tick() {
        change { $0.take($0.schedule.ticked(now: $1)) }
    }

    /// An application says how it is.
    ///
    /// - Returns: whether that is something to write.
    /// - Throws: `notFound` for a check that is not there, `failed` in Consul's words for one without a TTL.
    func heard(_ status: HealthStatus, output: String, of checkID: String) throws(Refusal) -> Bool {
        let outcome: Result<Bool, Refusal> = change { record, now in
            // It may have been registered a moment ago.
            let catalog = observe(&record, now)
            guard let key = catalog.check(checkID, on: node) else { return .failure(.unknownCheck(checkID)) }
            let result = CheckResult(key: key, status: status, output: output)
            guard let actions = record.schedule.ttlHeard(result, now: now) else {
                return .failure(Refusal(.failed, "CheckID \"\(checkID)\" does not have associated TTL"))
            }
            record.take(actions)
            return .success(!actions.isEmpty)
        }
        return try outcome.get()
    }

    // MARK: - What to do

    /// The time to sleep is over.
    func wake() { workCame.yield() }

    /// The tasks so far, and how long whoever does them may sleep then; nil for ever.
    func takeTasks() -> (tasks: [HealthAction], sleep: Duration?) {
        record.withLock { record in
            defer { record.tasks = [] }
            record.sleepsUntil = record.schedule.nextWakeUp
            return (record.tasks, record.sleepsUntil.map { $0 - (.now - start) })
        }
    }

    func takeResults() -> [CheckResult] {
        record.withLock { record in
            defer { record.results = [:] }
            return record.results.values.sorted { $0.key < $1.key }
        }
    }

    /// They could not be written; newer ones count more.
    func putBack(_ results: [CheckResult]) {
        record.withLock { record in
            for result in results where record.results[result.key] == nil { record.results[result.key] = result }
        }
    }

    /// The latest output of a check, which the catalog may get later.
    func output(of key: CheckKey) -> String? {
        record.withLock { $0.schedule.output(of: key) }
    }

    // MARK: - Inside

    private func change<Outcome: Sendable>(_ event: (inout Record, _ now: Duration) -> Outcome) -> Outcome {
        let (outcome, hasWork, hasNews) = record.withLock { record in
            (event(&record, .now - start), record.hasWork, !record.results.isEmpty)
        }
        if hasWork { workCame.yield() }
        if hasNews { newsCame.yield() }
        return outcome
    }

    /// - Returns: what it has looked at.
    private func observe(_ record: inout Record, _ now: Duration) -> LocalCatalog {
        let catalog = store.state.catalog
        let observations = record.follower.next(in: catalog, known: record.schedule.services)
        if !observations.isEmpty { record.take(record.schedule.observed(observations, now: now)) }
        return catalog
    }
}
