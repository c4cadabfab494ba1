import CatalogCore
import ConfigCore
import HawserTestKit
import IdentityCore
import Testing

@testable import StateCore

@Suite("Nodes that clients put into the catalog")
struct ExternalNodeTests {
    private let db = NodeService(id: "db-1", service: "db", port: 5432)

    private func register(_ harness: Harness, checks: [HealthCheck] = []) async throws {
        try await harness.apply(
            RegisterExternal(
                ownNode: "own", node: Node(name: "ext", address: "192.0.2.1", meta: ["rack": "7"]), service: db,
                checks: checks))
    }

    @Test func theyOutliveARestartWithWhatRunsOnThem() async throws {
        let harness = try await Harness()
        let check = HealthCheck(node: "", checkID: "c", name: "c", status: .warning, serviceID: "db-1")
        try await register(harness, checks: [check])
        let later = try await StateStore(testing: harness.storage).state.catalog
        #expect(later.nodes["ext"]?.node == Node(name: "ext", address: "192.0.2.1", meta: ["rack": "7"]))
        #expect(later.nodes["ext"]?.isExternal == true)
        #expect(
            later.instances(of: "db").map(\.checks) == harness.store.state.catalog.instances(of: "db").map(\.checks))
        #expect(later.instances(of: "db").first?.checks.first?.serviceName == "db")
    }

    @Test func theAgentDoesNotTakeTheirServicesForItsOwn() async throws {
        let harness = try await Harness()
        try await register(harness)
        let files = ApplyFiles(
            node: Node(name: "own", address: "192.0.2.9"), registrations: [], removedServiceIDs: [], entries: [],
            removedEntries: [])
        try await harness.apply(files)
        #expect(harness.store.state.catalog.keys == [InstanceKey(node: "ext", id: "db-1")])
        #expect(harness.store.state.catalog.nodes["own"]?.isExternal == false)
    }

    @Test func aNodeGoesWithEverythingOnIt() async throws {
        let harness = try await Harness()
        let check = HealthCheck(node: "", checkID: "alive", name: "alive", status: .passing)
        try await register(harness, checks: [check])
        let removal = DeregisterExternal(ownNode: "own", node: "ext", target: .node)
        try await harness.apply(removal)
        #expect(harness.storage.keys.isEmpty)
        #expect(harness.store.state.catalog.keys.isEmpty && harness.store.state.catalog.nodes.isEmpty)
        let before = harness.store.state.index
        try await harness.apply(removal)
        #expect(harness.store.state.index == before)
    }

    @Test func theAgentsOwnNodeStays() async throws {
        let harness = try await Harness()
        let refusal = await harness.refusal(of: DeregisterExternal(ownNode: "own", node: "own", target: .node))
        #expect(refusal?.code == .conflict)
    }

    @Test func aChangeOfANodeIsOneOfTheServicesOnItAndOfThoseBehindItsProxies() async throws {
        let harness = try await Harness()
        try await register(harness)
        let proxy = NodeService(
            kind: .connectProxy, id: "p", service: "web-proxy", port: 1,
            proxy: ProxyConfiguration(destinationServiceName: "web"))
        let node = Node(name: "ext", address: "192.0.2.1", meta: ["rack": "7"])
        try await harness.apply(RegisterExternal(ownNode: "own", node: node, service: proxy))
        let changes = harness.store.subscribe(to: .localCatalog)
        try await harness.apply(RegisterExternal(ownNode: "own", node: Node(name: "ext", address: "192.0.2.2")))
        #expect(
            changes.takePending() == [
                .localNode("ext"), .localService("db"), .localService("web-proxy"), .localService("web"),
            ])
        let mesh = harness.store.state.catalog.meshProviders(of: "web")
        #expect(mesh?.names == ["web-proxy"] && mesh?.modifyIndex == harness.store.state.index)
    }

    @Test func aRegistrationKeepsTheChecksItDoesNotName() async throws {
        let harness = try await Harness()
        let checks = ["a", "b"].map {
            HealthCheck(node: "own", checkID: $0, name: $0, status: .passing, serviceID: "db-1")
        }
        var registration = Registration(service: db, checks: checks)
        try await harness.apply(RegisterService(node: "own", registration: registration))
        registration.checks.removeLast()
        try await harness.apply(RegisterService(node: "own", registration: registration))
        let key = InstanceKey(node: "own", id: "db-1")
        #expect(harness.store.state.catalog.checks(at: key).map(\.checkID) == ["a", "b"])
        try await harness.apply(RegisterService(node: "own", registration: registration, replacesChecks: true))
        #expect(harness.store.state.catalog.checks(at: key).map(\.checkID) == ["a"])
    }
}
