import ACLCore
import ACLService
import DocumentCore
import IdentityCore
import StateCore

/// `/v1/agent`: the daemon itself.
enum AgentRoutes {
    static func routes(_ environment: APIEnvironment) -> [Route] {
        [
            Route("agent/self", ("GET", .agent(.read, environment), { _ throws(Refusal) in describe(environment) })),
            Route("agent/version", ("GET", .agent(.read, environment), { _ throws(Refusal) in version(environment) })),
            Route("agent/members", ("GET", .filter, { request throws(Refusal) in members(request, environment) })),
            Route(
                "agent/reload",
                ("PUT", .agent(.write, environment), { _ throws(Refusal) in try await reload(environment) })),
        ]
    }

    private static func describe(_ environment: APIEnvironment) -> APIAnswer {
        let own = AgentSelf(
            agent: environment.dependencies.agent, hasAccessControl: environment.dependencies.access.isEnabled,
            state: environment.dependencies.store.state)
        return .json { $0.value(own) }
    }

    private static func version(_ environment: APIEnvironment) -> APIAnswer {
        let version = environment.dependencies.agent.version
        return .json { json in
            json.object {
                $0.field("SHA", "")
                $0.field("HumanVersion", version)
                $0.field("FIPS", "")
            }
        }
    }

    /// One daemon is the only member of its cluster.
    private static func members(_ request: APIRequest, _ environment: APIEnvironment) -> APIAnswer {
        let agent = environment.dependencies.agent
        let seen = request.access.filter([agent]) { $1.sees(node: $0.nodeName) }
        return .json { json in json.list(seen) { $0.member($1) } }
    }

    private static func reload(_ environment: APIEnvironment) async throws(Refusal) -> APIAnswer {
        let lines = try await environment.dependencies.reload.reload()
        guard !lines.isEmpty else { return .empty }
        return APIAnswer(content: .text(lines.map { $0 + "\n" }.joined()))
    }
}
