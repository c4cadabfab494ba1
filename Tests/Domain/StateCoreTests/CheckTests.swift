import CatalogCore
import HawserTestKit
import IdentityCore
import Testing

@testable import StateCore

@Suite struct CheckTests {
    private static let node = Node(name: "node-1")
    private let harness: Harness

    init() async throws {
        harness = try await Harness()
    }

    private func check(
        _ id: String, of service: String = "", status: HealthStatus = .critical,
        probe: CheckProbe? = .ttl(.seconds(30))
    ) -> HealthCheck {
        HealthCheck(
            node: "node-1", checkID: id, name: id, status: status, serviceID: service,
            plan: probe.map { CheckPlan(probe: $0) })
    }

    private func registration(_ id: String, _ checks: HealthCheck...) -> Registration {
        Registration(service: NodeService(id: id, service: "web", port: 80), checks: checks)
    }

    private func files(
        _ registrations: Registration..., removed: [String] = [], node: Node = node
    ) -> ApplyFiles {
        ApplyFiles(
            node: node, registrations: registrations.map { .init(registration: $0, place: "a.yaml:1") },
            removedServiceIDs: removed, entries: [], removedEntries: [])
    }

    private func record(_ status: HealthStatus, _ id: String, of service: String) async throws {
        let result = CheckResult(key: CheckKey(serviceID: service, checkID: id), status: status, output: "o")
        try await harness.store.apply(RecordHealth(node: "node-1", results: [result]))
    }

    private func checks(in store: StateStore? = nil) -> [HealthCheck] {
        (store ?? harness.store).state.catalog.instances(of: "web").flatMap(\.checks)
    }

    @Test func resultsOfWhatClientsRegisteredOutliveTheDaemon() async throws {
        let everything = [
            CheckProbe.ttl(.seconds(1)), .udp("h:1"), .tcp("h:1", tls: nil),
            .tcp("h:1", tls: CheckTLS(serverName: "n")),
            .grpc("h:1", service: "s", tls: CheckTLS(skipsVerification: true)), .h2ping("h:1", tls: nil),
            .alias(AliasTarget(node: "n", serviceID: "s")),
            .http(HTTPProbe(url: "u", method: "m", headers: ["a": ["b", "c"]], body: "x", followsRedirects: false)),
        ]
        var web = registration("web-1")
        web.checks = everything.enumerated().map { check("c\($0)", of: "web-1", probe: $1) }
        web.checks[0].plan?.interval = .milliseconds(1_500)
        web.checks[0].plan?.deregisterAfter = .seconds(3_600)
        web.checks[0].plan?.failuresBeforeCritical = 3
        try await harness.store.apply(RegisterService(node: "node-1", registration: web))
        try await harness.store.apply(RegisterCheck(node: "node-1", check: check("mine", of: "web-1")))
        for id in ["c0", "mine"] { try await record(.warning, id, of: "web-1") }
        let later = try await StateStore(testing: harness.storage)
        #expect(checks(in: later) == checks())
        #expect(checks().map(\.status).filter { $0 == .warning }.count == 2)
        #expect(later.state.catalog.check("mine", on: "node-1") == CheckKey(serviceID: "web-1", checkID: "mine"))
        #expect(later.state.index == harness.store.state.index)
    }

    /// A daemon that starts anew does not make everything critical at every peer.
    @Test func resultsOfFilesOutliveTheDaemonToo() async throws {
        let web = registration("web-1", check("a", of: "web-1"), check("b", of: "web-1"))
        try await harness.store.apply(files(web))
        try await record(.passing, "a", of: "web-1")
        let later = try await StateStore(testing: harness.storage)
        try await later.apply(files(web))
        #expect(checks(in: later).map(\.status) == [.passing, .critical])

        // A check that is another one now starts as it says.
        let other = try await StateStore(testing: harness.storage)
        try await other.apply(files(registration("web-1", check("a", of: "web-1", probe: .udp("h:1")))))
        #expect(checks(in: other).map(\.status) == [.critical])
    }

    /// Versions that did not store the services of files stored what their checks said apart.
    @Test func whatAnOlderVersionRememberedIsTakenOver() async throws {
        let row =
            #"{"Node":"node-1","ServiceID":"web-1","Checks":[{"Node":"node-1","CheckID":"a","Status":"passing","#
            + #""ServiceID":"web-1","Plan":{"Probe":{"TCP":"h:1"},"Start":"critical","Interval":"10s"}}]}"#
        try await harness.storage.write("health/node-1/web-1", row, version: 1)
        try await harness.storage.write("health/node-1/gone", row.replacing("web-1", with: "gone"), version: 1)
        let later = try await StateStore(testing: harness.storage)
        #expect(harness.storage.keys == ["health/node-1/gone", "health/node-1/web-1"])
        var checkOfFile = check("a", of: "web-1")
        checkOfFile.plan = later.state.local.rememberedHealth.values.first { _ in true }?.first?.plan
        try await later.apply(files(registration("web-1", checkOfFile)))
        #expect(checks(in: later).map(\.status) == [.passing])
        #expect(harness.storage.keys == ["node/node-1", "service/node-1/web-1"])
    }

    @Test func whatIsNoNewsChangesNothing() async throws {
        try await harness.store.apply(files(registration("web-1", check("a", of: "web-1"))))
        try await record(.passing, "a", of: "web-1")
        #expect(checks().map(\.status) == [.passing])
        let index = harness.store.state.index
        try await record(.passing, "a", of: "web-1")
        try await record(.passing, "unknown", of: "web-1")
        try await record(.passing, "a", of: "unknown")
        #expect(harness.store.state.index == index)
    }

    @Test func aDefinitionThatChangesElsewhereKeepsTheHealth() async throws {
        try await harness.store.apply(files(registration("web-1", check("a", of: "web-1"))))
        try await record(.passing, "a", of: "web-1")
        var changed = registration("web-1", check("a", of: "web-1"))
        changed.service.port = 81
        try await harness.store.apply(files(changed))
        #expect(checks().map(\.status) == [.passing])
        try await harness.store.apply(files(registration("web-1", check("a", of: "web-1", probe: .udp("h:1")))))
        #expect(checks().map(\.status) == [.critical])
        try await record(.passing, "a", of: "web-1")
        var doubtful = registration("web-1", check("a", of: "web-1", status: .warning, probe: .udp("h:1")))
        doubtful.checks[0].plan?.start = .warning
        try await harness.store.apply(files(doubtful))
        #expect(checks().map(\.status) == [.warning])
        // Without anyone who runs it, the definition is all there is.
        try await harness.store.apply(
            files(registration("web-1", check("a", of: "web-1", status: .warning, probe: nil))))
        try await harness.store.apply(
            files(registration("web-1", check("a", of: "web-1", status: .passing, probe: nil))))
        #expect(checks().map(\.status) == [.passing])
    }

    @Test func checksOfTheNodeStandBeforeThoseOfEachService() async throws {
        try await harness.store.apply(
            files(registration("web-1", check("a", of: "web-1")), registration("web-2")))
        let changes = harness.store.subscribe(to: .localCatalog)
        try await harness.store.apply(RegisterCheck(node: "node-1", check: check("disk")))
        #expect(changes.takePending() == [.localNode("node-1"), .localService("web")])
        try await harness.store.apply(RegisterCheck(node: "node-1", check: check("b", of: "web-1")))
        #expect(checks().map(\.checkID) == ["disk", "a", "b", "disk"])
        #expect(changes.takePending() == [.localService("web")])
        try await record(.passing, "disk", of: "")
        #expect(checks().map(\.status) == [.passing, .critical, .critical, .passing])
    }

    @Test func checksAreRemovedFromWhereverTheyAreExceptFiles() async throws {
        try await harness.store.apply(files(registration("web-1", check("a", of: "web-1"))))
        try await harness.store.apply(
            RegisterService(node: "node-1", registration: registration("web-2", check("b", of: "web-2"))))
        try await harness.store.apply(RegisterCheck(node: "node-1", check: check("c", of: "web-1")))
        #expect(
            await harness.refusal(of: DeregisterCheck(node: "node-1", checkID: "a"))
                == Refusal(.conflict, "check \"a\" comes from a.yaml:1: change it there and run `hawser reload`"))
        for id in ["b", "c"] { try await harness.store.apply(DeregisterCheck(node: "node-1", checkID: id)) }
        #expect(checks().map(\.checkID) == ["a"])
        #expect(await harness.refusal(of: DeregisterCheck(node: "node-1", checkID: "c")) == .unknownCheck("c"))
        #expect(
            await harness.refusal(of: RegisterCheck(node: "node-1", check: check("d", of: "none")))
                == Refusal(.notFound, "ServiceID \"none\" does not exist"))
    }

    @Test func aCheckWithTheIDOfAnotherReplacesIt() async throws {
        try await harness.store.apply(
            RegisterService(node: "node-1", registration: registration("web-1", check("a", of: "web-1"))))
        try await record(.passing, "a", of: "web-1")
        try await harness.store.apply(RegisterCheck(node: "node-1", check: check("a", of: "web-1")))
        #expect(checks().map(\.status) == [.passing])
        try await harness.store.apply(RegisterCheck(node: "node-1", check: check("a")))
        #expect(checks().map(\.serviceID) == [""])
        #expect(checks(in: try await StateStore(testing: harness.storage)) == checks())
    }

    @Test func checksGoWithTheirServiceAndFollowTheNodesName() async throws {
        try await harness.store.apply(files(registration("web-1")))
        try await harness.store.apply(RegisterService(node: "node-1", registration: registration("web-2")))
        for id in ["", "web-1", "web-2"] {
            try await harness.store.apply(RegisterCheck(node: "node-1", check: check("c\(id)", of: id)))
        }
        let later = try await StateStore(testing: harness.storage)
        try await later.apply(files(node: Node(name: "node-2")))
        #expect(checks(in: later).map(\.checkID) == ["c", "cweb-2"])
        #expect(Set(checks(in: later).map(\.node)) == ["node-2"])
        #expect(later.state.catalog.check("cweb-1", on: "node-1") == nil)
        #expect(
            harness.storage.keys == [
                "check/node-2/c", "check/node-2/cweb-2", "node/node-2", "service-index/web", "service/node-2/web-2",
            ])
        try await later.apply(DeregisterService(node: "node-2", id: "web-2"))
        #expect(harness.storage.keys == ["check/node-2/c", "node/node-2"])
    }

    @Test func aServiceThatWasCriticalTooLongGoesWhoeverRegisteredIt() async throws {
        try await harness.store.apply(files(registration("web-1")))
        try await harness.store.apply(DeregisterCriticalService(node: "node-1", id: "web-1"))
        #expect(harness.store.state.catalog.services["web"] == nil)
    }
}
