import NIOConcurrencyHelpers
package import PeeringCore
package import ReplicationCore
package import StateCore

/// How every peering's stream is doing. Streams and dialers write, the API reads; any task may call any method.
package final class StatusBoard: Sendable {
    private let statuses = NIOLockedValueBox<[PeeringID: StreamStatus]>([:])
    private let store: StateStore

    package init(store: StateStore) {
        self.store = store
    }

    /// - Returns: `nil` if there was no stream and no attempt since the daemon started.
    package func status(of id: PeeringID) -> StreamStatus? {
        statuses.withLockedValue { $0[id] }
    }

    /// Notes a change that those who wait for the peering's state want to hear of.
    package func change(_ id: PeeringID, _ change: (inout StreamStatus) -> Void) {
        note(id, change)
        store.announce(.streamStatus(id))
    }

    /// Notes times and counters, which nobody waits for.
    func note(_ id: PeeringID, _ change: (inout StreamStatus) -> Void) {
        statuses.withLockedValue { change(&$0[id, default: StreamStatus()]) }
    }

    /// The peering is gone.
    package func forget(_ id: PeeringID) {
        guard statuses.withLockedValue({ $0.removeValue(forKey: id) }) != nil else { return }
        store.announce(.streamStatus(id))
    }
}
