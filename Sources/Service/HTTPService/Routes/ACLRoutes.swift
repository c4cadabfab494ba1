import ACLCore
import ACLService
import DocumentCore
import IdentityCore
import StateCore

/// `/v1/acl`: policies and tokens (gateway sheet, section 8).
enum ACLRoutes {
    static func routes(_ environment: APIEnvironment) -> [Route] {
        let routes = [
            Route(
                "acl/bootstrap",
                ("PUT", .nothing, { request throws(Refusal) in try await bootstrap(request, environment) })),
            Route(
                "acl/policy",
                ("PUT", .acl(.write), { request throws(Refusal) in try await createPolicy(request, environment) })),
            Route(
                "acl/policy/name/:name",
                (
                    "GET", .acl(.read),
                    { request throws(Refusal) in try await policy(request, environment, isNamed: true) }
                )),
            Route(
                "acl/policy/:id",
                (
                    "GET", .acl(.read),
                    { request throws(Refusal) in try await policy(request, environment, isNamed: false) }
                ),
                ("PUT", .acl(.write), { request throws(Refusal) in try await updatePolicy(request, environment) }),
                ("DELETE", .acl(.write), { request throws(Refusal) in try await deletePolicy(request, environment) })),
            Route(
                "acl/policies",
                ("GET", .acl(.read), { request throws(Refusal) in try await policies(request, environment) })),
        ]
        let empty = [
            nothing("acl/roles") { $0.list { _ in } },
            nothing("acl/auth-methods") { $0.list { _ in } },
            nothing("acl/binding-rules") { $0.list { _ in } },
            nothing("acl/templated-policies") { $0.object { _ in } },
        ]
        return (routes + empty + ACLTokenRoutes.routes(environment)).map { $0.whileACLsAreEnabled(environment) }
    }

    /// A list of what there is none of, which those who make inventories ask for.
    private static func nothing(
        _ path: String, _ write: @escaping @Sendable (inout JSONWriter) -> Void
    ) -> Route {
        Route(path, ("GET", .acl(.read), { _ throws(Refusal) in .json(write) }))
    }

    private static func bootstrap(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let secret = try BootstrapBody.secret(in: try await request.body())
        let issued = try await environment.office.bootstrap(secret: secret)
        let tables = environment.dependencies.store.state.acl
        return .json { $0.value(issued.token, secret: issued.secret.reveal(), tables, isBootstrap: true) }
    }

    // MARK: Policies

    private static func createPolicy(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let policy = try ACLPolicy(body: try await request.body())
        guard policy.id.isEmpty else { throw Refusal(.invalid, "Cannot specify the ID when creating a new policy") }
        let created = try await environment.office.create(policy)
        return .json { $0.value(created) }
    }

    private static func updatePolicy(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        var policy = try ACLPolicy(body: try await request.body())
        let id = request.captures[0]
        guard policy.id.isEmpty || policy.id == id else {
            throw Refusal(.invalid, "Policy ID in URL and payload do not match")
        }
        policy.id = id
        let updated = try await environment.office.update(policy)
        return .json { $0.value(updated) }
    }

    private static func deletePolicy(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        try await environment.office.delete(policy: request.captures[0])
        return .json { $0.value(true) }
    }

    /// By its ID, or by its name.
    private static func policy(
        _ request: APIRequest, _ environment: APIEnvironment, isNamed: Bool
    ) async throws(Refusal) -> APIAnswer {
        let key = request.captures[0]
        return try await environment.query(request, interest: .acl) { state, numbers in
            guard let policy = isNamed ? state.acl.policy(named: key) : state.acl.policy(id: key) else {
                return QueryResult(index: numbers.acl, .aclNotFound)
            }
            return QueryResult(index: numbers.acl) { $0.value(policy) }
        }
    }

    private static func policies(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        try await environment.query(request, interest: .acl) { state, numbers in
            let policies = state.acl.policies
            return QueryResult(index: numbers.acl) { json in
                json.list(policies) { $0.value($1, withRules: false) }
            }
        }
    }
}

extension Route {
    /// The same, but for a daemon without access control: there these paths do nothing.
    fileprivate func whileACLsAreEnabled(_ environment: APIEnvironment) -> Route {
        guard !environment.dependencies.access.isEnabled else { return self }
        return with { _ throws(Refusal) in throw .accessControlIsOff }
    }
}
