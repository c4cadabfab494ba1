import ACLCore
import CatalogCore
import ConfigCore
import DocumentCore
import IdentityCore
import StateCore

/// `/v1/agent`: the daemon itself and the services registered with it.
enum AgentRoutes {
    static func routes(_ environment: APIEnvironment) -> [Route] {
        [
            Route("agent/self", ("GET", .agent(.read, environment), { _ throws(Refusal) in describe(environment) })),
            Route(
                "agent/services",
                ("GET", .filter, { request throws(Refusal) in try await services(request, environment) })),
            Route(
                "agent/service/register",
                ("PUT", .handler, { request throws(Refusal) in try await register(request, environment) })),
            Route(
                "agent/service/deregister/:id",
                ("PUT", .handler, { request throws(Refusal) in try await deregister(request, environment) })),
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
                json.object("Member") { json in
                    json.field("Name", agent.nodeName)
                    json.field("Addr", agent.address)
                    json.field("Port", agent.peeringPort)
                    json.field("Tags", ["dc": agent.datacenter, "id": agent.nodeID, "role": "consul"])
                    json.field("Status", 1)
                }
                json.object("xDS") { _ in }
            }
        }
    }

    private static func services(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let agent = environment.dependencies.agent
        return try await environment.query(request, interest: .localCatalog) { state, numbers in
            let all = state.catalog.services.values.flatMap(\.instances).filter { $0.key.node == agent.nodeName }
                .sorted { $0.key < $1.key }
            let own = request.access.filter(all) { $1.sees(service: $0.registration.service.service) }
            return QueryResult(index: numbers.catalog) { json in
                json.object { json in
                    for instance in own {
                        json.key(instance.key.id)
                        json.agentService(instance.registration.service, datacenter: agent.datacenter)
                    }
                }
            }
        }
    }

    private static func register(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let node = environment.dependencies.agent.nodeName
        for var registration in try registrations(in: try await request.body()) {
            for index in registration.checks.indices { registration.checks[index].node = node }
            let catalog = environment.dependencies.store.state.catalog
            try request.access.requireWrite(of: registration, on: node, in: catalog)
            try await environment.dependencies.store.apply(RegisterService(node: node, registration: registration))
        }
        return .empty
    }

    private static func registrations(in bytes: [UInt8]) throws(Refusal) -> [Registration] {
        let (registrations, problems) = try decodeBody(bytes) { ServiceDefinition.registrations(&$0) }
        if let problems { throw Refusal(.invalid, problems) }
        return registrations ?? []
    }

    private static func deregister(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let node = environment.dependencies.agent.nodeName
        let key = InstanceKey(node: node, id: request.captures[0])
        try request.access.requireWrite(ofServiceAt: key, in: environment.dependencies.store.state.catalog)
        try await environment.dependencies.store.apply(DeregisterService(node: node, id: key.id))
        return .empty
    }

    private static func reload(_ environment: APIEnvironment) async throws(Refusal) -> APIAnswer {
        let lines = try await environment.dependencies.reload.reload()
        guard !lines.isEmpty else { return .empty }
        return APIAnswer(content: .text(lines.map { $0 + "\n" }.joined()))
    }
}
