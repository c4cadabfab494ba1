import CatalogCore
import HawserTestKit
import HealthCore
import IdentityCore
import StateCore
import Testing

@testable import HealthService

/// The board, and what it reads of the catalog.
@Suite struct HealthBoardTests {
    private let store: StateStore
    private let node = "n1"

    init() async throws {
        store = try await StateStore(testing: MemoryStorage())
    }

    private func board() -> HealthBoard {
        HealthBoard(store: store, schedule: HealthSchedule(node: node) { 0 }, node: node)
    }

    private func register(_ id: String, on node: String = "n1", name: String = "web") async throws {
        let plan = CheckPlan(probe: .ttl(.seconds(60)), interval: .zero)
        let check = HealthCheck(
            node: node, checkID: "ttl-\(id)", name: "", status: .critical, serviceID: id, plan: plan)
        _ = try await store.apply(
            RegisterService(
                node: node, registration: Registration(service: NodeService(id: id, service: name), checks: [check])))
    }

    private func record(_ status: HealthStatus, _ output: String = "", of id: String) async throws {
        let key = CheckKey(serviceID: id, checkID: "ttl-\(id)")
        _ = try await store.apply(
            RecordHealth(node: node, results: [CheckResult(key: key, status: status, output: output)]))
    }

    @Test(arguments: [1, 10, 300]) func aReportIsOneObservationHoweverManyInstancesStand(count: Int) async throws {
        for number in 0..<count { try await register("w\(number)") }
        var follower = CatalogFollower(node: node)
        #expect(follower.next(in: store.state.catalog, known: []).count == count + 1)
        #expect(follower.next(in: store.state.catalog, known: []).isEmpty)
        try await record(.passing, of: "w0")
        try await register("elsewhere", on: "n2")
        let news = follower.next(in: store.state.catalog, known: [])
        guard case .check(let key, let check)? = news.first, news.count == 1 else {
            Issue.record("one check, not \(news)")
            return
        }
        #expect(key == CheckKey(serviceID: "w0", checkID: "ttl-w0") && check.status == .passing)
    }

    @Test func instancesThatComeMoveAndGoAreToldOnce() async throws {
        try await register("a")
        try await register("b")
        var follower = CatalogFollower(node: node)
        _ = follower.next(in: store.state.catalog, known: [])
        try await record(.passing, of: "a")
        try await register("a", name: "other")
        try await register("c")
        _ = try await store.apply(DeregisterService(node: node, id: "b"))
        let catalog = store.state.catalog
        let news = follower.next(in: catalog, known: ["a", "b"])
        func whole(_ id: String) -> HealthObservation {
            .instance(serviceID: id, checks: catalog.checks(at: InstanceKey(node: node, id: id)))
        }
        #expect(Set(news) == [whole("a"), whole("c"), .instanceGone(serviceID: "b")] && news.count == 3)
    }

    @Test func whoIsTooFarBehindIsToldEverything() async throws {
        for id in ["a", "b"] { try await register(id) }
        var follower = CatalogFollower(node: node)
        _ = follower.next(in: store.state.catalog, known: [])
        _ = try await store.apply(DeregisterService(node: node, id: "a"))
        for number in 0..<5_000 { try await record(.passing, "\(number)", of: "b") }
        let news = follower.next(in: store.state.catalog, known: ["", "a", "b"])
        #expect(news.first == .instanceGone(serviceID: "a") && news.count == 3)
        #expect(follower.next(in: store.state.catalog, known: ["", "b"]).isEmpty)
    }

    @Test func aCheckIsHeardOfAsSoonAsItIsRegistered() async throws {
        let board = board()
        board.observe()
        #expect(throws: Refusal.unknownCheck("ttl-a")) { try board.heard(.passing, output: "", of: "ttl-a") }
        try await register("a")
        #expect(try board.heard(.passing, output: "fine", of: "ttl-a"))
        #expect(board.takeResults().map(\.output) == ["fine"])
        // The node's own, which nobody runs.
        _ = try await store.apply(
            RegisterCheck(node: node, check: HealthCheck(node: node, checkID: "disk", name: "", status: .passing)))
        #expect(throws: Refusal.self) { try board.heard(.passing, output: "", of: "disk") }
        _ = try await store.apply(DeregisterService(node: node, id: "a"))
        #expect(throws: Refusal.unknownCheck("ttl-a")) { try board.heard(.warning, output: "", of: "ttl-a") }
    }
}
