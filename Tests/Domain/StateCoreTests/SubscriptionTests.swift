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
        #expect(registry.receivers(of: [.localService("a")]).count == 1)
        #expect(registry.receivers(of: [.localService("b")]).isEmpty)
        #expect(subscription != nil)
        subscription = nil
        #expect(registry.receivers(of: [.localService("a")]).isEmpty)
    }
}
