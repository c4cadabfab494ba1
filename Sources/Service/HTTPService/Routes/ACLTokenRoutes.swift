import ACLCore
import ACLService
import DocumentCore
import IdentityCore
import StateCore

/// `/v1/acl/token` and `/v1/acl/tokens`. A secret is shown once, to who makes the token; afterwards it is not known
/// here any more, and `<hidden>` stands in its place.
enum ACLTokenRoutes {
    static func routes(_ environment: APIEnvironment) -> [Route] {
        [
            Route(
                "acl/token",
                ("PUT", .acl(.write), { request throws(Refusal) in try await create(request, environment) })),
            Route("acl/token/self", ("GET", .token, { request throws(Refusal) in try own(request, environment) })),
            Route(
                "acl/token/:accessor",
                ("GET", .acl(.read), { request throws(Refusal) in try await read(request, environment) }),
                ("PUT", .acl(.write), { request throws(Refusal) in try await update(request, environment) }),
                ("DELETE", .acl(.write), { request throws(Refusal) in try await delete(request, environment) })),
            Route(
                "acl/token/:accessor/clone",
                ("PUT", .acl(.write), { request throws(Refusal) in try await clone(request, environment) })),
            Route(
                "acl/tokens",
                ("GET", .acl(.read), { request throws(Refusal) in try await list(request, environment) })),
        ]
    }

    // MARK: Reading

    private static func own(_ request: APIRequest, _ environment: APIEnvironment) throws(Refusal) -> APIAnswer {
        let tables = environment.dependencies.store.state.acl
        guard let token = tables.token(accessorID: request.access.accessorID) else { throw .aclNotFound }
        let secret = token.isAnonymous ? SecretText(ACLToken.anonymousSecret) : request.secret
        return .json { $0.value(token, secret: secret?.reveal() ?? TokenOffice.hidden, tables) }
    }

    private static func read(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let office = environment.office
        let isExpanded = try request.query.flag("expanded")
        return try await environment.query(request, interest: .acl) { state, numbers in
            guard let token = office.token(request.captures[0]) else {
                return QueryResult(index: numbers.acl, .aclNotFound)
            }
            let expansion = isExpanded ? TokenExpansion(of: token, state.acl, environment.dependencies) : nil
            return QueryResult(index: numbers.acl) {
                $0.value(token, secret: TokenOffice.hidden, state.acl, expansion: expansion)
            }
        }
    }

    private static func list(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let isAsked = filter(request.query)
        let access = environment.dependencies.access
        return try await environment.query(request, interest: .acl) { state, numbers in
            let tokens = state.acl.tokens(unless: access.isOver).filter(isAsked)
            return QueryResult(index: numbers.acl) { json in
                json.list(tokens) { $0.value($1, secret: TokenOffice.hidden, state.acl) }
            }
        }
    }

    /// By what the tokens are to have. No token here has a role, or comes of an authentication method.
    private static func filter(_ query: RequestQuery) -> @Sendable (ACLToken) -> Bool {
        let policy = query.text("policy")
        let service = query.text("servicename")
        let asksForNone = query.text("role") != nil || query.text("authmethod") != nil
        return { token in
            guard !asksForNone else { return false }
            if let policy, !token.policyIDs.contains(policy) { return false }
            return service.map { name in token.serviceIdentities.contains { $0.serviceName == name } } ?? true
        }
    }

    // MARK: Changing

    private static func create(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        show(try await environment.office.create(try ACLTokenRequest(body: try await request.body())), environment)
    }

    private static func update(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        var wish = try ACLTokenRequest(body: try await request.body())
        let accessorID = request.captures[0]
        guard wish.accessorID.isEmpty || wish.accessorID.lowercased() == accessorID.lowercased() else {
            throw Refusal(.invalid, "Accessor ID in URL and payload do not match")
        }
        wish.accessorID = accessorID
        let token = try await environment.office.update(wish)
        let tables = environment.dependencies.store.state.acl
        return .json { $0.value(token, secret: TokenOffice.hidden, tables) }
    }

    /// Another token with the same rights, and a secret and a description of its own.
    private static func clone(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        guard let token = environment.office.token(request.captures[0]) else { throw .aclNotFound }
        guard !token.isAnonymous else { throw Refusal(.invalid, "Cannot clone the anonymous token") }
        let bytes = try await request.body()
        var wish = bytes.isEmpty ? ACLTokenRequest() : try ACLTokenRequest(body: bytes)
        if wish.description.isEmpty { wish.description = token.description }
        wish.policies = token.policyIDs.map { ACLPolicyLink(id: $0) }
            .filter { environment.dependencies.store.state.acl.policy(id: $0.id) != nil }
        wish.serviceIdentities = token.serviceIdentities
        wish.nodeIdentities = token.nodeIdentities
        wish.isLocal = token.isLocal
        wish.expirationTime = token.expirationTime
        wish.expirationTTL = nil
        return show(try await environment.office.create(wish), environment)
    }

    private static func show(_ issued: TokenOffice.Issued, _ environment: APIEnvironment) -> APIAnswer {
        let tables = environment.dependencies.store.state.acl
        return .json { $0.value(issued.token, secret: issued.secret.reveal(), tables) }
    }

    private static func delete(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        try await environment.office.delete(token: request.captures[0], requester: request.access.accessorID)
        return .json { $0.value(true) }
    }
}
