package import IdentityCore
package import PeeringCore

/// The replication log as its readers see it: numbered events, the oldest of which may have been trimmed.
///
/// Any task may call any method.
package struct ReplicationLog: Sendable {
    private let store: StateStore

    package init(_ store: StateStore) {
        self.store = store
    }

    /// Events that were read together.
    package struct Page: Sendable {
        /// Events between the number that was asked for and the first that is kept.
        package var trimmed: UInt64
        /// As they are stored, without the end of the line.
        package var lines: [ArraySlice<UInt8>]
        /// The number to go on with.
        package var next: UInt64
    }

    /// Where the log ends.
    package var head: LogHead { store.state.log }

    /// Events from a number on, oldest first.
    ///
    /// - Parameter limit: about how many.
    /// - Throws: `failed` if the storage cannot be read.
    package func page(from number: UInt64, limit: Int) async throws(Refusal) -> Page {
        let runs = try await refusing { () throws(StorageError) in
            try await store.events(from: number, limit: limit)
        }
        guard let first = runs.first?.first else { return Page(trimmed: 0, lines: [], next: number) }
        var page = Page(trimmed: first > number ? first - number : 0, lines: [], next: max(number, first))
        for run in runs {
            let lines = EventCoding.lines(of: run)
            let skipped = page.next > run.first ? Int(page.next - run.first) : 0
            page.lines += lines.dropFirst(skipped)
            page.next = run.next
        }
        return page
    }

    /// The number of the first event that is kept; the next number if there is none.
    package func oldest() async throws(Refusal) -> UInt64 {
        let head = head
        let runs = try await refusing { () throws(StorageError) in try await store.events(from: 0, limit: 1) }
        return runs.first?.first ?? head.nextNumber
    }

    /// The number from which on events are not older than a moment, but for some that were committed together with a
    /// younger one.
    package func number(since time: Timestamp) async throws(Refusal) -> UInt64 {
        let head = head
        let found = try await refusing { () throws(StorageError) in
            try await store.firstEvent(since: time.milliseconds)
        }
        return found ?? head.nextNumber
    }

    /// Waits until the event with this number is there. Returns at once if it is, and when the task is cancelled.
    package func wait(for number: UInt64) async {
        let subscription = store.subscribe(to: .replicationLog)
        while head.nextNumber <= number, !Task.isCancelled { _ = await subscription.next() }
    }

    private func refusing<Value: Sendable>(
        _ read: () async throws(StorageError) -> Value
    ) async throws(Refusal) -> Value {
        do throws(StorageError) {
            return try await read()
        } catch {
            throw Refusal(.failed, "the replication log cannot be read: \(error.code.sentence)")
        }
    }
}
