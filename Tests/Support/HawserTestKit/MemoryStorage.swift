package import StateCore
import Synchronization

/// Storage without a disk: keeps what was committed, and refuses when a test tells it to.
package final class MemoryStorage: Storage {
    private struct Record {
        var entries: [String: [UInt8]] = [:]
        var revision: UInt64 = 0
        var refusal: StorageError?
    }

    private let record = Mutex(Record())

    package init() {}

    /// What every commit fails with until it is set to nil again.
    package func refuse(with error: StorageError?) {
        record.withLock { $0.refusal = error }
    }

    package var keys: [String] { record.withLock { $0.entries.keys.sorted() } }

    package func load() async throws(StorageError) -> StorageContents {
        record.withLock { record in
            StorageContents(
                entries: record.entries.sorted { $0.key < $1.key }.map { (key: $0.key, value: $0.value) },
                revision: record.revision)
        }
    }

    package func commit(_ batch: [StorageWrite], expecting revision: UInt64) async throws(StorageError) -> UInt64 {
        let result: Result<UInt64, StorageError> = record.withLock { record in
            if let refusal = record.refusal { return .failure(refusal) }
            guard record.revision == revision else {
                return .failure(StorageError(code: .conflict, message: "somebody else wrote", cause: ""))
            }
            for write in batch { record.entries[write.key] = write.value }
            record.revision += 1
            return .success(record.revision)
        }
        return try result.get()
    }
}
