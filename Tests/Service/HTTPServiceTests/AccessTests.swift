import ACLCore
import CatalogCore
import ConfigCore
import DocumentCore
import HawserTestKit
import IdentityCore
import StateCore
import Testing

@testable import HTTPService
@testable import hawser

/// What each route needs: who has that and nothing else gets through, and who has nothing does not.
@Suite struct AccessTests {
    /// How a route behaves to somebody who lacks what it needs.
    enum Denial: Equatable {
        /// 403, and this permission in the sentence.
        case refused(String)
        /// 200 with less in it, and a header that says so.
        case filtered
        /// There is nothing to lack.
        case open
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var method: ClientMethod
        /// As it is declared.
        var route: String
        var target: String
        var body = ""
        /// Rules that are enough.
        var rules: String
        var denial: Denial
        /// What the answer has for those who are let through.
        var status = 200
        var contains = ""

        var testDescription: String { "\(method.rawValue) \(target)" }
    }

    static let rows =
        agentRows + catalogRows + peeringRows + configRows + intentionRows + aclRows
        + emptyRows

    @Test(arguments: rows)
    func whoHasItGetsThroughAndWhoHasNothingDoesNot(row: Row) async throws {
        try await TestDaemon.run(payloads: ["far": [Self.imported]], access: .deny) { daemon in
            try await Self.populate(daemon.store)
            let nobody = try await daemon.makeToken(rules: "")
            let denied = try await daemon.send(row.method, "/v1" + row.target, row.body, token: nobody.secret)
            switch row.denial {
            case .refused(let permission):
                #expect(denied.status == 403)
                #expect(
                    denied.text == "Permission denied: token with AccessorID '\(nobody.accessorID)' lacks permission "
                        + permission)
            case .filtered:
                #expect(denied.status == 200)
                #expect(["[]", "{}", "null", #"{"Node":null,"Services":[]}"#].contains(denied.text))
                #expect(denied.header("X-Consul-Results-Filtered-By-ACLs") == "true")
            case .open:
                #expect(denied.status == row.status)
            }
            #expect(denied.header("X-Consul-Default-Acl-Policy") == "deny")

            let somebody = try await daemon.makeToken(rules: row.rules)
            let allowed = try await daemon.send(row.method, "/v1" + row.target, row.body, token: somebody.secret)
            #expect(allowed.status == row.status, "\(allowed.text)")
            #expect(!allowed.text.contains("Permission denied"))
            if !row.contains.isEmpty { #expect(allowed.text.contains(row.contains), "\(allowed.text)") }
        }
    }

    /// Every method of every route stands in the table above: a new one cannot be forgotten.
    @Test func everyRouteIsInTheTable() async throws {
        let tested = Set(Self.rows.map { "\($0.method.rawValue) \($0.route)" })
        try await TestDaemon.run { daemon in
            let declared = RouteTable.all(APIEnvironment(dependencies: daemon.dependencies, limits: HTTPLimits()))
                .routes.flatMap { route in
                    route.methods.map { "\($0.name) \(route.pattern.parts.joined(separator: "/"))" }
                }
            #expect(Set(declared) == tested)
        }
    }

    static let imported = ServiceInstance(
        node: Node(name: "there"), service: NodeService(id: "far", service: "far"), checks: [])

    /// A service with a check and a proxy, a peering with an imported service, and config entries.
    static func populate(_ store: StateStore) async throws {
        let check = HealthCheck(
            node: "node-1", checkID: "alive", name: "alive", status: .passing, serviceID: "web", serviceName: "web")
        let web = Registration(service: NodeService(id: "web", service: "web"), checks: [check])
        let proxy = NodeService(
            kind: .connectProxy, id: "web-proxy", service: "web-proxy",
            proxy: ProxyConfiguration(destinationServiceName: "web"))
        try await store.apply(
            ApplyFiles(
                node: Node(name: "node-1", address: "10.0.0.1"), registrations: [], removedServiceIDs: [], entries: [],
                removedEntries: []))
        for registration in [web, Registration(service: proxy)] {
            try await store.apply(RegisterService(node: "node-1", registration: registration))
        }
        let id = try await store.addAcceptor("island")
        try await store.imported("far", of: id, payload: "far", count: 1)
        let exports = ConfigEntry(
            name: "default", content: .exportedServices([ExportedService(name: "web", peers: ["island"])]))
        let intention = #"{"Kind": "service-intentions", "Name": "web", "Sources": [{"Name": "a", "Action": "allow"}]}"#
        for json in [#"{"Kind": "service-defaults", "Name": "web"}"#, intention] {
            _ = try await store.apply(WriteConfigEntry(entry: try ConfigEntry.decode(json: Array(json.utf8))))
        }
        _ = try await store.apply(WriteConfigEntry(entry: exports))
    }
}
