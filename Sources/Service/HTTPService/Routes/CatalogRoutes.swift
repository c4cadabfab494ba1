import CatalogCore
import DocumentCore
import IdentityCore
import PeeringCore
import StateCore

/// `/v1/catalog` and the summary of services that Consul's UI and our CLI read.
enum CatalogRoutes {
    static func routes(_ environment: APIEnvironment) -> [Route] {
        [
            Route(
                "catalog/services",
                ("GET", .filter, { request throws(Refusal) in try await services(request, environment) })),
            Route(
                "catalog/service/:name",
                ("GET", .filter, { request throws(Refusal) in try await service(request, environment) })
            ),
            Route(
                "internal/ui/services",
                ("GET", .filter, { request throws(Refusal) in try await summaries(request, environment) })),
        ]
    }

    private static let interest: StateInterest = [.localCatalog, .imports, .peerings]

    private static func service(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let name = request.captures[0]
        let peer = request.query.text("peer")
        guard !name.isEmpty else { throw Refusal(.invalid, "Missing service name") }
        return try await environment.query(request, interest: interest) { state, numbers in
            let query = InstanceQuery(
                state: state, numbers: numbers, decode: environment.dependencies.decodeImported)
            let found = query.instances(of: name, peer: peer)
            let entries = request.access.visible(found.entries)
            return QueryResult(index: found.index) { json in json.list(entries) { $0.catalogEntry($1) } }
        }
    }

    // MARK: Names and tags

    private static func services(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let peer = request.query.text("peer")
        return try await environment.query(request, interest: interest) { (state, numbers) throws(Refusal) in
            let query = InstanceQuery(
                state: state, numbers: numbers, decode: environment.dependencies.decodeImported)
            let all = request.access.filter(try groups(query, peer: peer, environment.limits)) {
                $1.sees(service: $0.name, peer: $0.peer)
            }
            return QueryResult(index: peer == nil ? numbers.catalog : numbers.imports) { json in
                json.object { json in
                    for group in all {
                        json.field(group.name, Set(group.entries.flatMap(\.instance.service.tags)).sorted())
                    }
                }
            }
        }
    }

    /// All instances of one name from one source.
    private struct Group: Sendable {
        var name: String
        var peer: String
        var entries: [InstanceEntry]
    }

    private static func groups(
        _ query: InstanceQuery, peer: String?, _ limits: HTTPLimits
    ) throws(Refusal) -> [Group] {
        guard let peer else {
            return query.state.catalog.services.keys.sorted().map { name in
                Group(name: name, peer: "", entries: query.instances(of: name, peer: nil).entries)
            }
        }
        guard let id = query.state.peering(named: peer)?.id, let imports = query.state.imports[id] else { return [] }
        guard imports.services.values.reduce(0, { $0 + $1.instanceCount }) <= limits.maxInstances else {
            throw Refusal(
                .failed, "\(peer) exports more than \(limits.maxInstances) instances: ask for one service at a time")
        }
        return imports.services.sorted { $0.key < $1.key }.map { name, service in
            Group(name: name, peer: peer, entries: query.entries(of: service, peer: peer))
        }
    }

    // MARK: Summaries

    private static func summaries(
        _ request: APIRequest, _ environment: APIEnvironment
    ) async throws(Refusal) -> APIAnswer {
        let peer = request.query.text("peer")
        let datacenter = environment.dependencies.agent.datacenter
        return try await environment.query(request, interest: interest) { (state, numbers) throws(Refusal) in
            let query = InstanceQuery(
                state: state, numbers: numbers, decode: environment.dependencies.decodeImported)
            var all: [Group] = []
            if let peer {
                all = try groups(query, peer: peer, environment.limits)
            } else {
                all = try groups(query, peer: nil, environment.limits)
                for peering in state.sortedPeerings { all += try groups(query, peer: peering.name, environment.limits) }
            }
            all = visible(all, request.access)
            let sorted = all.sorted { ($0.name, $0.peer) < ($1.name, $1.peer) }
            let proxies = proxies(in: all)
            return QueryResult(index: max(numbers.catalog, numbers.imports)) { json in
                json.list(sorted) { json, group in
                    let own = proxies[Destination(name: group.name, peer: group.peer)] ?? []
                    summary(group, proxies: own, &json, datacenter: datacenter)
                }
            }
        }
    }

    /// With the instances that may be seen; a group of which none may is not there.
    private static func visible(_ groups: [Group], _ access: Access) -> [Group] {
        let shown = access.filter(groups) { group, authorizer in
            authorizer.sees(service: group.name, peer: group.peer)
                && (group.entries.isEmpty || group.entries.contains(where: authorizer.sees))
        }
        return shown.map { Group(name: $0.name, peer: $0.peer, entries: access.visible($0.entries)) }
    }

    private struct Destination: Hashable {
        var name: String
        var peer: String
    }

    /// Proxies by the service that they stand in front of.
    private static func proxies(in groups: [Group]) -> [Destination: [ServiceInstance]] {
        var found: [Destination: [ServiceInstance]] = [:]
        for group in groups {
            for entry in group.entries where entry.instance.service.kind == .connectProxy {
                guard let name = entry.instance.service.proxy?.destinationServiceName, !name.isEmpty else { continue }
                found[Destination(name: name, peer: group.peer), default: []].append(entry.instance)
            }
        }
        return found
    }

    /// A service is as well as its own checks and those of its proxies; a check of their node counts once.
    private static func checks(of instances: [ServiceInstance]) -> [HealthCheck] {
        struct Key: Hashable {
            var node: String
            var id: String
        }
        var seen: Set<Key> = []
        return instances.flatMap(\.checks).filter { seen.insert(Key(node: $0.node, id: $0.checkID)).inserted }
    }

    private static func summary(
        _ group: Group, proxies: [ServiceInstance], _ json: inout JSONWriter, datacenter: String
    ) {
        let instances = group.entries.map(\.instance)
        let checks = checks(of: instances + proxies)
        let tags = Set(instances.flatMap(\.service.tags)).sorted()
        let place = instances.first?.node.datacenter ?? ""
        json.object { json in
            json.fieldIfNotEmpty("Kind", instances.first?.service.kind.rawValue ?? "")
            json.field("Name", group.name)
            json.field("Datacenter", place.isEmpty ? datacenter : place)
            json.fieldOrNull("Tags", tags.isEmpty ? nil : tags)
            json.field("Nodes", Set(instances.map(\.node.name)).sorted())
            json.nullField("ExternalSources")
            json.field("InstanceCount", instances.count)
            json.field("ChecksPassing", checks.count { $0.status == .passing })
            json.field("ChecksWarning", checks.count { $0.status == .warning })
            json.field("ChecksCritical", checks.count { $0.status == .critical || $0.status == .maintenance })
            json.object("GatewayConfig") { _ in }
            json.field("TransparentProxy", false)
            json.field("ConnectNative", instances.contains { $0.service.connectNative })
            json.fieldIfNotEmpty("PeerName", group.peer)
            json.field("ConnectedWithProxy", !proxies.isEmpty)
            json.field("ConnectedWithGateway", false)
            json.object("Hawser") { $0.field("PassingInstances", group.entries.count { $0.isPassing }) }
        }
    }
}
