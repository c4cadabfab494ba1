import HTTPService
package import ReplicationCore
import ReplicationService
import Synchronization

/// A replication log that tests append to, and that tells how many readers wait.
package final class MemoryReplicationLog: ReplicationLogReading {
    private let book = LogBook()
    /// How many readers wait, told at each change. For one test to read.
    package let readers: AsyncStream<Int>
    private let readersChanged: AsyncStream<Int>.Continuation
    private let waiting = Mutex(0)

    package init() {
        (readers, readersChanged) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(64))
    }

    package func append(_ event: ReplicationEvent) { book.append([event]) }

    package var nextNumber: UInt64 { book.nextNumber }

    package func events(from number: UInt64, limit: Int) -> (missed: UInt64, events: [ReplicationEvent]) {
        book.events(from: number, limit: limit)
    }

    package func wait(for number: UInt64) async {
        countReaders(1)
        await book.wait(for: number)
        countReaders(-1)
    }

    private func countReaders(_ step: Int) {
        waiting.withLock { waiting in
            waiting += step
            readersChanged.yield(waiting)
        }
    }
}
