import Foundation
import GRDB
import StateCore

/// What the file looks like inside.
enum Schema {
    /// Marks the file as ours in its header: `HWSR`.
    static let applicationID = 0x4857_5352
    /// The format that this version writes. A higher one was written by a newer version.
    static let format = Migration.all.last?.format ?? 0

    /// How every connection is set up.
    ///
    /// Another process that holds the file is refused at once: it would hold it as long as it lives.
    static func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.label = "hawser.state"
        configuration.busyMode = .immediateError
        configuration.prepareDatabase { database in
            // The exclusive mode comes first: then the log needs no shared memory, and the lock is never let go.
            // FULL flushes the log at each commit: what was acknowledged is on disk.
            try database.execute(
                sql: """
                    PRAGMA locking_mode = EXCLUSIVE;
                    PRAGMA journal_mode = WAL;
                    PRAGMA synchronous = FULL;
                    PRAGMA cache_size = -2048;
                    PRAGMA mmap_size = 0;
                    PRAGMA temp_store = MEMORY;
                    PRAGMA journal_size_limit = 16777216;
                    """)
        }
        return configuration
    }

    /// Fills a new file. It is no log yet: the file must be whole and alone when it gets its name.
    static func create(at path: String) throws {
        var configuration = Configuration()
        configuration.busyMode = .immediateError
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.write { database in
            try database.execute(sql: "PRAGMA application_id = \(applicationID)")
            for migration in Migration.all { try migration.run(database) }
        }
        try queue.close()
    }

    /// Refuses a file that is not ours or that a newer version wrote, takes the lock, and brings a file of an older
    /// version to this format, whole or not at all.
    static func check(_ database: Database, path: String) throws {
        // Writing is what takes the lock for good; rolled back, it leaves no trace.
        try database.inTransaction(.exclusive) {
            let application = try Int.fetchOne(database, sql: "PRAGMA application_id")
            guard application == applicationID else {
                throw Refusal.corrupt(path, cause: "application_id is \(application ?? 0), not \(applicationID)")
            }
            guard let stored = try Meta.value(.format, in: database) else {
                throw Refusal.corrupt(path, cause: "the format is missing")
            }
            guard stored <= Int64(format) else {
                throw StorageError(
                    code: .newer,
                    message: "The state file \(path) was written by a newer version of Hawser; start that version.",
                    cause: "format \(stored), this version knows \(format)")
            }
            _ = try Meta.position(in: database)
            let due = Migration.all.filter { Int64($0.format) > stored }
            for migration in due { try migration.run(database) }
            return due.isEmpty ? .rollback : .commit
        }
    }
}

/// One step from a format of the file to the next. Once released, a step never changes.
struct Migration: Sendable {
    /// The format after it.
    var format: Int
    var name: String
    private var change: @Sendable (Database) throws -> Void

    func run(_ database: Database) throws {
        try change(database)
        try Meta.set(.format, Int64(format), in: database)
    }

    static let all = [
        Migration(format: 1, name: "rows and a revision") { database in
            try database.execute(
                sql: """
                    CREATE TABLE entry (key TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
                    CREATE TABLE meta (name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
                    INSERT INTO meta (name, value) VALUES ('format', 1), ('revision', 0);
                    """)
        },
        Migration(format: 2, name: "checksums, the index, and events") { database in
            try sealRows(of: database)
            try database.execute(
                sql: """
                    CREATE TABLE event (
                        first INTEGER PRIMARY KEY NOT NULL, count INTEGER NOT NULL, time INTEGER NOT NULL,
                        bytes BLOB NOT NULL
                    ) STRICT;
                    INSERT INTO meta (name, value) VALUES ('index', 0), ('tag', 0), ('fence', 0), ('event_bytes', 0);
                    """)
        },
    ]

    /// Puts every value into an envelope of version 1. A key that holds NUL, which versions of format 1 could write and
    /// not read again, is escaped.
    private static func sealRows(of database: Database) throws {
        try database.execute(
            sql: """
                ALTER TABLE entry RENAME TO entry_1;
                CREATE TABLE entry (key TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
                """)
        let put = try database.cachedStatement(sql: "INSERT OR REPLACE INTO entry (key, value) VALUES (?, ?)")
        let rows = try Row.fetchCursor(database, sql: "SELECT CAST(key AS BLOB), value FROM entry_1")
        while let row = try rows.next() {
            let bytes: [UInt8] = try row.withUnsafeData(atIndex: 0) { [UInt8]($0 ?? Data()) }
            let key = String(decoding: bytes, as: UTF8.self).split(separator: "\0", omittingEmptySubsequences: false)
                .joined(separator: "%00")
            let body: [UInt8] = try row.withUnsafeData(atIndex: 1) { [UInt8]($0 ?? Data()) }
            put.setUncheckedArguments([key, Data(RowEnvelope.seal(body, version: 1, key: key))])
            try put.execute()
        }
        try database.execute(sql: "DROP TABLE entry_1")
    }
}
