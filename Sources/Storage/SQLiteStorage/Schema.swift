import GRDB
import StateCore

/// What the file looks like inside.
enum Schema {
    /// Marks the file as ours in its header: `HWSR`.
    static let applicationID = 0x4857_5352
    /// The format that this version writes. A higher one was written by a newer version.
    static let format = 1

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
            try database.execute(
                sql: """
                    PRAGMA application_id = \(applicationID);
                    CREATE TABLE entry (key TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
                    CREATE TABLE meta (name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
                    INSERT INTO meta (name, value) VALUES ('format', \(format)), ('revision', 0);
                    """)
        }
        try queue.close()
    }

    /// Refuses a file that is not ours or that a newer version wrote, and takes the lock.
    static func check(_ database: Database, path: String) throws {
        // Writing is what takes the lock for good; rolled back, it leaves no trace.
        try database.inTransaction(.exclusive) {
            let application = try Int.fetchOne(database, sql: "PRAGMA application_id")
            guard application == applicationID else {
                throw Refusal.corrupt(path, cause: "application_id is \(application ?? 0), not \(applicationID)")
            }
            guard let stored = try meta("format", in: database) else {
                throw Refusal.corrupt(path, cause: "the format is missing")
            }
            guard stored <= Int64(format) else {
                throw StorageError(
                    code: .newer,
                    message: "The state file \(path) was written by a newer version of Hawser; start that version.",
                    cause: "format \(stored), this version knows \(format)")
            }
            _ = try revision(database)
            return .rollback
        }
    }

    /// The number of commits so far.
    static func revision(_ database: Database) throws -> UInt64 {
        guard let stored = try meta("revision", in: database), let revision = UInt64(exactly: stored) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "the revision is missing")
        }
        return revision
    }

    static func setRevision(_ revision: UInt64, in database: Database) throws {
        let statement = try database.cachedStatement(sql: "UPDATE meta SET value = ? WHERE name = 'revision'")
        statement.setUncheckedArguments([Int64(clamping: revision)])
        try statement.execute()
    }

    private static func meta(_ name: String, in database: Database) throws -> Int64? {
        let statement = try database.cachedStatement(sql: "SELECT value FROM meta WHERE name = ?")
        statement.setUncheckedArguments([name])
        return try Int64.fetchOne(statement)
    }
}
