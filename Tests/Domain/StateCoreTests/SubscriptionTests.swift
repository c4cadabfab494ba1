import CatalogCore
import Testing

@testable import StateCore

@Suite("Subscriptions")
struct SubscriptionTests {
    private func register(_ name: String, in harness: Harness) async throws {
        let registration = Registration(service: NodeService(id: name, service: name))
        try await harness.apply(RegisterService(node: "n", registration: registration))
    }

    @Test func singleThingsAreHeardOfAndOthersAreNot() async throws {
        let harness = try await Harness()
        let ofA = harness.store.subscribe(to: StateTopics(things: [.localService("a")]))
        let ofAll = harness.store.subscribe(to: .localCatalog)
        try await register("a", in: harness)
        try await register("b", in: harness)
        #expect(ofA.takePending() == [.localService("a")])
        #expect(ofAll.takePending() == [.localService("a"), .localService("b")])
    }

    @Test func oneThatEndedIsForgotten() {
        let registry = SubscriberRegistry()
        var subscription: StateSubscription? = registry.subscribe(to: StateTopics(things: [.localService("a")]))
        registry.deliver([.localService("b")])
        #expect(subscription?.takePending() == [])
        registry.deliver([.localService("a")])
        #expect(subscription?.takePending() == [.localService("a")])
        weak let held = subscription
        subscription = nil
        registry.deliver([.localService("a")])
        #expect(held == nil)
    }

    /// What the early ones make of a change is there for the late ones: a query that is woken reads an index that has
    /// moved.
    @Test func whoSubscribedFirstHearsFirst() async {
        for _ in 0..<50 {
            let registry = SubscriberRegistry()
            let early = (0..<20).map { _ in registry.subscribe(to: StateTopics(areas: .everything)) }
            let late = registry.subscribe(to: StateTopics(areas: .localCatalog))
            async let woken = late.next()
            registry.deliver([.localService("a")])
            #expect(await woken == [.localService("a")])
            #expect(early.allSatisfy { $0.takePending() == [.localService("a")] })
        }
    }
}
