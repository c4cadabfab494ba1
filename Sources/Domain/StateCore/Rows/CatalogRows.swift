import CatalogCore
import ConfigCore
import DocumentCore

/// A node: this daemon's own, another daemon's, or one that a client registered and no agent looks after.
struct NodeRow: StoredRow {
    static let table = "node"
    static let version: UInt8 = 2
    static let scope = RowScope.cluster

    var node: LocalNode

    init(_ node: LocalNode) {
        self.node = node
    }

    init?(_ stored: StoredBytes) {
        // Version 1 had external nodes only.
        guard let node = stored.map({ Self.decode(&$0, isExternal: stored.version == 1) }) else { return nil }
        self.node = node
    }

    static func key(of name: String) -> RowKey { RowKey(table, name) }

    var key: RowKey { Self.key(of: node.node.name) }
    var lastIndex: UInt64 { node.modifyIndex }

    func insert(into state: inout State, at index: UInt64) -> [StateChange] {
        state.cluster.catalog.insert(node)
        let name = node.node.name
        let touched = state.cluster.catalog.touch(servicesOn: name, index: node.modifyIndex)
        return [.localNode(name)] + touched.map { .localService($0) }
    }

    static func remove(_ parts: [String], from state: inout State, at index: UInt64) -> [StateChange] {
        let name = parts.first ?? ""
        state.cluster.catalog.removeNode(name)
        return [.localNode(name)]
    }

    static func rows(of state: State) -> [Self] { state.catalog.nodes.values.map { Self($0) } }

    func encode() -> [UInt8] {
        let (stored, node) = (node, node.node)
        return RowJSON.object {
            $0.field("ID", node.id)
            $0.field("Node", node.name)
            $0.field("Address", node.address)
            $0.field("Datacenter", node.datacenter)
            $0.field("TaggedAddresses", node.taggedAddresses)
            $0.field("Meta", node.meta)
            LocalityRow.write(node.locality, to: &$0)
            $0.field("External", stored.isExternal)
            $0.field("CreateIndex", stored.createIndex)
            $0.field("ModifyIndex", stored.modifyIndex)
        }
    }

    private static func decode(_ map: inout MapReader, isExternal: Bool) -> LocalNode? {
        guard let name = map.string("Node") else { return nil }
        let node = Node(
            id: map.string("ID") ?? "", name: name, address: map.string("Address") ?? "",
            datacenter: map.string("Datacenter") ?? "", taggedAddresses: map.stringMap("TaggedAddresses") ?? [:],
            meta: map.stringMap("Meta") ?? [:], locality: LocalityRow.decode(&map))
        return LocalNode(
            node: node, isExternal: map.bool("External") ?? isExternal, createIndex: map.index("CreateIndex"),
            modifyIndex: map.index("ModifyIndex"))
    }
}

/// Where a node or a service stands, as a field of its row.
private enum LocalityRow {
    static func write(_ locality: Locality?, to json: inout JSONWriter) {
        guard let locality else { return }
        json.object("Locality") {
            $0.field("Region", locality.region)
            $0.field("Zone", locality.zone)
        }
    }

    static func decode(_ map: inout MapReader) -> Locality? {
        map.map("Locality") { Locality(region: $0.string("Region") ?? "", zone: $0.string("Zone") ?? "") }
    }
}

/// A service on a node, with its checks and what they said last: registered by a client, or defined by a file of the
/// daemon whose node it is on.
struct InstanceRow: StoredRow {
    static let table = "service"
    static let version: UInt8 = 2
    static let scope = RowScope.cluster

    var instance: LocalInstance

    init(_ instance: LocalInstance) {
        self.instance = instance
    }

    init?(_ stored: StoredBytes) {
        guard let instance = stored.map(Self.decode) else { return nil }
        self.instance = instance
    }

    static func key(of instance: InstanceKey) -> RowKey { RowKey(table, instance.node, instance.id) }

    var key: RowKey { Self.key(of: instance.key) }
    var lastIndex: UInt64 { instance.modifyIndex }

    func insert(into state: inout State, at index: UInt64) -> [StateChange] {
        state.cluster.catalog.insert(instance, index: index).map { .localService($0) }
    }

    static func remove(_ parts: [String], from state: inout State, at index: UInt64) -> [StateChange] {
        let key = InstanceKey(node: parts.first ?? "", id: parts.last ?? "")
        return state.cluster.catalog.remove(at: key, index: index).map { .localService($0) }
    }

    static func rows(of state: State) -> [Self] {
        state.catalog.keys.compactMap { state.catalog.instance(at: $0).map { Self($0) } }
    }

    func encode() -> [UInt8] {
        RowJSON.object {
            $0.field("Node", instance.key.node)
            instance.source.write(to: &$0)
            $0.field("CreateIndex", instance.createIndex)
            $0.field("ModifyIndex", instance.modifyIndex)
            Self.write(instance.registration.service, to: &$0)
            $0.list("Checks", instance.registration.checks) { json, check in
                json.object { CheckFields.write(check, to: &$0) }
            }
        }
    }

    private static func decode(_ map: inout MapReader) -> LocalInstance? {
        guard let node = map.string("Node"), let service = decodeService(&map) else { return nil }
        return LocalInstance(
            key: InstanceKey(node: node, id: service.id),
            registration: Registration(service: service, checks: map.maps("Checks", CheckFields.decode) ?? []),
            source: Source(&map), createIndex: map.index("CreateIndex"), modifyIndex: map.index("ModifyIndex"))
    }

    private static func write(_ service: NodeService, to json: inout JSONWriter) {
        json.field("Kind", service.kind.rawValue)
        json.field("ID", service.id)
        json.field("Service", service.service)
        json.field("Tags", service.tags)
        json.field("Address", service.address)
        json.field("Port", service.port)
        json.list("Ports", service.ports) { json, port in
            json.object {
                $0.field("Port", port.port)
                $0.field("Name", port.name)
                $0.field("Default", port.isDefault)
            }
        }
        json.field("SocketPath", service.socketPath)
        json.object("TaggedAddresses") { json in
            for (tag, address) in service.taggedAddresses.sorted(by: { $0.key < $1.key }) {
                json.object(tag) {
                    $0.field("Address", address.address)
                    $0.field("Port", address.port)
                }
            }
        }
        json.field("Meta", service.meta)
        if let weights = service.weights {
            json.object("Weights") {
                $0.field("Passing", weights.passing)
                $0.field("Warning", weights.warning)
            }
        }
        json.field("EnableTagOverride", service.enableTagOverride)
        LocalityRow.write(service.locality, to: &json)
        if let proxy = service.proxy { json.object("Proxy", proxy.writeFields) }
        json.field("ConnectNative", service.connectNative)
    }

    private static func decodeService(_ map: inout MapReader) -> NodeService? {
        guard let id = map.string("ID"), let name = map.string("Service") else { return nil }
        var service = NodeService(kind: ServiceKind(rawValue: map.string("Kind") ?? ""), id: id, service: name)
        service.tags = map.strings("Tags") ?? []
        service.address = map.string("Address") ?? ""
        service.port = map.integer("Port", in: 0...65_535) ?? 0
        service.ports =
            map.maps("Ports") { port in
                ServicePort(
                    port: port.integer("Port", in: 0...65_535) ?? 0, name: port.string("Name") ?? "",
                    isDefault: port.bool("Default") ?? false)
            } ?? []
        service.socketPath = map.string("SocketPath") ?? ""
        service.taggedAddresses =
            map.mapOfMaps("TaggedAddresses") { address in
                ServiceAddress(
                    address: address.string("Address") ?? "", port: address.integer("Port", in: 0...65_535) ?? 0)
            } ?? [:]
        service.meta = map.stringMap("Meta") ?? [:]
        service.weights = map.map("Weights") { weights in
            Weights(
                passing: weights.integer("Passing", in: 0...65_535) ?? 0,
                warning: weights.integer("Warning", in: 0...65_535) ?? 0)
        }
        service.enableTagOverride = map.bool("EnableTagOverride") ?? false
        service.locality = LocalityRow.decode(&map)
        service.proxy = map.map("Proxy") { ProxyConfiguration(&$0) }
        service.connectNative = map.bool("ConnectNative") ?? false
        return service
    }
}

extension Source {
    /// What a client wrote has no field for it.
    func write(to json: inout JSONWriter) {
        if case .file(let place) = self { json.field("File", place) }
    }

    init(_ map: inout MapReader) {
        self = map.string("File").map { .file($0) } ?? .api
    }
}

/// Indexes of a service name that its instances' rows do not tell, since one of them went.
struct ServiceIndexRow: StoredRow {
    static let table = "service-index"
    static let version: UInt8 = 2
    static let scope = RowScope.cluster

    var name: String
    var indexes: ServiceIndexes

    init(_ indexes: ServiceIndexes, of name: String) {
        self.name = name
        self.indexes = indexes
    }

    init?(_ stored: StoredBytes) {
        guard let name = stored.parts.first, let indexes = stored.map(Self.decode) else { return nil }
        self.init(indexes, of: name)
    }

    static func key(of name: String) -> RowKey { RowKey(table, name) }

    var key: RowKey { Self.key(of: name) }
    var lastIndex: UInt64 { max(indexes.modify, indexes.meshModify) }

    func insert(into state: inout State, at index: UInt64) -> [StateChange] {
        state.cluster.catalog.insert(indexes, of: name)
        return []
    }

    static func remove(_ parts: [String], from state: inout State, at index: UInt64) -> [StateChange] {
        state.cluster.catalog.removeIndexes(of: parts.first ?? "")
        return []
    }

    static func rows(of state: State) -> [Self] { state.catalog.indexRows.map { Self($0.value, of: $0.key) } }

    func encode() -> [UInt8] {
        RowJSON.object {
            $0.field("CreateIndex", indexes.create)
            $0.field("ModifyIndex", indexes.modify)
            $0.field("MeshModifyIndex", indexes.meshModify)
        }
    }

    private static func decode(_ map: inout MapReader) -> ServiceIndexes? {
        ServiceIndexes(
            create: map.index("CreateIndex"), modify: map.index("ModifyIndex"),
            meshModify: map.index("MeshModifyIndex"))
    }
}
