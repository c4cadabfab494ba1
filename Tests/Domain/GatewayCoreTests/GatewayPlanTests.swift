import CatalogCore
import ConfigCore
import HawserTestKit
import IdentityCore
import PeeringCore
import ReplicationCore
import StateCore
import Testing

@testable import GatewayCore

@Suite struct GatewayPlanTests {
    private let servers = [HostPort(host: "10.0.0.1", port: 8503)]

    /// A cluster that dials one other, whose mesh entry may send it through the gateways.
    private func makeStore(isTunneled: Bool?) async throws -> StateStore {
        let store = try await StateStore(testing: MemoryStorage())
        let identity = ClusterIdentity(
            trustDomain: TrustDomain(clusterID: "own"), datacenter: "dc1", nodeID: "n", roots: [], activeRootID: "")
        _ = try await store.apply(EstablishIdentity(proposed: identity))
        if let isTunneled {
            let mesh = MeshSettings(peerThroughMeshGateways: isTunneled)
            _ = try await store.apply(WriteConfigEntry(entry: ConfigEntry(name: "mesh", content: .mesh(mesh))))
        }
        try await establish(store, name: "west", addresses: ["192.0.2.1:8443", "gw.west.example:8443", "nonsense"])
        return store
    }

    private func establish(_ store: StateStore, name: String, addresses: [String]) async throws {
        let acceptor = AcceptorDescription(
            peerID: name, caPEMs: [], serverName: "server.dc2.peering.west.consul", serverAddresses: addresses,
            manualServerAddresses: [], remote: RemoteInfo())
        _ = try await store.apply(
            CompleteEstablish(
                name: name, meta: [:], newID: PeeringID(name), acceptor: acceptor, streamSecret: SecretText("s"),
                keepsAddresses: false))
    }

    private func register(_ store: StateStore, _ id: String, lan: String, wan: String) async throws {
        let gateway = NodeService(
            kind: .meshGateway, id: id, service: "mesh-gateway", port: 8443,
            taggedAddresses: [
                "lan": ServiceAddress(address: lan, port: 8443), "wan": ServiceAddress(address: wan, port: 443),
            ])
        _ = try await store.apply(RegisterService(node: "n", registration: Registration(service: gateway)))
    }

    private func shown(_ store: StateStore, establishing: [DialTarget] = []) -> [String: [String]] {
        let routes = GatewayPlan.routes(of: store.state, servers: servers, establishing: establishing)
        return Dictionary(
            uniqueKeysWithValues: routes.map { ($0.pattern.description, $0.upstreams.map(\.description)) })
    }

    @Test(arguments: [nil, false]) func withoutTheMeshEntryNothingIsForwarded(isTunneled: Bool?) async throws {
        #expect(shown(try await makeStore(isTunneled: isTunneled)) == [:])
    }

    @Test func theOwnNameAndThoseOfDialedClustersAreForwarded() async throws {
        let store = try await makeStore(isTunneled: true)
        #expect(
            shown(store) == [
                "server.dc1.peering.own.consul": ["10.0.0.1:8503"],
                "server.dc2.peering.west.consul": ["192.0.2.1:8443", "gw.west.example:8443"],
            ])
        // Of two peerings of one cluster the one that changed last knows best.
        try await establish(store, name: "west-again", addresses: ["192.0.2.9:8443"])
        #expect(shown(store)["server.dc2.peering.west.consul"] == ["192.0.2.9:8443"])
    }

    @Test func aTokenBeingRedeemedHasItsRouteAlready() async throws {
        let store = try await makeStore(isTunneled: true)
        let targets = [
            DialTarget(serverName: "server.dc3.peering.n.consul", addresses: ["192.0.2.3:8443"]),
            DialTarget(serverName: "*.peering.own.consul", addresses: ["192.0.2.66:1"]),
            // Nobody but this cluster's servers is reached by its own name.
            DialTarget(serverName: "server.dc1.peering.own.consul", addresses: ["192.0.2.66:1"]),
        ]
        let routes = shown(store, establishing: targets)
        #expect(routes["server.dc3.peering.n.consul"] == ["192.0.2.3:8443"])
        #expect(routes["server.dc1.peering.own.consul"] == ["10.0.0.1:8503"])
        #expect(routes.count == 3)
    }

    @Test func aGoodbyeStillFindsItsWay() async throws {
        let store = try await makeStore(isTunneled: true)
        let now = Timestamp(seconds: 1)
        _ = try await store.apply(MarkForDeletion(name: "west", now: now))
        _ = try await store.apply(RemovePeering(id: PeeringID("west"), now: now))
        #expect(shown(store).keys.contains("server.dc2.peering.west.consul"))
        _ = try await store.apply(ForgetFarewell(id: PeeringID("west")))
        #expect(shown(store).count == 1)
    }

    // MARK: Dialing

    private let through = DialedPath(way: .localGateway, bypassesGateways: false)

    @Test func localGatewaysAreDialedFirst() async throws {
        let store = try await makeStore(isTunneled: true)
        let remote = ["192.0.2.1:8443"]
        let without = DialPlan(for: remote, in: store.state)
        #expect(without.ring == remote && without.lacksGateways)
        #expect(without.path(to: remote[0]).bypassesGateways)
        try await register(store, "g1", lan: "10.0.0.5", wan: "198.51.100.1")
        try await register(store, "g2", lan: "2001:db8::5", wan: "198.51.100.2")
        let plan = DialPlan(for: remote, in: store.state)
        let gateways = ["10.0.0.5:8443", "[2001:db8::5]:8443"]
        // A peer that is away for a moment is no reason to go past them.
        #expect(plan.ring == gateways + gateways + gateways + ["192.0.2.1:8443"] && !plan.lacksGateways)
        #expect(gateways.map { plan.path(to: $0) } == Array(repeating: through, count: 2))
        #expect(plan.path(to: "192.0.2.1:8443") == DialedPath(way: .direct, bypassesGateways: true))
    }

    @Test func withoutTheMeshEntryThePeerIsDialedItself() async throws {
        let store = try await makeStore(isTunneled: nil)
        try await register(store, "g1", lan: "10.0.0.5", wan: "198.51.100.1")
        let plan = DialPlan(for: ["192.0.2.1:8443"], in: store.state)
        #expect(plan.ring == ["192.0.2.1:8443"] && !plan.lacksGateways)
        #expect(!plan.path(to: "192.0.2.1:8443").bypassesGateways)
    }
}
