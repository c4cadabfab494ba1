import CatalogCore
import ConfigCore
import DocumentCore
import HawserTestKit
import IdentityCore
import StateCore
import Testing

@testable import ReplicationCore

@Suite struct ExportedContentTests {
    private let identity = ClusterIdentity(
        trustDomain: TrustDomain(clusterID: "c"), datacenter: "dc1", nodeID: "n", roots: [], activeRootID: "")

    /// A store with these config entries, as JSON of their content.
    private func makeStore(_ entries: [(ConfigEntryKind, name: String, json: String)]) async throws -> StateStore {
        let store = try await StateStore(testing: MemoryStorage())
        for (kind, name, json) in entries {
            let members = try JSONReader.read(Array(json.utf8)).map ?? []
            let content: ConfigEntry.Content =
                switch kind {
                case .serviceDefaults: .serviceDefaults(ServiceDefaults(protocol: members.first?.value.string ?? ""))
                default: .serviceResolver(members)
                }
            _ = try await store.apply(WriteConfigEntry(entry: ConfigEntry(name: name, content: content)))
        }
        return store
    }

    private func register(
        _ store: StateStore, node: String = "n", kind: ServiceKind = .typical, id: String, service: String
    ) async throws {
        let registration = Registration(service: NodeService(kind: kind, id: id, service: service, port: 80))
        _ = try await store.apply(RegisterService(node: node, registration: registration))
    }

    private func spiffeIDs(of name: String, _ store: StateStore) -> [String] {
        let proxies = ExportedContent.proxies(of: name, for: "island", in: store.state, identity: identity)
        return (proxies.first?.service.peerMeta?.spiffeID ?? []).map {
            String($0.dropFirst("spiffe://c.consul/".count))
        }
    }

    private let gateway = "gateway/mesh/dc/dc1"

    private func service(_ name: String) -> String { "ns/default/dc/dc1/svc/\(name)" }

    @Test func anEmptyIDNeverLeaves() async throws {
        let store = try await makeStore([])
        try await register(store, id: "web-1", service: "web")
        try await register(store, id: "", service: "web")
        try await register(store, node: "", id: "web-2", service: "web")
        try await register(store, kind: .meshGateway, id: "", service: "gateway")
        #expect(ExportedContent.instances(of: "web", in: store.state).map(\.service.id) == ["web-1"])
        #expect(ExportedContent.proxies(of: "web", for: "island", in: store.state, identity: identity).isEmpty)
    }

    @Test func aServiceAndTheGatewayAreWhoMayAnswer() async throws {
        let store = try await makeStore([])
        try await register(store, kind: .meshGateway, id: "g", service: "gateway")
        #expect(spiffeIDs(of: "web", store) == [service("web"), gateway])
    }

    @Test func whereTLSMayEndElseIsTold() async throws {
        let store = try await makeStore([
            (.serviceResolver, "web", #"{"Redirect":{"Service":"web-v2","ServiceSubset":"x"}}"#),
            (
                .serviceResolver, "web-v2",
                #"{"Failover":{"x":{"Targets":[{"Service":"backup"},{"Peer":"far"},{"Datacenter":"dc9"}]},"*":{"Service":"never"}}}"#
            ),
        ])
        try await register(store, kind: .meshGateway, id: "g", service: "gateway")
        #expect(spiffeIDs(of: "web", store) == [service("web"), gateway, service("backup"), service("web-v2")])
        #expect(spiffeIDs(of: "web-v2", store) == [service("web-v2"), gateway, service("never")])
    }

    @Test func withHTTPItEndsAtTheGateway() async throws {
        let store = try await makeStore([
            (.serviceResolver, "web", #"{"redirect":{"service":"web-v2"}}"#),
            (.serviceDefaults, "web", #"{"Protocol":"http"}"#),
        ])
        try await register(store, kind: .meshGateway, id: "g", service: "gateway")
        #expect(spiffeIDs(of: "web", store) == [service("web"), gateway])
    }

    @Test func redirectsThatGoRoundEnd() async throws {
        let store = try await makeStore([
            (.serviceResolver, "a", #"{"Redirect":{"Service":"b"}}"#),
            (.serviceResolver, "b", #"{"Redirect":{"Service":"a"}}"#),
        ])
        try await register(store, kind: .meshGateway, id: "g", service: "gateway")
        #expect(spiffeIDs(of: "a", store) == [service("a"), gateway])
    }
}
