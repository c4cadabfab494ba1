import Foundation
import GRDB
import StateCore
import Testing

@testable import SQLiteStorage

@Suite("SQLite storage keeps entries")
struct SQLiteStorageTests {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    @Test func `A new file is empty, at revision 0, and readable by its owner only`() async throws {
        let storage = try SQLiteStorage.open(directory: directory.data)
        let contents = try await storage.load()
        #expect(contents.entries.isEmpty)
        #expect(contents.position.revision == 0)
        #expect(try directory.mode(of: directory.data) == 0o700)
        #expect(try directory.mode(of: directory.file) == 0o600)
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.data)
        #expect(names.allSatisfy { ["state.db", "state.db-wal"].contains($0) }, "left over: \(names)")
    }

    @Test func `What was committed is there after opening again, in the order of the keys' bytes`() async throws {
        let storage = try SQLiteStorage.open(directory: directory.data)
        let first = try await storage.commit(
            [
                StorageWrite(key: "peering/b", value: [1, 2, 0, 255]),
                StorageWrite(key: "peering/é", value: []),
                StorageWrite(key: "peering/Z", value: Array(repeating: 7, count: 100_000)),
                StorageWrite(key: "peering/gone", value: [1]),
            ], expecting: 0)
        #expect(first == 1)
        let second = try await storage.commit(
            [StorageWrite(key: "peering/gone", value: nil), StorageWrite(key: "peering/b", value: [9])],
            expecting: 1)
        #expect(second == 2)
        try await storage.close()

        let again = try SQLiteStorage.open(directory: directory.data)
        let contents = try await again.load()
        #expect(contents.position.revision == 2)
        #expect(contents.entries.map(\.key) == ["peering/Z", "peering/b", "peering/é"])
        #expect(contents.entries.map(\.value) == [Array(repeating: 7, count: 100_000), [9], []])
    }

    @Test func `Within a batch the later write of a key wins, and an empty batch counts`() async throws {
        let storage = try SQLiteStorage.open(directory: directory.data)
        let batch = [
            StorageWrite(key: "a/1", value: [1]), StorageWrite(key: "a/1", value: nil),
            StorageWrite(key: "a/1", value: [2]), StorageWrite(key: "a/2", value: nil),
        ]
        #expect(try await storage.commit(batch, expecting: 0) == 1)
        #expect(try await storage.commit([], expecting: 1) == 2)
        let contents = try await storage.load()
        #expect(contents.entries.map(\.key) == ["a/1"])
        #expect(contents.entries.map(\.value) == [[2]])
    }

    @Test func `A batch that builds on another revision is refused whole`() async throws {
        let storage = try SQLiteStorage.open(directory: directory.data)
        _ = try await storage.commit([StorageWrite(key: "a/1", value: [1])], expecting: 0)
        for wrong in [UInt64(0), 2, .max] {
            await #expect(throws: StorageError(code: .conflict, message: "", cause: "")) {
                try await storage.commit([StorageWrite(key: "a/2", value: [2])], expecting: wrong)
            }
        }
        let contents = try await storage.load()
        #expect(contents.entries.map(\.key) == ["a/1"])
        #expect(contents.position.revision == 1)
    }

    @Test(arguments: ["", String(repeating: "k", count: StorageWrite.maxKeyBytes + 1)])
    func `A key of the wrong size is refused before anything is written`(key: String) async throws {
        let storage = try SQLiteStorage.open(directory: directory.data)
        await #expect(throws: StorageError(code: .failed, message: "", cause: "")) {
            try await storage.commit(
                [StorageWrite(key: "a/1", value: [1]), StorageWrite(key: key, value: [1])], expecting: 0)
        }
        #expect(try await storage.load().entries.isEmpty)
    }

    @Test func `A value beyond the limit is refused, and one at the limit is kept`() async throws {
        var limits = SQLiteStorage.Limits()
        limits.maxValueBytes = 10
        let storage = try SQLiteStorage.open(directory: directory.data, limits: limits)
        await #expect(throws: StorageError(code: .failed, message: "", cause: "")) {
            try await storage.commit([StorageWrite(key: "a/1", value: Array(repeating: 0, count: 11))], expecting: 0)
        }
        #expect(
            try await storage.commit([StorageWrite(key: "a/1", value: Array(repeating: 0, count: 10))], expecting: 0)
                == 1)
    }

    @Test func `A commit whose task is cancelled is still made whole`() async throws {
        let storage = try SQLiteStorage.open(directory: directory.data)
        let batch = (0..<100).map { StorageWrite(key: "a/\($0)", value: [UInt8($0)]) }
        let task = Task {
            unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
            return try await storage.commit(batch, expecting: 0)
        }
        #expect(try await task.value == 1)
        #expect(try await storage.load().entries.count == 100)
    }

    @Test func `The connection is set up for durability and little memory`() async throws {
        let storage = try SQLiteStorage.open(directory: directory.data)
        let settings = try storage.settings([
            "locking_mode", "journal_mode", "synchronous", "cache_size", "mmap_size", "application_id",
        ])
        #expect(settings == ["exclusive", "wal", "2", "-2048", "0", "1213682514"])
    }
}
