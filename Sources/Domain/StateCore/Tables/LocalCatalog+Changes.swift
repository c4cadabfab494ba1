import CatalogCore

/// Changes, called by transactions. Those that say so return the names of the services that changed.
extension LocalCatalog {
    // MARK: Nodes

    mutating func insert(_ node: LocalNode) {
        removeNode(node.node.name)
        nodes[node.node.name] = node
        addresses.insert(node.node)
    }

    /// Removes a node that nothing runs on any more.
    mutating func removeNode(_ name: String) {
        guard let removed = nodes.removeValue(forKey: name) else { return }
        addresses.remove(removed.node)
    }

    /// A node changed, and with it what its services look like.
    ///
    /// - Returns: their names, and those of the services that its proxies stand in front of.
    mutating func touch(servicesOn node: String, index: UInt64) -> [String] {
        var names: Set<String> = []
        for id in serviceNames[node]?.keys.map({ $0 }) ?? [] {
            names.formUnion(touch(InstanceKey(node: node, id: id), index: index))
        }
        return names.sorted()
    }

    // MARK: Instances

    /// Adds or replaces an instance.
    ///
    /// - Parameter index: of the commit that it comes with.
    /// - Returns: the names of the services that changed: also the one that an instance moves away from, and the one
    ///   that a proxy stands in front of.
    mutating func insert(_ instance: LocalInstance, index: UInt64) -> [String] {
        let (key, registration) = (instance.key, instance.registration)
        let name = registration.service.service
        var changed: [String] = []
        let previous = serviceName(of: key)
        // Of a name that stands the indexes stay, also when this is its only instance.
        let before = previous == name ? services[name] : nil
        if let previous { changed += remove(key, from: previous, index: index).filter { $0 != name } }
        var service =
            services[name]
            ?? LocalService(createIndex: instance.createIndex, modifyIndex: before?.modifyIndex ?? instance.modifyIndex)
        service.createIndex = min(service.createIndex, instance.createIndex, before?.createIndex ?? .max)
        service.put(instance)
        services[name] = service
        serviceNames[key.node, default: Table()][key.id] = name
        instanceCount += 1
        addedChecks.define(registration.checks, of: key)
        addresses.insert(registration.service)
        noteMesh(registration.service, at: key, isThere: true)
        if registration.service.kind == .meshGateway { gatewayServices.insert(name) }
        // The node may have changed after the instance.
        let last = max(instance.modifyIndex, nodes[key.node]?.modifyIndex ?? 0)
        return changed + touch(registration.service, index: last)
    }

    /// - Returns: the names of the services that changed: none if there was no such instance.
    mutating func remove(at key: InstanceKey, index: UInt64) -> [String] {
        guard let name = serviceName(of: key) else { return [] }
        return remove(key, from: name, index: index)
    }

    /// - Returns: the names of the services that changed.
    private mutating func remove(_ key: InstanceKey, from name: String, index: UInt64) -> [String] {
        guard let removed = services[name]?.remove(key) else { return [] }
        if services[name]?.gatewayCount == 0 { gatewayServices.remove(name) }
        if services[name]?.isEmpty == true { services[name] = nil }
        serviceNames[key.node]?[key.id] = nil
        if serviceNames[key.node]?.isEmpty == true { serviceNames[key.node] = nil }
        instanceCount -= 1
        addedChecks.forget(removed.registration.checks, of: key)
        addresses.remove(removed.registration.service)
        noteMesh(removed.registration.service, at: key, isThere: false)
        return touch(removed.registration.service, index: index)
    }

    /// A file's definition is what it was and stands elsewhere; its places are those of its proxy's settings too.
    mutating func move(_ definition: NodeService, at key: InstanceKey, to place: String) {
        guard var instance = instance(at: key), case .file = instance.source else { return }
        instance.source = .file(place)
        if instance.registration.service.proxy == definition.proxy {
            instance.registration.service.proxy = definition.proxy
        }
        services[instance.registration.service.service]?.put(instance)
    }

    private mutating func noteMesh(_ service: NodeService, at key: InstanceKey, isThere: Bool) {
        guard let name = service.meshDestination else { return }
        if isThere {
            meshServices[name, default: MeshService()].insert(key, of: service.service)
        } else {
            meshServices[name]?.remove(key, of: service.service)
            if meshServices[name]?.isEmpty == true { meshServices[name] = nil }
        }
    }

    // MARK: Checks

    /// Adds or replaces a check that was registered by itself.
    ///
    /// - Returns: the names of the services that changed.
    mutating func put(_ check: HealthCheck, at key: InstanceKey, index: UInt64) -> [String] {
        addedChecks.put(check, at: key, index: index) ? touch(key, index: index) : []
    }

    /// Removes a check that was registered by itself.
    ///
    /// - Returns: the names of the services that changed.
    mutating func removeCheck(_ id: String, at key: InstanceKey, index: UInt64) -> [String] {
        addedChecks.remove(id, at: key)
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
        if var instance = instance(at: key),
            addedChecks.record(results, in: &instance.registration.checks, of: key)
        {
            isDefinitionChanged = true
            instance.modifyIndex = index
            services[instance.registration.service.service]?.put(instance)
        }
        let changed = addedChecks.record(results, at: key, index: index)
        guard isDefinitionChanged || !changed.isEmpty else { return ([], false, []) }
        return (touch(key, index: index), isDefinitionChanged, changed)
    }

    // MARK: What changes with them

    /// The health of an instance changed, or of a node, and with it what services look like.
    private mutating func touch(_ key: InstanceKey, index: UInt64) -> [String] {
        guard !key.id.isEmpty else { return touch(servicesOn: key.node, index: index) }
        return instance(at: key).map { touch($0.registration.service, index: index) } ?? []
    }

    /// An instance changed, and with it its service, and the one that it makes reachable over the mesh.
    private mutating func touch(_ service: NodeService, index: UInt64) -> [String] {
        let name = service.service
        services[name]?.raiseIndex(to: index)
        guard let destination = service.meshDestination else { return [name] }
        meshServices[destination]?.raiseIndex(to: index)
        return destination == name ? [destination] : [name, destination]
    }

    // MARK: Indexes of names that lost an instance

    /// Those of a name that has instances, or is reached over the mesh; nil if it has none and is not.
    func indexes(of name: String) -> ServiceIndexes? {
        let (service, mesh) = (services[name], meshServices[name])
        guard service != nil || mesh != nil else { return nil }
        return ServiceIndexes(
            create: service?.createIndex ?? 0, modify: service?.modifyIndex ?? 0, meshModify: mesh?.modifyIndex ?? 0)
    }

    /// As they were stored.
    mutating func insert(_ indexes: ServiceIndexes, of name: String) {
        indexRows[name] = indexes
        if var service = services[name], indexes.create > 0 {
            service.createIndex = min(service.createIndex, indexes.create)
            service.raiseIndex(to: indexes.modify)
            services[name] = service
        }
        meshServices[name]?.raiseIndex(to: indexes.meshModify)
    }

    mutating func removeIndexes(of name: String) { indexRows[name] = nil }
}
