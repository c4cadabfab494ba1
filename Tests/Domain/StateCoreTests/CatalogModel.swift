import CatalogCore

@testable import StateCore

/// Rows in arrays, and every question a search.
struct CatalogModel {
    private struct Times: Equatable {
        var create: UInt64
        var modify: UInt64
    }

    private var nodes: [LocalNode] = []
    private var instances: [LocalInstance] = []
    private var added: [(key: InstanceKey, check: HealthCheck)] = []
    private var owners: [(node: String, id: String, serviceID: String)] = []
    private var services: [String: Times] = [:]
    private var mesh: [String: UInt64] = [:]

    // MARK: Changes

    mutating func put(_ node: Node, _ isExternal: Bool, _ index: UInt64) -> [String] {
        let previous = nodes.first { $0.node.name == node.name }
        guard previous?.node != node || previous?.isExternal != isExternal else { return [] }
        nodes.removeAll { $0.node.name == node.name }
        nodes.append(
            LocalNode(
                node: node, isExternal: isExternal, createIndex: previous?.createIndex ?? index, modifyIndex: index))
        return touch(.ofNode(node.name), index)
    }

    mutating func removeNode(_ name: String) -> [String] {
        nodes.removeAll { $0.node.name == name }
        return []
    }

    mutating func put(
        _ registration: Registration, _ key: InstanceKey, _ source: Source, _ index: UInt64
    ) -> [String] {
        let name = registration.service.service
        let previous = instances.first { $0.key == key }
        let isSame = previous?.registration.service.service == name
        guard !isSame || previous?.registration != registration || previous?.source != source else { return [] }
        // A name whose only instance is replaced stands on.
        let create = isSame ? services[name]?.create : nil
        let gone = previous == nil ? [] : remove(key, index).filter { $0 != name }
        instances.append(
            LocalInstance(
                key: key, registration: registration, source: source,
                createIndex: isSame ? previous!.createIndex : index, modifyIndex: index))
        for check in registration.checks { own(check.checkID, key) }
        if services[name] == nil { services[name] = Times(create: create ?? index, modify: index) }
        return gone + touch(registration.service, index)
    }

    mutating func remove(_ key: InstanceKey, _ index: UInt64) -> [String] {
        guard let place = instances.firstIndex(where: { $0.key == key }) else { return [] }
        let removed = instances.remove(at: place).registration
        for check in removed.checks { disown(check.checkID, key) }
        let changed = touch(removed.service, index)
        services = services.filter { name, _ in instances.contains { $0.registration.service.service == name } }
        mesh = mesh.filter { name, _ in instances.contains { $0.registration.service.meshDestination == name } }
        return changed
    }

    mutating func move(_ service: NodeService, _ key: InstanceKey, _ place: String) -> [String] {
        guard let index = instances.firstIndex(where: { $0.key == key }), case .file = instances[index].source else {
            return []
        }
        instances[index].source = .file(place)
        return []
    }

    mutating func put(_ check: HealthCheck, _ key: InstanceKey, _ index: UInt64) -> [String] {
        if let place = added.firstIndex(where: { $0.key == key && $0.check.checkID == check.checkID }) {
            guard added[place].check != check else { return [] }
            added[place].check = check
        } else {
            added.append((key, check))
        }
        own(check.checkID, key)
        return touch(key, index)
    }

    mutating func removeCheck(_ id: String, _ key: InstanceKey, _ index: UInt64) -> [String] {
        added.removeAll { $0.key == key && $0.check.checkID == id }
        disown(id, key)
        return touch(key, index)
    }

    mutating func record(_ results: [CheckResult], _ key: InstanceKey, _ index: UInt64) -> [String] {
        var isDefinitionChanged = false
        var changed: Set<String> = []
        for result in results {
            let id = result.key.checkID
            for place in instances.indices where instances[place].key == key {
                var checks = instances[place].registration.checks
                guard let check = checks.firstIndex(where: { $0.checkID == id }), checks[check].take(result) else {
                    continue
                }
                instances[place].registration.checks = checks
                instances[place].modifyIndex = index
                isDefinitionChanged = true
            }
            for place in added.indices where added[place].key == key && added[place].check.checkID == id {
                if added[place].check.take(result) { changed.insert(id) }
            }
        }
        let isNews = isDefinitionChanged || !changed.isEmpty
        let ids = added.filter { $0.key == key && changed.contains($0.check.checkID) }.map(\.check.checkID)
        return (isNews ? touch(key, index) : []) + ["definition: \(isDefinitionChanged)"] + ids
    }

    private mutating func touch(_ key: InstanceKey, _ index: UInt64) -> [String] {
        if key.id.isEmpty {
            var names: Set<String> = []
            for instance in instances where instance.key.node == key.node {
                names.formUnion(touch(instance.registration.service, index))
            }
            return names.sorted()
        }
        return instances.first { $0.key == key }.map { touch($0.registration.service, index) } ?? []
    }

    private mutating func touch(_ service: NodeService, _ index: UInt64) -> [String] {
        services[service.service]?.modify = index
        guard let destination = service.meshDestination else { return [service.service] }
        mesh[destination] = index
        return destination == service.service ? [destination] : [service.service, destination]
    }

    private mutating func own(_ id: String, _ key: InstanceKey) {
        owners.removeAll { $0.node == key.node && $0.id == id }
        owners.append((key.node, id, key.id))
    }

    private mutating func disown(_ id: String, _ key: InstanceKey) {
        owners.removeAll { $0.node == key.node && $0.id == id && $0.serviceID == key.id }
    }

    // MARK: Comparison

    /// Asks everything of both.
    func agrees(with catalog: LocalCatalog) -> Bool {
        agreesOnNodes(catalog) && agreesOnServices(catalog) && agreesOnMesh(catalog) && agreesOnChecks(catalog)
            && agreesOnAddresses(catalog)
    }

    private var sorted: [LocalInstance] { instances.sorted { $0.key < $1.key } }

    private func agreesOnNodes(_ catalog: LocalCatalog) -> Bool {
        Set(catalog.nodes.values) == Set(nodes) && catalog.keys == sorted.map(\.key)
            && CatalogOperation.nodes.allSatisfy { name in
                catalog.nodes[name] == nodes.first { $0.node.name == name }
                    && catalog.keys(on: name) == sorted.map(\.key).filter { $0.node == name }
                    && catalog.nodes.spelling(of: name) == spelling(of: name, among: nodes.map(\.node.name))
            }
    }

    private func agreesOnServices(_ catalog: LocalCatalog) -> Bool {
        Set(catalog.services.keys) == Set(services.keys) && catalog.instanceCount == instances.count
            && instances.allSatisfy { instance in
                catalog.instance(at: instance.key) == instance
                    && catalog.serviceName(of: instance.key) == instance.registration.service.service
                    && catalog.resolve(instance) == resolve(instance)
            }
            && CatalogOperation.services.allSatisfy { name in
                let own = sorted.filter { $0.registration.service.service == name }
                let service = catalog.services[name]
                let times = service.map { Times(create: $0.createIndex, modify: $0.modifyIndex) }
                return times == services[name] && service?.instances ?? [] == own && service?.count ?? 0 == own.count
                    && Set(service?.unordered.map { $0 } ?? []) == Set(own)
                    && service?.typicalCount ?? 0 == own.count { $0.registration.service.kind == .typical }
                    && service?.gatewayCount ?? 0 == own.count { $0.registration.service.kind == .meshGateway }
                    && catalog.instances(of: name) == own.map(resolve)
                    && Set(catalog.unorderedInstances(of: name)) == Set(own.map(resolve))
                    && catalog.services.spelling(of: name) == spelling(of: name, among: Array(services.keys))
            }
    }

    private func agreesOnMesh(_ catalog: LocalCatalog) -> Bool {
        let gateways = sorted.filter { $0.registration.service.kind == .meshGateway }
        let names = Set(gateways.map(\.registration.service.service))
        return Set(catalog.gatewayServices) == names
            && catalog.gateways
                == names.sorted().flatMap { name in
                    gateways.filter { $0.registration.service.service == name }.map(resolve)
                }
            && CatalogOperation.services.allSatisfy { name in
                let providers = sorted.filter { $0.registration.service.meshDestination == name }
                let found = catalog.meshProviders(of: name)
                return catalog.isMeshService(name) == !providers.isEmpty && found?.modifyIndex == mesh[name]
                    && found?.names ?? [] == Set(providers.map(\.registration.service.service)).sorted()
                    && catalog.meshInstances(of: name) == providers.map(resolve)
                    && catalog.meshServices.spelling(of: name) == spelling(of: name, among: Array(mesh.keys))
            }
    }

    private func agreesOnChecks(_ catalog: LocalCatalog) -> Bool {
        let all = instances.flatMap(\.registration.checks) + added.map(\.check)
        let counts = Dictionary(grouping: all, by: \.status).mapValues(\.count)
        let places = CatalogOperation.nodes.map { InstanceKey.ofNode($0) } + instances.map(\.key) + added.map(\.key)
        return catalog.checkCounts == counts && Set(catalog.addedChecks.keys) == Set(added.map(\.key))
            && places.allSatisfy { key in
                let own = checks(at: key)
                let single = added.filter { $0.key == key }.map(\.check)
                return catalog.checks(at: key) == own && catalog.addedChecks[key] ?? [] == single
                    && own.allSatisfy { check in catalog.check(check.checkID, at: key) == check }
                    && single.allSatisfy { catalog.addedChecks.check($0.checkID, at: key) == $0 }
                    && catalog.check("none", at: key) == nil
            }
            && (owners.map { ($0.node, $0.id) } + all.map { ($0.node, $0.checkID) }).allSatisfy { node, id in
                let owner = owners.first { $0.node == node && $0.id == id }
                return catalog.check(id, on: node) == owner.map { CheckKey(serviceID: $0.serviceID, checkID: id) }
            }
    }

    private func agreesOnAddresses(_ catalog: LocalCatalog) -> Bool {
        CatalogOperation.addresses.compactMap { IPAddress($0) }.allSatisfy { address in
            let owners = nodes.filter { IPAddress($0.node.address) == address }.map(\.node.name)
            let services = instances.map(\.registration.service).filter { IPAddress($0.address) == address }
            return catalog.nodeNames(at: address).sorted() == owners.sorted()
                && catalog.serviceNames(at: address).sorted() == Set(services.map(\.service)).sorted()
        }
    }

    private func checks(at key: InstanceKey) -> [HealthCheck] {
        (instances.first { $0.key == key }?.registration.checks ?? [])
            + added.filter { $0.key == key }.map(\.check)
    }

    private func resolve(_ instance: LocalInstance) -> ServiceInstance {
        let name = instance.key.node
        return ServiceInstance(
            node: nodes.first { $0.node.name == name }?.node ?? Node(name: name),
            service: instance.registration.service, checks: checks(at: .ofNode(name)) + checks(at: instance.key))
    }

    private func spelling(of name: String, among names: [String]) -> String? {
        if names.contains(name) { return name }
        let alike = names.filter { $0.lowercased() == name.lowercased() }
        return alike.contains(name.lowercased()) ? name.lowercased() : alike.min()
    }
}

extension HealthCheck {
    /// - Returns: whether that is news.
    fileprivate mutating func take(_ result: CheckResult) -> Bool {
        guard status != result.status || output != result.output else { return false }
        status = result.status
        output = result.output
        return true
    }
}
