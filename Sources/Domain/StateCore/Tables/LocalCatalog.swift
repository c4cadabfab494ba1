package import CatalogCore

/// The nodes and services of this cluster. A value: a snapshot of it stays as it was, and a change costs the same
/// however many services, nodes, instances and checks stand.
package struct LocalCatalog: Sendable {
    package internal(set) var nodes = NameTable<LocalNode>()
    package internal(set) var services = NameTable<LocalService>()
    /// The service name of each instance, by its node and its ID there.
    var serviceNames = Table<String, Table<String, String>>()
    package internal(set) var instanceCount = 0
    /// Who makes each service name reachable over the mesh.
    package internal(set) var meshServices = NameTable<MeshService>()
    /// Names of services that have mesh gateways among their instances.
    package internal(set) var gatewayServices = KeySet<String>()
    /// Checks that were registered by themselves, by what they are of: a node's own under an empty ID.
    package internal(set) var addedChecks = CheckTable()
    var addresses = AddressIndex()
    /// Indexes of names that lost an instance, as they are stored.
    var indexRows = Table<String, ServiceIndexes>()

    package init() {}

    // MARK: Instances

    package func serviceName(of key: InstanceKey) -> String? { serviceNames[key.node]?[key.id] }

    package func instance(at key: InstanceKey) -> LocalInstance? {
        serviceName(of: key).flatMap { services[$0]?[key] }
    }

    /// What runs on a node, in the order of the IDs.
    package func keys(on node: String) -> [InstanceKey] {
        (serviceNames[node]?.keys.sorted() ?? []).map { InstanceKey(node: node, id: $0) }
    }

    /// Every instance, in the order of the keys.
    package var keys: [InstanceKey] { serviceNames.keys.sorted().flatMap { keys(on: $0) } }

    /// Every instance under the name with its node and the node's own checks, in the order of their keys.
    package func instances(of name: String) -> [ServiceInstance] {
        services[name].map { resolve($0.instances) } ?? []
    }

    /// The same in no order, for those who draw lots.
    package func unorderedInstances(of name: String) -> [ServiceInstance] {
        services[name].map { resolve($0.unordered) } ?? []
    }

    /// Every mesh gateway, by service name and key.
    package var gateways: [ServiceInstance] {
        gatewayServices.sorted().flatMap { name in
            instances(of: name).filter { $0.service.kind == .meshGateway }
        }
    }

    /// An instance with its node and the node's own checks.
    package func resolve(_ instance: LocalInstance) -> ServiceInstance {
        resolve(instance, on: surroundings(on: instance.key.node))
    }

    private struct Surroundings {
        var node: Node
        var checks: [HealthCheck]
    }

    private func surroundings(on name: String) -> Surroundings {
        Surroundings(node: nodes[name]?.node ?? Node(name: name), checks: checks(at: .ofNode(name)))
    }

    private func resolve(_ instance: LocalInstance, on surroundings: Surroundings) -> ServiceInstance {
        ServiceInstance(
            node: surroundings.node, service: instance.registration.service,
            checks: surroundings.checks + checks(of: instance))
    }

    /// Looks up each node once as long as its instances follow each other.
    private func resolve(_ instances: some Sequence<LocalInstance>) -> [ServiceInstance] {
        var last: Surroundings?
        return instances.map { instance in
            let place = last?.node.name == instance.key.node ? last : nil
            let here = place ?? surroundings(on: instance.key.node)
            last = here
            return resolve(instance, on: here)
        }
    }

    // MARK: The mesh

    /// Whether some instance can be reached over the mesh (protocol section 9, expansion rule 4).
    package func isMeshService(_ name: String) -> Bool { meshServices[name] != nil }

    /// The names of the services among whose instances are proxies of the service or mesh-native ones, sorted, and an
    /// index that moves when one of those changes; nil if there are none.
    package func meshProviders(of name: String) -> (names: [String], modifyIndex: UInt64)? {
        meshServices[name].map { ($0.names, $0.modifyIndex) }
    }

    /// Everything that makes the service reachable over the mesh, in the order of the keys.
    package func meshInstances(of name: String) -> [ServiceInstance] {
        resolve((meshServices[name]?.keys ?? []).lazy.compactMap { instance(at: $0) })
    }

    // MARK: Checks

    /// The checks of an instance without its node's, or of the node itself under an empty ID.
    package func checks(at key: InstanceKey) -> [HealthCheck] {
        instance(at: key).map(checks(of:)) ?? addedChecks[key] ?? []
    }

    private func checks(of instance: LocalInstance) -> [HealthCheck] {
        instance.registration.checks + (addedChecks[instance.key] ?? [])
    }

    /// One of them.
    package func check(_ id: String, at key: InstanceKey) -> HealthCheck? {
        instance(at: key)?.registration.checks.first { $0.checkID == id } ?? addedChecks.check(id, at: key)
    }

    /// Which check has an ID on a node, whatever it is of.
    package func check(_ id: String, on node: String) -> CheckKey? {
        addedChecks.owner(of: id, on: node).map { CheckKey(serviceID: $0, checkID: id) }
    }

    /// How many checks of nodes and instances say what.
    package var checkCounts: [HealthStatus: Int] {
        Dictionary(addedChecks.counts.map { ($0.key, $0.value) }) { $0 + $1 }
    }

    /// What changed of checks, for who follows them.
    package var checkJournal: CheckJournal { addedChecks.journal }

    // MARK: Addresses

    /// The nodes that have an address, in no order.
    package func nodeNames(at address: IPAddress) -> some Sequence<String> { addresses.nodes(at: address) }

    /// The names of the services with instances that have an address of their own, which this is, in no order.
    package func serviceNames(at address: IPAddress) -> some Sequence<String> { addresses.services(at: address) }
}
