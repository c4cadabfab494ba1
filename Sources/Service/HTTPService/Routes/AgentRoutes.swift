import ACLCore
import DocumentCore
import IdentityCore

/// `/v1/agent`: the daemon itself.
enum AgentRoutes {
    static func routes(_ environment: APIEnvironment) -> [Route] {
        [
            Route("agent/self", ("GET", .agent(.read, environment), { _ throws(Refusal) in describe(environment) })),
            Route("agent/members", ("GET", .filter, { request throws(Refusal) in members(request, environment) })),
            Route(
                "agent/reload",
                ("PUT", .agent(.write, environment), { _ throws(Refusal) in try await reload(environment) })),
        ]
    }

    private static func describe(_ environment: APIEnvironment) -> APIAnswer {
        let agent = environment.dependencies.agent
        return .json { json in
            json.object { json in
                json.object("Config") { json in
                    json.field("Datacenter", agent.datacenter)
                    json.field("PrimaryDatacenter", agent.datacenter)
                    json.field("NodeName", agent.nodeName)
                    json.field("NodeID", agent.nodeID)
                    json.field("Revision", "")
                    json.field("Server", true)
                    json.field("Version", agent.version)
                }
                json.object("DebugConfig") { $0.field("PeeringEnabled", true) }
                json.key("Member")
                json.member(agent)
                json.object("xDS") { _ in }
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

extension JSONWriter {
    /// The versions are those of Consul's gossip, which clients show and nothing here speaks.
    fileprivate mutating func member(_ agent: AgentDescription) {
        object { json in
            json.field("Name", agent.nodeName)
            json.field("Addr", agent.address)
            json.field("Port", agent.peeringPort)
            json.field("Tags", ["dc": agent.datacenter, "id": agent.nodeID, "role": "consul"])
            json.field("Status", 1)
            json.field("ProtocolMin", 1)
            json.field("ProtocolMax", 5)
            json.field("ProtocolCur", 2)
            json.field("DelegateMin", 2)
            json.field("DelegateMax", 5)
            json.field("DelegateCur", 4)
        }
    }
}
