import CatalogCore
import ConfigCore
import DocumentCore
import IdentityCore
import StateCore

/// `/v1/agent/check` and `/v1/agent/checks`: the checks of the agent's node.
enum CheckRoutes {
    static func routes(_ environment: APIEnvironment) -> [Route] {
        [
            Route(
                "agent/checks", ("GET", .filter, { request throws(Refusal) in try await list(request, environment) })),
            Route(
                "agent/check/register",
                ("PUT", .handler, { request throws(Refusal) in try await register(request, environment) })),
            Route(
                "agent/check/deregister/:id",
                ("PUT", .handler, { request throws(Refusal) in try await deregister(request, environment) })),
            verdict("pass", .passing, environment),
            verdict("warn", .warning, environment),
            verdict("fail", .critical, environment),
            Route(
                "agent/check/update/:id",
                ("PUT", .handler, { request throws(Refusal) in try await update(request, environment) })
            ).asReport,
        ]
    }

    private static func list(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let node = environment.dependencies.agent.nodeName
        let operations = environment.dependencies.checks
        let filter = try RequestFilter(request.query, over: .check)
        return try await environment.query(request, interest: .localCatalog) { state, numbers in
            let catalog = state.catalog
            let own = catalog.keys(on: node) + [InstanceKey(node: node, id: "")]
            let all = own.flatMap { catalog.checks(at: $0) }.sorted { $0.checkID < $1.checkID }
            let checks = filter.select(request.access.filter(all) { $1.sees($0) }) { $0.agentCheck($1) }
            return QueryResult(index: numbers.catalog) { json in
                json.object { json in
                    for var check in checks {
                        if check.plan != nil, let output = operations.output(of: check.key) { check.output = output }
                        json.key(check.checkID)
                        json.agentCheck(check)
                    }
                }
            }
        }
    }

    private static func register(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let (check, broken) = try decodeBody(try await request.body()) { CheckDefinition.registered(&$0) }
        guard let check, !check.name.isEmpty else { throw Refusal(.invalid, "Missing check name") }
        if let broken { throw Refusal(.invalid, "Invalid check: \(broken)") }
        let node = environment.dependencies.agent.nodeName
        let catalog = environment.dependencies.store.state.catalog
        let place = InstanceKey(node: node, id: check.serviceID)
        try request.access.requireWrite(ofCheckAt: place, in: catalog)
        if catalog.check(check.checkID, on: node) != nil {
            try request.access.requireWrite(ofCheck: check.checkID, on: node, in: catalog)
        }
        try await environment.dependencies.store.apply(RegisterCheck(node: node, check: check))
        return .empty
    }

    private static func deregister(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let node = environment.dependencies.agent.nodeName
        try requireWrite(request, environment)
        try await environment.dependencies.store.apply(DeregisterCheck(node: node, checkID: request.captures[0]))
        return .empty
    }

    // MARK: - What applications say

    /// For the check that the path names.
    private static func requireWrite(_ request: APIRequest, _ environment: APIEnvironment) throws(Refusal) {
        try request.access.requireWrite(
            ofCheck: request.captures[0], on: environment.dependencies.agent.nodeName,
            in: environment.dependencies.store.state.catalog)
    }

    private static func verdict(_ name: String, _ status: HealthStatus, _ environment: APIEnvironment) -> Route {
        Route(
            "agent/check/\(name)/:id",
            (
                "PUT", .handler,
                { request throws(Refusal) in
                    try requireWrite(request, environment)
                    let note = request.query.text("note") ?? ""
                    try await environment.dependencies.checks.hear(status, output: note, of: request.captures[0])
                    return .empty
                }
            )
        ).asReport
    }

    private static func update(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let (update, _) = try decodeBody(try await request.body()) { map in
            (status: map.string("Status") ?? "", output: map.string("Output") ?? "")
        }
        let status = HealthStatus(rawValue: update?.status ?? "")
        guard [.passing, .warning, .critical].contains(status) else {
            throw Refusal(.invalid, "Invalid check status: '\(status.rawValue)'")
        }
        try requireWrite(request, environment)
        try await environment.dependencies.checks.hear(
            status, output: update?.output ?? "", of: request.captures[0])
        return .empty
    }
}
