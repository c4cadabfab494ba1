package import StateCore
import Synchronization

/// What a test's daemons have written: survives them, and is shared by all that are opened on it.
package final class MemoryDisk: Sendable {
    fileprivate struct Contents {
        var entries: [String: [UInt8]] = [:]
        var position = StoragePosition()
        var fence: UInt64 = 0
        var runs: [StoredEvents] = []
        /// Every commit, for those who follow.
        var history: [StorageUpdate] = []
        var followers: [AsyncThrowingStream<StorageUpdate, any Error>.Continuation] = []
    }

    fileprivate let contents = Mutex(Contents())

    package init() {}

    package var keys: [String] { contents.withLock { $0.entries.keys.sorted() } }
    package var entries: [String: [UInt8]] { contents.withLock { $0.entries } }
    package var position: StoragePosition { contents.withLock { $0.position } }

    /// What a hand changes while no daemon runs.
    package func edit(_ key: String, _ change: (inout [UInt8]?) -> Void) {
        contents.withLock { change(&$0.entries[key]) }
    }

    /// Forgets what followers could read of the past.
    package func compact() { contents.withLock { $0.history = [] } }

    /// What a new writer does before it writes: older ones are refused from then on.
    package func raiseFence(to term: UInt64) { contents.withLock { $0.fence = max($0.fence, term) } }
}

/// Storage without a disk that does what a test's script says: suspends, crashes, refuses, forgets, or does not know.
package final class MemoryStorage: Storage {
    /// What becomes of one commit.
    package enum Fate: Sendable {
        case done
        /// Nothing is stored.
        case refuse(StorageError.Code)
        /// Nobody is told whether it is stored; ``position()`` tells.
        case unknown(isStored: Bool)
        /// Nobody is told, and nothing can be read back either.
        case broken(isStored: Bool)
        /// The process ends in the middle: the commit never returns to anybody who counts.
        case crash(isStored: Bool)
    }

    private struct Record {
        var script: [Fate] = []
        var usual = Fate.done
        var isBroken = false
        var isHeld = false
        var held: [CheckedContinuation<Void, Never>] = []
        var commits: [StorageBatch] = []
    }

    package let disk: MemoryDisk
    private let record = Mutex(Record())
    /// A commit has come to a storage that is held, told at each.
    package let heldCommits: AsyncStream<Void>
    private let commitWasHeld: AsyncStream<Void>.Continuation

    package init(_ disk: MemoryDisk = MemoryDisk()) {
        self.disk = disk
        (heldCommits, commitWasHeld) = AsyncStream.makeStream()
    }

    // MARK: The script

    /// What the next commits meet, in order.
    package func script(_ fates: Fate...) { record.withLock { $0.script += fates } }

    /// Nothing of the script happens any more.
    package func clearScript() { record.withLock { $0.script = [] } }

    /// What every commit meets that the script does not name.
    package func usually(_ fate: Fate) { record.withLock { $0.usual = fate } }

    /// Commits wait from now on.
    package func hold() { record.withLock { $0.isHeld = true } }

    /// Those that wait go on.
    package func release() {
        let held = record.withLock { record in
            record.isHeld = false
            defer { record.held = [] }
            return record.held
        }
        for continuation in held { continuation.resume() }
    }

    /// Those that wait go on, and later ones wait again.
    package func releaseOnce() {
        let held = record.withLock { record in
            defer { record.held = [] }
            return record.held
        }
        for continuation in held { continuation.resume() }
    }

    /// Batches as they were handed over, whatever became of them.
    package var commits: [StorageBatch] { record.withLock { $0.commits } }

    package var keys: [String] { disk.keys }

    // MARK: Storage

    package func load() async throws(StorageError) -> StorageContents {
        try refuseIfBroken()
        return disk.contents.withLock { contents in
            StorageContents(
                entries: contents.entries.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
                    .map { (key: $0.key, value: $0.value) },
                position: contents.position)
        }
    }

    package func commit(_ batch: StorageBatch) async throws(StorageError) -> UInt64 {
        await waitWhileHeld()
        try refuseIfBroken()
        let fate = record.withLock { record in
            record.commits.append(batch)
            return record.script.isEmpty ? record.usual : record.script.removeFirst()
        }
        switch fate {
        case .done: return try store(batch)
        case .refuse(let code): throw Self.error(code)
        case .unknown(let isStored):
            if isStored { _ = try store(batch) }
            throw Self.error(.failed, .unknown)
        case .broken(let isStored), .crash(let isStored):
            if isStored { _ = try store(batch) }
            record.withLock { $0.isBroken = true }
            throw Self.error(.failed, .unknown)
        }
    }

    package func position() async throws(StorageError) -> StoragePosition {
        try refuseIfBroken()
        return disk.position
    }

    package func watch(
        from revision: UInt64
    ) async throws(StorageError) -> AsyncThrowingStream<StorageUpdate, any Error> {
        try refuseIfBroken()
        let (stream, continuation) = AsyncThrowingStream<StorageUpdate, any Error>.makeStream()
        let isKnown = disk.contents.withLock { contents in
            let missed = contents.history.filter { $0.position.revision > revision }
            guard missed.count == Int(contents.position.revision - min(revision, contents.position.revision))
            else { return false }
            for update in missed { continuation.yield(update) }
            contents.followers.append(continuation)
            return true
        }
        guard isKnown else { throw Self.error(.compacted) }
        return stream
    }

    package func events(from number: UInt64, limit: Int) async throws(StorageError) -> [StoredEvents] {
        try refuseIfBroken()
        return disk.contents.withLock { contents in
            var count = 0
            return Array(
                contents.runs.drop { $0.next <= number }.prefix { run in
                    defer { count += run.count }
                    return count < limit
                })
        }
    }

    package func firstEvent(since milliseconds: Int64) async throws(StorageError) -> UInt64? {
        try refuseIfBroken()
        return disk.contents.withLock { $0.runs.first { $0.time >= milliseconds }?.first }
    }

    package func close() async throws(StorageError) {
        record.withLock { $0.isBroken = true }
        let followers = disk.contents.withLock { $0.followers }
        for follower in followers { follower.finish() }
    }

    // MARK: Inside

    private func waitWhileHeld() async {
        await withCheckedContinuation { continuation in
            let isHeld = record.withLock { record in
                if record.isHeld { record.held.append(continuation) }
                return record.isHeld
            }
            if isHeld { commitWasHeld.yield() } else { continuation.resume() }
        }
    }

    private func refuseIfBroken() throws(StorageError) {
        if record.withLock({ $0.isBroken }) { throw Self.error(.closed) }
    }

    private func store(_ batch: StorageBatch) throws(StorageError) -> UInt64 {
        let result: Result<StorageUpdate, StorageError> = disk.contents.withLock { contents in
            guard contents.position.revision == batch.expecting else { return .failure(Self.error(.conflict)) }
            guard batch.fence >= contents.fence else { return .failure(Self.error(.fenced)) }
            for write in batch.writes
            where (write.key.utf8.count > StorageWrite.maxKeyBytes || write.key.isEmpty)
                || write.value.map({ $0.count > StorageWrite.maxValueBytes }) ?? false
            {
                return .failure(Self.error(.failed))
            }
            if let events = batch.events {
                if let last = contents.runs.last, last.next != events.first { return .failure(Self.error(.failed)) }
                contents.runs.append(events)
            }
            if let retention = batch.retention { contents.trim(to: retention) }
            for write in batch.writes { contents.entries[write.key] = write.value }
            contents.fence = batch.fence
            contents.position = StoragePosition(
                revision: contents.position.revision + 1, index: batch.index, tag: batch.tag)
            let update = StorageUpdate(position: contents.position, writes: batch.writes, events: batch.events)
            contents.history.append(update)
            for follower in contents.followers { follower.yield(update) }
            return .success(update)
        }
        return try result.get().position.revision
    }

    private static func error(
        _ code: StorageError.Code, _ outcome: StorageError.Outcome = .refused
    ) -> StorageError {
        StorageError(code: code, outcome: outcome, message: "The test's storage in /memory fails.", cause: "a script")
    }
}

extension MemoryDisk.Contents {
    fileprivate mutating func trim(to retention: EventRetention) {
        while runs.count > 1, let oldest = runs.first,
            oldest.time < retention.notBefore || runs.reduce(0, { $0 + $1.bytes.count }) > retention.maxBytes
        {
            runs.removeFirst()
        }
    }
}
