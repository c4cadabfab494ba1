import CatalogCore
import DocumentCore
import HTTPService
import HawserTestKit
import StateCore
import Testing

@testable import hawser

@Suite("Recorded answers of Consul")
struct RecordedAnswerTests {
    /// A request's line and the JSON that Consul answered, of a file with several.
    private func answers(_ path: String) throws -> [String: Document] {
        var answers: [String: Document] = [:]
        var target = ""
        var text = ""
        for line in String(decoding: try Fixtures.bytes(path), as: UTF8.self).split(separator: "\n") {
            guard line.hasPrefix("GET ") else {
                text += line + "\n"
                continue
            }
            if !target.isEmpty { answers[target] = try JSONReader.read(text) }
            (target, text) = (String(line.dropFirst(4)), "")
        }
        answers[target] = try JSONReader.read(text)
        return answers
    }

    /// The importing cluster of the recordings: its node, a service with its sidecar, a gateway, and the servers.
    private func registerOwn(_ daemon: TestDaemon, _ node: Document) async throws {
        let name = TestDaemon.agent.nodeName
        func text(_ key: String) -> String { node[key]?.string ?? "" }
        func map(_ key: String) -> [String: String] {
            Dictionary(uniqueKeysWithValues: (node[key]?.map ?? []).map { ($0.key, $0.value.string ?? "") })
        }
        let own = Node(
            id: text("ID"), name: name, address: text("Address"), datacenter: text("Datacenter"),
            taggedAddresses: map("TaggedAddresses"), meta: map("Meta"))
        let files = ApplyFiles(
            node: own, registrations: [], removedServiceIDs: [], entries: [], removedEntries: [])
        try await daemon.store.apply(files)
        let serf = HealthCheck(node: name, checkID: "serfHealth", name: "Serf Health Status", status: .passing)
        try await daemon.store.apply(RegisterCheck(node: name, check: serf))
        let check = #""Status":"passing","TTL":"1h""#
        for body in [
            #"{"Name":"consul"}"#, #"{"Name":"client"}"#,
            #"{"Name":"mesh-gateway","Kind":"mesh-gateway","Port":1,"Check":{"CheckID":"g","Name":"g",\#(check)}}"#,
            """
            {"Name":"client-sidecar-proxy","Kind":"connect-proxy","Port":1,"Proxy":{"DestinationServiceName":"client"},
             "Checks":[{"CheckID":"a","Name":"a",\(check)},{"CheckID":"b","Name":"b",\(check)}]}
            """,
        ] {
            let answer = try await daemon.send(.put, "/v1/agent/service/register", body)
            #expect(answer.status == 200, "\(answer.text)")
        }
    }

    @Test(arguments: ["gw-mesh", "gw-plain", "gw-plain-tcp"])
    func anImporterBehindGateways(folder: String) async throws {
        let recorded = try answers("consul/\(folder)/imported.dc2.txt")
        let web = try #require(recorded["/v1/health/service/web?peer=dc1"])
        let proxy = try #require(recorded["/v1/health/connect/web?peer=dc1"])
        let payloads = ["web": [try recordedInstance(web)], "proxy": [try recordedInstance(proxy)]]
        try await TestDaemon.run(payloads: payloads) { daemon in
            let id = try await daemon.store.addAcceptor("dc1")
            try await daemon.store.imported("web", of: id, payload: "web", count: 1)
            try await daemon.store.imported("web-sidecar-proxy", of: id, payload: "proxy", count: 1)
            let nodes = try #require(recorded["/v1/catalog/nodes?peer=dc1"])
            try await registerOwn(daemon, try #require(nodes.list?.first))
            // Where this Consul does not know the peer, it answers for its own cluster.
            let targets = [
                "/v1/health/service/web?peer=dc1", "/v1/health/connect/web?peer=dc1", "/v1/internal/ui/services",
                "/v1/catalog/services?peer=dc1", "/v1/catalog/nodes?peer=dc1",
            ]
            for target in targets {
                let own = target.hasPrefix("/v1/catalog") ? String(target.prefix { $0 != "?" }) : target
                let shown = try await daemon.get(own).json
                let expected = try #require(recorded[target])
                #expect(same(shown) == same(expected), "\(target)")
            }
        }
    }

    /// The recorded clusters are named otherwise than the tests' daemon.
    private func same(_ document: Document) -> Document {
        let named = String(decoding: document.removing(volatileKeys).json(), as: UTF8.self)
            .replacing("node-dc2", with: "node-1")
        return (try? JSONReader.read(named.replacing("\"Datacenter\":\"dc2\"", with: "\"Datacenter\":\"dc1\"")))
            ?? document
    }

    @Test func whatAPeerSees() async throws {
        let recorded = try Fixtures.json("consul/json/ui-exported-services.dc1.json")
        try await TestDaemon.run { daemon in
            _ = try await daemon.send(.put, "/v1/agent/service/register", #"{"Name":"web","Port":80}"#)
            let exports =
                #"{"Kind":"exported-services","Name":"default","Services":[{"Name":"web","Consumers":[{"Peer":"dc2"}]}]}"#
            _ = try await daemon.send(.put, "/v1/config", exports)
            let shown = try await daemon.get("/v1/internal/ui/exported-services?peer=dc2").json
            #expect(shown == recorded)
            let missing = try await daemon.send(.get, "/v1/internal/ui/exported-services")
            #expect(missing.status == 400)
        }
    }

    // MARK: - Whole HTTP answers

    private static let ofServer: Set<String> = ["date", "content-length", "transfer-encoding"]

    private func headers(_ path: String) throws -> [String: String] {
        let text = String(decoding: try Fixtures.bytes(path), as: UTF8.self)
        var headers: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline).dropFirst().prefix(while: { $0.contains(": ") }) {
            let parts = line.split(separator: ": ", maxSplits: 1)
            guard parts.count == 2, line.first?.isLetter == true else { break }
            headers[parts[0].lowercased()] = String(parts[1])
        }
        return headers.filter { !Self.ofServer.contains($0.key) }
    }

    @Test func theHeadersOfAReadAndOfAWrite() async throws {
        let web = try Fixtures.json("consul/json/imported.health-service-web.json")
        let recorded = [
            try headers("consul/json/imported.health-service-web.http.txt"),
            try headers("consul/json/http-generate-token.txt"), try headers("consul/json/http-establish.txt"),
        ]
        try await TestDaemon.run(payloads: ["web": [try recordedInstance(web)]]) { daemon in
            let id = try await daemon.store.addAcceptor("dc1")
            try await daemon.store.imported("web", of: id, payload: "web", count: 1)
            let answers = [
                try await daemon.send(.get, "/v1/health/service/web?peer=dc1&pretty"),
                try await daemon.send(.post, "/v1/peering/token?pretty", #"{"PeerName":"a"}"#),
                try await daemon.send(.post, "/v1/peering/establish?pretty", #"{"PeerName":"a","PeeringToken":"t"}"#),
            ]
            for (answer, expected) in zip(answers, recorded) {
                for (name, value) in expected where name != "x-consul-index" {
                    #expect(answer.header(name) == value, "\(name)")
                }
                #expect(expected.count > 2)
            }
            #expect(answers[0].index > 0)
            #expect(answers[1].text == "{\n    \"PeeringToken\": \"TOKEN\"\n}\n")
            #expect(answers[2].text == "{}\n")
        }
    }
}
