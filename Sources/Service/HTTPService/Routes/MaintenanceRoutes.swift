import ACLCore
import CatalogCore
import IdentityCore
import StateCore

/// `/v1/agent/maintenance` and `/v1/agent/service/maintenance`: a check that is critical until somebody says otherwise.
enum MaintenanceRoutes {
    static func routes(_ environment: APIEnvironment) -> [Route] {
        [
            Route(
                "agent/maintenance",
                ("PUT", .handler, { request throws(Refusal) in try await ofNode(request, environment) })),
            Route(
                "agent/service/maintenance/:id",
                ("PUT", .handler, { request throws(Refusal) in try await ofService(request, environment) })),
        ]
    }

    private static func ofNode(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let check = HealthCheck(
            node: "", checkID: "_node_maintenance", name: "Node Maintenance Mode", status: .critical,
            notes: reason(request, of: "node"), type: "maintenance")
        return try await set(check, request, environment)
    }

    private static func ofService(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let id = request.captures[0]
        guard !id.isEmpty else { throw Refusal(.invalid, "Missing service ID") }
        let key = InstanceKey(node: environment.dependencies.agent.nodeName, id: id)
        guard environment.dependencies.store.state.catalog.instance(at: key) != nil else { throw .unknownService(id) }
        let check = HealthCheck(
            node: "", checkID: "_service_maintenance:\(id)", name: "Service Maintenance Mode", status: .critical,
            notes: reason(request, of: "service"), serviceID: id, type: "maintenance")
        return try await set(check, request, environment)
    }

    private static func reason(_ request: APIRequest, of what: String) -> String {
        request.query.text("reason")
            ?? "Maintenance mode is enabled for this \(what), but no reason was provided. This is a default message."
    }

    private static func set(
        _ check: HealthCheck, _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        guard request.query.text("enable") != nil else { throw Refusal(.invalid, "Missing value for enable") }
        let node = environment.dependencies.agent.nodeName
        let store = environment.dependencies.store
        let place = InstanceKey(node: node, id: check.serviceID)
        try request.access.requireWrite(ofCheckAt: place, in: store.state.catalog)
        if try request.query.flag("enable") {
            try await store.apply(RegisterCheck(node: node, check: check))
        } else if store.state.catalog.check(check.checkID, on: node) != nil {
            try await store.apply(DeregisterCheck(node: node, checkID: check.checkID))
        }
        return .empty
    }
}
