package import CatalogCore

/// Which instance: its node's name and its ID there.
package struct InstanceKey: Hashable, Comparable, Sendable {
    package var node: String
    package var id: String

    package init(node: String, id: String) {
        self.node = node
        self.id = id
    }

    package static func < (left: InstanceKey, right: InstanceKey) -> Bool {
        (left.node, left.id) < (right.node, right.id)
    }
}

/// Who put something into the state, and so who may change it.
package enum Source: Hashable, Sendable {
    /// A configuration file; the text says where (`path:line:column`).
    case file(String)
    /// A client of the HTTP API. Durable.
    case api
}

/// One node of this cluster.
package struct LocalNode: Hashable, Sendable {
    package var node: Node
    /// Whether a client of the HTTP API put it into the catalog: no agent looks after it. Durable.
    package var isExternal: Bool
    package var createIndex: UInt64
    package var modifyIndex: UInt64
}

/// What makes one service reachable over the mesh.
package struct MeshService: Sendable {
    /// Its proxies and mesh-native instances.
    package fileprivate(set) var providers: Set<InstanceKey> = []
    /// Of the last change of one of those.
    fileprivate(set) var modifyIndex: UInt64 = 0
}

/// One instance of this cluster.
package struct LocalInstance: Hashable, Sendable {
    package var key: InstanceKey
    package var registration: Registration
    package var source: Source
    package var createIndex: UInt64
    package var modifyIndex: UInt64
}

/// All instances under one service name.
package struct LocalService: Sendable {
    /// In the order of their keys.
    package var instances: [LocalInstance] = []
    package var createIndex: UInt64
    package var modifyIndex: UInt64
}

/// The nodes and services of this cluster. A value: a snapshot of it stays as it was, and a change costs the same
/// however many services stand.
package struct LocalCatalog: Sendable {
    package private(set) var nodes = NameTable<LocalNode>()
    package private(set) var services = NameTable<LocalService>()
    /// The service name of each instance, by its node and its ID there.
    private var serviceNames = Table<String, Table<String, String>>()
    /// Who makes each service name reachable over the mesh.
    package private(set) var meshServices = NameTable<MeshService>()
    /// Names of services that have mesh gateways among their instances.
    package private(set) var gatewayServices: Set<String> = []
    /// Checks that were registered by themselves, by what they are of: a node's own under an empty ID.
    package private(set) var addedChecks = Table<InstanceKey, [HealthCheck]>()
    /// What each check is of, by its node and its own ID.
    private var checkOwners = Table<CheckPlace, String>()

    package init() {}

    /// Whether some instance can be reached over the mesh (protocol section 9, expansion rule 4).
    package func isMeshService(_ name: String) -> Bool { meshServices[name] != nil }

    /// The names of the services among whose instances are proxies of the service or mesh-native ones, sorted, and an
    /// index that moves when one of those changes; nil if there are none.
    package func meshProviders(of name: String) -> (names: [String], modifyIndex: UInt64)? {
        meshServices[name].map { mesh in
            (Set(mesh.providers.compactMap { serviceName(of: $0) }).sorted(), mesh.modifyIndex)
        }
    }

    package func serviceName(of key: InstanceKey) -> String? { serviceNames[key.node]?[key.id] }

    /// What runs on a node, in the order of the IDs.
    package func keys(on node: String) -> [InstanceKey] {
        (serviceNames[node]?.keys.sorted() ?? []).map { InstanceKey(node: node, id: $0) }
    }

    /// Every instance, in the order of the keys.
    package var keys: [InstanceKey] { serviceNames.keys.sorted().flatMap { keys(on: $0) } }

    /// Every instance under the name with its node and the node's own checks, in the order of their keys.
    package func instances(of name: String) -> [ServiceInstance] {
        guard let service = services[name] else { return [] }
        return service.instances.map(resolve)
    }

    /// Everything that makes the service reachable over the mesh, in the order of the keys.
    package func meshInstances(of name: String) -> [ServiceInstance] {
        (meshServices[name]?.providers ?? []).sorted().compactMap { instance(at: $0).map(resolve) }
    }

    /// Every mesh gateway, by service name and key.
    package var gateways: [ServiceInstance] {
        gatewayServices.sorted().flatMap { name in
            instances(of: name).filter { $0.service.kind == .meshGateway }
        }
    }

    /// An instance with its node and the node's own checks.
    package func resolve(_ instance: LocalInstance) -> ServiceInstance {
        let node = nodes[instance.key.node]?.node ?? Node(name: instance.key.node)
        let ofNode = checks(at: InstanceKey(node: instance.key.node, id: ""))
        return ServiceInstance(
            node: node, service: instance.registration.service, checks: ofNode + checks(of: instance))
    }

    /// The checks of an instance without its node's, or of the node itself under an empty ID.
    package func checks(at key: InstanceKey) -> [HealthCheck] {
        instance(at: key).map(checks(of:)) ?? addedChecks[key] ?? []
    }

    private func checks(of instance: LocalInstance) -> [HealthCheck] {
        instance.registration.checks + (addedChecks[instance.key] ?? [])
    }

    /// Which check has an ID on a node, whatever it is of.
    package func check(_ id: String, on node: String) -> CheckKey? {
        checkOwners[CheckPlace(node: node, checkID: id)].map { CheckKey(serviceID: $0, checkID: id) }
    }

    // MARK: Changes, called by transactions

    /// - Returns: whether anything changed.
    mutating func put(_ node: Node, isExternal: Bool, index: UInt64) -> Bool {
        let previous = nodes[node.name]
        guard previous?.node != node || previous?.isExternal != isExternal else { return false }
        nodes[node.name] = LocalNode(
            node: node, isExternal: isExternal, createIndex: previous?.createIndex ?? index, modifyIndex: index)
        return true
    }

    /// As it was stored.
    mutating func restore(_ node: LocalNode) { nodes[node.node.name] = node }

    /// Removes a node that nothing runs on any more.
    mutating func removeNode(_ name: String) { nodes[name] = nil }

    /// A node changed, and with it what its services look like.
    ///
    /// - Returns: their names, and those of the services that its proxies stand in front of.
    mutating func touch(servicesOn node: String, index: UInt64) -> [String] {
        var names: Set<String> = []
        for key in keys(on: node) { names.formUnion(touch(key, index: index)) }
        return names.sorted()
    }

    /// Adds or replaces an instance.
    ///
    /// - Returns: the names of the services that changed: also the one that an instance moves away from, and the one
    ///   that a proxy stands in front of.
    mutating func put(_ registration: Registration, at key: InstanceKey, source: Source, index: UInt64) -> [String] {
        let name = registration.service.service
        var changed: [String] = []
        var createIndex = index
        if let previous = serviceName(of: key) {
            if previous == name, let stored = instance(at: key, in: name) {
                guard stored.registration != registration || stored.source != source else { return [] }
                createIndex = stored.createIndex
            }
            changed += remove(key, from: previous, index: index).filter { $0 != name }
        }
        let instance = LocalInstance(
            key: key, registration: registration, source: source, createIndex: createIndex, modifyIndex: index)
        var service = services[name] ?? LocalService(createIndex: index, modifyIndex: index)
        let position = service.instances.firstIndex { $0.key > key } ?? service.instances.endIndex
        service.instances.insert(instance, at: position)
        services[name] = service
        serviceNames[key.node, default: Table()][key.id] = name
        for check in registration.checks { own(check.checkID, key) }
        noteMesh(registration.service, at: key, isThere: true)
        if registration.service.kind == .meshGateway { gatewayServices.insert(name) }
        return changed + touch(registration.service, index: index)
    }

    /// - Returns: the names of the services that changed: none if there was no such instance.
    mutating func remove(at key: InstanceKey, index: UInt64) -> [String] {
        guard let name = serviceName(of: key) else { return [] }
        return remove(key, from: name, index: index)
    }

    /// A file's definition is what it was and stands elsewhere; its places are those of its proxy's settings too.
    mutating func move(_ definition: NodeService, at key: InstanceKey, to place: String) {
        guard let name = serviceName(of: key),
            let index = services[name]?.instances.firstIndex(where: { $0.key == key }),
            var instance = services[name]?.instances[index], case .file = instance.source
        else { return }
        instance.source = .file(place)
        if instance.registration.service.proxy == definition.proxy {
            instance.registration.service.proxy = definition.proxy
        }
        services[name]?.instances[index] = instance
    }

    package func instance(at key: InstanceKey) -> LocalInstance? {
        serviceName(of: key).flatMap { instance(at: key, in: $0) }
    }

    private func instance(at key: InstanceKey, in name: String) -> LocalInstance? {
        services[name]?.instances.first { $0.key == key }
    }

    /// - Returns: the names of the services that changed.
    private mutating func remove(_ key: InstanceKey, from name: String, index: UInt64) -> [String] {
        guard var service = services[name], let position = service.instances.firstIndex(where: { $0.key == key })
        else { return [] }
        let removed = service.instances.remove(at: position)
        services[name] = service.instances.isEmpty ? nil : service
        serviceNames[key.node]?[key.id] = nil
        if serviceNames[key.node]?.isEmpty == true { serviceNames[key.node] = nil }
        for check in removed.registration.checks { disown(check.checkID, key) }
        noteMesh(removed.registration.service, at: key, isThere: false)
        if removed.registration.service.kind == .meshGateway,
            !service.instances.contains(where: { $0.registration.service.kind == .meshGateway })
        {
            gatewayServices.remove(name)
        }
        return touch(removed.registration.service, index: index)
    }

    /// Adds or replaces a check that was registered by itself.
    ///
    /// - Returns: the names of the services that changed.
    mutating func put(_ check: HealthCheck, at key: InstanceKey, index: UInt64) -> [String] {
        var checks = addedChecks[key] ?? []
        if let position = checks.firstIndex(where: { $0.checkID == check.checkID }) {
            guard checks[position] != check else { return [] }
            checks[position] = check
        } else {
            checks.append(check)
        }
        addedChecks[key] = checks
        own(check.checkID, key)
        return touch(key, index: index)
    }

    /// Removes a check that was registered by itself.
    ///
    /// - Returns: the names of the services that changed.
    mutating func removeCheck(_ id: String, at key: InstanceKey, index: UInt64) -> [String] {
        let rest = (addedChecks[key] ?? []).filter { $0.checkID != id }
        addedChecks[key] = rest.isEmpty ? nil : rest
        disown(id, key)
        return touch(key, index: index)
    }

    /// Writes down what checks of one instance, or of a node, say.
    ///
    /// - Returns: the names of the services that changed, whether the instance's own definition did, and the other
    ///   checks that did.
    mutating func record(
        _ results: [CheckResult], at key: InstanceKey, index: UInt64
    ) -> (services: [String], isDefinitionChanged: Bool, added: [HealthCheck]) {
        var isDefinitionChanged = false
        if let name = serviceName(of: key),
            let position = services[name]?.instances.firstIndex(where: { $0.key == key }),
            var instance = services[name]?.instances[position]
        {
            for result in results where result.write(to: &instance.registration.checks) { isDefinitionChanged = true }
            instance.modifyIndex = index
            if isDefinitionChanged { services[name]?.instances[position] = instance }
        }
        var checks = addedChecks[key] ?? []
        let changed = Set(results.filter { $0.write(to: &checks) }.map(\.key.checkID))
        if !changed.isEmpty { addedChecks[key] = checks }
        guard isDefinitionChanged || !changed.isEmpty else { return ([], false, []) }
        return (touch(key, index: index), isDefinitionChanged, checks.filter { changed.contains($0.checkID) })
    }

    /// The health of an instance changed, or of a node, and with it what services look like.
    private mutating func touch(_ key: InstanceKey, index: UInt64) -> [String] {
        guard !key.id.isEmpty else { return touch(servicesOn: key.node, index: index) }
        return instance(at: key).map { touch($0.registration.service, index: index) } ?? []
    }

    /// An instance changed, and with it its service, and the one that it makes reachable over the mesh.
    private mutating func touch(_ service: NodeService, index: UInt64) -> [String] {
        services[service.service]?.modifyIndex = index
        guard let destination = service.meshDestination else { return [service.service] }
        meshServices[destination]?.modifyIndex = index
        return destination == service.service ? [destination] : [service.service, destination]
    }

    private mutating func own(_ checkID: String, _ key: InstanceKey) {
        checkOwners[CheckPlace(node: key.node, checkID: checkID)] = key.id
    }

    private mutating func disown(_ checkID: String, _ key: InstanceKey) {
        let place = CheckPlace(node: key.node, checkID: checkID)
        if checkOwners[place] == key.id { checkOwners[place] = nil }
    }

    private mutating func noteMesh(_ service: NodeService, at key: InstanceKey, isThere: Bool) {
        guard let name = service.meshDestination else { return }
        var mesh = meshServices[name] ?? MeshService()
        if isThere { mesh.providers.insert(key) } else { mesh.providers.remove(key) }
        meshServices[name] = mesh.providers.isEmpty ? nil : mesh
    }
}

extension CheckResult {
    /// - Returns: whether that is news.
    fileprivate func write(to checks: inout [HealthCheck]) -> Bool {
        guard let index = checks.firstIndex(where: { $0.checkID == key.checkID }),
            checks[index].status != status || checks[index].output != output
        else { return false }
        checks[index].status = status
        checks[index].output = output
        return true
    }
}

/// What makes a service reachable over the mesh.
private struct CheckPlace: Hashable {
    var node: String
    var checkID: String
}

extension NodeService {
    /// The service that this instance makes reachable over the mesh, if any.
    fileprivate var meshDestination: String? {
        if kind == .connectProxy { return proxy?.destinationServiceName }
        return connectNative ? service : nil
    }
}
