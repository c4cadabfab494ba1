/// When connections must be looked at again: one deadline for each, kept in a ring of slots.
///
/// Setting, moving and dropping a deadline is O(1), and allocates nothing once the wheel has seen as many connections.
/// Deadlines are rounded up by at most a sixteenth of the delay, so that thousands of long ones fall together and wake
/// the thread seldom. What lies beyond the ring comes round early, and is put back.
struct TimerWheel: Sendable {
    /// Milliseconds of a slot.
    static let tick: UInt64 = 8
    private static let slots = 4_096
    private static let none: Int32 = -1

    private struct Entry {
        /// In ticks, exact for the ring or beyond it.
        var deadline: UInt64 = 0
        var slot: Int32 = TimerWheel.none
        var next: Int32 = TimerWheel.none
        var previous: Int32 = TimerWheel.none
    }

    private var entries: ContiguousArray<Entry> = []
    private var heads: ContiguousArray<Int32>
    /// A bit for each slot that is not empty.
    private var occupied: ContiguousArray<UInt64>
    /// The tick up to which everything has fired.
    private var now: UInt64

    /// - Parameter now: milliseconds of the clock that all later calls use.
    init(now: UInt64) {
        self.now = now / Self.tick
        heads = ContiguousArray(repeating: Self.none, count: Self.slots)
        occupied = ContiguousArray(repeating: 0, count: Self.slots / 64)
    }

    /// Sets the only deadline of a connection, in place of an earlier one.
    /// - Parameter now: milliseconds, not before those of the last `expire`.
    mutating func set(_ index: Int, after delay: UInt64, now milliseconds: UInt64) {
        cancel(index)
        while entries.count <= index { entries.append(Entry()) }
        let ticks = max(1, (delay + Self.tick - 1) / Self.tick)
        // The largest power of two that is at most a sixteenth, and never less than one tick.
        let grain: UInt64 = ticks < 32 ? 1 : 1 << UInt64(63 - (ticks / 16).leadingZeroBitCount)
        let exact = (milliseconds + Self.tick - 1) / Self.tick + ticks
        put(index, deadline: (exact + grain - 1) / grain * grain)
    }

    mutating func cancel(_ index: Int) {
        guard index < entries.count, entries[index].slot != Self.none else { return }
        let entry = entries[index]
        if entry.previous == Self.none {
            heads[Int(entry.slot)] = entry.next
            if entry.next == Self.none { occupied[Int(entry.slot) / 64] &= ~(1 << UInt64(entry.slot % 64)) }
        } else {
            entries[Int(entry.previous)].next = entry.next
        }
        if entry.next != Self.none { entries[Int(entry.next)].previous = entry.previous }
        entries[index].slot = Self.none
    }

    private mutating func put(_ index: Int, deadline: UInt64) {
        // Rounded down, so that those beyond the ring come round together.
        let last = (now + UInt64(Self.slots) - 1) / 256 * 256
        let slot = Int(max(now + 1, min(deadline, last)) % UInt64(Self.slots))
        let head = heads[slot]
        entries[index] = Entry(deadline: deadline, slot: Int32(slot), next: head, previous: Self.none)
        if head != Self.none { entries[Int(head)].previous = Int32(index) }
        heads[slot] = Int32(index)
        occupied[slot / 64] |= 1 << UInt64(slot % 64)
    }

    /// A connection whose deadline has passed; its deadline is gone. Nil when there is none (any more).
    mutating func expire(now milliseconds: UInt64) -> Int? {
        let target = milliseconds / Self.tick
        while true {
            guard let distance = distanceToNext(), now + distance <= target else {
                now = max(now, target)
                return nil
            }
            // Slots before this one are empty: nothing is lost by passing them.
            let slot = Int((now + distance) % UInt64(Self.slots))
            let index = Int(heads[slot])
            let deadline = entries[index].deadline
            cancel(index)
            if deadline <= now + distance { return index }
            now += distance - 1
            put(index, deadline: deadline)
        }
    }

    /// Milliseconds until a connection may have to be looked at; nil when no deadline is set.
    func delay(now milliseconds: UInt64) -> UInt64? {
        guard let distance = distanceToNext() else { return nil }
        let next = (now + distance) * Self.tick
        return next > milliseconds ? next - milliseconds : 0
    }

    /// Ticks from `now` to the next slot that is not empty, at least one.
    private func distanceToNext() -> UInt64? {
        let first = Int((now + 1) % UInt64(Self.slots))
        let words = occupied.count
        var word = occupied[first / 64] & (~0 << UInt64(first % 64))
        for step in 0...words {
            if word != 0 {
                let slot = ((first / 64 + step) % words) * 64 + word.trailingZeroBitCount
                return UInt64((slot - first + Self.slots) % Self.slots) + 1
            }
            guard step < words else { break }
            word = occupied[(first / 64 + step + 1) % words]
            // Back in the first word only the slots before the first are left.
            if step + 1 == words { word &= ~(~0 << UInt64(first % 64)) }
        }
        return nil
    }
}
