import ACLCore
import CatalogCore
import ConfigCore
import DocumentCore
import IdentityCore
import StateCore

/// `/v1/agent/services` and `/v1/agent/service`: what is registered with the daemon itself.
enum AgentServiceRoutes {
    static func routes(_ environment: APIEnvironment) -> [Route] {
        [
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
                "agent/service/:id",
                ("GET", .handler, { request throws(Refusal) in try await service(request, environment) })),
        ]
    }

    // MARK: Reading

    private static func services(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let agent = environment.dependencies.agent
        let filter = try RequestFilter(request.query, over: .service)
        return try await environment.query(request, interest: .localCatalog) { state, numbers in
            let all = state.catalog.keys(on: agent.nodeName).compactMap { state.catalog.instance(at: $0) }
                .map(\.registration.service)
            let seen = request.access.filter(all) { $1.sees(service: $0.service) }
            let own = filter.select(seen) { $0.agentService($1, datacenter: agent.datacenter) }
            return QueryResult(index: numbers.catalog) { json in
                json.object { json in
                    for service in own {
                        json.key(service.id)
                        json.agentService(service, datacenter: agent.datacenter)
                    }
                }
            }
        }
    }

    private static func service(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let agent = environment.dependencies.agent
        let key = InstanceKey(node: agent.nodeName, id: request.captures[0])
        let topics: @Sendable (State) -> StateTopics = { state in
            // Under which name it will come to be is not known.
            guard let name = state.catalog.serviceName(of: key) else { return StateTopics(areas: .localCatalog) }
            return StateTopics(things: [.localService(name)])
        }
        return try await environment.query(request, topics: topics) { (state, numbers) throws(Refusal) in
            guard let instance = state.catalog.instance(at: key) else {
                request.access.requireNothing()
                return QueryResult(index: numbers.catalog, Refusal(.notFound, "unknown service ID: \(key.id)"))
            }
            let service = instance.registration.service
            try request.access.require(Permission(.service, .read, on: service.service))
            let hash = contentHash(of: service, datacenter: agent.datacenter)
            var result = QueryResult(index: instance.modifyIndex) {
                $0.agentService(service, datacenter: agent.datacenter, contentHash: hash)
            }
            result.contentHash = hash
            return result
        }
    }

    /// Another text for other contents, the same in every process.
    private static func contentHash(of service: NodeService, datacenter: String) -> String {
        var json = JSONWriter()
        json.agentService(service, datacenter: datacenter)
        return String(Fingerprint.of(json.bytes), radix: 16)
    }

    // MARK: Changing

    private static func register(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let node = environment.dependencies.agent.nodeName
        let replacesChecks = try request.query.flag("replace-existing-checks")
        for var registration in try registrations(in: try await request.body()) {
            for index in registration.checks.indices { registration.checks[index].node = node }
            let catalog = environment.dependencies.store.state.catalog
            try request.access.requireWrite(of: registration, on: node, in: catalog)
            let command = RegisterService(node: node, registration: registration, replacesChecks: replacesChecks)
            try await environment.dependencies.store.apply(command)
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
}
