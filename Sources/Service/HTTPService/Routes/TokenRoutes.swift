import ACLCore
import ACLService
import DocumentCore
import IdentityCore
import PeeringCore
import StateCore

/// `/v1/hawser/tokens`: the peering tokens that were handed out here, without their secrets.
enum TokenRoutes {
    static func routes(_ environment: APIEnvironment) -> [Route] {
        [
            Route(
                "hawser/tokens",
                ("GET", .peering(.read), { request throws(Refusal) in try await list(request, environment) })
            )
            .documented("GET", listDocument),
            Route(
                "hawser/tokens/:name",
                ("DELETE", .peering(.write), { request throws(Refusal) in try await revoke(request, environment) })
            ).documented("DELETE", revokeDocument),
        ]
    }

    private static let listDocument = OperationDocument(
        summary: "The peering tokens that were made here, without their secrets.",
        answer: .json(
            .list(
                .object([
                    ("Peer", .text), ("Note", .text), ("State", .text), ("Uses", .integer), ("UsesLeft", .integer),
                    ("CreatedAt", .orNull(.time)), ("ExpiresAt", .orNull(.time)), ("RedeemedAt", .orNull(.time)),
                    ("EndedAt", .orNull(.time)),
                ]))), canBlock: true)

    private static let revokeDocument = OperationDocument(
        summary: "Makes the token of a peering void that was not redeemed yet.",
        captures: ["name": "The name of a peering."], answer: .empty, refusals: [404])

    private static func list(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let now = environment.dependencies.now
        let expiries = environment.dependencies.access.expiries
        return try await environment.query(request, interest: .peerings) { state, numbers in
            let time = now()
            let tokens = state.sortedPeerings.flatMap { peering in
                (state.secrets[peering.id]?.tokens.tokens ?? []).map { (peering.name, $0) }
            }
            return QueryResult(index: numbers.peerings) { json in
                json.list(tokens) { json, item in
                    json.token(item.1, of: item.0, at: expiries.time(for: item.1, at: time))
                }
            }
        }
    }

    private static func revoke(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let name = request.captures[0]
        guard !name.isEmpty else { throw Refusal(.invalid, "Must specify the name of a peering.") }
        try await environment.dependencies.peerings.revokeToken(of: name.lowercased())
        return .empty
    }
}

extension JSONWriter {
    fileprivate mutating func token(_ token: IssuedToken, of peer: String, at now: Timestamp) {
        let rejection = token.rejection(at: now)
        object {
            $0.field("Peer", peer)
            $0.field("Note", token.terms.note)
            $0.field("State", rejection?.rawValue ?? "open")
            $0.field("Uses", token.terms.uses)
            $0.field("UsesLeft", token.usesLeft(at: now))
            $0.fieldOrNull("CreatedAt", token.terms.createdAt?.rfc3339)
            $0.fieldOrNull("ExpiresAt", token.terms.expiresAt?.rfc3339)
            $0.fieldOrNull("RedeemedAt", token.redeemedAt?.rfc3339)
            // An expiry may be on its way into the state.
            let end = token.endedAt ?? (rejection == .expired ? token.terms.expiresAt : nil)
            $0.fieldOrNull("EndedAt", end?.rfc3339)
        }
    }
}
