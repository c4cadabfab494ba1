/// Resources that the peer did not get, and when each is sent again: after 1, 2, 4 ... of our heartbeats.
///
/// The peer's reason may pass by itself (a full disk, a limit), so it is asked again, and less and less often while it
/// does not. Heartbeats are the clock: nothing else has to wake up for it.
package struct RetrySchedule: Sendable {
    /// The longest wait, in heartbeats: five minutes at the usual interval.
    static let maxBeats = 20

    private struct Entry {
        var failures = 0
        /// The heartbeat at which it is due; nil while an answer is awaited.
        var due: UInt64?
    }

    /// Bounded by what this cluster exports: a peer can only refuse what it was sent.
    private var entries: [ResourceKey: Entry] = [:]
    private var beats: UInt64 = 0

    package init() {}

    /// The peer did not take it, or it could not be sent.
    package mutating func failed(_ key: ResourceKey) {
        var entry = entries[key] ?? Entry()
        entry.failures += 1
        // Beyond that many doublings every wait is the longest.
        let wait = entry.failures > 8 ? Self.maxBeats : min(1 << (entry.failures - 1), Self.maxBeats)
        entry.due = beats + UInt64(wait)
        entries[key] = entry
    }

    /// The peer took it, or it is not exported any more.
    ///
    /// - Returns: whether it had failed before.
    package mutating func succeeded(_ key: ResourceKey) -> Bool {
        entries.removeValue(forKey: key) != nil
    }

    /// Whether the peer does not have it yet.
    package func isFailing(_ key: ResourceKey) -> Bool { entries[key] != nil }

    /// A heartbeat of ours went out.
    ///
    /// - Returns: what is to be sent again now.
    package mutating func heartbeatSent() -> [ResourceKey] {
        beats += 1
        let due = entries.filter { $0.value.due.map { $0 <= beats } ?? false }.keys
        for key in due { entries[key]?.due = nil }
        return due.sorted { $0.wireID < $1.wireID }
    }
}
