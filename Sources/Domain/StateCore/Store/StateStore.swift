package import IdentityCore
import Synchronization

/// The state of the daemon: one writer, snapshots for readers, and word of what changed.
///
/// Any task may call any method. Commands are applied in the order of their calls, in batches; a command that changes
/// something durable returns when it is on disk, and readers see it from then on. A commit has three outcomes:
///
/// * done: its commands return what they did.
/// * refused, such as on a full disk: commands that would write fail, the state stays as it was, and reading goes on.
/// * unknown: the store asks the storage what it holds. If that cannot be told, it halts: it acknowledges nothing any
///   more, reading goes on, and ``halted()`` tells the daemon to end.
package final class StateStore: Sendable {
    private let storage: any Storage
    private let settings: Settings
    private let environment: Environment
    private let current: Mutex<State>
    private let queue: CommandQueue
    private let position: Mutex<StoragePosition>
    private let subscribers = SubscriberRegistry()
    private let halt = HaltSignal()
    private let counters = Mutex(Counters())
    /// What operators should know of the loaded state, a sentence each.
    package let notices: [String]

    package struct Settings: Hashable, Sendable {
        /// Commands in one batch, so that no caller waits for all the others.
        package var maxBatchCommands = 256
        /// Bytes of one batch after which no further command joins it.
        package var maxBatchBytes = 4 << 20
        /// Times that a batch is applied again because another daemon was faster.
        package var maxConflicts = 16
        package var log = LogSettings()

        package init() {}
    }

    /// What the store does not know by itself.
    package struct Environment: Sendable {
        /// SHA-256.
        package var digest: EventDigest
        /// Tells a commit of this store from others.
        package var tag: @Sendable () -> UInt64
        /// Hears of failures of the storage, for the log.
        package var report: @Sendable (StorageError) -> Void

        package init(
            digest: @escaping EventDigest, tag: @escaping @Sendable () -> UInt64 = { UInt64.random(in: 1 ... .max) },
            report: @escaping @Sendable (StorageError) -> Void = { _ in }
        ) {
            self.digest = digest
            self.tag = tag
            self.report = report
        }
    }

    package struct Counters: Hashable, Sendable {
        package var commits: UInt64 = 0
        package var commands: UInt64 = 0
        package var failures: UInt64 = 0
    }

    /// Reads what is stored, and rewrites rows of older versions in the form of this one.
    ///
    /// - Throws: `StorageError` of the storage, or for a row that cannot be read.
    package init(
        storage: any Storage, settings: Settings = Settings(), environment: Environment
    ) async throws(StorageError) {
        let contents = try await storage.load()
        let loaded = try StateLoader.load(contents)
        var position = contents.position
        if !loaded.rewrites.isEmpty {
            let batch = StorageBatch(
                writes: loaded.rewrites, index: loaded.state.index, expecting: position.revision, tag: environment.tag()
            )
            position.revision = try await storage.commit(batch)
        }
        self.storage = storage
        self.settings = settings
        self.environment = environment
        self.current = Mutex(loaded.state)
        self.position = Mutex(position)
        self.notices = loaded.notices
        self.queue = CommandQueue()
    }

    /// The present state.
    package var state: State { current.withLock { $0 } }

    package var counts: Counters { counters.withLock { $0 } }

    /// Commands that wait for the writer.
    package var waitingCommands: Int { queue.count }

    /// Applies a command and waits until it is durable.
    ///
    /// - Throws: what the command refused; `failed` if it could not be stored, or if that is not known.
    package func apply<C: Command>(_ command: C) async throws(Refusal) -> C.Outcome {
        if let error = halt.error { throw Self.refusal(of: error) }
        let ticket = Ticket(command: command)
        submit(ticket)
        return try await ticket.outcome()
    }

    /// Tells of a change of something that is not part of the state, under an index of its own.
    package func announce(_ change: StateChange) {
        submit(Ticket(command: Announce(change: change)))
    }

    /// Hears of changes from now on; take a snapshot after subscribing, not before.
    package func subscribe(to topics: StateTopics) -> StateSubscription { subscribers.subscribe(to: topics) }

    /// The same for whole areas.
    package func subscribe(to areas: StateInterest) -> StateSubscription { subscribe(to: StateTopics(areas: areas)) }

    /// How many follow whole areas: for tests.
    package var subscriptionCount: Int { subscribers.broadCount }

    /// Returns when the store can store nothing any more, and says why; `nil` when the task was cancelled. The daemon
    /// ends then: started again, it reads what the disk holds.
    package func halted() async -> StorageError? { await halt.wait() }

    /// Why the store has halted; `nil` while it works.
    package var haltError: StorageError? { halt.error }

    // MARK: The replication log

    /// See ``Storage/events(from:limit:)``.
    func events(from number: UInt64, limit: Int) async throws(StorageError) -> [StoredEvents] {
        try await storage.events(from: number, limit: limit)
    }

    /// See ``Storage/firstEvent(since:)``.
    func firstEvent(since milliseconds: Int64) async throws(StorageError) -> UInt64? {
        try await storage.firstEvent(since: milliseconds)
    }

    // MARK: The writer

    private func submit(_ work: any Work) {
        // A task of its own writes as long as there is work: no caller does for others what it does not wait for.
        if queue.append(work) { Task { await write() } }
    }

    private func write() async {
        while let first = queue.next() { await commit(startingWith: first) }
    }

    private func commit(startingWith first: any Work) async {
        if let error = halt.error { return fail(first, Self.refusal(of: error)) }
        var works = [first]
        var batch = Batch(state: state)
        first.apply(to: &batch, digest: environment.digest)
        while works.count < settings.maxBatchCommands, batch.bytes < settings.maxBatchBytes,
            let next = queue.takeIfAny()
        {
            next.apply(to: &batch, digest: environment.digest)
            works.append(next)
        }
        counters.withLock { $0.commands += UInt64(works.count) }
        await store(batch, of: works)
    }

    private func store(_ first: Batch, of works: [any Work]) async {
        var batch = first
        for attempt in 0...settings.maxConflicts where batch.mustBeStored {
            do throws(StorageError) {
                try await commit(&batch)
                break
            } catch {
                guard error.code == .conflict, attempt < settings.maxConflicts, await catchUp(with: error) else {
                    return refuse(works, because: error)
                }
                batch = applyAgain(works)
            }
        }
        finish(batch, works)
    }

    private func finish(_ batch: Batch, _ works: [any Work]) {
        let state = batch.state
        current.withLock { $0 = state }
        publish(batch.changes)
        for work in works { work.finish() }
    }

    private func commit(_ batch: inout Batch) async throws(StorageError) {
        let stored = position.withLock { $0 }
        let tag = environment.tag()
        let request = batch.request(expecting: stored.revision, tag: tag, log: settings.log)
        var next = StoragePosition(revision: stored.revision + 1, index: batch.state.index, tag: tag)
        do throws(StorageError) {
            next.revision = try await storage.commit(request)
        } catch {
            environment.report(error)
            counters.withLock { $0.failures += 1 }
            guard error.outcome == .unknown else { throw error }
            next = try await resolve(error, expected: next)
        }
        position.withLock { $0 = next }
        counters.withLock { $0.commits += 1 }
    }

    /// Asks the storage what became of a commit.
    ///
    /// - Returns: the position after it, if it was done.
    private func resolve(
        _ error: StorageError, expected: StoragePosition
    ) async throws(StorageError) -> StoragePosition {
        let found: StoragePosition
        do throws(StorageError) {
            found = try await storage.position()
        } catch {
            halt.raise(error)
            throw error
        }
        if found.tag == expected.tag { return found }
        var refused = error
        refused.outcome = .refused
        // Somebody else wrote after ours, or instead of it.
        if found.revision >= expected.revision { refused.code = .conflict }
        throw refused
    }

    /// Takes over what another daemon committed.
    ///
    /// - Returns: whether there was anything, so that it is worth trying again.
    private func catchUp(with conflict: StorageError) async -> Bool {
        var stored = position.withLock { $0 }
        do {
            let target = try await storage.position().revision
            guard target > stored.revision else { return false }
            var next = state
            var changes: [StateChange] = []
            for try await update in try await storage.watch(from: stored.revision) {
                changes += try StateLoader.absorb(update, into: &next)
                stored = update.position
                if stored.revision >= target { break }
            }
            let (reached, caughtUp) = (stored, next)
            position.withLock { $0 = reached }
            current.withLock { $0 = caughtUp }
            publish(changes)
            return true
        } catch {
            let reason = error as? StorageError ?? conflict
            environment.report(reason)
            halt.raise(reason)
            return false
        }
    }

    private func applyAgain(_ works: [any Work]) -> Batch {
        var batch = Batch(state: state)
        for work in works { work.apply(to: &batch, digest: environment.digest) }
        return batch
    }

    /// Nothing of the batch is stored. Commands that write nothing were perhaps looking at what others of the batch
    /// would have written, so all are applied again, and what would write fails.
    private func refuse(_ works: [any Work], because error: StorageError) {
        let refusal = Self.refusal(of: halt.error ?? error)
        var batch = Batch(state: state, refusesWrites: refusal)
        for work in works { work.apply(to: &batch, digest: environment.digest) }
        finish(batch, works)
    }

    private func fail(_ work: any Work, _ refusal: Refusal) {
        var batch = Batch(state: state, refusesWrites: refusal)
        work.apply(to: &batch, digest: environment.digest)
        finish(batch, [work])
    }

    private func publish(_ changes: [StateChange]) {
        guard !changes.isEmpty else { return }
        subscribers.deliver(changes)
    }

    /// Peers and clients hear what happened, and no path of this machine.
    private static func refusal(of error: StorageError) -> Refusal {
        switch error.outcome {
        case .refused: Refusal(.failed, "not stored: \(error.code.sentence)")
        case .unknown: Refusal(.failed, "it is not known whether this was stored: \(error.code.sentence)")
        }
    }
}

/// Something outside of the state changed.
private struct Announce: Command {
    var change: StateChange

    func apply(to transaction: inout Transaction) throws(Refusal) { transaction.note(change) }
}
