import Foundation
import GRDB
import StateCore
import Testing

@testable import SQLiteStorage

@Suite("SQLite storage refuses")
struct SQLiteStorageFailureTests {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    /// Opens and loads, and says which error came and that it names the file.
    private func codeOfOpening() async -> StorageError.Code? {
        do {
            _ = try await SQLiteStorage.open(directory: directory.data).load()
            return nil
        } catch {
            #expect(error.message.contains(directory.data), "\(error)")
            #expect(!error.cause.isEmpty)
            return error.code
        }
    }

    /// A file as a stopped daemon leaves it.
    private func stored(entries: Int = 200) async throws -> Data {
        let storage = try SQLiteStorage.open(directory: directory.data)
        let batch = (0..<entries).map {
            StorageWrite(key: "a/\($0)", value: Array(repeating: UInt8($0 & 255), count: 800))
        }
        _ = try await storage.commit(batch, expecting: 0)
        try await storage.close()
        return try Data(contentsOf: URL(filePath: directory.file))
    }

    private func overwrite(_ data: Data) throws {
        try FileManager.default.createDirectory(atPath: directory.data, withIntermediateDirectories: true)
        try data.write(to: URL(filePath: directory.file))
    }

    @Test func `A second daemon on the same directory`() async throws {
        let first = try SQLiteStorage.open(directory: directory.data)
        #expect(await codeOfOpening() == .locked)
        _ = try await first.commit([StorageWrite(key: "a/1", value: [1])], expecting: 0)
        #expect(await codeOfOpening() == .locked)
        try await first.close()
        #expect(await codeOfOpening() == nil)
    }

    @Test func `A second process, for the system's locks are held from opening to closing`() async throws {
        let storage = try SQLiteStorage.open(directory: directory.data)
        let inode = try FileManager.default.attributesOfItem(atPath: directory.file)[.systemFileNumber] as? Int
        let number = try #require(inode)
        func locks() throws -> [Substring] {
            try String(contentsOfFile: "/proc/locks", encoding: .utf8).split(separator: "\n")
                .filter { $0.contains(":\(number) ") && $0.contains("WRITE") }
        }
        #expect(try !locks().isEmpty)
        _ = try await storage.commit([StorageWrite(key: "a/1", value: [1])], expecting: 0)
        #expect(try !locks().isEmpty)
        try await storage.close()
        #expect(try locks().isEmpty)
    }

    @Test(arguments: ["", "no database at all", "SQLite format 3\0"])
    func `A file that is no database, and it stays as it is`(text: String) async throws {
        try overwrite(Data(text.utf8))
        #expect(await codeOfOpening() == .corrupt)
        #expect(try Data(contentsOf: URL(filePath: directory.file)) == Data(text.utf8))
    }

    @Test(arguments: [1, 3, 10])
    func `A file that lost its end`(pages: Int) async throws {
        let whole = try await stored()
        try overwrite(whole.dropLast(pages * 4096))
        #expect(await codeOfOpening() == .corrupt)
    }

    @Test func `A file with pages of noise`() async throws {
        var data = try await stored()
        for index in 4096..<data.count { data[index] = UInt8(truncatingIfNeeded: index &* 31) }
        try overwrite(data)
        #expect(await codeOfOpening() == .corrupt)
    }

    @Test func `Somebody else's database, which stays as it is`() async throws {
        try FileManager.default.createDirectory(atPath: directory.data, withIntermediateDirectories: true)
        let other = try DatabaseQueue(path: directory.file)
        try await other.write { try $0.execute(sql: "CREATE TABLE entry (key, value); PRAGMA application_id = 7") }
        try other.close()
        #expect(await codeOfOpening() == .corrupt)
        let again = try DatabaseQueue(path: directory.file)
        #expect(try await again.read { try Int.fetchOne($0, sql: "PRAGMA application_id") } == 7)
    }

    @Test(arguments: [
        ("UPDATE meta SET value = 3 WHERE name = 'format'", StorageError.Code.newer),
        ("DELETE FROM meta WHERE name = 'format'", .corrupt),
        ("DELETE FROM meta WHERE name = 'revision'", .corrupt),
        ("UPDATE meta SET value = -1 WHERE name = 'revision'", .corrupt),
        ("DROP TABLE meta", .corrupt),
        ("DROP TABLE entry", .corrupt),
    ])
    func `A file that another version or a hand has changed`(sql: String, code: StorageError.Code) async throws {
        _ = try await stored()
        let hand = try DatabaseQueue(path: directory.file)
        try await hand.write { try $0.execute(sql: sql) }
        try hand.close()
        #expect(await codeOfOpening() == code)
    }

    @Test func `A batch on a full disk, whole; a smaller state is served on`() async throws {
        let storage = try SQLiteStorage.open(directory: directory.data)
        _ = try await storage.commit([StorageWrite(key: "a/1", value: [1])], expecting: 0)
        try storage.refuseToGrow()
        let batch = (0..<100).map { StorageWrite(key: "b/\($0)", value: Array(repeating: 1, count: 800)) }
        let refused = await #expect(throws: StorageError.self) { try await storage.commit(batch, expecting: 1) }
        #expect(refused?.code == .full)
        let contents = try await storage.load()
        #expect(contents.entries.map(\.key) == ["a/1"])
        #expect(contents.position.revision == 1)
        #expect(try await storage.commit([StorageWrite(key: "a/1", value: [2])], expecting: 1) == 2)
    }

    @Test func `A directory that is a file, or whose parent is missing`() async throws {
        try Data().write(to: URL(filePath: directory.data))
        #expect(await codeOfOpening() == .denied)
        try FileManager.default.removeItem(atPath: directory.data)
        let refused = #expect(throws: StorageError.self) {
            _ = try SQLiteStorage.open(directory: directory.data + "/too/deep")
        }
        #expect(refused?.code == .denied)
    }

    @Test func `A state file that is a directory`() async throws {
        try FileManager.default.createDirectory(atPath: directory.file, withIntermediateDirectories: true)
        #expect(await codeOfOpening() == .denied)
    }

    @Test func `Calls after closing`() async throws {
        let storage = try SQLiteStorage.open(directory: directory.data)
        try await storage.close()
        await #expect(throws: StorageError.self) { try await storage.load() }
        await #expect(throws: StorageError.self) { try await storage.commit([], expecting: 0) }
    }

    @Test func `No secret is in an error`() async throws {
        let storage = try SQLiteStorage.open(directory: directory.data)
        try storage.refuseToGrow()
        let secret = Array("hunter2".utf8)
        let batch = (0..<2000).map { StorageWrite(key: "secret/hunter2-\($0)", value: secret) }
        let refused = await #expect(throws: StorageError.self) { try await storage.commit(batch, expecting: 0) }
        #expect(refused.map { !"\($0)".contains("hunter2") } == true)
    }
}
