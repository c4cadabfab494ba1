import IdentityCore
import PeeringCore

/// What one commit carries: the changes of several commands, each on top of those before it.
struct Batch: Sendable {
    private(set) var state: State
    private(set) var writes: [StorageWrite] = []
    private(set) var changes: [StateChange] = []
    private(set) var bytes = 0
    private var events = EventLines()
    /// Set when nothing can be stored: what commands that would write fail with.
    let refusesWrites: Refusal?

    init(state: State, refusesWrites: Refusal? = nil) {
        self.state = state
        self.refusesWrites = refusesWrites
    }

    /// An index that was told is stored, so that it does not go back.
    var mustBeStored: Bool { refusesWrites == nil && (!writes.isEmpty || !events.isEmpty || !changes.isEmpty) }

    /// Applies a command whole, or not at all.
    mutating func apply<C: Command>(_ command: C, digest: @escaping EventDigest) -> Result<C.Outcome, Refusal> {
        var transaction = Transaction(state: state, digest: digest)
        do throws(Refusal) {
            let outcome = try command.apply(to: &transaction)
            if let refusesWrites, transaction.isDurable { throw refusesWrites }
            let encoded = try transaction.writes.encoded()
            state = transaction.committedState
            writes += encoded
            events.append(transaction.events)
            changes += transaction.changes
            bytes += encoded.reduce(transaction.events.bytes.count) { $0 + $1.key.utf8.count + ($1.value?.count ?? 0) }
            return .success(outcome)
        } catch {
            return .failure(error)
        }
    }

    func request(expecting revision: UInt64, tag: UInt64, log: LogSettings) -> StorageBatch {
        var writes = writes
        var retention: EventRetention?
        if !events.isEmpty {
            writes.append(LogHeadRow(state.log).write)
            let oldest = events.lastTime.milliseconds - Int64(log.maxAge / .milliseconds(1))
            retention = EventRetention(maxBytes: log.maxBytes, notBefore: oldest)
        }
        return StorageBatch(
            writes: writes, events: events.run, retention: retention, index: state.index, expecting: revision, tag: tag)
    }
}
