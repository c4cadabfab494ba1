import GRDB
import StateCore

/// Single numbers of the file.
enum Meta {
    enum Name: String {
        /// Of the file; see ``Migration``.
        case format
        /// The number of commits so far.
        case revision
        /// The state's index at the last commit.
        case index
        /// Of the last commit, as the bits of a signed number.
        case tag
        /// The highest term of a writer that has written.
        case fence
        /// Of all events that are kept.
        case eventBytes = "event_bytes"
    }

    static func value(_ name: Name, in database: Database) throws -> Int64? {
        let statement = try database.cachedStatement(sql: "SELECT value FROM meta WHERE name = ?")
        statement.setUncheckedArguments([name.rawValue])
        return try Int64.fetchOne(statement)
    }

    static func set(_ name: Name, _ value: Int64, in database: Database) throws {
        let statement = try database.cachedStatement(sql: "UPDATE meta SET value = ? WHERE name = ?")
        statement.setUncheckedArguments([value, name.rawValue])
        try statement.execute()
    }

    /// - Throws: `SQLITE_CORRUPT` if the revision is missing.
    static func position(in database: Database) throws -> StoragePosition {
        guard let stored = try value(.revision, in: database), let revision = UInt64(exactly: stored) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "the revision is missing")
        }
        return StoragePosition(
            revision: revision, index: UInt64(clamping: try value(.index, in: database) ?? 0),
            tag: UInt64(bitPattern: try value(.tag, in: database) ?? 0))
    }

    static func set(_ position: StoragePosition, in database: Database) throws {
        try set(.revision, Int64(clamping: position.revision), in: database)
        try set(.index, Int64(clamping: position.index), in: database)
        try set(.tag, Int64(bitPattern: position.tag), in: database)
    }
}
