import NIOConcurrencyHelpers
package import ReplicationCore

/// The replication log, shared: streams append, watchers read and wait. Any task may call any method.
package final class LogBook: Sendable {
    private struct Waiter {
        var number: UInt64
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct Record {
        var log = ReplicationLog()
        var waiters: [UInt64: Waiter] = [:]
        var nextWaiter: UInt64 = 0
    }

    private let record = NIOLockedValueBox(Record())

    package init() {}

    /// Appends events that happened together.
    package func append(_ events: [ReplicationEvent]) {
        guard !events.isEmpty else { return }
        let woken = record.withLockedValue { record -> [CheckedContinuation<Void, Never>] in
            for event in events { record.log.append(event) }
            let due = record.waiters.filter { $0.value.number < record.log.nextNumber }
            for key in due.keys { record.waiters[key] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in woken { continuation.resume() }
    }

    /// The number that the next event gets.
    package var nextNumber: UInt64 { record.withLockedValue { $0.log.nextNumber } }

    /// Events from the given number on, and how many were overwritten before they could be read.
    package func events(from number: UInt64, limit: Int) -> (missed: UInt64, events: [ReplicationEvent]) {
        record.withLockedValue { $0.log.events(from: number, limit: limit) }
    }

    /// Waits until the event with this number is there. Returns at once if it is, and when the task is cancelled.
    package func wait(for number: UInt64) async {
        let key = record.withLockedValue { record in
            record.nextWaiter += 1
            return record.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = record.withLockedValue { record in
                    if Task.isCancelled || number < record.log.nextNumber { return true }
                    record.waiters[key] = Waiter(number: number, continuation: continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiter = record.withLockedValue { $0.waiters.removeValue(forKey: key) }
            waiter?.continuation.resume()
        }
    }
}
