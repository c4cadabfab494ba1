package import PeeringCore

/// One replicated change, as an operator watches it.
package struct ReplicationEvent: Hashable, Sendable {
    package enum Direction: String, Sendable {
        case imported
        case exported
    }

    package enum What: String, Sendable {
        case service
        case serviceList = "service-list"
        case trustBundle = "trust-bundle"
        case serverAddresses = "server-addresses"
    }

    /// Counts up from 1 for the life of the daemon.
    package var number: UInt64
    package var time: Timestamp
    package var peer: String
    package var direction: Direction
    package var what: What
    /// Service name; empty for the others.
    package var name: String
    /// Instances before and after; names on a list, roots in a bundle, addresses.
    package var oldCount: Int
    package var newCount: Int

    package init(
        time: Timestamp, peer: String, direction: Direction, what: What, name: String = "", oldCount: Int,
        newCount: Int
    ) {
        self.number = 0
        self.time = time
        self.peer = peer
        self.direction = direction
        self.what = what
        self.name = name
        self.oldCount = oldCount
        self.newCount = newCount
    }
}

/// The last events, for those who watch. A reader that falls behind is told how many it missed.
package struct ReplicationLog: Sendable {
    /// Events kept: enough for a first synchronisation of a large catalog, at about 100 bytes each.
    package static let capacity = 16_384

    private var events: [ReplicationEvent] = []
    private var start = 0
    /// The number that the next event gets.
    package private(set) var nextNumber: UInt64 = 1

    package init() {}

    package mutating func append(_ event: ReplicationEvent) {
        var event = event
        event.number = nextNumber
        nextNumber += 1
        if events.count < Self.capacity {
            events.append(event)
        } else {
            events[start] = event
            start = (start + 1) % Self.capacity
        }
    }

    /// Events from the given number on, oldest first, at most `limit`.
    ///
    /// - Returns: how many were overwritten before they could be read, and the events.
    package func events(from number: UInt64, limit: Int) -> (missed: UInt64, events: [ReplicationEvent]) {
        let oldest = nextNumber - UInt64(events.count)
        let first = max(number, oldest)
        guard first < nextNumber else { return (0, []) }
        let count = min(limit, Int(nextNumber - first))
        let offset = Int(first - oldest)
        let found = (0..<count).map { events[(start + offset + $0) % events.count] }
        return (first - number, found)
    }
}
