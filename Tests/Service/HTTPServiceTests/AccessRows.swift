import ACLCore
import HawserTestKit

@testable import hawser

// What the agent, its catalog and health need.
extension AccessTests {
    static let readAll = #"service_prefix "" { policy = "read" } node_prefix "" { policy = "read" }"#

    static let agentRows: [Row] = [
        Row(
            method: .get, route: "agent/self", target: "/agent/self", rules: #"agent "node-1" { policy = "read" }"#,
            denial: .refused(#"'agent:read' on "node-1""#)),
        Row(
            method: .get, route: "agent/version", target: "/agent/version",
            rules: #"agent "node-1" { policy = "read" }"#, denial: .refused(#"'agent:read' on "node-1""#)),
        Row(
            method: .get, route: "agent/health/service/id/:id", target: "/agent/health/service/id/web",
            rules: #"service "web" { policy = "read" }"#, denial: .refused(#"'service:read' on "web""#)),
        Row(
            method: .get, route: "agent/health/service/name/:name", target: "/agent/health/service/name/web",
            rules: #"service "web" { policy = "read" }"#, denial: .refused(#"'service:read' on "web""#)),
        Row(
            method: .get, route: "agent/members", target: "/agent/members", rules: readAll, denial: .filtered,
            contains: #""Name":"node-1""#),
        Row(
            method: .get, route: "agent/service/:id", target: "/agent/service/web",
            rules: #"service "web" { policy = "read" }"#, denial: .refused(#"'service:read' on "web""#)),
        Row(
            method: .put, route: "agent/maintenance", target: "/agent/maintenance?enable=true",
            rules: #"node "node-1" { policy = "write" }"#, denial: .refused(#"'node:write' on "node-1""#)),
        Row(
            method: .put, route: "agent/service/maintenance/:id", target: "/agent/service/maintenance/web?enable=true",
            rules: #"service "web" { policy = "write" }"#, denial: .refused(#"'service:write' on "web""#)),
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
            method: .get, route: "catalog/connect/:name", target: "/catalog/connect/web", rules: readAll,
            denial: .filtered, contains: #""ServiceName":"web-proxy""#),
        Row(method: .get, route: "catalog/datacenters", target: "/catalog/datacenters", rules: "", denial: .open),
        Row(
            method: .get, route: "catalog/nodes", target: "/catalog/nodes", rules: readAll, denial: .filtered,
            contains: #""Node":"node-1""#),
        Row(
            method: .get, route: "catalog/nodes", target: "/catalog/nodes?peer=island", rules: readAll,
            denial: .filtered, contains: #""Node":"there""#),
        Row(
            method: .get, route: "catalog/node/:name", target: "/catalog/node/node-1", rules: readAll,
            denial: .filtered, contains: #""Service":"web""#),
        Row(
            method: .get, route: "catalog/node-services/:name", target: "/catalog/node-services/node-1",
            rules: readAll, denial: .filtered, contains: #""Service":"web""#),
        Row(
            method: .put, route: "catalog/register", target: "/catalog/register",
            body: #"{"Node": "n9", "Address": "10.0.0.9"}"#, rules: #"node "n9" { policy = "write" }"#,
            denial: .refused(#"'node:write' on "n9""#)),
        Row(
            method: .put, route: "catalog/register", target: "/catalog/register",
            body: #"{"Node": "node-1", "SkipNodeUpdate": true, "Service": {"Service": "s9"}}"#,
            rules: #"service "s9" { policy = "write" }"#, denial: .refused(#"'service:write' on "s9""#)),
        Row(
            method: .put, route: "catalog/register", target: "/catalog/register",
            body: #"{"Node": "node-1", "SkipNodeUpdate": true, "Check": {"Name": "c", "ServiceID": "web"}}"#,
            rules: #"service "web" { policy = "write" }"#, denial: .refused(#"'service:write' on "web""#)),
        Row(
            method: .put, route: "catalog/deregister", target: "/catalog/deregister",
            body: #"{"Node": "node-1", "ServiceID": "web"}"#, rules: #"service "web" { policy = "write" }"#,
            denial: .refused(#"'service:write' on "web""#)),
        Row(
            method: .put, route: "catalog/deregister", target: "/catalog/deregister",
            body: #"{"Node": "node-1", "CheckID": "alive"}"#, rules: #"node "node-1" { policy = "write" }"#,
            denial: .refused(#"'service:write' on "web""#)),
        Row(
            method: .put, route: "catalog/deregister", target: "/catalog/deregister",
            body: #"{"Node": "n9"}"#, rules: #"node "n9" { policy = "write" }"#,
            denial: .refused(#"'node:write' on "n9""#)),
        Row(
            method: .get, route: "internal/ui/exported-services", target: "/internal/ui/exported-services?peer=island",
            rules: #"service "web" { policy = "read" }"#, denial: .filtered, contains: #""Name":"web""#),
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
            method: .get, route: "health/checks/:name", target: "/health/checks/web", rules: readAll,
            denial: .filtered, contains: #""CheckID":"alive""#),
        Row(
            method: .get, route: "health/node/:name", target: "/health/node/node-1", rules: readAll,
            denial: .filtered, contains: #""CheckID":"alive""#),
        Row(
            method: .get, route: "health/state/:state", target: "/health/state/any", rules: readAll,
            denial: .filtered, contains: #""CheckID":"alive""#),
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
        Row(method: .get, route: "status/peers", target: "/status/peers", rules: "", denial: .open),
        Row(
            method: .get, route: "connect/ca/configuration", target: "/connect/ca/configuration",
            rules: #"operator = "read""#, denial: .refused("'operator:read'")),
        Row(
            method: .put, route: "connect/ca/configuration", target: "/connect/ca/configuration", body: "{}",
            rules: #"operator = "write""#, denial: .refused("'operator:write'")),
        Row(
            method: .get, route: "connect/ca/roots", target: "/connect/ca/roots", rules: "", denial: .open, status: 503),
        Row(
            method: .get, route: "agent/connect/ca/roots", target: "/agent/connect/ca/roots", rules: "", denial: .open,
            status: 503),
        Row(
            method: .get, route: "operator/raft/configuration", target: "/operator/raft/configuration",
            rules: #"operator = "read""#, denial: .refused("'operator:read'"), contains: #""Leader":true"#),
    ]
}
