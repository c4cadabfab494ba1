import ACLCore
import CatalogCore
import ConfigCore
import DocumentCore
import IdentityCore
import StateCore

// What stands in the catalog and in config entries, as permissions (protocol section 11, gateway sheet section 6).

extension Authorizer {
    func sees(_ entry: InstanceEntry) -> Bool {
        sees(service: entry.instance.service.service, onNode: entry.instance.node.name, peer: entry.peer)
    }

    func sees(_ entry: NodeEntry) -> Bool { sees(node: entry.node.name, peer: entry.peer) }

    func sees(_ entry: CheckEntry) -> Bool { entry.peer.isEmpty ? sees(entry.check) : seesImportedServices }

    func sees(_ check: HealthCheck) -> Bool {
        check.serviceID.isEmpty ? sees(node: check.node) : sees(service: check.serviceName)
    }

    func sees(_ entry: StoredConfigEntry) -> Bool {
        entry.entry.key.permission(.read).map(allows) ?? true
    }
}

extension Access {
    func visible(_ entries: [InstanceEntry]) -> [InstanceEntry] { filter(entries) { $1.sees($0) } }
    func visible(_ nodes: [NodeEntry]) -> [NodeEntry] { filter(nodes) { $1.sees($0) } }
    func visible(_ checks: [CheckEntry]) -> [CheckEntry] { filter(checks) { $1.sees($0) } }

    /// With the instances that may be seen; a group of which none may is not there.
    func visible(_ groups: [InstanceGroup]) -> [InstanceGroup] {
        let shown = filter(groups) { group, authorizer in
            authorizer.sees(service: group.name, peer: group.peer)
                && (group.entries.isEmpty || group.entries.contains(where: authorizer.sees))
        }
        return shown.map { InstanceGroup(name: $0.name, peer: $0.peer, entries: visible($0.entries)) }
    }

    /// For putting a service where another may stand.
    func requireWrite(of registration: Registration, on node: String, in catalog: LocalCatalog) throws(Refusal) {
        let service = registration.service
        try require(Permission(.service, .write, on: service.service))
        if service.kind == .connectProxy, let name = service.proxy?.destinationServiceName, !name.isEmpty {
            try require(Permission(.service, .write, on: name))
        }
        try requireWrite(ofServiceAt: InstanceKey(node: node, id: service.id), in: catalog)
    }

    /// For changing what stands there; what is not there needs nothing.
    func requireWrite(ofServiceAt key: InstanceKey, in catalog: LocalCatalog) throws(Refusal) {
        guard let name = catalog.serviceName(of: key) else { return requireNothing() }
        try require(Permission(.service, .write, on: name))
    }

    /// For a check of a service, or of the node.
    func requireWrite(ofCheckAt key: InstanceKey, in catalog: LocalCatalog) throws(Refusal) {
        guard let name = catalog.serviceName(of: key) else {
            return try require(Permission(.node, .write, on: key.node))
        }
        try require(Permission(.service, .write, on: name))
    }

    /// For a node of the catalog, what it runs and its checks, together.
    ///
    /// - Parameter agent: the agent's own node, which requests do not change.
    func requireWrite(
        of definition: CatalogDefinition, beside agent: String, in catalog: LocalCatalog
    ) throws(Refusal) {
        let node = definition.node.name
        let staysAsItIs = node == agent || definition.skipsNodeUpdate && catalog.nodes[node] != nil
        if staysAsItIs { requireNothing() } else { try require(Permission(.node, .write, on: node)) }
        if let service = definition.service {
            try requireWrite(of: Registration(service: service), on: node, in: catalog)
        }
        for check in definition.checks where check.serviceID.isEmpty || check.serviceID != definition.service?.id {
            try requireWrite(ofCheckAt: InstanceKey(node: node, id: check.serviceID), in: catalog)
        }
    }

    /// For taking something off a node: who may write the node may, whatever it is.
    func requireWrite(
        of target: DeregisterExternal.Target, on node: String, in catalog: LocalCatalog
    ) throws(Refusal) {
        let ofNode = Permission(.node, .write, on: node)
        switch target {
        case .node: try require(ofNode)
        case .service(let id):
            guard !allows(ofNode) else { return }
            try requireWrite(ofServiceAt: InstanceKey(node: node, id: id), in: catalog)
        case .check(let id):
            guard !allows(ofNode), let check = catalog.check(id, on: node) else { return }
            try requireWrite(ofCheckAt: InstanceKey(node: node, id: check.serviceID), in: catalog)
        }
    }

    /// For a check that is there already, by its ID.
    func requireWrite(ofCheck id: String, on node: String, in catalog: LocalCatalog) throws(Refusal) {
        guard let check = catalog.check(id, on: node) else { throw .unknownCheck(id) }
        try requireWrite(ofCheckAt: InstanceKey(node: node, id: check.serviceID), in: catalog)
    }

    /// For writing an entry: besides its own name, those that it sends requests on to must be seen.
    func requireWrite(of entry: ConfigEntry) throws(Refusal) {
        if let permission = entry.key.permission(.write) { try require(permission) }
        for name in entry.relatedServices { try require(Permission(.service, .read, on: name)) }
    }
}

extension ConfigEntryKey {
    /// - Returns: nil for what everybody may.
    func permission(_ level: AccessLevel) -> Permission? {
        switch kind {
        case .mesh, .proxyDefaults: level == .read ? nil : Permission(.mesh, level)
        case .exportedServices: Permission(.mesh, level)
        case .serviceIntentions: Permission(.intention, level, on: name)
        case .serviceDefaults, .serviceResolver, .serviceRouter, .serviceSplitter:
            Permission(.service, level, on: name)
        }
    }
}

extension ConfigEntry {
    fileprivate var relatedServices: [String] {
        switch content {
        case .serviceResolver(let members), .serviceRouter(let members), .serviceSplitter(let members):
            Self.services(in: members).filter { $0 != name }
        case .exportedServices, .mesh, .serviceDefaults, .proxyDefaults, .serviceIntentions: []
        }
    }

    /// Whatever stands under the key `Service`, at any depth.
    private static func services(in members: [DocumentMember]) -> [String] {
        members.flatMap { member -> [String] in
            if keysMatch(member.key, "Service"), let name = member.value.string { return name.isEmpty ? [] : [name] }
            return services(in: member.value)
        }
    }

    private static func services(in value: Document) -> [String] {
        if let members = value.map { return services(in: members) }
        return (value.list ?? []).flatMap(services(in:))
    }
}
