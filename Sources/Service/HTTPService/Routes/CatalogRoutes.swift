import ACLCore
import CatalogCore
import DocumentCore
import IdentityCore
import PeeringCore
import ReplicationCore
import StateCore

/// `/v1/catalog` and the summary of services that Consul's UI and our CLI read.
enum CatalogRoutes {
    static func routes(_ environment: APIEnvironment) -> [Route] {
        [
            Route(
                "catalog/services",
                ("GET", .filter, { request throws(Refusal) in try await services(request, environment) })),
            Route("catalog/datacenters", ("GET", .nothing, { _ throws(Refusal) in datacenters(environment) })),
            Route(
                "catalog/service/:name",
                (
                    "GET", .filter,
                    { request throws(Refusal) in try await instances(request, environment, ofMesh: false) }
                )),
            Route(
                "catalog/connect/:name",
                ("GET", .filter, { request throws(Refusal) in try await instances(request, environment, ofMesh: true) })
            ),
            Route(
                "internal/ui/services",
                ("GET", .filter, { request throws(Refusal) in try await summaries(request, environment) })),
            Route(
                "internal/ui/exported-services",
                ("GET", .filter, { request throws(Refusal) in try await exportedSummaries(request, environment) })),
        ]
    }

    /// A cluster knows its peers by their names, and no datacenter but its own.
    private static func datacenters(_ environment: APIEnvironment) -> APIAnswer {
        let own = environment.dependencies.agent.datacenter
        return .json { $0.value([own]) }
    }

    private static func instances(
        _ request: APIRequest, _ environment: APIEnvironment, ofMesh: Bool
    ) async throws(Refusal) -> APIAnswer {
        let filter = try RequestFilter(request.query, over: .catalogEntry)
        return try await environment.instances(request, ofMesh: ofMesh, byHealth: false) { found in
            let entries = filter.select(found.entries) { $0.catalogEntry($1) }
            return QueryResult(index: found.index) { json in json.list(entries) { $0.catalogEntry($1) } }
        }
    }

    // MARK: Names and tags

    private static func services(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let filter = try RequestFilter(request.query, over: .catalogEntry)
        let demands = try InstanceDemands(request.query)
        let peer = try environment.peer(request)
        return try await environment.query(request, interest: InstanceQuery.interest) {
            (state, numbers) throws(Refusal) in
            let query = environment.instanceQuery(state, numbers)
            var tags: [(name: String, tags: [String])] = []
            let groups = request.access.filter(try query.groups(peer: peer, environment.limits)) {
                $1.sees(service: $0.name, peer: $0.peer)
            }
            for group in groups {
                let wanted = demands.select(group.entries, byHealth: false)
                let entries = filter.select(wanted) { $0.catalogEntry($1) }
                guard !entries.isEmpty else { continue }
                tags.append((group.name, Set(entries.flatMap(\.instance.service.tags)).sorted()))
            }
            return QueryResult(index: query.index(peer: peer)) { [tags] json in
                json.object { json in
                    for service in tags { json.field(service.name, service.tags) }
                }
            }
        }
    }

    // MARK: Summaries

    private static func summaries(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let filter = try RequestFilter(request.query, over: .healthEntry)
        let peer = try environment.peer(request)
        let datacenter = environment.dependencies.agent.datacenter
        return try await environment.query(request, interest: InstanceQuery.interest) {
            (state, numbers) throws(Refusal) in
            let query = environment.instanceQuery(state, numbers)
            var all: [InstanceGroup] = []
            if let peer {
                all = try query.groups(peer: peer, environment.limits)
            } else {
                all = try query.groups(peer: nil, environment.limits)
                for peering in state.sortedPeerings {
                    all += try query.groups(peer: peering.name, environment.limits)
                }
            }
            all = filter.select(request.access.visible(all))
            let sorted = all.sorted { ($0.name, $0.peer) < ($1.name, $1.peer) }
            let proxies = proxies(in: all)
            return QueryResult(index: max(numbers.catalog, numbers.imports)) { json in
                json.list(sorted) { json, group in
                    let own = proxies[Destination(name: group.name, peer: group.peer)] ?? []
                    json.object { json in
                        json.summaryFields(of: group, proxies: own, datacenter: datacenter)
                        json.object("Hawser") { $0.field("PassingInstances", group.entries.count { $0.isPassing }) }
                    }
                }
            }
        }
    }

    /// The names that a peer sees, with nothing known of them: so it is in Consul.
    private static func exportedSummaries(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        guard let peer = request.query.text("peer") else { throw Refusal(.invalid, "Missing peer name") }
        let datacenter = environment.dependencies.agent.datacenter
        return try await environment.query(request, interest: [.localCatalog, .configEntries]) { state, numbers in
            let names = request.access.filter(ExportPlan(peerName: peer, state: state).listed.sorted()) {
                $1.sees(service: $0)
            }
            return QueryResult(index: max(numbers.catalog, numbers.config)) { json in
                json.list(names) { json, name in
                    let group = InstanceGroup(name: name, peer: "", entries: [])
                    json.object { $0.summaryFields(of: group, proxies: [], datacenter: datacenter) }
                }
            }
        }
    }

    private struct Destination: Hashable {
        var name: String
        var peer: String
    }

    /// Proxies by the service that they stand in front of.
    private static func proxies(in groups: [InstanceGroup]) -> [Destination: [ServiceInstance]] {
        var found: [Destination: [ServiceInstance]] = [:]
        for group in groups {
            for entry in group.entries where entry.instance.service.kind == .connectProxy {
                guard let name = entry.instance.service.proxy?.destinationServiceName, !name.isEmpty else { continue }
                found[Destination(name: name, peer: group.peer), default: []].append(entry.instance)
            }
        }
        return found
    }
}

extension JSONWriter {
    /// A service is as well as its own checks and those of its proxies; a check of their node counts once.
    private static func checks(of instances: [ServiceInstance]) -> [HealthCheck] {
        struct Key: Hashable {
            var node: String
            var id: String
        }
        var seen: Set<Key> = []
        return instances.flatMap(\.checks).filter { seen.insert(Key(node: $0.node, id: $0.checkID)).inserted }
    }

    fileprivate mutating func summaryFields(
        of group: InstanceGroup, proxies: [ServiceInstance], datacenter: String
    ) {
        let instances = group.entries.map(\.instance)
        let checks = Self.checks(of: instances + proxies)
        let tags = Set(instances.flatMap(\.service.tags)).sorted()
        let place = instances.first?.node.datacenter ?? ""
        fieldIfNotEmpty("Kind", instances.first?.service.kind.rawValue ?? "")
        field("Name", group.name)
        field("Datacenter", place.isEmpty ? datacenter : place)
        fieldOrNull("Tags", tags.isEmpty ? nil : tags)
        fieldOrNull("Nodes", instances.isEmpty ? nil : Set(instances.map(\.node.name)).sorted())
        nullField("ExternalSources")
        field("InstanceCount", instances.count)
        field("ChecksPassing", checks.count { $0.status == .passing })
        field("ChecksWarning", checks.count { $0.status == .warning })
        field("ChecksCritical", checks.count { $0.status == .critical || $0.status == .maintenance })
        object("GatewayConfig") { _ in }
        field("TransparentProxy", false)
        field("ConnectNative", instances.contains { $0.service.connectNative })
        fieldIfNotEmpty("PeerName", group.peer)
        field("ConnectedWithProxy", !proxies.isEmpty)
        field("ConnectedWithGateway", false)
    }
}
