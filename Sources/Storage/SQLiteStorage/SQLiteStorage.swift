import Dispatch
import Foundation
import GRDB
package import StateCore
import Synchronization

/// The state of one daemon in one SQLite file, `state.db` in its data directory.
///
/// Rows lie in one table by key, runs of events in a second one by number; a third one holds single numbers such as the
/// revision and the format. The file is locked from opening to closing, so that no second daemon can write to it.
/// Secrets are in here: the file is readable by its owner only.
///
/// Any task may call; work is done one call after the other on a thread of its own, never on the cooperative pool.
/// A commit that has begun is not abandoned when its task is cancelled.
///
/// After a commit whose outcome is unknown, such as after a failed flush, every further call fails: what the system
/// reads back then need not be what the disk holds. Whoever opens the file again reads what it does hold.
package final class SQLiteStorage: Storage {
    /// What is refused before it reaches the file.
    package struct Limits: Hashable, Sendable {
        /// Bytes of one key. The protocol ``StateCore/Storage`` promises no more.
        package var maxKeyBytes = StorageWrite.maxKeyBytes
        /// Bytes of one value, likewise.
        package var maxValueBytes = StorageWrite.maxValueBytes

        package init() {}
    }

    /// Where the file is.
    package let path: String
    private let limits: Limits
    private let queue: DatabaseQueue
    private let feed = UpdateFeed()
    /// The error of a commit whose outcome is unknown.
    private let broken = Mutex<StorageError?>(nil)

    private init(path: String, limits: Limits, queue: DatabaseQueue) {
        self.path = path
        self.limits = limits
        self.queue = queue
    }

    /// Opens `state.db` in a directory, and makes both if they are missing (only the last part of the directory's path).
    ///
    /// A damaged or foreign file is refused and left as it is. Blocks on the disk: called once, at start.
    package static func open(
        directory: String, limits: Limits = Limits()
    ) throws(StorageError) -> SQLiteStorage {
        let path = directory + "/state.db"
        try StateFile.prepareDirectory(directory)
        if try !StateFile.exists(path) {
            try StateFile.create(path, in: directory)
        }
        try StateFile.restrict(path)
        try StateFile.refuseEmpty(path)
        return try refusing(path) {
            let queue = try DatabaseQueue(path: path, configuration: Schema.configuration())
            try queue.writeWithoutTransaction { database in
                try Schema.check(database, path: path)
            }
            return SQLiteStorage(path: path, limits: limits, queue: queue)
        }
    }

    /// Also done when the last reference goes.
    package func close() async throws(StorageError) {
        feed.end()
        let queue = queue
        // Flushes on a thread that may block.
        try await perform(ignoringFailure: true) { _ in }
        try Self.refusing(path) { try queue.close() }
    }

    package func load() async throws(StorageError) -> StorageContents {
        try await perform { database in
            var contents = StorageContents(entries: [], position: try Meta.position(in: database))
            let statement = try database.cachedStatement(sql: "SELECT key, value FROM entry ORDER BY key")
            let rows = try Row.fetchCursor(statement)
            while let row = try rows.next() {
                let value = try row.withUnsafeData(atIndex: 1) { data in [UInt8](data ?? Data()) }
                contents.entries.append((key: row[0], value: value))
            }
            return contents
        }
    }

    package func position() async throws(StorageError) -> StoragePosition {
        try await perform { try Meta.position(in: $0) }
    }

    package func events(from number: UInt64, limit: Int) async throws(StorageError) -> [StoredEvents] {
        try await perform { try EventTable.runs(from: number, limit: limit, in: $0) }
    }

    package func firstEvent(since milliseconds: Int64) async throws(StorageError) -> UInt64? {
        try await perform { try EventTable.first(since: milliseconds, in: $0) }
    }

    package func watch(
        from revision: UInt64
    ) async throws(StorageError) -> AsyncThrowingStream<StorageUpdate, any Error> {
        let feed = feed
        // Between reading the revision and following nothing can be committed: both happen on the database's queue.
        let found = try await perform { database -> (UInt64, UpdateFeed.Stream) in
            (try Meta.position(in: database).revision, feed.follow())
        }
        guard found.0 == revision else { throw UpdateFeed.behind }
        return found.1
    }

    package func commit(_ batch: StorageBatch) async throws(StorageError) -> UInt64 {
        try check(batch.writes)
        let (path, feed) = (path, feed)
        let position = try await perform { database -> StoragePosition in
            var position = StoragePosition()
            var isCommitting = false
            do {
                try database.inTransaction(.immediate) {
                    position = try Self.write(batch, to: database, path: path)
                    isCommitting = true
                    return .commit
                }
            } catch let error as DatabaseError where isCommitting && Refusal.isUnknown(error) {
                var unknown = Refusal.of(error, path: path)
                unknown.outcome = .unknown
                throw unknown
            }
            feed.tell(StorageUpdate(position: position, writes: batch.writes, events: batch.events))
            return position
        }
        return position.revision
    }

    private static func write(_ batch: StorageBatch, to database: Database, path: String) throws -> StoragePosition {
        let stored = try Meta.position(in: database)
        guard stored.revision == batch.expecting else {
            throw StorageError(
                code: .conflict,
                message: "The state file \(path) was changed by another writer; restart Hawser to read it again.",
                cause: "revision \(stored.revision) is stored, \(batch.expecting) was expected")
        }
        let fence = UInt64(clamping: try Meta.value(.fence, in: database) ?? 0)
        guard batch.fence >= fence else {
            throw StorageError(
                code: .fenced, message: "Another daemon has taken over writing to the state file \(path).",
                cause: "term \(fence) has written, this is \(batch.fence)")
        }
        if batch.fence > fence { try Meta.set(.fence, Int64(clamping: batch.fence), in: database) }
        try write(batch.writes, to: database)
        if let events = batch.events { try EventTable.append(events, to: database) }
        if let retention = batch.retention { try EventTable.trim(database, to: retention) }
        let next = StoragePosition(revision: stored.revision + 1, index: batch.index, tag: batch.tag)
        try Meta.set(next, in: database)
        return next
    }

    private static func write(_ batch: [StorageWrite], to database: Database) throws {
        let put = try database.cachedStatement(
            sql: "INSERT INTO entry (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value")
        let delete = try database.cachedStatement(sql: "DELETE FROM entry WHERE key = ?")
        for entry in batch {
            if let value = entry.value {
                put.setUncheckedArguments([entry.key, Data(value)])
                try put.execute()
            } else {
                delete.setUncheckedArguments([entry.key])
                try delete.execute()
            }
        }
    }

    private func check(_ batch: [StorageWrite]) throws(StorageError) {
        for entry in batch {
            let keyBytes = entry.key.utf8.count
            let valueBytes = entry.value?.count ?? 0
            guard (1...limits.maxKeyBytes).contains(keyBytes), valueBytes <= limits.maxValueBytes else {
                throw StorageError(
                    code: .failed,
                    message: "An entry for the state file \(path) is too large and was not written; "
                        + "please report this as a bug.",
                    cause: "a key of \(keyBytes) bytes (1 to \(limits.maxKeyBytes)) with a value of \(valueBytes) "
                        + "(up to \(limits.maxValueBytes))")
            }
        }
    }

    /// Runs a body on the database's own queue and waits for it without holding a thread.
    private func perform<Value: Sendable>(
        ignoringFailure: Bool = false, _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StorageError) -> Value {
        if !ignoringFailure, let error = broken.withLock({ $0 }) { throw error }
        let path = path
        let result: Result<Value, StorageError> = await withCheckedContinuation { continuation in
            queue.asyncWriteWithoutTransaction { database in
                continuation.resume(
                    returning: Result { () throws(StorageError) -> Value in
                        try Self.refusing(path) { try body(database) }
                    })
            }
        }
        if case .failure(let error) = result, error.outcome == .unknown {
            broken.withLock { $0 = $0 ?? error }
        }
        return try result.get()
    }

    /// Says every error in the words of ``StorageError``.
    private static func refusing<Value>(
        _ path: String, _ body: () throws -> Value
    ) throws(StorageError) -> Value {
        do {
            return try body()
        } catch let error as StorageError {
            throw error
        } catch {
            throw Refusal.of(error, path: path)
        }
    }
}

extension SQLiteStorage {
    /// Makes the disk look full from here on: the file may not grow beyond its size now. For tests.
    func refuseToGrow() throws {
        try queue.writeWithoutTransaction { database in
            let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
            try database.execute(sql: "PRAGMA max_page_count = \(pages)")
        }
    }

    /// The values of pragmas on the live connection. For tests.
    func settings(_ names: [String]) throws -> [String] {
        try queue.writeWithoutTransaction { database in
            try names.map { try String.fetchOne(database, sql: "PRAGMA \($0)") ?? "" }
        }
    }
}
