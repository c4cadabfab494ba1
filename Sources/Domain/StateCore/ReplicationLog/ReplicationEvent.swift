package import PeeringCore

/// One replicated change, as the log keeps it and as operators watch it.
package struct ReplicationEvent: Hashable, Sendable {
    package enum Direction: String, CaseIterable, Sendable {
        case imported
        case exported
    }

    /// The kind of resource.
    package enum What: String, CaseIterable, Sendable {
        case service
        case serviceList = "service-list"
        case trustBundle = "trust-bundle"
        case serverAddresses = "server-addresses"
    }

    package enum Change: String, CaseIterable, Sendable {
        case created
        case updated
        case removed
    }

    /// Counts up from 1, without a gap, for the life of the cluster.
    package var number: UInt64 = 0
    package var time: Timestamp
    /// This cluster's name of the peer.
    package var peer: String
    package var direction: Direction
    package var what: What
    /// Service name; empty for the others.
    package var name: String
    package var change: Change
    /// Instances before and after; names on a list, roots in a bundle, addresses.
    package var oldCount: Int
    package var newCount: Int
    /// What differs in a service that was there before and after.
    package var fields: [FieldChange]
    /// SHA-256 of the event before, in lower-case hex; empty for the first one.
    package var previous: String = ""

    package init(
        time: Timestamp, peer: String, direction: Direction, what: What, name: String = "", change: Change? = nil,
        oldCount: Int, newCount: Int, fields: [FieldChange] = []
    ) {
        self.time = time
        self.peer = peer
        self.direction = direction
        self.what = what
        self.name = name
        self.change = change ?? (newCount == 0 ? .removed : oldCount == 0 ? .created : .updated)
        self.oldCount = oldCount
        self.newCount = newCount
        self.fields = fields
    }
}

/// One field that differs between two versions of a service.
package struct FieldChange: Hashable, Sendable {
    /// Such as `node-1/web-1/Port`.
    package var path: String
    /// As text; `nil` where the field was not there.
    package var old: String?
    package var new: String?

    package init(path: String, old: String?, new: String?) {
        self.path = path
        self.old = old
        self.new = new
    }

    /// Kept of one event: enough to see what happened, and little enough for a service of a thousand instances.
    package static let maxPerEvent = 32
    /// Bytes kept of a path or a value.
    package static let maxTextBytes = 256

    /// Within the bounds; a last entry says how many were left out.
    package static func bounded(_ changes: [FieldChange]) -> [FieldChange] {
        var kept = changes.prefix(maxPerEvent).map { change in
            FieldChange(path: cut(change.path), old: change.old.map(cut), new: change.new.map(cut))
        }
        if changes.count > kept.count {
            kept.append(FieldChange(path: "and \(changes.count - kept.count) more", old: nil, new: nil))
        }
        return kept
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > maxTextBytes else { return text }
        return String(decoding: text.utf8.prefix(maxTextBytes), as: UTF8.self) + "…"
    }
}

/// Where the replication log ends.
package struct LogHead: Hashable, Sendable {
    /// The number that the next event gets.
    package var nextNumber: UInt64 = 1
    /// SHA-256 of the last event; empty before the first.
    package var hash = ""

    package init(nextNumber: UInt64 = 1, hash: String = "") {
        self.nextNumber = nextNumber
        self.hash = hash
    }
}
