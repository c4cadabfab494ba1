import CatalogCore
import HeapModule

/// What is due for a check.
enum DueKind: Hashable, CaseIterable {
    /// Its next run, or the end of its TTL.
    case run
    /// The end of its service, for having been critical too long.
    case reap
    /// News of its output.
    case output
}

/// When something is due, and which entry of the heap will say so. An application that reports a thousand times a
/// second moves the deadline a thousand times, and the entry once per TTL.
struct Due {
    var deadline: Duration?
    var queued: Duration?
}

/// The deadlines of all checks, the nearest first. Entries that have lost their meaning are dropped when they come up.
struct HealthTimers {
    struct Entry: Comparable {
        var time: Duration
        var kind: DueKind
        var key: CheckKey
        /// Of the check that it was made for: another one may have its key by now.
        var serial: UInt64

        static func < (left: Entry, right: Entry) -> Bool { left.time < right.time }
        static func == (left: Entry, right: Entry) -> Bool { left.time == right.time }
    }

    private var heap = Heap<Entry>()

    var next: Duration? { heap.min?.time }
    var count: Int { heap.count }

    mutating func add(_ entry: Entry) { heap.insert(entry) }

    /// The next entry whose time has come.
    mutating func pop(now: Duration) -> Entry? {
        guard let first = heap.min, first.time <= now else { return nil }
        return heap.popMin()
    }

    /// Drops what has lost its meaning, in one go.
    mutating func keep(where isLive: (Entry) -> Bool) {
        heap = Heap(heap.unordered.filter(isLive))
    }
}
