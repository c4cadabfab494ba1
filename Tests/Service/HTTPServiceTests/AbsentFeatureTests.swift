import ACLCore
import DocumentCore
import HawserTestKit
import Testing

@testable import hawser

/// What Consul has and hawser has not, and what clients of Consul must find all the same.
@Suite("Clients of all of Consul")
struct AbsentFeatureTests {
    static let absent: [(method: ClientMethod, target: String, name: String)] = [
        (.get, "kv/a/b?raw", "key-value store"), (.put, "txn", "transactions"),
        (.put, "session/create", "sessions and locks"), (.get, "event/list", "user events"),
        (.get, "snapshot", "snapshots"), (.get, "operator/autopilot/state", "autopilot"),
        (.get, "operator/raft/peer", "Raft"), (.get, "operator/license", "features of Consul Enterprise"),
        (.put, "agent/token/default", "tokens of the agent that are set while it runs"),
        (.get, "agent/connect/ca/leaf/web", "certificates for applications"),
    ]

    @Test(arguments: absent)
    func whatThereIsNotIsRefusedInASentence(method: ClientMethod, target: String, name: String) async throws {
        try await TestDaemon.run { daemon in
            let answer = try await daemon.send(method, "/v1/\(target)")
            #expect(answer.status == 501)
            #expect(answer.text.hasPrefix("hawser has no \(name): it answers Consul's API"))
        }
    }

    @Test(arguments: ["acl/role", "acl/login", "acl/roles"])
    func accessControlThatIsOffIsAllThatIsSaidOfItsParts(path: String) async throws {
        try await TestDaemon.run { daemon in
            let answer = try await daemon.send(.get, "/v1/\(path)")
            #expect(answer.status == 401 && answer.text == "ACL support disabled")
        }
        try await TestDaemon.run(access: .deny) { daemon in
            let answer = try await daemon.send(.get, "/v1/\(path)", "", token: TestDaemon.managementSecret)
            #expect(answer.status == (path == "acl/roles" ? 200 : 501))
        }
    }

    @Test func whatConsulDoesNotKnowEitherIsNotFound() async throws {
        try await TestDaemon.run { daemon in
            let answer = try await daemon.send(.get, "/v1/kvs")
            #expect(answer.status == 404 && answer.text.hasPrefix("Invalid URL path"))
        }
    }

    /// `consul info` prints groups of texts, and fails for anything else.
    @Test func theAgentHasStatistics() async throws {
        try await TestDaemon.run { daemon in
            _ = try await daemon.send(.put, "/v1/agent/service/register", #"{"Name": "web", "Check": {"TTL": "9s"}}"#)
            let own = try await daemon.get("/v1/agent/self").json
            let agent = try #require(own["Stats"]?["agent"])
            #expect(agent["services"]?.string == "1" && agent["checks"]?.string == "1")
            let groups = try #require(own["Stats"]?.map)
            #expect(groups.allSatisfy { $0.value.map?.allSatisfy { $0.value.string != nil } == true })
            #expect(own["Member"]?["Tags"]?["build"]?.string == "0.0.0-test")
        }
    }

    @Test(arguments: [("passing", 200), ("warning", 429), ("critical", 503)])
    func theStatusTellsHowAServiceIs(health: String, status: Int) async throws {
        try await TestDaemon.run { daemon in
            let body = #"{"Name": "web", "Check": {"TTL": "9s", "Status": "\#(health)"}}"#
            _ = try await daemon.send(.put, "/v1/agent/service/register", body)
            for target in ["id/web", "name/web"] {
                let answer = try await daemon.send(.get, "/v1/agent/health/service/\(target)")
                #expect(answer.status == status && answer.text.contains(#""AggregatedStatus":"\#(health)""#))
                let text = try await daemon.send(.get, "/v1/agent/health/service/\(target)?format=text")
                #expect(text.status == status && text.text == health)
            }
            _ = try await daemon.send(.put, "/v1/agent/service/maintenance/web?enable=true")
            let moved = try await daemon.send(.get, "/v1/agent/health/service/id/web?format=text")
            #expect(moved.status == 503 && moved.text == "maintenance")
            let none = try await daemon.send(.get, "/v1/agent/health/service/name/none")
            #expect(none.status == 404 && none.text == "[]")
        }
    }
}
