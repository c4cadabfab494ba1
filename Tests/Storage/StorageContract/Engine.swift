import Foundation
import HawserTestKit
import SQLiteStorage
import StateCore

/// The implementations of `Storage`. A new one is a case here, and what the compiler then asks for.
enum Engine: CaseIterable, Sendable {
    case memory
    case sqlite

    /// Runs a body with a new, empty place to store to. Opening it again finds what was stored.
    func run(_ body: (Place) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "hawser-contract-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        let disk = MemoryDisk()
        try await body(
            Place {
                switch self {
                case .memory: MemoryStorage(disk)
                case .sqlite: try SQLiteStorage.open(directory: directory.path)
                }
            })
    }

    struct Place {
        /// Opens the storage. An earlier one was closed.
        let open: () throws -> any Storage
    }
}

extension StorageBatch {
    /// Of rows `key: text`.
    init(_ rows: KeyValuePairs<String, String?>, expecting revision: UInt64, index: UInt64 = 0) {
        self.init(
            writes: rows.map { StorageWrite(key: $0.key, value: $0.value.map { Array($0.utf8) }) }, index: index,
            expecting: revision)
    }

    func with(_ change: (inout StorageBatch) -> Void) -> StorageBatch {
        var batch = self
        change(&batch)
        return batch
    }
}

extension StoredEvents {
    /// A run of events whose text is their number.
    init(_ numbers: ClosedRange<UInt64>, time: Int64 = 0) {
        let lines = numbers.map { "event \($0)\n" }.joined()
        self.init(first: numbers.lowerBound, count: numbers.count, time: time, bytes: Array(lines.utf8))
    }
}

extension StorageContents {
    var rows: [String: String] {
        Dictionary(uniqueKeysWithValues: entries.map { ($0.key, String(decoding: $0.value, as: UTF8.self)) })
    }
}
