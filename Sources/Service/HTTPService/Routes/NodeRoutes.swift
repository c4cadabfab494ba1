import ACLCore
import CatalogCore
import DocumentCore
import IdentityCore
import StateCore

/// The catalog by nodes: `/v1/catalog/nodes`, `/v1/catalog/node` and `/v1/catalog/node-services`.
enum NodeRoutes {
    static func routes(_ environment: APIEnvironment) -> [Route] {
        [
            Route(
                "catalog/nodes", ("GET", .filter, { request throws(Refusal) in try await list(request, environment) })),
            Route(
                "catalog/node/:name",
                ("GET", .filter, { request throws(Refusal) in try await node(request, environment) })),
            Route(
                "catalog/node-services/:name",
                ("GET", .filter, { request throws(Refusal) in try await services(request, environment) })),
        ]
    }

    private static func list(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let filter = try RequestFilter(request.query, over: .node)
        let demands = try InstanceDemands(request.query)
        let peer = try environment.peer(request)
        return try await environment.query(request, interest: InstanceQuery.interest) {
            (state, numbers) throws(Refusal) in
            let query = environment.instanceQuery(state, numbers)
            let seen = request.access.visible(try query.nodes(peer: peer, environment.limits))
            let all = seen.filter { demands.fits($0.node) }
            let nodes = filter.select(all) { $0.node($1) }
            return QueryResult(index: query.index(peer: peer)) { json in json.list(nodes) { $0.node($1) } }
        }
    }

    /// The services by their IDs; null for a node that is not there.
    private static func node(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        try await onNode(request, environment) { node, entries, json in
            guard let node else { return json.null() }
            json.object { json in
                json.key("Node")
                json.node(node)
                json.object("Services") { json in
                    for entry in entries {
                        json.key(entry.instance.service.id)
                        json.service(entry.instance.service, entry)
                    }
                }
            }
        }
    }

    private static func services(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        try await onNode(request, environment) { node, entries, json in
            json.object { json in
                json.key("Node")
                if let node { json.node(node) } else { json.null() }
                json.list("Services", entries) { json, entry in json.service(entry.instance.service, entry) }
            }
        }
    }

    private static func onNode(
        _ request: APIRequest, _ environment: APIEnvironment,
        _ write: @escaping @Sendable (NodeEntry?, [InstanceEntry], inout JSONWriter) -> Void
    ) async throws(Refusal) -> APIAnswer {
        let name = request.captures[0]
        guard !name.isEmpty else { throw Refusal(.invalid, "Missing node name") }
        let filter = try RequestFilter(request.query, over: .service)
        let peer = try environment.peer(request)
        return try await environment.query(request, interest: InstanceQuery.interest) {
            (state, numbers) throws(Refusal) in
            let query = environment.instanceQuery(state, numbers)
            // Consul's clients may ask by the node's ID too.
            let node = request.access.visible(try query.nodes(peer: peer, environment.limits)).first {
                $0.node.name == name || !$0.node.id.isEmpty && $0.node.id == name
            }
            let all = try node.map { node throws(Refusal) in
                try query.entries(on: node.node.name, peer: peer, environment.limits)
            }
            let entries = filter.select(request.access.visible(all ?? [])) { $0.service($1.instance.service, $1) }
            return QueryResult(index: query.index(peer: peer)) { write(node, entries, &$0) }
        }
    }
}
