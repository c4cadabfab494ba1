import ACLCore
import CatalogCore
import ConfigCore
import DocumentCore
import Testing

@testable import NameCore

@Suite struct NameDirectoryTests {
    private static let soa = "consul SOA 1000000 3600 0"

    private func town() async throws -> Town {
        let town = try await Town()
        try await town.register(
            NodeService(id: "web-1", service: "web", tags: ["http", "Blue.v2"], address: "10.0.0.7", port: 8_080),
            .passing)
        try await town.register(
            NodeService(
                id: "web-2", service: "web", tags: ["http"], port: 8_081, weights: Weights(passing: 5, warning: 2)),
            .passing, .warning)
        try await town.register(NodeService(id: "web-3", service: "web", address: "10.0.0.9", port: 8_082), .critical)
        try await town.register(NodeService(id: "down", service: "down", address: "10.0.0.8", port: 1), .critical)
        try await town.register(NodeService(id: "six", service: "six", address: "2001:db8::6", port: 6))
        try await town.register(NodeService(id: "host", service: "host", address: "db.example.com", port: 5_432))
        try await town.register(NodeService(id: "Case", service: "MixedCase", address: "10.0.0.5", port: 5))
        try await town.register(
            NodeService(
                kind: .connectProxy, id: "web-proxy", service: "web-sidecar-proxy", address: "10.0.0.7", port: 21_000,
                proxy: ProxyConfiguration(destinationServiceName: "web")))
        return town
    }

    @Test(arguments: [
        ("web.service.consul", NameInterest.a, "A 10.0.0.1, A 10.0.0.7"),
        ("web.service.dc1.consul", .a, "A 10.0.0.1, A 10.0.0.7"),
        ("web.service.dc1.dc.consul", .any, "A 10.0.0.1, A 10.0.0.7"),
        ("WEB.Service.DC1.Consul", .a, "A 10.0.0.1, A 10.0.0.7"),
        ("mixedcase.service.consul", .a, "A 10.0.0.5"),
        ("mIxEdCaSe.service.consul", .a, "A 10.0.0.5"),
        ("blue.v2.web.service.consul", .a, "A 10.0.0.7"),
        ("green.web.service.consul", .a, "NXDOMAIN / \(soa)"),
        ("web.service.consul", .aaaa, soa),
        ("web.service.consul", .txt, soa),
        ("web.service.consul", .other, soa),
        ("web.service.dc2.consul", .a, "NXDOMAIN / \(soa)"),
        ("web.service.dc2.dc.consul", .a, "NXDOMAIN / \(soa)"),
        ("nothing.service.consul", .a, "NXDOMAIN / \(soa)"),
        // Nobody is left to be named.
        ("down.service.consul", .a, "NXDOMAIN / \(soa)"),
        ("six.service.consul", .aaaa, "AAAA 20010db8000000000000000000000006"),
        ("six.service.consul", .a, soa),
        ("host.service.consul", .a, "CNAME db.example.com"),
        ("host.service.consul", .srv, "SRV 1 5432 db.example.com"),
        ("web.query.consul", .a, "NXDOMAIN / \(soa)"),
        ("web.virtual.consul", .a, "NXDOMAIN / \(soa)"),
        ("web.service.example.com", .a, "REFUSED"),
        ("notconsul", .a, "REFUSED"),
        ("", .ns, "REFUSED"),
    ]) func servicesHaveAddresses(_ name: String, _ interest: NameInterest, _ expected: String) async throws {
        #expect(try await town().ask(name, interest) == expected)
    }

    @Test(arguments: [
        "web.service.consul", "_web._tcp.service.consul", "_web._TCP.consul", "_web._http.service.dc1.consul",
        "http.web.service.dc1.dc.consul",
    ]) func servicesHavePorts(_ name: String) async throws {
        #expect(
            try await town().ask(name, .srv)
                == "SRV 1 8080 0a000007.addr.dc1.consul, SRV 2 8081 n1.node.dc1.consul"
                + " / 0a000007.addr.dc1.consul A 10.0.0.7, n1.node.dc1.consul A 10.0.0.1")
    }

    @Test(arguments: [
        ("_web._udp.service.consul", "NXDOMAIN / \(soa)"), ("_web.x._tcp.service.consul", "NXDOMAIN / \(soa)"),
        ("six.service.consul", "SRV 1 6 \(sixName) / \(sixName) AAAA 20010db8000000000000000000000006"),
    ]) func someServicesHaveOtherPorts(_ name: String, _ expected: String) async throws {
        #expect(try await town().ask(name, .srv) == expected)
    }

    private static let sixName = "20010db8000000000000000000000006.addr.dc1.consul"

    @Test(arguments: [
        ("n1.node.consul", NameInterest.a, "A 10.0.0.1"),
        ("N1.node.dc1.consul", .a, "A 10.0.0.1"),
        ("n1.node.dc1.dc.consul", .any, "A 10.0.0.1, TXT hello, TXT zone=a=b"),
        ("n1.node.consul", .txt, "TXT hello, TXT zone=a=b"),
        ("n1.node.consul", .aaaa, soa),
        ("n2.node.consul", .a, "NXDOMAIN / \(soa)"),
        ("n1.node.dc2.consul", .a, "NXDOMAIN / \(soa)"),
        ("0a0000ff.addr.dc1.consul", .a, "A 10.0.0.255"),
        ("0A0000FF.addr.consul", .a, "A 10.0.0.255"),
        ("0a0000ff.addr.consul", .aaaa, soa),
        ("20010db800000000000000000000000f.addr.consul", .aaaa, "AAAA 20010db800000000000000000000000f"),
        ("0a0000.addr.consul", .a, "NXDOMAIN / \(soa)"),
        ("0a0000fg.addr.consul", .a, "NXDOMAIN / \(soa)"),
        ("web.connect.consul", .a, "A 10.0.0.7"),
        ("web.connect.consul", .srv, "SRV 1 21000 \(webName) / \(webName) A 10.0.0.7"),
        ("six.connect.consul", .srv, "NXDOMAIN / \(soa)"),
    ]) func nodesAddressesAndProxiesHaveNames(
        _ name: String, _ interest: NameInterest, _ expected: String
    ) async throws {
        #expect(try await town().ask(name, interest) == expected)
    }

    private static let webName = "0a000007.addr.dc1.consul"

    /// Resolvers that ask for one more label at a time must not hear that there is nothing below.
    @Test(arguments: [
        "service.consul", "service.dc1.consul", "node.consul", "connect.consul", "addr.consul", "dc1.consul",
        "dc1.dc.consul", "dc.consul", "peer.consul", "island.peer.consul", "service.island.peer.consul",
        "_tcp.service.consul", "_tcp.consul", "consul",
    ]) func theWayToNamesIsThere(_ name: String) async throws {
        var town = try await town()
        try await town.export([:], by: "island")
        #expect(town.ask(name, .a) == Self.soa)
    }

    @Test(arguments: ["dc2.consul", "service.dc2.consul", "other.peer.consul", "x.y.z.consul", "a.dc1.dc.consul"])
    func otherWaysAreNot(_ name: String) async throws {
        #expect(try await town().ask(name, .a) == "NXDOMAIN / \(Self.soa)")
    }

    @Test(arguments: [
        ("consul", NameInterest.soa, "SOA 1000000 3600 0"),
        ("consul", .ns, "NS n1.node.dc1.consul / n1.node.dc1.consul A 10.0.0.1"),
        ("consul", .any, "NS n1.node.dc1.consul, SOA 1000000 3600 0 / n1.node.dc1.consul A 10.0.0.1"),
        ("web.service.consul", .soa, soa),
        ("1.0.0.10.in-addr.arpa", .ptr, "PTR n1.node.dc1.consul"),
        ("7.0.0.10.IN-ADDR.arpa", .ptr, "PTR web-sidecar-proxy.service.consul, PTR web.service.consul"),
        ("7.0.0.10.in-addr.arpa", .a, "REFUSED"),
        ("8.8.8.8.in-addr.arpa", .ptr, "REFUSED"),
        ("0.0.10.in-addr.arpa", .ptr, "REFUSED"),
        (
            "6.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", .ptr,
            "PTR six.service.consul"
        ),
    ]) func theDomainAndAddressesAreAnsweredFor(
        _ name: String, _ interest: NameInterest, _ expected: String
    ) async throws {
        #expect(try await town().ask(name, interest) == expected)
    }

    @Test func warningInstancesAreNamedOnlyIfTheyMay() async throws {
        var town = try await town()
        town.dns.onlyPassing = true
        #expect(town.ask("web.service.consul", .a) == "A 10.0.0.7")
    }

    @Test(arguments: [true, false])
    func aPeersServicesHaveThePeerInTheirNames(knowsNodes: Bool) async throws {
        var town = try await town()
        town.knowsNodes = knowsNodes
        func instance(_ name: String, _ address: String, node: String, on nodeAddress: String) -> ServiceInstance {
            ServiceInstance(
                node: Node(name: node, address: nodeAddress, meta: ["zone": "z"]),
                service: NodeService(id: name, service: name, tags: ["v1"], address: address, port: 80, weights: nil))
        }
        try await town.export(
            [
                "web": [
                    instance("web", "192.0.2.1", node: "far-1", on: "192.0.2.9"),
                    instance("web", "", node: "Far-2", on: "192.0.2.2"),
                ], "web-sidecar-proxy": [instance("web-sidecar-proxy", "192.0.2.3", node: "gw", on: "192.0.2.4")],
            ], by: "island")
        let name = "web.service.island.peer.consul"
        #expect(town.ask(name, .a) == "A 192.0.2.1, A 192.0.2.2")
        let ports =
            "SRV 1 80 Far-2.node.island.peer.consul, SRV 1 80 c0000201.addr.consul"
            + " / Far-2.node.island.peer.consul A 192.0.2.2, c0000201.addr.consul A 192.0.2.1"
        #expect(town.ask(name, .srv) == ports && town.ask("_web._v1.service.island.peer.consul", .srv) == ports)
        #expect(town.ask("v2.\(name)", .a) == "NXDOMAIN / \(Self.soa)")
        #expect(town.ask("WEB.service.ISLAND.peer.consul", .a) == "A 192.0.2.1, A 192.0.2.2")
        #expect(town.ask("web.connect.island.peer.consul", .a) == "A 192.0.2.3")
        #expect(town.ask("far-2.node.island.peer.consul", .a) == "A 192.0.2.2")
        #expect(town.ask("FAR-1.node.island.peer.consul", .any) == "A 192.0.2.9, TXT zone=z")
        #expect(town.ask("gw.node.island.peer.consul", .txt) == "TXT zone=z")
        #expect(town.ask("far-1.node.island.peer.consul", .aaaa) == Self.soa)
        #expect(town.ask("far-3.node.island.peer.consul", .a) == "NXDOMAIN / \(Self.soa)")
        #expect(town.ask("six.service.island.peer.consul", .a) == "NXDOMAIN / \(Self.soa)")
        #expect(town.ask("web.service.other.peer.consul", .a) == "NXDOMAIN / \(Self.soa)")
        #expect(town.ask("far-1.node.consul", .a) == "NXDOMAIN / \(Self.soa)")
    }

    @Test func timesToLiveAreByNameThenByTheLongestBeginning() async throws {
        var town = try await town()
        for name in ["api", "api-v1", "db"] {
            try await town.register(NodeService(id: name, service: name, address: "10.1.0.1"))
        }
        town.dns.nodeTTL = GoDuration(.seconds(9))
        town.dns.serviceTTL = [
            "*": GoDuration(.seconds(1)), "api*": GoDuration(.seconds(2)), "api-v1": GoDuration(.seconds(3)),
        ]
        #expect(town.ask("db.service.consul", .a) == "1s A 10.1.0.1")
        #expect(town.ask("api.service.consul", .a) == "2s A 10.1.0.1")
        #expect(town.ask("api-v1.service.consul", .a) == "3s A 10.1.0.1")
        #expect(town.ask("n1.node.consul", .a) == "9s A 10.0.0.1")
    }

    @Test func theAlternateDomainAnswersInItself() async throws {
        var town = try await town()
        town.domains = ["consul.", "test.consul"]
        let target = Self.sixName.replacing("consul", with: "test.consul")
        #expect(
            town.ask("six.service.test.consul", .srv)
                == "SRV 1 6 \(target) / \(target) AAAA 20010db8000000000000000000000006")
        #expect(town.ask("nothing.service.test.consul", .a) == "NXDOMAIN / test.\(Self.soa)")
        #expect(town.ask("1.0.0.10.in-addr.arpa", .ptr) == "PTR n1.node.dc1.consul")
    }

    @Test func answersComeInAnyOrderAndNoMoreThanFindRoom() async throws {
        var town = try await Town()
        for number in 1...40 {
            try await town.register(NodeService(id: "\(number)", service: "many", address: "10.0.1.\(number)", port: 1))
        }
        func addresses(seed: UInt64) -> [NameFact] {
            town.answer("many.service.consul", .a, seed: seed).answers.map(\.fact)
        }
        #expect(Set(addresses(seed: 1)).count == 40 && Set(addresses(seed: 1)) == Set(addresses(seed: 2)))
        #expect(addresses(seed: 1) != addresses(seed: 2))
        town.maxRecords = 7
        #expect(Set((0..<200).flatMap { addresses(seed: $0) }).count == 40 && addresses(seed: 0).count == 7)
        town.dns.addressLimit = 2
        #expect(addresses(seed: 0).count == 2 && town.answer("many.service.consul", .srv).answers.count == 7)
    }

    @Test func ofManyNamesOfAnAddressTheFirstFindRoom() async throws {
        var town = try await Town()
        for number in 10...60 {
            try await town.register(NodeService(id: "\(number)", service: "s\(number)", address: "10.0.2.1"))
        }
        func names() -> [String] {
            town.answer("1.2.0.10.in-addr.arpa", .ptr).answers.map(\.fact.description)
        }
        let all = (10...60).map { "PTR s\($0).service.consul" }
        for room in [1, 2, 7, 25, 26, 50, 51, 100] {
            town.maxRecords = room
            #expect(names() == Array(all.prefix(room)), "room for \(room)")
        }
    }

    /// On one node two instances have one address; with one port they are one target.
    @Test func theSameIsNotSaidTwice() async throws {
        let town = try await Town()
        for (id, port) in [("a", 1), ("b", 1), ("c", 2)] {
            try await town.register(NodeService(id: id, service: "web", port: port))
        }
        #expect(town.ask("web.service.consul", .a) == "A 10.0.0.1")
        #expect(
            town.ask("web.service.consul", .srv)
                == "SRV 1 1 n1.node.dc1.consul, SRV 1 2 n1.node.dc1.consul / n1.node.dc1.consul A 10.0.0.1")
    }

    /// A question, and its answer for who has these rules and nothing else.
    @Test(arguments: [
        ("", "web.service.consul", "NXDOMAIN"),
        (readsServices, "web.service.consul", "NXDOMAIN"),
        (readsServices + readsNodes, "web.service.consul", "A 10.0.0.1, A 10.0.0.7"),
        (#"service "six" { policy = "read" }"# + readsNodes, "web.service.consul", "NXDOMAIN"),
        (readsNodes, "n1.node.consul", "A 10.0.0.1"), (readsServices, "n1.node.consul", "NXDOMAIN"),
        (readsServices, "web.connect.consul", "NXDOMAIN"),
        (readsServices + readsNodes, "web.connect.consul", "A 10.0.0.7"),
        ("", "far.service.island.peer.consul", "NXDOMAIN"), ("", "island.peer.consul", "NXDOMAIN"),
        (#"service "web" { policy = "write" }"#, "far.service.island.peer.consul", "A 192.0.2.1"),
        (readsServices + readsNodes, "far.service.island.peer.consul", "A 192.0.2.1"),
        (readsServices, "far.service.island.peer.consul", "NXDOMAIN"),
        ("", "n1.node.island.peer.consul", "NXDOMAIN"), (readsNodes, "n1.node.island.peer.consul", "A 192.0.2.9"),
    ])
    func whatMayNotBeSeenIsNotThere(_ rules: String, _ name: String, _ answer: String) async throws {
        var town = try await town()
        let far = ServiceInstance(
            node: Node(name: "n1", address: "192.0.2.9"),
            service: NodeService(id: "far", service: "far", address: "192.0.2.1", port: 80), checks: [])
        try await town.export(["far": [far]], by: "island")
        town.authorizer = Authorizer(rules: try ACLRules.read(rules), fallback: .deny)
        #expect(town.ask(name, .a) == (answer == "NXDOMAIN" ? "NXDOMAIN / \(Self.soa)" : answer))
    }

    private static let readsServices = #"service_prefix "" { policy = "read" } "#
    private static let readsNodes = #"node_prefix "" { policy = "read" } "#

    @Test func whatMayNotBeSeenHasNoReverseName() async throws {
        var town = try await town()
        town.authorizer = Authorizer(rules: try ACLRules.read(Self.readsServices), fallback: .deny)
        #expect(town.ask("1.0.0.10.in-addr.arpa", .ptr) == "REFUSED")
        #expect(town.ask("7.0.0.10.in-addr.arpa", .ptr) != "REFUSED")
        town.authorizer = Authorizer(rules: ACLRules(), fallback: .deny)
        #expect(town.ask("7.0.0.10.in-addr.arpa", .ptr) == "REFUSED")
    }
}
