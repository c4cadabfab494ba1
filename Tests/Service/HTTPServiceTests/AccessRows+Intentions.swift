import ACLCore
import ConfigCore
import HawserTestKit

@testable import HTTPService
@testable import hawser

extension AccessTests {
    private static let exact = "/connect/intentions/exact?source=a&destination=web"
    private static let byID = "/connect/intentions/" + Intention.allowing("a", "web").details.id
    private static let body = #"{"SourceName": "a", "DestinationName": "web", "Action": "deny"}"#
    private static let read = #"service "web" { policy = "read" }"#
    private static let write = #"service "web" { policy = "read" intentions = "write" }"#

    static let intentionRows: [Row] = [
        Row(
            method: .get, route: "connect/intentions", target: "/connect/intentions", rules: read, denial: .filtered,
            contains: #""SourceName":"a""#),
        Row(
            method: .post, route: "connect/intentions", target: "/connect/intentions",
            body: #"{"SourceName": "b", "DestinationName": "web", "Action": "allow"}"#, rules: write,
            denial: .refused(#"'intention:write' on "web""#)),
        Row(
            method: .get, route: "connect/intentions/exact", target: exact, rules: #"service "a" { policy = "read" }"#,
            denial: .refused(#"'intention:read' on "web""#)),
        Row(
            method: .put, route: "connect/intentions/exact", target: exact, body: body, rules: write,
            denial: .refused(#"'intention:write' on "web""#)),
        Row(
            method: .delete, route: "connect/intentions/exact", target: exact, rules: write,
            denial: .refused(#"'intention:write' on "web""#)),
        Row(
            method: .get, route: "connect/intentions/:id", target: byID, rules: read,
            denial: .refused(#"'intention:read' on "web""#)),
        Row(
            method: .put, route: "connect/intentions/:id", target: byID, body: body, rules: write,
            denial: .refused(#"'intention:write' on "web""#)),
        Row(
            method: .delete, route: "connect/intentions/:id", target: byID, rules: write,
            denial: .refused(#"'intention:write' on "web""#)),
        Row(
            method: .get, route: "connect/intentions/match",
            target: "/connect/intentions/match?by=destination&name=web", rules: read,
            denial: .refused(#"'intention:read' on "web""#), contains: #""SourceName":"a""#),
        Row(
            method: .get, route: "connect/intentions/check",
            target: "/connect/intentions/check?source=a&destination=web", rules: read,
            denial: .refused(#"'service:read' on "web""#), contains: #""Allowed":true"#),
    ]
}

extension Intention {
    static func allowing(_ source: String, _ destination: String) -> Intention {
        Intention(source: IntentionSource(name: source, action: .allow, precedence: 9), destination: destination)
    }

    var details: IntentionDetails { IntentionDetails(intention: self, indexes: RowIndexes(create: 1, modify: 1)) }
}
