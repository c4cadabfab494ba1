import Synchronization

/// That the store can store nothing any more. Raised once.
final class HaltSignal: Sendable {
    private struct Record {
        var error: StorageError?
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter: UInt64 = 0
    }

    private let record = Mutex(Record())

    var error: StorageError? { record.withLock { $0.error } }

    func raise(_ error: StorageError) {
        let waiters = record.withLock { record in
            var halting = error
            halting.outcome = .unknown
            record.error = record.error ?? halting
            defer { record.waiters = [:] }
            return record.waiters.values
        }
        for waiter in waiters { waiter.resume() }
    }

    /// - Returns: `nil` when the task was cancelled.
    func wait() async -> StorageError? {
        let number = record.withLock { record in
            record.nextWaiter += 1
            return record.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = record.withLock { record in
                    if record.error != nil || Task.isCancelled { return true }
                    record.waiters[number] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiter = record.withLock { $0.waiters.removeValue(forKey: number) }
            waiter?.resume()
        }
        return error
    }
}
