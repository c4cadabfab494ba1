import DocumentCore
import PeeringCore

/// That a peer exports something, and when anything of it changed last.
struct ImportedCatalogRow: StoredRow {
    static let table = "imports"
    static let version: UInt8 = 2
    static let scope = RowScope.cluster

    var id: PeeringID
    var modifyIndex: UInt64

    init(modifyIndex: UInt64, of id: PeeringID) {
        self.id = id
        self.modifyIndex = modifyIndex
    }

    init?(_ stored: StoredBytes) {
        guard let id = stored.parts.first, let index = stored.map({ $0.index("ModifyIndex") }) else { return nil }
        self.init(modifyIndex: index, of: PeeringID(id))
    }

    static func key(of id: PeeringID) -> RowKey { RowKey(table, id.text) }

    var key: RowKey { Self.key(of: id) }
    var lastIndex: UInt64 { modifyIndex }

    func insert(into state: inout State, at index: UInt64) -> [StateChange] {
        state.cluster.imports[id, default: ImportedCatalog()].modifyIndex = modifyIndex
        return []
    }

    static func remove(_ parts: [String], from state: inout State, at index: UInt64) -> [StateChange] {
        let id = PeeringID(parts.first ?? "")
        state.cluster.imports[id] = nil
        return [.importedList(id)]
    }

    static func rows(of state: State) -> [Self] {
        state.imports.map { Self(modifyIndex: $0.value.modifyIndex, of: $0.key) }
    }

    func encode() -> [UInt8] { RowJSON.object { $0.field("ModifyIndex", modifyIndex) } }
}

/// The names that a peer says it exports.
struct AnnouncedRow: StoredRow {
    static let table = "announced"
    static let version: UInt8 = 2
    static let scope = RowScope.cluster

    var id: PeeringID
    var names: [String]

    init(_ names: [String], of id: PeeringID) {
        self.id = id
        self.names = names
    }

    init?(_ stored: StoredBytes) {
        guard let id = stored.parts.first, let list = stored.document?.list else { return nil }
        self.init(list.compactMap(\.string), of: PeeringID(id))
    }

    static func key(of id: PeeringID) -> RowKey { RowKey(table, id.text) }

    var key: RowKey { Self.key(of: id) }

    func insert(into state: inout State, at index: UInt64) -> [StateChange] {
        state.cluster.imports[id, default: ImportedCatalog()].announced = names
        return [.importedList(id)]
    }

    static func remove(_ parts: [String], from state: inout State, at index: UInt64) -> [StateChange] {
        let id = PeeringID(parts.first ?? "")
        state.cluster.imports[id]?.announced = nil
        return [.importedList(id)]
    }

    static func rows(of state: State) -> [Self] {
        state.imports.compactMap { (id, catalog) in catalog.announced.map { Self($0, of: id) } }
    }

    func encode() -> [UInt8] {
        var json = JSONWriter()
        json.value(names)
        return json.bytes
    }
}

/// A service that a peer exports to this cluster: the peer's bytes behind what is known of them.
struct ImportedServiceRow: StoredRow {
    static let table = "import"
    static let version: UInt8 = 2
    static let scope = RowScope.cluster

    var id: PeeringID
    var name: String
    var service: ImportedService

    init(_ service: ImportedService, named name: String, of id: PeeringID) {
        self.id = id
        self.name = name
        self.service = service
    }

    init?(_ stored: StoredBytes) {
        var reader = RowReader(stored.body)
        if stored.version == 1 {
            // Names were not escaped.
            let parts = stored.key.split(separator: "/", maxSplits: 2).map(String.init)
            guard parts.count == 3, let count = reader.number(UInt32.self) else { return nil }
            self.init(
                ImportedService(
                    payload: Array(reader.rest), instanceCount: Int(count), nodes: nil, createIndex: 0,
                    modifyIndex: 0),
                named: parts[2], of: PeeringID(parts[1]))
            return
        }
        let parts = stored.parts
        guard parts.count == 2, let create = reader.number(UInt64.self), let modify = reader.number(UInt64.self),
            let count = reader.number(UInt32.self), let nodes = Self.nodes(&reader)
        else { return nil }
        self.init(
            ImportedService(
                payload: Array(reader.rest), instanceCount: Int(count), nodes: nodes.known, createIndex: create,
                modifyIndex: modify),
            named: parts[1], of: PeeringID(parts[0]))
    }

    static func key(of name: String, of id: PeeringID) -> RowKey { RowKey(table, id.text, name) }

    var key: RowKey { Self.key(of: name, of: id) }

    var lastIndex: UInt64 { service.modifyIndex }

    func insert(into state: inout State, at index: UInt64) -> [StateChange] {
        var service = service
        // Version 1 kept no indexes.
        if service.modifyIndex == 0 { (service.createIndex, service.modifyIndex) = (index, index) }
        let last = max(state.imports[id]?.modifyIndex ?? 0, service.modifyIndex)
        state.cluster.imports[id, default: ImportedCatalog()].put(service, named: name)
        state.cluster.imports[id]?.modifyIndex = last
        return [.importedService(id, name)]
    }

    static func remove(_ parts: [String], from state: inout State, at index: UInt64) -> [StateChange] {
        let (id, name) = (PeeringID(parts.first ?? ""), parts.last ?? "")
        state.cluster.imports[id]?.remove(name)
        return [.importedService(id, name)]
    }

    static func rows(of state: State) -> [Self] {
        state.imports.flatMap { (id, catalog) in catalog.services.map { Self($0.value, named: $0.key, of: id) } }
    }

    func encode() -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(20 + service.payload.count)
        body.append(bigEndian: service.createIndex)
        body.append(bigEndian: service.modifyIndex)
        body.append(bigEndian: UInt32(clamping: service.instanceCount))
        body.append(bigEndian: service.nodes.map { UInt32(clamping: $0.count) } ?? Self.unknownNodes)
        for node in service.nodes ?? [] {
            body.append(counted: node.name)
            body.append(counted: node.address)
        }
        body += service.payload
        return body
    }

    /// Stands for the count of nodes where nobody has looked for them.
    private static let unknownNodes = UInt32.max

    private struct Nodes {
        var known: [ImportedNode]?
    }

    /// - Returns: `nil` if they cannot be read.
    private static func nodes(_ reader: inout RowReader) -> Nodes? {
        guard let count = reader.number(UInt32.self) else { return nil }
        if count == unknownNodes { return Nodes(known: nil) }
        var nodes: [ImportedNode] = []
        for _ in 0..<count {
            guard let name = reader.text(), let address = reader.text() else { return nil }
            nodes.append(ImportedNode(name: name, address: address))
        }
        return Nodes(known: nodes)
    }
}
