import CatalogCore
import ConfigCore
import PeeringCore
import Synchronization
import Testing

@testable import StateCore

@Suite struct StateChangesTests {
    private static let id = PeeringID("p")

    /// One of each kind.
    private static let kinds: [(change: StateChange, area: StateInterest)] = [
        (.identity, .identity), (.peering(id), .peerings), (.establishing, .establishing),
        (.streamStatus(id), .streamStatus), (.trustBundle(id), .trustBundles),
        (.configEntry(ConfigEntryKey(kind: .mesh, name: "mesh")), .configEntries), (.localService("a"), .localCatalog),
        (.localNode("a"), .localCatalog), (.importedList(id), .imports), (.importedService(id, "a"), .imports),
        (.acl, .acl),
    ]

    private func full() -> StateChanges {
        var changes = StateChanges()
        for number in 0..<StateChanges.maxThings { changes.insert(.localService("s\(number)")) }
        return changes
    }

    @Test func asManyAsTheBoundAreNamed() {
        let changes = full()
        #expect(changes.things.count == StateChanges.maxThings && changes.areas.isEmpty)
    }

    @Test func oneMoreAndTheirAreasStandForThem() {
        for (change, area) in Self.kinds where area != .localCatalog {
            var changes = full()
            changes.insert(change)
            #expect(changes.things.isEmpty && changes.areas == [.localCatalog, area])
            #expect(!changes.isEmpty)
        }
    }

    @Test func whatComesThenIsNamedUnlessItsAreaStandsForIt() {
        for (change, area) in Self.kinds {
            var changes = StateChanges(areas: .localCatalog)
            changes.insert(change)
            #expect(changes.things == (area == .localCatalog ? [] : [change]))
        }
    }

    @Test func aUnionIsBoundedToo() {
        var named: StateChanges = [.localService("a"), .acl]
        named.formUnion(StateChanges(areas: .localCatalog))
        #expect(named.things == [.acl] && named.areas == .localCatalog)
        var both = full()
        both.formUnion([.identity])
        #expect(both == StateChanges(areas: [.localCatalog, .identity]))
    }

    /// As at a listener that nobody asks anything.
    @Test(arguments: [StateInterest.everything, .localCatalog])
    func whoNeverReadsHoldsABoundedNumberOfNames(areas: StateInterest) async {
        let registry = SubscriberRegistry()
        let resting = registry.subscribe(to: StateTopics(areas: areas))
        for number in 0..<100_000 {
            registry.deliver([.localService("service-\(number)"), .localNode("n")])
            guard number.isMultiple(of: 10_000) else { continue }
            #expect(resting.pendingThings <= StateChanges.maxThings)
        }
        #expect(await resting.next() == StateChanges(areas: .localCatalog))
        registry.deliver([.localService("a")])
        #expect(resting.takePending() == [.localService("a")])
    }

    /// A reader of single things is told of them, or of the area that they are in.
    @Test func whoReadsSingleThingsIsBoundedLikewise() {
        let registry = SubscriberRegistry()
        let things = Set((0...StateChanges.maxThings).map { StateChange.localService("\($0)") })
        let subscription = registry.subscribe(to: StateTopics(things: things))
        registry.deliver(Array(things))
        #expect(subscription.takePending() == StateChanges(areas: .localCatalog))
    }
}

@Suite struct CallbackTests {
    private final class Calls: Sendable {
        private let count = Mutex(0)

        var value: Int { count.withLock { $0 } }
        func add() { count.withLock { $0 += 1 } }
    }

    @Test func whoHasNoTaskIsCalledOnceForWhatIsThereOrComes() {
        let registry = SubscriberRegistry()
        let subscription = registry.subscribe(to: StateTopics(areas: .acl))
        let calls = Calls()
        subscription.onNextChange { calls.add() }
        registry.deliver([.identity])
        #expect(calls.value == 0)
        registry.deliver([.acl])
        registry.deliver([.acl])
        #expect(calls.value == 1)
        subscription.onNextChange { calls.add() }
        #expect(calls.value == 2)
        #expect(subscription.takePending() == [.acl])
        subscription.onNextChange { calls.add() }
        #expect(calls.value == 2)
    }
}
