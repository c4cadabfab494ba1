import DocumentCore
import HawserTestKit
import Testing

@testable import hawser

@Suite("Services of the agent")
struct AgentServiceTests {
    private let web = """
        {"Name":"web","ID":"web-1","Port":80,"Address":"192.0.2.1",
         "Checks":[{"CheckID":"a","Name":"a","TTL":"10s"},{"CheckID":"b","Name":"b","TTL":"10s"}]}
        """

    @Test func oneIsShownWithAHashThatFollowsIt() async throws {
        try await TestDaemon.run { daemon in
            _ = try await daemon.send(.put, "/v1/agent/service/register", web)
            let (answer, service) = try await daemon.get("/v1/agent/service/web-1")
            let hash = try #require(service["ContentHash"]?.string)
            #expect(answer.header("X-Consul-ContentHash") == hash)
            #expect(
                service.map?.map(\.key) == [
                    "ID", "Service", "Tags", "Meta", "Port", "Address", "TaggedAddresses", "Weights",
                    "EnableTagOverride", "ContentHash", "Datacenter",
                ])
            async let blocked = daemon.get("/v1/agent/service/web-1?hash=\(hash)&wait=10m")
            _ = try await daemon.send(.put, "/v1/agent/service/register", #"{"Name":"web","ID":"web-1","Port":81}"#)
            let changed = try await blocked.json
            #expect(changed["Port"] == Document(.integer(81)) && changed["ContentHash"]?.string != hash)
            let unknown = try await daemon.send(.get, "/v1/agent/service/web-9")
            #expect(unknown.status == 404 && unknown.text == "unknown service ID: web-9")
        }
    }

    @Test func checksStayUnlessTheyAreReplaced() async throws {
        try await TestDaemon.run { daemon in
            let fewer = #"{"Name":"web","ID":"web-1","Check":{"CheckID":"a","Name":"a","TTL":"10s"}}"#
            _ = try await daemon.send(.put, "/v1/agent/service/register", web)
            _ = try await daemon.send(.put, "/v1/agent/service/register", fewer)
            let kept = try await daemon.get("/v1/agent/checks").json
            #expect(kept.map?.map(\.key) == ["a", "b"])
            _ = try await daemon.send(.put, "/v1/agent/service/register?replace-existing-checks", fewer)
            let replaced = try await daemon.get("/v1/agent/checks").json
            #expect(replaced.map?.map(\.key) == ["a"])
        }
    }

    @Test func maintenanceIsACriticalCheck() async throws {
        try await TestDaemon.run { daemon in
            _ = try await daemon.send(.put, "/v1/agent/service/register", #"{"Name":"web"}"#)
            for (target, id) in [
                ("/v1/agent/service/maintenance/web", "_service_maintenance:web"),
                ("/v1/agent/maintenance", "_node_maintenance"),
            ] {
                let on = try await daemon.send(.put, "\(target)?enable=true&reason=moving")
                #expect(on.status == 200)
                let check = try await daemon.get("/v1/agent/checks").json[id]
                #expect(check?["Status"]?.string == "critical" && check?["Notes"]?.string == "moving")
                let passing = try await daemon.send(.get, "/v1/health/service/web?passing")
                #expect(passing.text == "[]")
                for _ in 0..<2 {
                    let off = try await daemon.send(.put, "\(target)?enable=false")
                    #expect(off.status == 200)
                }
                let healthy = try await daemon.get("/v1/health/service/web?passing")
                #expect(healthy.json.list?.count == 1)
                let missing = try await daemon.send(.put, target)
                #expect(missing.status == 400 && missing.text == "Missing value for enable")
            }
            let unknown = try await daemon.send(.put, "/v1/agent/service/maintenance/none?enable=true")
            #expect(unknown.status == 404)
        }
    }

    @Test func aClusterOfOne() async throws {
        try await TestDaemon.run { daemon in
            let peers = try await daemon.send(.get, "/v1/status/peers")
            #expect(peers.text == #"["127.0.0.1:8503"]"#)
            let datacenters = try await daemon.send(.get, "/v1/catalog/datacenters")
            #expect(datacenters.text == #"["dc1"]"#)
            let members = try await daemon.get("/v1/agent/members").json
            #expect(members.list?.first?["Name"]?.string == "node-1")
        }
    }

    /// `force=false` forces nothing.
    @Test(arguments: [("", false), ("?force=false", false), ("?force=0", false), ("?force", true), ("?force=1", true)])
    func rootsAreRetiredByForceIfItIsAskedFor(query: String, isForced: Bool) async throws {
        try await TestDaemon.run { daemon in
            let answer = try await daemon.send(.put, "/v1/hawser/ca/retire\(query)")
            #expect(answer.text.contains("peers have not confirmed the present roots") != isForced)
            let unclear = try await daemon.send(.put, "/v1/hawser/ca/retire?force=perhaps")
            #expect(unclear.text == #"Invalid value for force: "perhaps""#)
        }
    }

    @Test func theCAIsConfiguredByWhatMakesANewRootNecessary() async throws {
        try await TestDaemon.run { daemon in
            let target = "/v1/connect/ca/configuration"
            let present = try await daemon.get(target).json
            #expect(present["Provider"]?.string == "consul")
            #expect(present["Config"]?["LeafCertTTL"]?.string == "72h")
            let same = try await daemon.send(.put, target, #"{"Provider":"consul","Config":{"LeafCertTTL":"72h"}}"#)
            #expect(same.status == 200 && same.body.isEmpty)
            let other = try await daemon.send(
                .put, target, #"{"Config":{"PrivateKeyType":"rsa","PrivateKeyBits":2048}}"#)
            #expect(other.status == 400)
            let vault = try await daemon.send(.put, target, #"{"Provider":"vault"}"#)
            #expect(vault.status == 400)
            // The CA of this test refuses, and so was asked.
            let forced = try await daemon.send(.put, target, #"{"ForceWithoutCrossSigning":true}"#)
            #expect(forced.status == 503)
        }
    }
}
