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

    static let readAll = #"service_prefix "" { policy = "read" } node_prefix "" { policy = "read" }"#

    static let agentRows: [Row] = [
        Row(
            method: .get, route: "agent/self", target: "/agent/self", rules: #"agent "node-1" { policy = "read" }"#,
            denial: .refused(#"'agent:read' on "node-1""#)),
        Row(
            method: .get, route: "agent/services", target: "/agent/services",
            rules: #"service "web" { policy = "read" }"#, denial: .filtered, contains: #""Service":"web""#),
        Row(
            method: .put, route: "agent/service/register", target: "/agent/service/register",
            body: #"{"Name": "new"}"#, rules: #"service "new" { policy = "write" }"#,
            denial: .refused(#"'service:write' on "new""#)),
        Row(
            method: .put, route: "agent/service/deregister/:id", target: "/agent/service/deregister/web",
            rules: #"service "web" { policy = "write" }"#, denial: .refused(#"'service:write' on "web""#)),
        Row(
            method: .put, route: "agent/reload", target: "/agent/reload",
            rules: #"agent "node-1" { policy = "write" }"#,
            denial: .refused(#"'agent:write' on "node-1""#)),
        Row(
            method: .get, route: "agent/metrics", target: "/agent/metrics",
            rules: #"agent_prefix "" { policy = "read" }"#, denial: .refused(#"'agent:read' on "node-1""#)),
        Row(
            method: .get, route: "agent/checks", target: "/agent/checks", rules: readAll, denial: .filtered,
            contains: #""CheckID":"alive""#),
        Row(
            method: .put, route: "agent/check/register", target: "/agent/check/register",
            body: #"{"Name": "c", "ServiceID": "web", "TTL": "10s"}"#, rules: #"service "web" { policy = "write" }"#,
            denial: .refused(#"'service:write' on "web""#)),
        Row(
            method: .put, route: "agent/check/register", target: "/agent/check/register",
            body: #"{"Name": "c", "TTL": "10s"}"#, rules: #"node "node-1" { policy = "write" }"#,
            denial: .refused(#"'node:write' on "node-1""#)),
        Row(
            method: .put, route: "agent/check/deregister/:id", target: "/agent/check/deregister/alive",
            rules: #"service "web" { policy = "write" }"#, denial: .refused(#"'service:write' on "web""#)),
        // Let through, one is told that this check has no TTL.
        Row(
            method: .put, route: "agent/check/pass/:id", target: "/agent/check/pass/alive",
            rules: #"service "web" { policy = "write" }"#, denial: .refused(#"'service:write' on "web""#), status: 500),
        Row(
            method: .put, route: "agent/check/warn/:id", target: "/agent/check/warn/alive",
            rules: #"service "web" { policy = "write" }"#, denial: .refused(#"'service:write' on "web""#), status: 500),
        Row(
            method: .put, route: "agent/check/fail/:id", target: "/agent/check/fail/alive",
            rules: #"service "web" { policy = "write" }"#, denial: .refused(#"'service:write' on "web""#), status: 500),
        Row(
            method: .put, route: "agent/check/update/:id", target: "/agent/check/update/alive",
            body: #"{"Status": "passing"}"#, rules: #"service "web" { policy = "write" }"#,
            denial: .refused(#"'service:write' on "web""#), status: 500),
    ]

    static let catalogRows: [Row] = [
        Row(
            method: .get, route: "catalog/services", target: "/catalog/services",
            rules: #"service "web" { policy = "read" }"#, denial: .filtered, contains: #""web":[]"#),
        Row(
            method: .get, route: "catalog/services", target: "/catalog/services?peer=island",
            rules: #"service "x" { policy = "write" }"#, denial: .filtered, contains: #""far":[]"#),
        Row(
            method: .get, route: "catalog/service/:name", target: "/catalog/service/web", rules: readAll,
            denial: .filtered, contains: #""ServiceName":"web""#),
        Row(
            method: .get, route: "internal/ui/services", target: "/internal/ui/services", rules: readAll,
            denial: .filtered, contains: #""Name":"far""#),
        Row(
            method: .get, route: "health/service/:name", target: "/health/service/web", rules: readAll,
            denial: .filtered, contains: #""Service":"web""#),
        Row(
            method: .get, route: "health/service/:name", target: "/health/service/far?peer=island", rules: readAll,
            denial: .filtered, contains: #""Service":"far""#),
        Row(
            method: .get, route: "health/service/:name", target: "/health/service/far?peer=island",
            rules: #"service "any" { policy = "write" }"#, denial: .filtered, contains: #""Service":"far""#),
        Row(
            method: .get, route: "health/connect/:name", target: "/health/connect/web", rules: readAll,
            denial: .filtered, contains: #""Service":"web-proxy""#),
        Row(
            method: .get, route: "imported-services", target: "/imported-services",
            rules: #"service "any" { policy = "write" }"#, denial: .filtered, contains: #""Service":"far""#),
        Row(
            method: .get, route: "exported-services", target: "/exported-services", rules: #"mesh = "read""#,
            denial: .refused("'mesh:read'"), contains: #""Service":"web""#),
        Row(
            method: .get, route: "exported-services", target: "/exported-services",
            rules: "operator = \"read\"\nmesh = \"deny\"", denial: .refused("'mesh:read'")),
        Row(method: .get, route: "status/leader", target: "/status/leader", rules: "", denial: .open),
        Row(
            method: .get, route: "connect/ca/roots", target: "/connect/ca/roots", rules: "", denial: .open, status: 503),
    ]

    static let peeringRows: [Row] = [
        Row(
            method: .post, route: "peering/token", target: "/peering/token", body: #"{"PeerName": "p"}"#,
            rules: #"peering = "write""#, denial: .refused("'peering:write'")),
        Row(
            method: .post, route: "peering/establish", target: "/peering/establish",
            body: #"{"PeerName": "p", "PeeringToken": "t"}"#, rules: #"operator = "write""#,
            denial: .refused("'peering:write'")),
        Row(
            method: .get, route: "peering/:name", target: "/peering/island", rules: #"peering = "read""#,
            denial: .refused("'peering:read'")),
        Row(
            method: .delete, route: "peering/:name", target: "/peering/island", rules: #"peering = "write""#,
            denial: .refused("'peering:write'")),
        Row(
            method: .get, route: "peerings", target: "/peerings", rules: #"peering = "read""#,
            denial: .refused("'peering:read'"), contains: #""Name":"island""#),
        Row(
            method: .put, route: "hawser/ca/rotate", target: "/hawser/ca/rotate", rules: #"operator = "write""#,
            denial: .refused("'operator:write'"), status: 503),
        Row(
            method: .put, route: "hawser/ca/retire", target: "/hawser/ca/retire", rules: #"operator = "write""#,
            denial: .refused("'operator:write'"), status: 400),
        Row(
            method: .get, route: "hawser/gateway/routes", target: "/hawser/gateway/routes",
            rules: #"peering = "read""#, denial: .refused("'peering:read'")),
        Row(
            method: .get, route: "hawser/exports/plan", target: "/hawser/exports/plan", rules: #"mesh = "read""#,
            denial: .refused("'mesh:read'")),
        Row(
            method: .post, route: "hawser/exports/plan", target: "/hawser/exports/plan",
            body: #"{"Kind": "exported-services", "Name": "default"}"#, rules: #"mesh = "read""#,
            denial: .refused("'mesh:read'")),
        Row(
            method: .get, route: "hawser/mesh/explain/:service", target: "/hawser/mesh/explain/web",
            rules: #"service "web" { policy = "read" }"#, denial: .refused(#"'service:read' on "web""#)),
        // What is let through has no end.
        Row(
            method: .get, route: "hawser/watch", target: "/hawser/watch?format=x", rules: #"operator = "read""#,
            denial: .refused("'operator:read'"), status: 400),
    ]

    static let configRows: [Row] = [
        Row(
            method: .put, route: "config", target: "/config", body: #"{"Kind": "mesh"}"#, rules: #"mesh = "write""#,
            denial: .refused("'mesh:write'")),
        Row(
            method: .put, route: "config", target: "/config", body: #"{"Kind": "service-defaults", "Name": "web"}"#,
            rules: #"service "web" { policy = "write" }"#, denial: .refused(#"'service:write' on "web""#)),
        Row(
            method: .put, route: "config", target: "/config",
            body: #"{"Kind": "service-intentions", "Name": "web", "Sources": [{"Name": "a", "Action": "allow"}]}"#,
            rules: #"service "web" { policy = "read" intentions = "write" }"#,
            denial: .refused(#"'intention:write' on "web""#)),
        Row(
            method: .put, route: "config", target: "/config",
            body: #"{"Kind": "service-resolver", "Name": "web", "Redirect": {"Service": "db"}}"#,
            rules: #"service "web" { policy = "write" } service "db" { policy = "read" }"#,
            denial: .refused(#"'service:write' on "web""#)),
        Row(
            method: .get, route: "config/:kind", target: "/config/exported-services", rules: #"mesh = "read""#,
            denial: .filtered, contains: #""Name":"default""#),
        Row(
            method: .get, route: "config/:kind", target: "/config/service-defaults",
            rules: #"service "web" { policy = "read" }"#, denial: .filtered, contains: #""Name":"web""#),
        Row(
            method: .get, route: "config/:kind/:name", target: "/config/exported-services/default",
            rules: #"mesh = "read""#, denial: .refused("'mesh:read'")),
        Row(
            method: .get, route: "config/:kind/:name", target: "/config/service-defaults/web",
            rules: #"service "web" { policy = "read" }"#, denial: .refused(#"'service:read' on "web""#)),
        Row(
            method: .get, route: "config/:kind/:name", target: "/config/proxy-defaults/global", rules: "",
            denial: .open, status: 404),
        Row(
            method: .delete, route: "config/:kind/:name", target: "/config/exported-services/default",
            rules: #"mesh = "write""#, denial: .refused("'mesh:write'")),
    ]

    static let missing = "/00000000-0000-0000-0000-00000000ffff"

    static let aclRows: [Row] = [
        Row(method: .put, route: "acl/bootstrap", target: "/acl/bootstrap", rules: "", denial: .open, status: 403),
        Row(
            method: .put, route: "acl/policy", target: "/acl/policy", body: #"{"Name": "p9"}"#,
            rules: #"acl = "write""#, denial: .refused("'acl:write'")),
        Row(
            method: .get, route: "acl/policy/:id", target: "/acl/policy/\(ACLPolicy.globalManagement.id)",
            rules: #"acl = "read""#, denial: .refused("'acl:read'")),
        Row(
            method: .put, route: "acl/policy/:id", target: "/acl/policy\(missing)", body: #"{"Name": "x"}"#,
            rules: #"acl = "write""#, denial: .refused("'acl:write'"), status: 403),
        Row(
            method: .delete, route: "acl/policy/:id", target: "/acl/policy\(missing)", rules: #"acl = "write""#,
            denial: .refused("'acl:write'"), status: 403),
        Row(
            method: .get, route: "acl/policy/name/:name", target: "/acl/policy/name/global-management",
            rules: #"acl = "read""#, denial: .refused("'acl:read'")),
        Row(
            method: .get, route: "acl/policies", target: "/acl/policies", rules: #"acl = "read""#,
            denial: .refused("'acl:read'")),
        Row(
            method: .put, route: "acl/token", target: "/acl/token", body: "{}", rules: #"acl = "write""#,
            denial: .refused("'acl:write'")),
        Row(method: .get, route: "acl/token/self", target: "/acl/token/self", rules: "", denial: .open),
        Row(
            method: .get, route: "acl/token/:accessor", target: "/acl/token/\(ACLToken.anonymousID)",
            rules: #"acl = "read""#, denial: .refused("'acl:read'")),
        Row(
            method: .put, route: "acl/token/:accessor", target: "/acl/token/\(ACLToken.anonymousID)", body: "{}",
            rules: #"acl = "write""#, denial: .refused("'acl:write'")),
        Row(
            method: .delete, route: "acl/token/:accessor", target: "/acl/token\(missing)", rules: #"acl = "write""#,
            denial: .refused("'acl:write'"), status: 403),
        Row(
            method: .put, route: "acl/token/:accessor/clone", target: "/acl/token\(missing)/clone",
            rules: #"acl = "write""#, denial: .refused("'acl:write'"), status: 403),
        Row(
            method: .get, route: "acl/tokens", target: "/acl/tokens", rules: #"acl = "read""#,
            denial: .refused("'acl:read'")),
    ]

    static let rows = agentRows + catalogRows + peeringRows + configRows + aclRows

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
                #expect(denied.text == "[]" || denied.text == "{}")
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
                    route.methods.map { "\($0.name) \(route.parts.joined(separator: "/"))" }
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
        for registration in [web, Registration(service: proxy)] {
            try await store.apply(RegisterService(node: "node-1", registration: registration))
        }
        let id = try await store.addAcceptor("island")
        try await store.imported("far", of: id, payload: "far", count: 1)
        let exports = ConfigEntry(
            name: "default", content: .exportedServices([ExportedService(name: "web", peers: ["island"])]))
        for json in [#"{"Kind": "service-defaults", "Name": "web"}"#] {
            _ = try await store.apply(WriteConfigEntry(entry: try ConfigEntry.decode(json: Array(json.utf8))))
        }
        _ = try await store.apply(WriteConfigEntry(entry: exports))
    }
}
