import ACLCore
import CatalogCore
import DocumentCore
import HTTPTypes
import IdentityCore
import StateCore

/// `/v1/agent/health/service`: how a service of this agent is, told by the status of the answer, for load balancers.
enum AgentHealthRoutes {
    static func routes(_ environment: APIEnvironment) -> [Route] {
        [
            Route(
                "agent/health/service/id/:id",
                ("GET", .handler, { request throws(Refusal) in try ofInstance(request, environment) })),
            Route(
                "agent/health/service/name/:name",
                ("GET", .service(.read), { request throws(Refusal) in ofService(request, environment) })),
        ]
    }

    private static func ofInstance(
        _ request: APIRequest, _ environment: APIEnvironment
    ) throws(Refusal) -> APIAnswer {
        let id = request.captures[0]
        let key = InstanceKey(node: environment.dependencies.agent.nodeName, id: id)
        let catalog = environment.dependencies.store.state.catalog
        guard let stored = catalog.instance(at: key) else {
            request.access.requireNothing()
            throw Refusal(.notFound, "ServiceId \(id) not found")
        }
        try request.access.require(Permission(.service, .read, on: stored.registration.service.service))
        let health = InstanceHealth(catalog.resolve(stored))
        let datacenter = environment.dependencies.agent.datacenter
        return answer(health.status, request) { $0.value(health, datacenter: datacenter) }
    }

    private static func ofService(_ request: APIRequest, _ environment: APIEnvironment) -> APIAnswer {
        let agent = environment.dependencies.agent
        let all = environment.dependencies.store.state.catalog.instances(of: request.captures[0])
            .filter { $0.node.name == agent.nodeName }.map(InstanceHealth.init)
        let status = all.isEmpty ? nil : HealthStatus.worst(of: all.map(\.status))
        return answer(status, request) { json in
            json.list(all) { $0.value($1, datacenter: agent.datacenter) }
        }
    }

    /// - Parameter status: nil if there is no such thing.
    private static func answer(
        _ status: HealthStatus?, _ request: APIRequest, _ write: @escaping @Sendable (inout JSONWriter) -> Void
    ) -> APIAnswer {
        var answer = APIAnswer.json(write)
        if request.query.text("format") == "text" {
            answer.content = .text(status?.rawValue ?? HealthStatus.critical.rawValue)
        }
        answer.status =
            switch status {
            case nil: .notFound
            case .passing?: .ok
            case .warning?: .tooManyRequests
            default: .serviceUnavailable
            }
        return answer
    }
}

/// An instance and how it is, by its own checks and those of its node.
private struct InstanceHealth {
    var instance: ServiceInstance
    var status: HealthStatus

    init(_ instance: ServiceInstance) {
        self.instance = instance
        status = .worst(of: instance.checks.map { $0.type == "maintenance" ? .maintenance : $0.status })
    }
}

extension JSONWriter {
    fileprivate mutating func value(_ health: InstanceHealth, datacenter: String) {
        object { json in
            json.field("AggregatedStatus", health.status.rawValue)
            json.key("Service")
            json.agentService(health.instance.service, datacenter: datacenter)
            json.list("Checks", health.instance.checks) { $0.agentCheck($1) }
        }
    }
}
