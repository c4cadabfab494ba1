import DocumentCore
import IdentityCore
import StateCore

/// `/v1/health` (protocol section 8.3).
enum HealthRoutes {
    static func routes(_ environment: APIEnvironment) -> [Route] {
        [
            Route(
                "health/service/:name",
                (
                    "GET", .filter,
                    { request throws(Refusal) in try await instances(request, environment, ofMesh: false) }
                )),
            Route(
                "health/connect/:name",
                ("GET", .filter, { request throws(Refusal) in try await instances(request, environment, ofMesh: true) })
            ),
        ]
    }

    private static func instances(
        _ request: APIRequest, _ environment: APIEnvironment, ofMesh: Bool
    ) async throws(Refusal) -> APIAnswer {
        let name = request.captures[0]
        guard !name.isEmpty else { throw Refusal(.invalid, "Missing service name") }
        let peer = request.query.text("peer")
        let onlyPassing = try passing(request.query)
        let interest: StateInterest = peer == nil ? .localCatalog : [.imports, .peerings]
        return try await environment.query(request, interest: interest) { state, numbers in
            let query = InstanceQuery(
                state: state, numbers: numbers, decode: environment.dependencies.decodeImported)
            let found =
                ofMesh ? query.meshInstances(of: name, peer: peer) : query.instances(of: name, peer: peer)
            let seen = request.access.visible(found.entries)
            let entries = onlyPassing ? seen.filter(\.isPassing) : seen
            return QueryResult(index: found.index) { json in json.list(entries) { $0.healthEntry($1) } }
        }
    }

    /// `?passing` alone means yes.
    private static func passing(_ query: RequestQuery) throws(Refusal) -> Bool {
        switch query["passing"] {
        case nil, "false", "0", "f", "F", "False", "FALSE": return false
        case "", "true", "1", "t", "T", "True", "TRUE": return true
        default: throw Refusal(.invalid, "Invalid value for ?passing")
        }
    }
}
