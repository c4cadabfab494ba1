import CatalogCore
import DocumentCore
import HawserTestKit
import IdentityCore
import PeeringCore
import StateCore
import Testing

@testable import hawser

@Suite("Instances look as Consul shows them")
struct InstanceShapeTests {
    @Test func anImportedServiceAndItsProxy() async throws {
        let web = try Fixtures.json("consul/json/imported.health-service-web.json")
        let proxy = try Fixtures.json("consul/json/gw-mesh.health-connect-web.json")
        let payloads = ["web": [try recordedInstance(web)], "proxy": [try recordedInstance(proxy)]]
        try await TestDaemon.run(payloads: payloads) { daemon in
            let id = try await daemon.store.addAcceptor("dc1")
            try await daemon.store.imported("web", of: id, payload: "web", count: 1)
            let answer1 = try await daemon.get("/v1/health/connect/web?peer=dc1")
            #expect(answer1.json == Document(.list([])))
            try await daemon.store.imported("web-sidecar-proxy", of: id, payload: "proxy", count: 1)
            let service = try await daemon.get("/v1/health/service/web?peer=dc1&passing").json
            #expect(service.removing(volatileKeys) == web.removing(volatileKeys))
            let connect = try await daemon.get("/v1/health/connect/web?peer=dc1").json
            #expect(connect.removing(volatileKeys) == proxy.removing(volatileKeys))
            let flat = try await daemon.get("/v1/catalog/service/web?peer=dc1").json
            #expect(flat.list?.first?["ServiceID"]?.string == "web-1")
            #expect(flat.list?.first?["PeerName"]?.string == "dc1")
            // Not ours, and not of a peer that does not exist.
            let answer2 = try await daemon.get("/v1/health/service/web")
            #expect(answer2.json == Document(.list([])))
            let answer3 = try await daemon.get("/v1/health/service/web?peer=none")
            #expect(answer3.json == Document(.list([])))
        }
    }

    private let registration = """
        {"Name":"web","ID":"web-1","Port":80,"Tags":["v1"],"Connect":{"SidecarService":{"Port":21000}},
         "Check":{"Name":"c","TTL":"10s","Status":"critical"}}
        """

    @Test func aServiceIsRegisteredSeenAndDeregistered() async throws {
        try await TestDaemon.run { daemon in
            let answer = try await daemon.send(.put, "/v1/agent/service/register", registration)
            #expect(answer.status == 200 && answer.body.isEmpty, "\(answer.text)")
            let own = try await daemon.get("/v1/agent/services").json
            #expect(own.map?.map(\.key) == ["web-1", "web-1-sidecar-proxy"])
            let services = try await daemon.send(.get, "/v1/catalog/services")
            #expect(services.text == #"{"web":["v1"],"web-sidecar-proxy":["v1"]}"#)
            let answer4 = try await daemon.get("/v1/health/service/web")
            #expect(answer4.json.list?.count == 1)
            let answer5 = try await daemon.get("/v1/health/service/web?passing")
            #expect(answer5.json == Document(.list([])))
            let connect = try await daemon.get("/v1/health/connect/web").json
            #expect(connect.list?.first?["Service"]?["ID"]?.string == "web-1-sidecar-proxy")
            let summary = try await daemon.get("/v1/internal/ui/services").json
            #expect(summary.list?.first?["InstanceCount"] == Document(.integer(1)))
            #expect(summary.list?.first?["ConnectedWithProxy"] == Document(.bool(true)))
            let answer6 = try await daemon.send(.put, "/v1/agent/service/deregister/web-1")
            #expect(answer6.status == 200)
            let unknown = try await daemon.send(.put, "/v1/agent/service/deregister/web-1")
            #expect(unknown.status == 404)
            #expect(unknown.text.hasPrefix("Unknown service ID \"web-1\""))
        }
    }

    @Test func aProxyIsShownAsItWasRegistered() async throws {
        let proxy = """
            {"DestinationServiceName":"web","Mode":"","Config":{"protocol":"http"},"Upstreams":[{"DestinationType":"service",\
            "DestinationPeer":"dc2","DestinationName":"db","Datacenter":"","LocalBindPort":9000,\
            "MeshGateway":{"Mode":"local"}}],"MeshGateway":{},"Expose":{}}
            """
        try await TestDaemon.run { daemon in
            let answer = try await daemon.send(
                .put, "/v1/agent/service/register",
                #"{"Name":"p","Port":1,"Kind":"connect-proxy","Proxy":\#(proxy)}"#)
            #expect(answer.status == 200, "\(answer.text)")
            let expected = try JSONReader.read(proxy)
            let health = try await daemon.get("/v1/health/service/p").json
            #expect(health.list?.first?["Service"]?["Proxy"] == expected)
            let flat = try await daemon.get("/v1/catalog/service/p").json
            #expect(flat.list?.first?["ServiceProxy"] == expected)
            let own = try await daemon.get("/v1/agent/services").json
            #expect(own["p"]?["Proxy"] == expected)
        }
    }

    @Test func aRegistrationThatIsWrongIsTold() async throws {
        try await TestDaemon.run { daemon in
            let answer = try await daemon.send(.put, "/v1/agent/service/register", #"{"Port":80}"#)
            #expect(answer.status == 400)
            #expect(answer.text == "Missing service name")
            let gateway = try await daemon.send(
                .put, "/v1/agent/service/register", #"{"Name":"g","Kind":"mesh-gateway"}"#)
            #expect(gateway.text == "Validation failed: Port must be non-zero for a mesh-gateway")
            let mode = try await daemon.send(
                .put, "/v1/agent/service/register",
                #"{"Name":"a","Connect":{"SidecarService":{"Proxy":{"MeshGateway":{"Mode":"x"}}}}}"#)
            #expect(mode.status == 400)
            #expect(mode.text == #"Validation failed: Invalid Mesh Gateway Mode: "x""#)
            let noJSON = try await daemon.send(.put, "/v1/agent/service/register", "{")
            #expect(noJSON.status == 400)
            #expect(noJSON.text.hasPrefix("Request decode failed: "))
        }
    }

    @Test func theRootsOfTheCA() async throws {
        let expected = try Fixtures.json("consul/json/ca-roots.dc1.json")
        let root = try #require(expected["Roots"]?.list?.first)
        let dates = try ["NotBefore", "NotAfter"].map { try #require(Timestamp(rfc3339: root[$0]?.string ?? "")) }
        let identity = ClusterIdentity(
            trustDomain: TrustDomain(clusterID: root["ExternalTrustDomain"]?.string ?? ""), datacenter: "dc1",
            nodeID: "n",
            roots: [
                CARoot(
                    id: root["ID"]?.string ?? "", name: root["Name"]?.string ?? "",
                    certificatePEM: root["RootCert"]?.string ?? "", serialHex: "07", notBefore: dates[0].seconds,
                    notAfter: dates[1].seconds, key: SecretText("never shown"))
            ], activeRootID: root["ID"]?.string ?? "")
        try await TestDaemon.run { daemon in
            let answer7 = try await daemon.send(.get, "/v1/connect/ca/roots")
            #expect(answer7.status == 503)
            _ = try await daemon.store.apply(EstablishIdentity(proposed: identity))
            let shown = try await daemon.get("/v1/connect/ca/roots").json
            // Consul's key ID is that of the key, and its root ID a digest of the certificate; ours are one.
            let keys = volatileKeys.union(["SigningKeyID"])
            #expect(shown.removing(keys) == expected.removing(keys))
        }
    }

    @Test func theAgentTellsWhoItIs() async throws {
        try await TestDaemon.run { daemon in
            let own = try await daemon.get("/v1/agent/self").json
            #expect(own["Config"]?["Datacenter"]?.string == "dc1")
            #expect(own["Member"]?["Name"]?.string == "node-1")
            let answer8 = try await daemon.send(.get, "/v1/status/leader")
            #expect(answer8.text == "\"127.0.0.1:8503\"")
            let answer9 = try await daemon.send(.put, "/v1/agent/reload")
            #expect(answer9.text == "1 service changed: web\n")
        }
    }
}
