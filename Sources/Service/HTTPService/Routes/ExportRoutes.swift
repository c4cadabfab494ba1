import ACLCore
import ConfigCore
import DocumentCore
import IdentityCore
import PeeringCore
import ReplicationCore
import StateCore

/// `/v1/exported-services` and `/v1/imported-services` (protocol section 8.3, in the shape of newer versions).
enum ExportRoutes {
    static func routes(_ environment: APIEnvironment) -> [Route] {
        [
            Route(
                "exported-services",
                (
                    "GET", .any(of: Permission(.mesh, .read), Permission(.operator, .read)),
                    { request throws(Refusal) in try await exported(request, environment) }
                )),
            Route(
                "imported-services",
                ("GET", .filter, { request throws(Refusal) in try await imported(request, environment) })),
        ]
    }

    private static func exported(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        try await environment.query(request, interest: [.configEntries, .localCatalog]) { state, numbers in
            let consumers = consumers(in: state)
            let names = consumers.keys.sorted()
            return QueryResult(index: max(numbers.config, numbers.catalog)) { json in
                json.list(names) { json, name in
                    json.object { json in
                        json.field("Service", name)
                        json.object("Consumers") { $0.field("Peers", consumers[name] ?? []) }
                    }
                }
            }
        }
    }

    /// Every exported service with the names of its peers, wildcards resolved.
    private static func consumers(in state: State) -> [String: [String]] {
        var peers: Set<String> = []
        for stored in state.configEntries.values {
            guard case .exportedServices(let services) = stored.entry.content else { continue }
            for service in services { peers.formUnion(service.peers) }
        }
        var consumers: [String: [String]] = [:]
        for peer in peers.sorted() {
            for name in ExportPlan(peerName: peer, state: state).listed { consumers[name, default: []].append(peer) }
        }
        return consumers
    }

    private static func imported(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        try await environment.query(request, interest: [.imports, .peerings]) { state, numbers in
            let services = state.sortedPeerings.flatMap { peering in
                (state.imports[peering.id]?.services.map { ($0.key, peering.name, $0.value.instanceCount) } ?? [])
                    .filter { !$0.0.hasSuffix("-sidecar-proxy") }
            }
            let sorted = request.access.filter(services) { $1.sees(service: $0.0, peer: $0.1) }
                .sorted { ($0.0, $0.1) < ($1.0, $1.1) }
            return QueryResult(index: numbers.imports) { json in
                json.list(sorted) { json, service in
                    json.object { json in
                        json.field("Service", service.0)
                        json.field("SourcePeer", service.1)
                        json.object("Hawser") { $0.field("Instances", service.2) }
                    }
                }
            }
        }
    }
}
