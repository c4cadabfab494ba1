import ACLCore
import DocumentCore
import HawserTestKit
import PeeringCore
import StateCore
import Testing

@testable import hawser

/// Names that come over the API: what is no name is refused with a sentence that shows it, and nothing is stored.
@Suite("Names over the API")
struct NameTests {
    struct Row: Sendable, CustomStringConvertible {
        var method = ClientMethod.put
        var target: String
        /// `NAME` stands for the name, in its quotes.
        var body = ""
        /// The field in the sentence.
        var field: String

        var description: String { "\(target) \(field)" }
    }

    static let rows: [Row] = [
        Row(target: "/v1/agent/service/register", body: #"{"Name":NAME}"#, field: "Name"),
        Row(target: "/v1/agent/service/register", body: #"{"Name":"x","ID":NAME}"#, field: "ID"),
        Row(
            target: "/v1/agent/service/register", body: #"{"Name":"x","Check":{"CheckID":NAME,"TTL":"9s"}}"#,
            field: "Check.CheckID"),
        Row(
            target: "/v1/agent/service/register",
            body: #"{"Name":"x","Kind":"connect-proxy","Port":1,"Proxy":{"DestinationServiceName":NAME}}"#,
            field: "Proxy.DestinationServiceName"),
        Row(target: "/v1/agent/check/register", body: #"{"Name":NAME,"TTL":"9s"}"#, field: "Invalid check: Name"),
        Row(
            target: "/v1/agent/check/register", body: #"{"Name":"c","ID":NAME,"TTL":"9s"}"#, field: "Invalid check: ID"),
        Row(
            target: "/v1/agent/check/register", body: #"{"Name":"c","ServiceID":NAME,"TTL":"9s"}"#,
            field: "Invalid check: ServiceID"),
        Row(target: "/v1/catalog/register", body: #"{"Node":NAME,"Address":"192.0.2.1"}"#, field: "Node"),
        Row(target: "/v1/catalog/register", body: #"{"Node":"n","ID":NAME,"Address":"192.0.2.1"}"#, field: "ID"),
        Row(
            target: "/v1/catalog/register", body: #"{"Node":"n","Address":"192.0.2.1","Service":{"Service":NAME}}"#,
            field: "Service.Service"),
        Row(
            target: "/v1/catalog/register",
            body: #"{"Node":"n","Address":"192.0.2.1","Service":{"Service":"app","ID":NAME}}"#, field: "Service.ID"),
        Row(
            target: "/v1/catalog/register",
            body: #"{"Node":"n","Address":"192.0.2.1","Check":{"Name":"c","CheckID":NAME}}"#, field: "Check.CheckID"),
        Row(
            target: "/v1/catalog/register", body: #"{"Node":"n","Address":"192.0.2.1","Checks":[{"Name":NAME}]}"#,
            field: "Checks[0].Name"),
        Row(
            target: "/v1/catalog/register", body: #"{"Node":"n","Address":"192.0.2.1","Datacenter":NAME}"#,
            field: "Datacenter"),
        Row(target: "/v1/config", body: #"{"Kind":"service-defaults","Name":NAME}"#, field: "Name"),
        Row(
            target: "/v1/config",
            body:
                #"{"Kind":"exported-services","Name":"default","Services":[{"Name":"x","Consumers":[{"Peer":NAME}]}]}"#,
            field: "Services[0].Consumers[0].Peer"),
        Row(
            method: .post, target: "/v1/connect/intentions",
            body: #"{"SourceName":NAME,"DestinationName":"x","Action":"allow"}"#, field: "Sources[0].Name"),
        Row(
            method: .post, target: "/v1/connect/intentions",
            body: #"{"SourceName":"y","SourcePeer":NAME,"DestinationName":"x","Action":"allow"}"#,
            field: "Sources[0].Peer"),
        Row(
            method: .post, target: "/v1/connect/intentions",
            body: #"{"SourceName":"y","DestinationName":NAME,"Action":"allow"}"#, field: "Name"),
    ]

    @Test(arguments: rows)
    func wrongOnesAreRefused(row: Row) async throws {
        try await TestDaemon.run { daemon in
            for wrong in Names.wrong {
                let before = daemon.store.state.index
                let answer = try await daemon.send(
                    row.method, row.target, row.body.replacing("NAME", with: json(wrong.name)))
                #expect(answer.status == 400, "\(answer.text)")
                #expect(
                    answer.text.hasPrefix(row.field + ": must be") || answer.text.hasPrefix(row.field + ": must not"))
                #expect(answer.text.contains(wrong.words), "\(answer.text)")
                #expect(daemon.store.state.index == before)
            }
        }
    }

    @Test func rightOnesAreStoredAndComeBack() async throws {
        try await TestDaemon.run { daemon in
            for name in Names.right {
                let text = json(name)
                for (target, body) in [
                    ("/v1/agent/service/register", #"{"Name":NAME,"ID":NAME,"Check":{"TTL":"9s"}}"#),
                    ("/v1/agent/check/register", #"{"Name":"c","ID":NAME,"TTL":"9s"}"#),
                    ("/v1/catalog/register", #"{"Node":NAME,"Address":"192.0.2.1","Check":{"Name":"c"}}"#),
                    (
                        "/v1/catalog/register",
                        #"{"Node":"n","Address":"192.0.2.1","Service":{"Service":NAME},"Check":{"Name":NAME}}"#
                    ),
                    ("/v1/config", #"{"Kind":"service-defaults","Name":NAME}"#),
                    ("/v1/connect/intentions/exact?source=x&destination=y", #"{"Action":"allow"}"#),
                ] {
                    let answer = try await daemon.send(.put, target, body.replacing("NAME", with: text))
                    #expect(answer.status == 200, "\(target) \(name): \(answer.text)")
                }
                let found = try await daemon.get("/v1/agent/services").json
                #expect(found[name]?["ID"]?.string == name)
            }
        }
    }

    /// In the path and in the query a name stands for what is there, or for nothing.
    @Test func wrongOnesInPathsFindNothing() async throws {
        try await TestDaemon.run { daemon in
            let before = daemon.store.state.index
            for name in ["a%00b", "a%0Ab", "%1B", "%7F", "%C2%85", "%E2%80%A8", "%FF"] {
                for (method, target, status) in [
                    (ClientMethod.get, "/v1/agent/service/NAME", 404),
                    (.put, "/v1/agent/check/pass/NAME", 404),
                    (.put, "/v1/agent/service/maintenance/NAME?enable=true", 404),
                    (.get, "/v1/config/service-defaults/NAME", 404),
                    (.get, "/v1/peering/NAME", 404),
                    (.put, "/v1/connect/intentions/exact?source=NAME&destination=x", 400),
                ] {
                    let body = method == .put ? #"{"Action":"allow"}"# : ""
                    let answer = try await daemon.send(method, target.replacing("NAME", with: name), body)
                    #expect(answer.status == status, "\(target) \(name): \(answer.text)")
                }
            }
            #expect(daemon.store.state.index == before)
        }
    }

    @Test func policiesAndTokensAreNamedByTheRuleToo() async throws {
        try await TestDaemon.run(access: .deny) { daemon in
            for wrong in Names.wrong {
                for body in [
                    (target: "/v1/acl/policy", body: #"{"Name":NAME}"#),
                    (target: "/v1/acl/policy", body: #"{"Name":"p","Datacenters":[NAME]}"#),
                    (target: "/v1/acl/token", body: #"{"AccessorID":NAME}"#),
                    (target: "/v1/acl/token", body: #"{"ServiceIdentities":[{"ServiceName":NAME}]}"#),
                    (
                        target: "/v1/acl/token",
                        body: #"{"ServiceIdentities":[{"ServiceName":"web","Datacenters":[NAME]}]}"#
                    ),
                    (target: "/v1/acl/token", body: #"{"NodeIdentities":[{"NodeName":NAME,"Datacenter":"dc1"}]}"#),
                    (target: "/v1/acl/token", body: #"{"NodeIdentities":[{"NodeName":"n","Datacenter":NAME}]}"#),
                ] {
                    let before = daemon.store.state.index
                    let answer = try await daemon.send(
                        .put, body.target, body.body.replacing("NAME", with: json(wrong.name)),
                        token: TestDaemon.managementSecret)
                    #expect(answer.status == 400, "\(body.body): \(answer.text)")
                    #expect(!answer.text.unicodeScalars.contains { $0.properties.generalCategory == .control })
                    #expect(daemon.store.state.index == before)
                }
            }
        }
    }

    /// The name as JSON says it.
    private func json(_ name: String) -> String {
        var json = JSONWriter()
        json.value(name)
        return json.text
    }
}
