import ACLCore
import DocumentCore
import IdentityCore
import PeeringCore
import StateCore

/// What is asked of a cluster as a whole: its leader, its servers, and its CA.
enum ClusterRoutes {
    static func routes(_ environment: APIEnvironment) -> [Route] {
        [
            Route("status/leader", ("GET", .nothing, { _ throws(Refusal) in leader(environment) })),
            Route("status/peers", ("GET", .nothing, { _ throws(Refusal) in peers(environment) })),
            Route(
                "connect/ca/roots",
                ("GET", .nothing, { request throws(Refusal) in try await roots(request, environment) })),
            // The same for agents, who keep them: what `consul watch` and consul-template ask for.
            Route(
                "agent/connect/ca/roots",
                ("GET", .nothing, { request throws(Refusal) in try await roots(request, environment) })),
            Route(
                "operator/raft/configuration",
                ("GET", .operator(.read), { _ throws(Refusal) in servers(environment) })),
            Route(
                "connect/ca/configuration",
                ("GET", .operator(.read), { request throws(Refusal) in try await configuration(request, environment) }),
                ("PUT", .operator(.write), { request throws(Refusal) in try await configure(request, environment) })),
            Route(
                "hawser/ca/rotate", ("PUT", .operator(.write), { _ throws(Refusal) in try await rotate(environment) })
            )
            .documented("PUT", rotateDocument),
            Route(
                "hawser/ca/retire",
                ("PUT", .operator(.write), { request throws(Refusal) in try await retire(request, environment) })
            )
            .documented("PUT", retireDocument),
        ]
    }

    private static let rotateDocument = OperationDocument(
        summary: "Makes a new active root of the CA; the others stay trusted.",
        answer: .json(
            .object([
                ("ActiveRootID", .text), ("TrustDomain", .text),
                (
                    "Roots",
                    .list(
                        .object([
                            ("ID", .text), ("Name", .text), ("NotBefore", .time), ("NotAfter", .time),
                            ("RootCert", .text), ("IntermediateCerts", .orNull(.list(.text))), ("Active", .boolean),
                        ]))
                ),
            ])), refusals: [500, 503])

    private static let retireDocument = OperationDocument(
        summary: "Takes trust from roots that are not active any more.",
        parameters: [
            .init("root", .text, "The ID of one root; without it, all that are not active."),
            .init("force", .boolean, "Also if peers that have not heard of the active root lose their connection."),
        ],
        answer: .json(.object([("Retired", .integer)])), refusals: [404, 500, 503])

    /// One daemon is its own leader.
    private static func leader(_ environment: APIEnvironment) -> APIAnswer {
        let address = environment.dependencies.agent.serverAddress
        return .json { $0.value(address) }
    }

    private static func peers(_ environment: APIEnvironment) -> APIAnswer {
        let address = environment.dependencies.agent.serverAddress
        return .json { $0.value([address]) }
    }

    private static func servers(_ environment: APIEnvironment) -> APIAnswer {
        let agent = environment.dependencies.agent
        let index = environment.dependencies.store.state.index
        return .json { $0.raftConfiguration(of: agent, index: index) }
    }

    // MARK: The CA

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

    private static func configuration(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        try await environment.query(request, interest: .identity) { state, numbers in
            let root = state.identity?.activeRoot
            return QueryResult(index: numbers.identity) { $0.caConfiguration(of: root) }
        }
    }

    /// Only what makes a new root necessary does anything: the rest of the CA is not configured.
    private static func configure(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let (body, broken) = try decodeBody(try await request.body()) { CAConfigurationBody(&$0) }
        if let broken { throw Refusal(.invalid, broken) }
        if body?.forcesRotation == true { try await environment.dependencies.authority.rotate() }
        return .empty
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
            request.query.text("root"), isForced: try request.query.flag("force"))
        return .json { json in json.object { $0.field("Retired", count) } }
    }
}
