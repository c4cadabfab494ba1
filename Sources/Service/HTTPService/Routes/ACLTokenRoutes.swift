import ACLCore
import ACLService
import DocumentCore
import IdentityCore
import PeeringCore
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
        let policy = request.query.text("policy")
        let now = environment.dependencies.now
        return try await environment.query(request, interest: .acl) { state, numbers in
            let tokens = state.acl.tokens(at: now()).filter { token in
                policy.map { token.policyIDs.contains($0) } ?? true
            }
            return QueryResult(index: numbers.acl) { json in
                json.list(tokens) { $0.value($1, secret: TokenOffice.hidden, state.acl) }
            }
        }
    }

    // MARK: Changing

    private static func create(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        show(try await environment.office.create(try wish(in: try await request.body())), environment)
    }

    private static func update(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        var wish = try wish(in: try await request.body())
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
        var wish = bytes.isEmpty ? TokenOffice.TokenRequest() : try self.wish(in: bytes)
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

    // MARK: Bodies

    private static func wish(in bytes: [UInt8]) throws(Refusal) -> TokenOffice.TokenRequest {
        let (wish, broken) = try decodeBody(bytes, "Token decoding failed") { Self.wish(&$0) }
        if let broken { throw Refusal(.invalid, "Token decoding failed: \(broken)") }
        return wish ?? TokenOffice.TokenRequest()
    }

    private static func wish(_ map: inout MapReader) -> TokenOffice.TokenRequest {
        var wish = TokenOffice.TokenRequest()
        wish.accessorID = map.string("AccessorID") ?? ""
        wish.secret = SecretText(map.string("SecretID") ?? "")
        wish.description = map.string("Description") ?? ""
        wish.policies =
            map.maps("Policies") { ACLPolicyLink(id: $0.string("ID") ?? "", name: $0.string("Name") ?? "") } ?? []
        wish.serviceIdentities =
            map.maps("ServiceIdentities") { identity in
                ACLToken.ServiceIdentity(
                    serviceName: identity.string("ServiceName") ?? "",
                    datacenters: identity.strings("Datacenters") ?? [])
            } ?? []
        wish.nodeIdentities =
            map.maps("NodeIdentities") { identity in
                ACLToken.NodeIdentity(
                    nodeName: identity.string("NodeName") ?? "", datacenter: identity.string("Datacenter") ?? "")
            } ?? []
        for key in ["Roles", "TemplatedPolicies"] where !(map.member(key)?.value.list ?? []).isEmpty {
            map.invalid(key, "are not kept by hawser: give the token policies, or service and node identities")
        }
        wish.isLocal = map.bool("Local") ?? false
        if let text = map.string("ExpirationTime") {
            wish.expirationTime = Timestamp(rfc3339: text)
            if wish.expirationTime == nil {
                map.invalid("ExpirationTime", "must be a time such as 2030-01-02T03:04:05Z")
            }
        }
        wish.expirationTTL = map.duration("ExpirationTTL")?.nanoseconds
        return wish
    }
}
