import Dispatch
import Foundation
import GRDB
package import StateCore

/// The state of one daemon in one SQLite file, `state.db` in its data directory.
///
/// Entries lie in one table by key; a second one holds the revision and the format. The file is locked from opening
/// to closing, so that no second daemon can write to it. Secrets are in here: the file is readable by its owner only.
///
/// SQLite keeps no checksums: lost and mangled pages are noticed, a flipped bit inside a value is not.
///
/// Any task may call; work is done one call after the other on a thread of its own, never on the cooperative pool.
/// A commit that has begun is not abandoned when its task is cancelled, so its outcome is always known.
///
/// After ``StorageError/Code/failed`` from a commit the disk may be broken: the caller should stop and be restarted,
/// not try again, because a failed flush may have lost what it was to write.
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

    /// Lets go of the file. Later calls fail; also done when the last reference goes.
    package func close() throws(StorageError) {
        try Self.refusing(path) { try queue.close() }
    }

    package func load() async throws(StorageError) -> StorageContents {
        try await perform { database in
            var contents = StorageContents(entries: [], revision: try Schema.revision(database))
            let statement = try database.cachedStatement(sql: "SELECT key, value FROM entry ORDER BY key")
            let rows = try Row.fetchCursor(statement)
            while let row = try rows.next() {
                let value = try row.withUnsafeData(atIndex: 1) { data in [UInt8](data ?? Data()) }
                contents.entries.append((key: row[0], value: value))
            }
            return contents
        }
    }

    package func commit(
        _ batch: [StorageWrite], expecting revision: UInt64
    ) async throws(StorageError) -> UInt64 {
        try check(batch)
        let path = path
        return try await perform { database in
            var next = revision
            try database.inTransaction(.immediate) {
                let stored = try Schema.revision(database)
                guard stored == revision else {
                    throw StorageError(
                        code: .conflict,
                        message:
                            "The state file \(path) was changed by another writer; restart Hawser to read it again.",
                        cause: "revision \(stored) is stored, \(revision) was expected")
                }
                try Self.write(batch, to: database)
                next = revision + 1
                try Schema.setRevision(next, in: database)
                return .commit
            }
            return next
        }
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
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StorageError) -> Value {
        let path = path
        let result: Result<Value, StorageError> = await withCheckedContinuation { continuation in
            queue.asyncWriteWithoutTransaction { database in
                continuation.resume(
                    returning: Result { () throws(StorageError) -> Value in
                        try Self.refusing(path) { try body(database) }
                    })
            }
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
