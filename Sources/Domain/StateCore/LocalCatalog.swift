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
    package private(set) var nodes = NameTable<Node>()
    package private(set) var services = NameTable<LocalService>()
    /// The service name of each instance.
    package private(set) var serviceNames = Table<InstanceKey, String>()
    /// The proxies and mesh-native instances of each service name.
    package private(set) var meshInstances = NameTable<Set<InstanceKey>>()
    /// Names of services that have mesh gateways among their instances.
    package private(set) var gatewayServices: Set<String> = []
    /// Checks that were registered by themselves, by what they are of: a node's own under an empty ID.
    package private(set) var addedChecks = Table<InstanceKey, [HealthCheck]>()
    /// What each check is of, by its node and its own ID.
    private var checkOwners = Table<CheckPlace, String>()

    package init() {}

    /// Whether some instance can be reached over the mesh (protocol section 9, expansion rule 4).
    package func isMeshService(_ name: String) -> Bool { meshInstances[name] != nil }

    /// Every instance under the name with its node and the node's own checks, in the order of their keys.
    package func instances(of name: String) -> [ServiceInstance] {
        guard let service = services[name] else { return [] }
        return service.instances.map(resolve)
    }

    /// Everything that makes the service reachable over the mesh, in the order of the keys.
    package func meshInstances(of name: String) -> [ServiceInstance] {
        (meshInstances[name] ?? []).sorted().compactMap { instance(at: $0).map(resolve) }
    }

    /// Every mesh gateway, by service name and key.
    package var gateways: [ServiceInstance] {
        gatewayServices.sorted().flatMap { name in
            instances(of: name).filter { $0.service.kind == .meshGateway }
        }
    }

    private func resolve(_ instance: LocalInstance) -> ServiceInstance {
        let node = nodes[instance.key.node] ?? Node(name: instance.key.node)
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
    mutating func put(_ node: Node) -> Bool {
        guard nodes[node.name] != node else { return false }
        nodes[node.name] = node
        return true
    }

    /// A node changed, and with it what its services look like.
    ///
    /// - Returns: their names.
    mutating func touch(servicesOn node: String, index: UInt64) -> [String] {
        let names = services.filter { $0.value.instances.contains { $0.key.node == node } }.map(\.key)
        for name in names { services[name]?.modifyIndex = index }
        return names
    }

    /// Adds or replaces an instance.
    ///
    /// - Returns: the names of the services that changed: also the one that an instance moves away from, and the one
    ///   that a proxy stands in front of.
    mutating func put(_ registration: Registration, at key: InstanceKey, source: Source, index: UInt64) -> [String] {
        let name = registration.service.service
        var changed: [String] = []
        var createIndex = index
        if let previous = serviceNames[key] {
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
        service.modifyIndex = index
        services[name] = service
        serviceNames[key] = name
        for check in registration.checks { own(check.checkID, key) }
        noteMesh(registration.service, at: key, isThere: true)
        if registration.service.kind == .meshGateway { gatewayServices.insert(name) }
        changed.append(name)
        if let destination = registration.service.meshDestination, destination != name { changed.append(destination) }
        return changed
    }

    /// - Returns: the names of the services that changed: none if there was no such instance.
    mutating func remove(at key: InstanceKey, index: UInt64) -> [String] {
        guard let name = serviceNames[key] else { return [] }
        return remove(key, from: name, index: index)
    }

    /// A file's definition is what it was and stands elsewhere; its places are those of its proxy's settings too.
    mutating func move(_ definition: NodeService, at key: InstanceKey, to place: String) {
        guard let name = serviceNames[key],
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
        serviceNames[key].flatMap { instance(at: key, in: $0) }
    }

    private func instance(at key: InstanceKey, in name: String) -> LocalInstance? {
        services[name]?.instances.first { $0.key == key }
    }

    /// - Returns: the names of the services that changed.
    private mutating func remove(_ key: InstanceKey, from name: String, index: UInt64) -> [String] {
        guard var service = services[name], let position = service.instances.firstIndex(where: { $0.key == key })
        else { return [] }
        let removed = service.instances.remove(at: position)
        service.modifyIndex = index
        services[name] = service.instances.isEmpty ? nil : service
        serviceNames[key] = nil
        for check in removed.registration.checks { disown(check.checkID, key) }
        noteMesh(removed.registration.service, at: key, isThere: false)
        if removed.registration.service.kind == .meshGateway,
            !service.instances.contains(where: { $0.registration.service.kind == .meshGateway })
        {
            gatewayServices.remove(name)
        }
        guard let destination = removed.registration.service.meshDestination, destination != name else { return [name] }
        return [name, destination]
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
        if let name = serviceNames[key], let position = services[name]?.instances.firstIndex(where: { $0.key == key }),
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
        guard let name = serviceNames[key] else { return [] }
        services[name]?.modifyIndex = index
        guard let destination = instance(at: key, in: name)?.registration.service.meshDestination, destination != name
        else { return [name] }
        return [name, destination]
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
        var keys = meshInstances[name] ?? []
        if isThere { keys.insert(key) } else { keys.remove(key) }
        meshInstances[name] = keys.isEmpty ? nil : keys
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
