package import IdentityCore
import Synchronization

/// The state of the daemon: one writer, snapshots for readers, and word of what changed.
///
/// Any task may call any method. Commands are applied in the order of their calls; a command that changes something
/// durable returns when it is on disk, and readers see it from then on. Commands that wait together are written
/// together. If the disk refuses, durable commands fail, the state stays as it was, and reading goes on.
package final class StateStore: Sendable {
    private struct Queue {
        /// One entry per waiting caller.
        var works: [any Work] = []
        var isDraining = false
    }

    private let storage: any Storage
    private let current: Mutex<State>
    private let queue = Mutex(Queue())
    private let revision: Mutex<UInt64>
    private let subscribers = SubscriberRegistry()

    /// Reads what is stored.
    ///
    /// - Throws: `StorageError` of the storage, or `.corrupt` for a row that cannot be read. Nothing is dropped
    ///   silently: a daemon that cannot read its state must not start without it.
    package init(storage: any Storage) async throws(StorageError) {
        let contents = try await storage.load()
        self.storage = storage
        self.current = Mutex(try StateCodec.state(from: contents))
        self.revision = Mutex(contents.revision)
    }

    /// The present state.
    package var state: State { current.withLock { $0 } }

    /// Applies a command and waits until it is durable.
    package func apply<C: Command>(_ command: C) async throws(Refusal) -> C.Outcome {
        let ticket = Ticket(command: command)
        let mustDrain = queue.withLock { queue in
            queue.works.append(ticket)
            defer { queue.isDraining = true }
            return !queue.isDraining
        }
        if mustDrain { await drain() }
        return try await ticket.outcome()
    }

    /// Announces a change of something that is not part of the state.
    package func announce(_ change: StateChange) {
        publish([change])
    }

    /// Hears of changes from now on; take a snapshot after subscribing, not before.
    package func subscribe(to topics: StateTopics) -> StateSubscription { subscribers.subscribe(to: topics) }

    /// The same for whole areas.
    package func subscribe(to areas: StateInterest) -> StateSubscription { subscribe(to: StateTopics(areas: areas)) }

    // MARK: The writer

    /// Runs on the task of whoever found the queue at rest, for all that wait until it is empty again.
    private func drain() async {
        while true {
            let works: [any Work] = queue.withLock { queue in
                if queue.works.isEmpty { queue.isDraining = false }
                defer { queue.works = [] }
                return queue.works
            }
            guard !works.isEmpty else { return }
            await commit(works)
        }
    }

    private func commit(_ works: [any Work]) async {
        var batch = Batch(state: state)
        for work in works { work.apply(to: &batch) }
        if !batch.writes.isEmpty {
            let stored = revision.withLock { $0 }
            do throws(StorageError) {
                let next = try await storage.commit(batch.writes, expecting: stored)
                revision.withLock { $0 = next }
            } catch {
                batch = withoutDurable(works, because: error)
            }
        }
        let state = batch.state
        current.withLock { $0 = state }
        publish(batch.changes)
        for work in works { work.finish() }
    }

    /// The disk refused: durable commands fail, the others are applied without them.
    private func withoutDurable(_ works: [any Work], because error: StorageError) -> Batch {
        var batch = Batch(state: state)
        for work in works {
            if work.isDurable {
                work.fail(error)
            } else {
                work.apply(to: &batch)
            }
        }
        return batch
    }

    private func publish(_ changes: [StateChange]) {
        guard !changes.isEmpty else { return }
        subscribers.deliver(changes)
    }
}

/// What one write to disk carries.
private struct Batch {
    var state: State
    var writes: [StorageWrite] = []
    var changes: [StateChange] = []
}

/// A command of any type in the writer's queue.
private protocol Work: AnyObject, Sendable {
    var isDurable: Bool { get }
    func apply(to batch: inout Batch)
    func fail(_ error: StorageError)
    func finish()
}

/// A command, its outcome, and the caller who waits for it.
private final class Ticket<C: Command>: Work {
    private enum Progress {
        case waiting(CheckedContinuation<Result<C.Outcome, Refusal>, Never>?)
        case decided(Result<C.Outcome, Refusal>, CheckedContinuation<Result<C.Outcome, Refusal>, Never>?)
        case finished(Result<C.Outcome, Refusal>)

        var waiter: CheckedContinuation<Result<C.Outcome, Refusal>, Never>? {
            switch self {
            case .waiting(let waiter), .decided(_, let waiter): waiter
            case .finished: nil
            }
        }
    }

    private struct Record {
        var progress = Progress.waiting(nil)
        var isDurable = false
    }

    private let command: C
    private let record = Mutex(Record())

    init(command: C) {
        self.command = command
    }

    var isDurable: Bool { record.withLock { $0.isDurable } }

    func apply(to batch: inout Batch) {
        var transaction = Transaction(state: batch.state)
        let result: Result<C.Outcome, Refusal>
        do throws(Refusal) {
            let outcome = try command.apply(to: &transaction)
            for write in transaction.writes { try write.check() }
            result = .success(outcome)
            batch.state = transaction.committedState
            batch.writes += transaction.writes
            batch.changes += transaction.changes
        } catch {
            result = .failure(error)
            transaction.discard()
        }
        let isDurable = !transaction.writes.isEmpty
        record.withLock { record in
            record.isDurable = isDurable
            record.progress = .decided(result, record.progress.waiter)
        }
    }

    func fail(_ error: StorageError) {
        let refusal = Refusal(.failed, "not stored: \(error.description)")
        record.withLock { $0.progress = .decided(.failure(refusal), $0.progress.waiter) }
    }

    func finish() {
        let (waiter, result) = record.withLock { record in
            guard case .decided(let result, let waiter) = record.progress else {
                preconditionFailure("a command is decided before it is finished")
            }
            record.progress = .finished(result)
            return (waiter, result)
        }
        waiter?.resume(returning: result)
    }

    func outcome() async throws(Refusal) -> C.Outcome {
        let result = await withCheckedContinuation { continuation in
            let ready: Result<C.Outcome, Refusal>? = record.withLock { record in
                switch record.progress {
                case .waiting:
                    record.progress = .waiting(continuation)
                    return nil
                case .decided(let result, _):
                    record.progress = .decided(result, continuation)
                    return nil
                case .finished(let result):
                    return result
                }
            }
            if let ready { continuation.resume(returning: ready) }
        }
        return try result.get()
    }
}
