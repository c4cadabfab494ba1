import ACLService
import IdentityCore

/// One path, and what each of its methods does.
struct Route: Sendable {
    typealias Handler = @Sendable (APIRequest) async throws(Refusal) -> APIAnswer

    let pattern: RoutePattern
    private(set) var methods: [(name: String, needs: RouteNeed, handler: Handler)]
    /// What the OpenAPI document says of each method; for routes of our own.
    private(set) var documents: [String: OperationDocument] = [:]
    /// Whether it only takes in what somebody observed: no change that the audit log is about.
    private(set) var isReport = false

    /// - Parameters:
    ///   - path: such as `peering/:name`.
    ///   - methods: each with what its sender must be allowed.
    init(_ path: String, _ methods: (name: String, needs: RouteNeed, handler: Handler)...) {
        pattern = RoutePattern(path)
        self.methods = methods
    }

    /// Describes one of the methods.
    func documented(_ method: String, _ document: OperationDocument) -> Route {
        var route = self
        route.documents[method] = document
        return route
    }

    /// The same route, and no change when it is used.
    var asReport: Route {
        var route = self
        route.isReport = true
        return route
    }

    /// The same paths and needs, and for all of them another handler.
    func with(_ handler: @escaping Handler) -> Route {
        var route = self
        route.methods = methods.map { ($0.name, $0.needs, handler) }
        return route
    }

    var allow: String { (["OPTIONS"] + methods.map(\.name)).joined(separator: ",") }
}

/// All paths of the API.
struct RouteTable: Sendable {
    let routes: [Route]

    init(_ routes: [Route]) {
        self.routes = routes
    }

    /// The route of a path with its open parts. Fixed paths win over open ones by standing first.
    func find(_ path: Substring) -> (route: Route, captures: [String])? {
        guard let parts = RoutePattern.parts(of: path) else { return nil }
        for route in routes {
            if let captures = route.pattern.match(parts) { return (route, captures) }
        }
        return nil
    }

    static func all(_ environment: APIEnvironment) -> RouteTable {
        let routes =
            PeeringRoutes.routes(environment) + TokenRoutes.routes(environment)
            + ExportRoutes.routes(environment) + ConfigRoutes.routes(environment)
            + CatalogRoutes.routes(environment) + NodeRoutes.routes(environment)
            + ExternalRoutes.routes(environment) + HealthRoutes.routes(environment)
            + AgentRoutes.routes(environment) + AgentServiceRoutes.routes(environment)
            + AgentHealthRoutes.routes(environment) + IntentionRoutes.routes(environment)
            + MaintenanceRoutes.routes(environment) + CheckRoutes.routes(environment)
            + ClusterRoutes.routes(environment) + ACLRoutes.routes(environment)
            + WatchRoutes.routes(environment) + GatewayRoutes.routes(environment)
            + MetricsRoutes.routes(environment) + ExportPlanRoutes.routes(environment)
            + MeshRoutes.routes(environment)
        let version = environment.dependencies.agent.version
        return RouteTable(routes + [OpenAPIDocument.route(over: routes, version: version)])
    }
}

/// What routes are made with.
struct APIEnvironment: Sendable {
    let dependencies: HTTPDependencies
    let limits: HTTPLimits
    let office: TokenOffice

    init(dependencies: HTTPDependencies, limits: HTTPLimits) {
        self.dependencies = dependencies
        self.limits = limits
        self.office = TokenOffice(dependencies.access)
    }
}
