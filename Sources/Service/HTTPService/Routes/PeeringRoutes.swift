import ACLCore
import DocumentCore
import IdentityCore
import PeeringCore
import StateCore

/// `/v1/peering` and `/v1/peerings` (protocol section 8.1).
enum PeeringRoutes {
    static func routes(_ environment: APIEnvironment) -> [Route] {
        [
            Route(
                "peering/token",
                ("POST", .peering(.write), { request throws(Refusal) in try await generateToken(request, environment) })
            ),
            Route(
                "peering/establish",
                ("POST", .peering(.write), { request throws(Refusal) in try await establish(request, environment) })),
            Route(
                "peering/:name",
                ("GET", .peering(.read), { request throws(Refusal) in try await read(request, environment) }),
                ("DELETE", .peering(.write), { request throws(Refusal) in try await delete(request, environment) })),
            Route(
                "peerings",
                ("GET", .peering(.read), { request throws(Refusal) in try await list(request, environment) })),
        ]
    }

    // MARK: Changing

    private struct TokenBody {
        var name: String
        var partition: String
        var meta: [String: String]
        var externalAddresses: [String]
        var wish: TokenWish
    }

    private static func generateToken(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let keys = ["PeerName", "Partition", "Meta", "ServerExternalAddresses", "TTL", "Uses", "Note"]
        let body = try PeeringBody.decode(try await request.body(), keys: keys) { map in
            TokenBody(
                name: map.string("PeerName") ?? "", partition: map.string("Partition") ?? "",
                meta: map.stringMap("Meta") ?? [:], externalAddresses: map.strings("ServerExternalAddresses") ?? [],
                wish: TokenWish(
                    lifetime: map.duration("TTL")?.duration, uses: map.integer("Uses", in: .min ... .max) ?? 1,
                    note: map.string("Note") ?? ""))
        }
        guard !body.name.isEmpty else {
            throw Refusal(.invalid, "PeerName is required in the payload when generating a new peering token.")
        }
        guard body.partition.isEmpty || body.partition == "default" else {
            throw Refusal(.invalid, "Partitions are a Consul Enterprise feature")
        }
        let token = try await environment.dependencies.peerings.generateToken(
            name: body.name, meta: body.meta, externalAddresses: body.externalAddresses, wish: body.wish)
        return .json { json in json.object { $0.field("PeeringToken", token) } }
    }

    private struct EstablishBody {
        var name: String
        var token: String
        var meta: [String: String]
    }

    private static func establish(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let keys = ["PeerName", "PeeringToken", "Partition", "Meta"]
        let body = try PeeringBody.decode(try await request.body(), keys: keys) { map in
            EstablishBody(
                name: map.string("PeerName") ?? "", token: map.string("PeeringToken") ?? "",
                meta: map.stringMap("Meta") ?? [:])
        }
        guard !body.name.isEmpty else {
            throw Refusal(.invalid, "PeerName is required in the payload when establishing a peering.")
        }
        guard !body.token.isEmpty else {
            throw Refusal(.invalid, "PeeringToken is required in the payload when establishing a peering.")
        }
        try await environment.dependencies.peerings.establish(name: body.name, token: body.token, meta: body.meta)
        return .json { json in json.object { _ in } }
    }

    private static func delete(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let name = request.captures[0]
        guard !name.isEmpty else { throw Refusal(.invalid, "Must specify a name to delete.") }
        try await environment.dependencies.peerings.delete(name: name.lowercased())
        return .empty
    }

    // MARK: Reading

    private static let interest: StateInterest = [.peerings, .streamStatus, .trustBundles, .imports]

    private static func read(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let name = request.captures[0]
        guard !name.isEmpty else { throw Refusal(.invalid, "Must specify a name to fetch.") }
        return try await environment.query(request, interest: interest) { state, numbers in
            guard let peering = state.peering(named: name) else {
                return QueryResult(
                    index: numbers.peerings, Refusal(.notFound, "Peering not found for \"\(name)\""))
            }
            let details = details(peering, state, environment)
            return QueryResult(index: numbers.peerings) { $0.value(details) }
        }
    }

    private static func list(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        try await environment.query(request, interest: interest) { state, numbers in
            let all = state.sortedPeerings.map { details($0, state, environment) }
            return QueryResult(index: numbers.peerings) { json in json.list(all) { $0.value($1) } }
        }
    }

    private static func details(
        _ peering: Peering, _ state: State, _ environment: APIEnvironment
    ) -> PeeringDetails {
        PeeringDetails(
            peering: peering, status: environment.dependencies.peerings.streamStatus(of: peering.id),
            imports: state.imports[peering.id])
    }
}
