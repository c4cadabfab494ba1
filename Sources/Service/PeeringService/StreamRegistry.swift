import NIOConcurrencyHelpers
import PeeringCore
import ReplicationService

/// The streams that run, one for each peering. Any task may call any method.
package final class StreamRegistry: Sendable {
    private struct Entry {
        var session: PeerStreamSession
        var arrival: UInt64
        var done: Completion
    }

    private let entries = NIOLockedValueBox<[PeeringID: Entry]>([:])

    package init() {}

    /// Runs a stream as the peering's only one: one that ran before is ended first, so that what it still had to
    /// apply cannot come after what the new one applies.
    ///
    /// - Parameter arrival: of two streams the one with the higher number is the newer one; a dialer, which has one at
    ///   a time, need not number them.
    func run(_ session: PeerStreamSession, of id: PeeringID, arrival: UInt64 = 0) async -> StreamEnd {
        let done = Completion()
        let entry = Entry(session: session, arrival: arrival, done: done)
        let (isNewest, previous) = entries.withLockedValue { entries in
            let previous = entries[id]
            if let previous, previous.arrival > arrival { return (false, previous as Entry?) }
            entries[id] = entry
            return (true, previous)
        }
        guard isNewest else { return .replaced }
        if let previous {
            previous.session.end(.replaced)
            await previous.done.wait()
        }
        let end = await session.run()
        entries.withLockedValue { entries in
            if entries[id]?.done === done { entries[id] = nil }
        }
        done.complete()
        return end
    }

    func isConnected(_ id: PeeringID) -> Bool {
        entries.withLockedValue { $0[id] }?.session.isConnected ?? false
    }

    /// Ends the stream of a peering, if one runs.
    func end(_ id: PeeringID, _ end: StreamEnd) {
        entries.withLockedValue { $0[id] }?.session.end(end)
    }

    /// Waits until no stream of the peering runs.
    func waitForEnd(of id: PeeringID) async {
        while let entry = entries.withLockedValue({ $0[id] }), !Task.isCancelled {
            await entry.done.wait()
        }
    }

    func endAll(_ end: StreamEnd) {
        for entry in entries.withLockedValue({ Array($0.values) }) { entry.session.end(end) }
    }
}

/// Something that happens once, and tasks that wait for it. It always happens soon: waiting is not cancelled.
final class Completion: Sendable {
    private enum Condition {
        case pending([CheckedContinuation<Void, Never>])
        case complete
    }

    private let condition = NIOLockedValueBox(Condition.pending([]))

    func complete() {
        let waiters = condition.withLockedValue { condition -> [CheckedContinuation<Void, Never>] in
            defer { condition = .complete }
            guard case .pending(let waiters) = condition else { return [] }
            return waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOver = condition.withLockedValue { condition in
                guard case .pending(let waiters) = condition else { return true }
                condition = .pending(waiters + [continuation])
                return false
            }
            if isOver { continuation.resume() }
        }
    }
}
