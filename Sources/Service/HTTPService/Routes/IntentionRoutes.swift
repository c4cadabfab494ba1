import ACLCore
import ACLService
import ConfigCore
import DocumentCore
import IdentityCore
import StateCore

/// `/v1/connect/intentions`: the sources of service-intentions entries one by one, as `consul intention` manages them.
enum IntentionRoutes {
    static func routes(_ environment: APIEnvironment) -> [Route] {
        [
            Route(
                "connect/intentions",
                ("GET", .filter, { request throws(Refusal) in try await list(request, environment) }),
                ("POST", .handler, { request throws(Refusal) in try await create(request, environment) })),
            Route(
                "connect/intentions/exact",
                ("GET", .handler, { request throws(Refusal) in try await read(request, environment) }),
                ("PUT", .handler, { request throws(Refusal) in try await write(request, environment) }),
                ("DELETE", .handler, { request throws(Refusal) in try await delete(request, environment) })),
            Route(
                "connect/intentions/match",
                ("GET", .handler, { request throws(Refusal) in try await match(request, environment) })),
            Route(
                "connect/intentions/check",
                ("GET", .handler, { request throws(Refusal) in try await check(request, environment) })),
            Route(
                "connect/intentions/:id",
                ("GET", .handler, { request throws(Refusal) in try await read(request, environment) }),
                ("PUT", .handler, { request throws(Refusal) in try await write(request, environment) }),
                ("DELETE", .handler, { request throws(Refusal) in try await delete(request, environment) })),
        ]
    }

    // MARK: Reading

    private static func list(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        try await environment.query(request, interest: .configEntries) { state, numbers in
            let seen = request.access.filter(state.intentions) { $1.sees($0.intention) }
            return QueryResult(index: numbers.config) { json in json.list(seen) { $0.value($1) } }
        }
    }

    /// The one that the request names by its ends or by its ID.
    private static func read(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let wanted = try IntentionName(request)
        return try await environment.query(request, interest: .configEntries) { (state, numbers) throws(Refusal) in
            guard let found = state.intentions.first(where: wanted.fits) else {
                request.access.requireNothing()
                return QueryResult(index: numbers.config, .intentionNotFound)
            }
            try request.access.requireRead(of: found.intention)
            return QueryResult(index: numbers.config) { $0.value(found) }
        }
    }

    /// Those that speak of calls of each service, or of calls to it.
    private static func match(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let side = request.query.text("by") ?? ""
        guard ["source", "destination"].contains(side) else {
            throw Refusal(.invalid, "'by' parameter must be one of 'source' or 'destination'")
        }
        let names = request.query.all("name")
        guard !names.isEmpty else { throw Refusal(.invalid, "required query parameter 'name' not set") }
        let ends = try names.map { text throws(Refusal) in try IntentionName.End(text) }
        return try await environment.query(request, interest: .configEntries) { (state, numbers) throws(Refusal) in
            for end in ends { try request.access.require(Permission(.intention, .read, on: end.name)) }
            let all = state.intentions
            let found = ends.map { end in
                all.filter {
                    side == "source"
                        ? $0.intention.isAbout(source: end.name) : $0.intention.isAbout(destination: end.name)
                }
            }
            return QueryResult(index: numbers.config) { json in
                json.object { json in
                    for (name, found) in zip(names, found) { json.list(name, found) { $0.value($1) } }
                }
            }
        }
    }

    /// Whether a connection would be let through; where requests are looked at, none is promised.
    private static func check(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let ends = try IntentionName.Ends(request.query)
        let isAllowedByDefault = environment.dependencies.access.defaultAccess == .allow
        return try await environment.query(request, interest: .configEntries) { (state, numbers) throws(Refusal) in
            try request.access.require(Permission(.service, .read, on: ends.destination))
            let decisive = state.intentions.first {
                $0.intention.isAbout(source: ends.source.name) && $0.intention.isAbout(destination: ends.destination)
            }
            let isAllowed = decisive.map { $0.intention.source.action == .allow } ?? isAllowedByDefault
            return QueryResult(index: numbers.config) { json in json.object { $0.field("Allowed", isAllowed) } }
        }
    }

    // MARK: Changing

    private static func create(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let intention = try IntentionBody(try await request.body()).intention(environment)
        try request.access.require(Permission(.intention, .write, on: intention.destination))
        try await environment.dependencies.store.apply(PutIntention(intention, isNew: true))
        let id = IntentionDetails(intention: intention, indexes: RowIndexes(create: 0, modify: 0)).id
        return .json { json in json.object { $0.field("ID", id) } }
    }

    private static func write(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        var body = try IntentionBody(try await request.body())
        let name = try IntentionName(request)
        if case .ends(let ends) = name { body.name(ends) }
        let intention = try body.intention(environment)
        try request.access.require(Permission(.intention, .write, on: intention.destination))
        guard name.fits(IntentionDetails(intention: intention, indexes: RowIndexes(create: 0, modify: 0))) else {
            throw Refusal(
                .invalid, "the ID is not that of an intention between these two: delete the one and create the other")
        }
        try await environment.dependencies.store.apply(PutIntention(intention, isNew: false))
        guard case .id(let id) = name else { return .json { $0.value(true) } }
        return .json { json in json.object { $0.field("ID", id) } }
    }

    /// Without an error for ends between which there is none, as in Consul.
    private static func delete(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let ends: IntentionName.Ends
        switch try IntentionName(request) {
        case .ends(let named): ends = named
        case .id(let id):
            guard let found = environment.dependencies.store.state.intentions.first(where: { $0.id == id }) else {
                request.access.requireNothing()
                throw .intentionNotFound
            }
            ends = IntentionName.Ends(of: found.intention)
        }
        try request.access.require(Permission(.intention, .write, on: ends.destination))
        try await environment.dependencies.store.apply(
            DeleteIntention(name: ends.source.name, peer: ends.source.peer, destination: ends.destination))
        return .json { $0.value(true) }
    }
}

extension Access {
    /// Who may see the intentions of one of the two may see this one.
    fileprivate func requireRead(of intention: Intention) throws(Refusal) {
        guard !allows(Permission(.intention, .read, on: intention.source.name)) else { return }
        try require(Permission(.intention, .read, on: intention.destination))
    }
}

extension Authorizer {
    fileprivate func sees(_ intention: Intention) -> Bool {
        allows(Permission(.intention, .read, on: intention.source.name))
            || allows(Permission(.intention, .read, on: intention.destination))
    }
}

extension Refusal {
    fileprivate static let intentionNotFound = Refusal(.notFound, "Intention not found")
}
