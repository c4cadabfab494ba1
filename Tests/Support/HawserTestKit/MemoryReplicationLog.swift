import HTTPService
package import ReplicationCore
import Synchronization

/// A replication log that tests append to, with readers that wait.
package final class MemoryReplicationLog: ReplicationLogReading {
    private struct Waiter {
        var number: UInt64
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct Record {
        var log = ReplicationLog()
        var waiters: [UInt64: Waiter] = [:]
        var nextWaiter: UInt64 = 0
    }

    private let record = Mutex(Record())
    /// How many readers wait, told at each change. For one test to read.
    package let readers: AsyncStream<Int>
    private let readersChanged: AsyncStream<Int>.Continuation

    package init() {
        (readers, readersChanged) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(64))
    }

    package func append(_ event: ReplicationEvent) {
        let woken: [CheckedContinuation<Void, Never>] = record.withLock { record in
            record.log.append(event)
            let due = record.waiters.filter { $0.value.number < record.log.nextNumber }
            for key in due.keys { record.waiters[key] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in woken { continuation.resume() }
    }

    package var nextNumber: UInt64 { record.withLock { $0.log.nextNumber } }

    package func events(from number: UInt64, limit: Int) -> (missed: UInt64, events: [ReplicationEvent]) {
        record.withLock { $0.log.events(from: number, limit: limit) }
    }

    package func wait(for number: UInt64) async {
        let key = record.withLock { record in
            record.nextWaiter += 1
            return record.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = record.withLock { record in
                    if Task.isCancelled || number < record.log.nextNumber { return true }
                    record.waiters[key] = Waiter(number: number, continuation: continuation)
                    readersChanged.yield(record.waiters.count)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiter = record.withLock { record in
                defer { readersChanged.yield(record.waiters.count) }
                return record.waiters.removeValue(forKey: key)
            }
            waiter?.continuation.resume()
        }
    }
}
