import ACLCore
import DocumentCore
import IdentityCore
import PeeringCore
import StateCore

/// What is asked of a cluster as a whole: its leader, and its CA.
enum ClusterRoutes {
    static func routes(_ environment: APIEnvironment) -> [Route] {
        [
            Route("status/leader", ("GET", .nothing, { _ throws(Refusal) in leader(environment) })),
            Route(
                "connect/ca/roots",
                ("GET", .nothing, { request throws(Refusal) in try await roots(request, environment) })),
            Route(
                "hawser/ca/rotate", ("PUT", .operator(.write), { _ throws(Refusal) in try await rotate(environment) })),
            Route(
                "hawser/ca/retire",
                ("PUT", .operator(.write), { request throws(Refusal) in try await retire(request, environment) })),
        ]
    }

    /// One daemon is its own leader.
    private static func leader(_ environment: APIEnvironment) -> APIAnswer {
        let agent = environment.dependencies.agent
        let address = HostPort(host: agent.address, port: agent.peeringPort).description
        return .json { $0.value(address) }
    }

    private static func roots(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        try await environment.query(request, interest: .identity) { state, numbers in
            guard let identity = state.identity else {
                return QueryResult(
                    index: numbers.identity, Refusal(.unavailable, "the cluster's CA is not there yet: try again"))
            }
            return QueryResult(index: numbers.identity) { $0.caRoots(identity) }
        }
    }

    private static func rotate(_ environment: APIEnvironment) async throws(Refusal) -> APIAnswer {
        try await environment.dependencies.authority.rotate()
        guard let identity = environment.dependencies.store.state.identity else { return .empty }
        return .json { $0.caRoots(identity) }
    }

    private static func retire(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let count = try await environment.dependencies.authority.retire(
            request.query.text("root"), isForced: request.query.has("force"))
        return .json { json in json.object { $0.field("Retired", count) } }
    }
}
