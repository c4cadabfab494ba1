/// What a reader has not looked at yet: single things by name, and areas of which anything may have changed.
///
/// A reader looks at each of the things, and at all that there is of each area; of an area it must also see what went,
/// by what it knew of it before.
package struct StateChanges: Hashable, Sendable {
    package private(set) var things: Set<StateChange> = []
    /// Of these no thing is named any more.
    package private(set) var areas: StateInterest = []

    /// How many things are named before their areas stand for all of them. So many names are about a megabyte, which
    /// each reader may hold; they are more than one batch of an import has, and a look at a whole area takes less
    /// time than one at so many things each by itself.
    package static let maxThings = 8_192

    /// - Parameter areas: of which anything may have changed.
    package init(areas: StateInterest = []) {
        self.areas = areas
    }

    package var isEmpty: Bool { things.isEmpty && areas.isEmpty }

    package mutating func insert(_ change: StateChange) {
        guard areas.isDisjoint(with: change.area) else { return }
        things.insert(change)
        if things.count > Self.maxThings { collapse() }
    }

    package mutating func formUnion(_ other: StateChanges) {
        areas.formUnion(other.areas)
        if !areas.isEmpty { things = things.filter { areas.isDisjoint(with: $0.area) } }
        for thing in other.things { insert(thing) }
    }

    private mutating func collapse() {
        for thing in things { areas.formUnion(thing.area) }
        things = []
    }
}

extension StateChanges: ExpressibleByArrayLiteral {
    package init(arrayLiteral things: StateChange...) {
        for thing in things { insert(thing) }
    }
}
