/// A queue in which each element stands once: adding it again leaves it where it is. Every call takes constant time
/// on average, and memory follows the number of members.
package struct PendingSet<Element: Hashable & Sendable>: Sendable {
    /// Places in order. A place whose element is no member any more is skipped when its turn comes.
    private var order: [Element] = []
    private var head = 0
    private var members: Set<Element> = []

    package init() {}

    package var isEmpty: Bool { members.isEmpty }
    package var count: Int { members.count }

    package mutating func insert(_ element: Element) {
        guard members.insert(element).inserted else { return }
        order.append(element)
        compactIfSparse()
    }

    package mutating func remove(_ element: Element) {
        members.remove(element)
    }

    package mutating func popFirst() -> Element? {
        while head < order.count {
            let element = order[head]
            head += 1
            if members.remove(element) != nil { return element }
        }
        order = []
        head = 0
        return nil
    }

    private mutating func compactIfSparse() {
        guard order.count > 2 * members.count + 64 else { return }
        var seen: Set<Element> = []
        order = order[head...].filter { members.contains($0) && seen.insert($0).inserted }
        head = 0
    }
}
