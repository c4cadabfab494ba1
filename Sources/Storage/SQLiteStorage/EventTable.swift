import Foundation
import GRDB
import StateCore

/// The stream of events: a row for each run that was committed together.
enum EventTable {
    /// Runs that one commit takes away at the most, so that a lowered bound does not hold up a commit.
    private static let maxTrimmedRuns = 256

    static func append(_ run: StoredEvents, to database: Database) throws {
        if let next = try next(in: database), next != run.first {
            throw DatabaseError(
                resultCode: .SQLITE_CONSTRAINT, message: "event \(run.first) does not follow on \(next)")
        }
        let insert = try database.cachedStatement(
            sql: "INSERT INTO event (first, count, time, bytes) VALUES (?, ?, ?, ?)")
        insert.setUncheckedArguments([Int64(clamping: run.first), run.count, run.time, Data(run.bytes)])
        try insert.execute()
        try addBytes(run.bytes.count, in: database)
    }

    /// The number that the next event must have; `nil` if there is none yet.
    private static func next(in database: Database) throws -> UInt64? {
        let last = try database.cachedStatement(sql: "SELECT first + count FROM event ORDER BY first DESC LIMIT 1")
        return try Int64.fetchOne(last).map { UInt64(clamping: $0) }
    }

    static func trim(_ database: Database, to retention: EventRetention) throws {
        let oldest = try database.cachedStatement(
            sql: """
                SELECT first, time, length(bytes) FROM event
                WHERE first < (SELECT max(first) FROM event) ORDER BY first LIMIT 1
                """)
        let delete = try database.cachedStatement(sql: "DELETE FROM event WHERE first = ?")
        for _ in 0..<maxTrimmedRuns {
            guard let row = try Row.fetchOne(oldest) else { return }
            let (first, time, bytes): (Int64, Int64, Int) = (row[0], row[1], row[2])
            let stored = try Meta.value(.eventBytes, in: database) ?? 0
            guard time < retention.notBefore || stored > Int64(retention.maxBytes) else { return }
            delete.setUncheckedArguments([first])
            try delete.execute()
            try addBytes(-bytes, in: database)
        }
    }

    private static func addBytes(_ count: Int, in database: Database) throws {
        let stored = try Meta.value(.eventBytes, in: database) ?? 0
        try Meta.set(.eventBytes, stored + Int64(count), in: database)
    }

    static func first(since milliseconds: Int64, in database: Database) throws -> UInt64? {
        let statement = try database.cachedStatement(sql: "SELECT min(first) FROM event WHERE time >= ?")
        statement.setUncheckedArguments([milliseconds])
        return try Optional<Int64>.fetchOne(statement).flatMap { $0 }.map { UInt64(clamping: $0) }
    }

    static func runs(from number: UInt64, limit: Int, in database: Database) throws -> [StoredEvents] {
        let statement = try database.cachedStatement(
            sql: """
                SELECT first, count, time, bytes FROM event
                WHERE first >= coalesce((SELECT max(first) FROM event WHERE first <= ?), 0) AND first + count > ?
                ORDER BY first
                """)
        let number = Int64(clamping: number)
        statement.setUncheckedArguments([number, number])
        let rows = try Row.fetchCursor(statement)
        var runs: [StoredEvents] = []
        var count = 0
        while count < limit, let row = try rows.next() {
            let bytes = try row.withUnsafeData(atIndex: 3) { [UInt8]($0 ?? Data()) }
            let (first, size, time): (Int64, Int, Int64) = (row[0], row[1], row[2])
            runs.append(StoredEvents(first: UInt64(clamping: first), count: size, time: time, bytes: bytes))
            count += size
        }
        return runs
    }
}
