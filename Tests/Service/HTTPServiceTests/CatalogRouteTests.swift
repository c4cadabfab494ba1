import CatalogCore
import DocumentCore
import HTTPService
import HawserTestKit
import StateCore
import Testing

@testable import hawser

@Suite("The catalog, by services and by nodes")
struct CatalogRouteTests {
    private let external = """
        {"Node":"ext","Address":"192.0.2.7","NodeMeta":{"rack":"7"},"TaggedAddresses":{"lan":"192.0.2.7"},
         "Service":{"ID":"db-1","Service":"db","Port":5432,"Tags":["Primary"],"Meta":{"v":"15"}},
         "Checks":[{"CheckID":"db-alive","Name":"alive","Status":"warning","ServiceID":"db-1"},
                   {"CheckID":"up","Name":"up","Status":"passing"}]}
        """

    /// An external node with a database, and a service of the agent's own.
    private func withCatalog(_ body: @Sendable (TestDaemon) async throws -> Void) async throws {
        try await TestDaemon.run { daemon in
            let files = ApplyFiles(
                node: Node(id: TestDaemon.agent.nodeID, name: "node-1", address: "127.0.0.1", datacenter: "dc1"),
                registrations: [], removedServiceIDs: [], entries: [], removedEntries: [])
            try await daemon.store.apply(files)
            let answer = try await daemon.send(.put, "/v1/catalog/register", external)
            #expect(answer.text == "true" && answer.status == 200, "\(answer.text)")
            let web = #"{"Name":"web","ID":"web-1","Port":80,"Tags":["v1","Prod"],"Meta":{"team-name":"a"}}"#
            let registered = try await daemon.send(.put, "/v1/agent/service/register", web)
            #expect(registered.status == 200)
            try await body(daemon)
        }
    }

    @Test func anExternalNodeIsSeenByAllReads() async throws {
        try await withCatalog { daemon in
            let nodes = try await daemon.get("/v1/catalog/nodes").json
            #expect(nodes.list?.compactMap { $0["Node"]?.string } == ["ext", "node-1"])
            #expect(
                nodes.list?.first?.map?.map(\.key) == [
                    "ID", "Node", "Address", "Datacenter", "TaggedAddresses", "Meta", "CreateIndex", "ModifyIndex",
                ])
            let node = try await daemon.get("/v1/catalog/node/ext").json
            #expect(node["Node"]?["Address"]?.string == "192.0.2.7")
            #expect(node["Services"]?["db-1"]?["Meta"]?["v"]?.string == "15")
            let list = try await daemon.get("/v1/catalog/node-services/ext").json
            #expect(list["Services"]?.list?.first?["ID"]?.string == "db-1")
            let byID = try await daemon.get("/v1/catalog/node/\(TestDaemon.agent.nodeID)").json
            #expect(byID["Node"]?["Node"]?.string == "node-1")
            let health = try await daemon.get("/v1/health/service/db").json
            #expect(health.list?.first?["Checks"]?.list?.compactMap { $0["CheckID"]?.string } == ["up", "db-alive"])
            let own = try await daemon.get("/v1/agent/services").json
            #expect(own.map?.map(\.key) == ["web-1"])
            let unknown = try await daemon.send(.get, "/v1/catalog/node/nowhere")
            #expect(unknown.text == "null")
            let none = try await daemon.send(.get, "/v1/catalog/node-services/nowhere")
            #expect(none.text == #"{"Node":null,"Services":[]}"#)
        }
    }

    @Test func checksAloneAreListed() async throws {
        try await withCatalog { daemon in
            func ids(_ target: String) async throws -> [String] {
                try await daemon.get(target).json.list?.compactMap { $0["CheckID"]?.string } ?? []
            }
            let answers = [
                ("/v1/health/node/ext", ["up", "db-alive"]), ("/v1/health/checks/db", ["db-alive"]),
                ("/v1/health/state/warning", ["db-alive"]), ("/v1/health/state/any", ["up", "db-alive"]),
                ("/v1/health/state/any?node-meta=rack:8", []), ("/v1/health/node/none", []),
                ("/v1/health/state/any?filter=Status==passing", ["up"]),
            ]
            for (target, expected) in answers {
                let found = try await ids(target)
                #expect(found == expected, "\(target)")
            }
        }
    }

    @Test func whatIsDeregisteredGoes() async throws {
        try await withCatalog { daemon in
            let target = "/v1/catalog/deregister"
            for body in [#"{"Node":"ext","CheckID":"up"}"#, #"{"Node":"ext","ServiceID":"db-1"}"#, #"{"Node":"ext"}"#] {
                let answer = try await daemon.send(.put, target, body)
                #expect(answer.text == "true", "\(body)")
            }
            let nodes = try await daemon.get("/v1/catalog/nodes").json
            #expect(nodes.list?.compactMap { $0["Node"]?.string } == ["node-1"])
            let own = try await daemon.send(.put, target, #"{"Node":"node-1"}"#)
            #expect(own.status == 400)
            let nobody = try await daemon.send(.put, target, "{}")
            #expect(nobody.status == 400 && nobody.text == "Must provide node")
        }
    }

    @Test(arguments: [
        (#"{"Address":"192.0.2.1"}"#, "Must provide node"),
        (#"{"Node":"a"}"#, "Must provide address if SkipNodeUpdate is not set"),
        (#"{"Node":"a","Address":"b","PeerName":"p"}"#, "cannot register requests with PeerName in them"),
        (#"{"Node":"a","Address":"b","Service":{"ID":"x"}}"#, "Missing service name"),
        (#"{"Node":"a","Address":"b","Datacenter":"dc9"}"#, "No path to datacenter"),
    ])
    func mistakesAreRefused(body: String, words: String) async throws {
        try await TestDaemon.run { daemon in
            let answer = try await daemon.send(.put, "/v1/catalog/register", body)
            #expect(answer.status == 400 && answer.text.contains(words), "\(answer.text)")
        }
    }

    @Test func readsAreNarrowed() async throws {
        try await withCatalog { daemon in
            let answers = [
                ("/v1/health/service/web?tag=v1&tag=prod", 1), ("/v1/health/service/web?tag=v1&tag=v2", 0),
                ("/v1/catalog/service/db?tag=primary", 1), ("/v1/catalog/service/db?tag=x", 0),
                ("/v1/catalog/service/db?node-meta=rack:7&near=_agent", 1),
                ("/v1/catalog/service/db?node-meta=rack", 0),
                ("/v1/catalog/nodes?node-meta=rack:7", 1), ("/v1/catalog/nodes?filter=Meta.rack==7", 1),
                ("/v1/health/service/db?passing", 0), ("/v1/catalog/service/db?passing", 1),
                ("/v1/health/service/web?filter=v1+in+Service.Tags+and+Service.Port==80", 1),
                ("/v1/health/service/web?filter=Service.Meta%5B%22team-name%22%5D+matches+%60%5Ea%24%60", 1),
                ("/v1/health/service/web?filter=Service.Kind+is+not+empty", 0),
                ("/v1/catalog/service/web?filter=ServiceTags+contains+Prod", 1),
                ("/v1/health/service/db?filter=Checks.Status==warning", 1),
                ("/v1/internal/ui/services?filter=Service.Port==80", 1),
                ("/v1/internal/ui/services?filter=Service.Port==83", 0),
            ]
            for (target, count) in answers {
                let found = try await daemon.get(target).json.list?.count
                #expect(found == count, "\(target)")
            }
            let services = try await daemon.send(.get, "/v1/catalog/services?node-meta=rack:7")
            #expect(services.text == #"{"db":["Primary"]}"#)
            let filtered = try await daemon.send(.get, "/v1/agent/services?filter=Port==81")
            #expect(filtered.text == "{}")
            let check = #"{"Name":"c","ServiceID":"web-1","TTL":"10m"}"#
            #expect(try await daemon.send(.put, "/v1/agent/check/register", check).status == 200)
            for (status, keys) in [("critical", ["c"]), ("passing", [])] {
                let checks = try await daemon.get("/v1/agent/checks?filter=Status==\(status)").json
                #expect(checks.map?.map(\.key) == keys)
            }
            let refused = try await daemon.send(.get, "/v1/catalog/nodes?filter=Rack==7")
            #expect(refused.status == 400 && refused.text.contains(#"Selector "Rack" is not valid"#))
        }
    }

    @Test func whatPeersExportIsReadLikewise() async throws {
        let instance = ServiceInstance(
            node: Node(name: "far", address: "198.51.100.1"), service: NodeService(id: "api-1", service: "api"),
            checks: [
                HealthCheck(node: "far", checkID: "c", name: "c", status: .critical, serviceID: "api-1")
            ])
        try await TestDaemon.run(payloads: ["api": [instance]]) { daemon in
            let id = try await daemon.store.addAcceptor("dc2")
            try await daemon.store.imported("api", of: id, payload: "api", count: 1)
            for target in [
                "catalog/nodes", "catalog/service/api", "health/node/far", "health/checks/api", "health/state/critical",
                "health/service/api", "internal/ui/services",
            ] {
                let found = try await daemon.get("/v1/\(target)?peer=dc2").json.list
                #expect(found?.count == 1 && found?.first?["PeerName"]?.string == "dc2" || target.hasSuffix("api"))
                #expect(found?.count == 1, "\(target)")
            }
            let node = try await daemon.get("/v1/catalog/node/far?peer=dc2").json
            #expect(node["Services"]?["api-1"]?["PeerName"]?.string == "dc2")
            // Clients without a setting for peers have one for datacenters.
            let byDatacenter = try await daemon.get("/v1/health/service/api?dc=dc2").json
            #expect(byDatacenter.list?.count == 1)
            let nowhere = try await daemon.send(.get, "/v1/health/service/api?dc=dc9")
            #expect(nowhere.status == 500 && nowhere.text.hasPrefix("No path to datacenter"))
            let own = try await daemon.send(.get, "/v1/health/state/any?dc=dc1")
            #expect(own.text == "[]")
        }
    }

    /// Monitors that watch the catalog read there what they shall ask.
    @Test func checksOfTheCatalogKeepTheirDefinition() async throws {
        try await TestDaemon.run { daemon in
            let definition =
                #"{"HTTP": "http://a", "Header": {"X": ["1"]}, "TCP": "", "Interval": "60s", "Timeout": "0s"}"#
            let body = #"{"Node": "n", "Address": "a", "Check": {"CheckID": "c", "Definition": \#(definition)}}"#
            _ = try await daemon.send(.put, "/v1/catalog/register", body)
            let check = try await daemon.get("/v1/health/node/n").json.list?.first?["Definition"]
            #expect(check?.json() == Array(#"{"HTTP":"http://a","Header":{"X":["1"]},"Interval":"1m0s"}"#.utf8))
        }
    }

    /// Go clients of the catalog write all of a service, with zeros where nothing was said.
    @Test func weightsThatAreZeroWereNotGiven() async throws {
        try await TestDaemon.run { daemon in
            let service = #"{"Service": "s", "Weights": {"Passing": 0, "Warning": 0}}"#
            let body = #"{"Node": "n", "Address": "a", "Service": \#(service)}"#
            let answer = try await daemon.send(.put, "/v1/catalog/register", body)
            #expect(answer.text == "true")
            let weights = try await daemon.get("/v1/catalog/service/s").json.list?.first?["ServiceWeights"]
            #expect(weights?["Passing"]?.integer == 1 && weights?["Warning"]?.integer == 1)
        }
    }
}
