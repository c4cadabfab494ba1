import ACLCore
import HawserTestKit

@testable import hawser

// What peerings, config entries and access control itself need.
extension AccessTests {
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
            method: .get, route: "hawser/tokens", target: "/hawser/tokens", rules: #"peering = "read""#,
            denial: .refused("'peering:read'")),
        Row(
            method: .delete, route: "hawser/tokens/:name", target: "/hawser/tokens/nobody",
            rules: #"peering = "write""#, denial: .refused("'peering:write'")),
        Row(method: .get, route: "hawser/openapi.json", target: "/hawser/openapi.json", rules: "", denial: .open),
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
        Row(
            method: .get, route: "hawser/log", target: "/hawser/log", rules: #"operator = "read""#,
            denial: .refused("'operator:read'")),
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

    /// Lists of what there is none of.
    static let emptyRows: [Row] = [
        Row(
            method: .get, route: "acl/roles", target: "/acl/roles", rules: #"acl = "read""#,
            denial: .refused("'acl:read'")),
        Row(
            method: .get, route: "acl/auth-methods", target: "/acl/auth-methods", rules: #"acl = "read""#,
            denial: .refused("'acl:read'")),
        Row(
            method: .get, route: "acl/binding-rules", target: "/acl/binding-rules", rules: #"acl = "read""#,
            denial: .refused("'acl:read'")),
        Row(
            method: .get, route: "acl/templated-policies", target: "/acl/templated-policies", rules: #"acl = "read""#,
            denial: .refused("'acl:read'")),
    ]
}
