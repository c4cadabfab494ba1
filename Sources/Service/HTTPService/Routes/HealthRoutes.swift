import ACLCore
import CatalogCore
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
            Route(
                "health/checks/:name",
                ("GET", .filter, { request throws(Refusal) in try await serviceChecks(request, environment) })),
            Route(
                "health/node/:name",
                ("GET", .filter, { request throws(Refusal) in try await nodeChecks(request, environment) })),
            Route(
                "health/state/:state",
                ("GET", .filter, { request throws(Refusal) in try await checksInState(request, environment) })),
        ]
    }

    private static func instances(
        _ request: APIRequest, _ environment: APIEnvironment, ofMesh: Bool
    ) async throws(Refusal) -> APIAnswer {
        let filter = try RequestFilter(request.query, over: .healthEntry)
        return try await environment.instances(request, ofMesh: ofMesh, byHealth: true) { found in
            let entries = filter.select(found.entries) { $0.healthEntry($1) }
            return QueryResult(index: found.index) { json in json.list(entries) { $0.healthEntry($1) } }
        }
    }

    // MARK: Checks alone

    private static func serviceChecks(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let filter = try RequestFilter(request.query, over: .check)
        return try await environment.instances(request, ofMesh: false, byHealth: false) { found in
            let checks = filter.select(found.entries.flatMap(\.serviceChecks)) { $0.check($1) }
            return QueryResult(index: found.index) { json in json.list(checks) { $0.check($1) } }
        }
    }

    private static func nodeChecks(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let name = request.captures[0]
        guard !name.isEmpty else { throw Refusal(.invalid, "Missing node name") }
        return try await checks(request, environment) { $0.node.name == name }
    }

    private static func checksInState(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let wanted = request.captures[0]
        guard !wanted.isEmpty else { throw Refusal(.invalid, "Missing check state") }
        return try await checks(request, environment, inState: wanted) { _ in true }
    }

    /// - Parameter state: `any` for all.
    private static func checks(
        _ request: APIRequest, _ environment: APIEnvironment, inState wanted: String = "any",
        on isWanted: @escaping @Sendable (NodeEntry) -> Bool
    ) async throws(Refusal) -> APIAnswer {
        let filter = try RequestFilter(request.query, over: .check)
        let demands = try InstanceDemands(request.query)
        let peer = try environment.peer(request)
        return try await environment.query(request, interest: InstanceQuery.interest) {
            (state, numbers) throws(Refusal) in
            let query = environment.instanceQuery(state, numbers)
            var checks: [CheckEntry] = []
            for node in try query.nodes(peer: peer, environment.limits) where isWanted(node) && demands.fits(node.node)
            {
                checks += try query.checks(on: node, peer: peer, environment.limits)
            }
            checks = request.access.visible(checks)
            checks = filter.select(checks.filter { wanted == "any" || $0.check.status.rawValue == wanted }) {
                $0.check($1)
            }
            return QueryResult(index: query.index(peer: peer)) { [checks] json in json.list(checks) { $0.check($1) } }
        }
    }
}

extension APIEnvironment {
    /// Whose services a read is about: nil for this cluster's own.
    ///
    /// Most clients have a setting for another datacenter and none for a peer: `?dc=` may name a peer as well.
    func peer(_ request: APIRequest) throws(Refusal) -> String? {
        if let peer = request.query.text("peer") { return peer }
        guard let name = request.query.text("dc"), name != dependencies.agent.datacenter else { return nil }
        guard dependencies.store.state.peering(named: name) != nil else {
            throw Refusal(.failed, "No path to datacenter: \(quoted(name)) is no peer either")
        }
        return name
    }

    func instanceQuery(_ state: State, _ numbers: QueryIndexes.Numbers) -> InstanceQuery {
        InstanceQuery(state: state, numbers: numbers, decode: dependencies.decodeImported)
    }

    /// Answers a read of the instances under the name that the path ends in, as far as the request's demands go.
    func instances(
        _ request: APIRequest, ofMesh: Bool, byHealth: Bool,
        _ answer: @Sendable (_ found: (entries: [InstanceEntry], index: UInt64)) throws(Refusal) -> QueryResult
    ) async throws(Refusal) -> APIAnswer {
        let name = request.captures[0]
        guard !name.isEmpty else { throw Refusal(.invalid, "Missing service name") }
        let demands = try InstanceDemands(request.query)
        let peer = try self.peer(request)
        let topics: @Sendable (State) -> StateTopics = {
            InstanceQuery.topics(of: name, peer: peer, ofMesh: ofMesh, in: $0)
        }
        return try await query(request, topics: topics) { (state, numbers) throws(Refusal) in
            let query = instanceQuery(state, numbers)
            let found =
                ofMesh ? query.meshInstances(of: name, peer: peer) : query.instances(of: name, peer: peer)
            let seen = request.access.visible(found.entries)
            return try answer((demands.select(seen, byHealth: byHealth), found.index))
        }
    }
}
