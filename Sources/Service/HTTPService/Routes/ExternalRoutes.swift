import ACLCore
import CatalogCore
import ConfigCore
import DocumentCore
import IdentityCore
import StateCore

/// `/v1/catalog/register` and `/v1/catalog/deregister`: nodes and services that no agent looks after.
enum ExternalRoutes {
    static func routes(_ environment: APIEnvironment) -> [Route] {
        [
            Route(
                "catalog/register",
                ("PUT", .handler, { request throws(Refusal) in try await register(request, environment) })),
            Route(
                "catalog/deregister",
                ("PUT", .handler, { request throws(Refusal) in try await deregister(request, environment) })),
        ]
    }

    private static func register(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let (definition, broken) = try decodeBody(try await request.body()) { CatalogDefinition(&$0) }
        if let broken { throw Refusal(.invalid, broken) }
        guard let definition else { throw Refusal(.invalid, "Must provide node") }
        let agent = environment.dependencies.agent
        var node = definition.node
        if node.datacenter.isEmpty { node.datacenter = agent.datacenter }
        try refuseOthers(node.datacenter, environment)
        try request.access.requireWrite(
            of: definition, beside: agent.nodeName, in: environment.dependencies.store.state.catalog)
        let command = RegisterExternal(
            ownNode: agent.nodeName, node: node, skipsNodeUpdate: definition.skipsNodeUpdate,
            service: definition.service, checks: definition.checks)
        try await environment.dependencies.store.apply(command)
        return .json { $0.value(true) }
    }

    private static func deregister(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let (body, _) = try decodeBody(try await request.body()) { map in
            (
                node: map.string("Node") ?? "", service: map.string("ServiceID") ?? "",
                check: map.string("CheckID") ?? "", datacenter: map.string("Datacenter") ?? ""
            )
        }
        guard let body, !body.node.isEmpty else { throw Refusal(.invalid, "Must provide node") }
        try refuseOthers(body.datacenter, environment)
        let target: DeregisterExternal.Target =
            if !body.service.isEmpty { .service(body.service) } else if !body.check.isEmpty { .check(body.check) } else
            {
                .node
            }
        let command = DeregisterExternal(
            ownNode: environment.dependencies.agent.nodeName, node: body.node, target: target)
        try request.access.requireWrite(of: target, on: body.node, in: environment.dependencies.store.state.catalog)
        try await environment.dependencies.store.apply(command)
        return .json { $0.value(true) }
    }

    private static func refuseOthers(_ datacenter: String, _ environment: APIEnvironment) throws(Refusal) {
        let own = environment.dependencies.agent.datacenter
        guard datacenter.isEmpty || datacenter == own else {
            throw Refusal(.invalid, "No path to datacenter: this catalog is that of \(own)")
        }
    }
}
