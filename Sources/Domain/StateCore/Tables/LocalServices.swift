package import CatalogCore

/// Which instance: its node's name and its ID there.
package struct InstanceKey: Hashable, Comparable, Sendable {
    package var node: String
    package var id: String

    package init(node: String, id: String) {
        self.node = node
        self.id = id
    }

    /// What checks of a node itself are of.
    package static func ofNode(_ node: String) -> InstanceKey { InstanceKey(node: node, id: "") }

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

/// One instance of this cluster.
package struct LocalInstance: Hashable, Sendable {
    package var key: InstanceKey
    package var registration: Registration
    package var source: Source
    package var createIndex: UInt64
    package var modifyIndex: UInt64
}

extension NodeService {
    /// The service that this instance makes reachable over the mesh, if any.
    var meshDestination: String? {
        if kind == .connectProxy { return proxy?.destinationServiceName }
        return connectNative ? service : nil
    }

    /// Whether it is of the same service, and makes the same one reachable.
    func isNamed(as other: NodeService) -> Bool {
        service == other.service && meshDestination == other.meshDestination
    }

    /// The names of services that change with the instance: its own, and the one that it makes reachable.
    var names: Set<String> { Set([service, meshDestination].compactMap { $0 }) }
}

/// All instances under one service name, which is never without any.
package struct LocalService: Sendable {
    /// An instance outside of its table's nodes, which are copied when one of their rows changes.
    private final class Row: Sendable {
        let instance: LocalInstance

        init(_ instance: LocalInstance) {
            self.instance = instance
        }
    }

    /// Most services have one instance, and need no table.
    private enum Rows: Sendable {
        case none
        case one(Row)
        case many(Table<InstanceKey, Row>)
    }

    private var rows = Rows.none
    private var typicalNumber: Int32 = 0
    private var gatewayNumber: Int32 = 0
    package var createIndex: UInt64
    package private(set) var modifyIndex: UInt64

    /// Rows that are read at the start come in no order of their indexes.
    mutating func raiseIndex(to index: UInt64) { modifyIndex = max(modifyIndex, index) }

    init(createIndex: UInt64, modifyIndex: UInt64) {
        self.createIndex = createIndex
        self.modifyIndex = modifyIndex
    }

    package var count: Int {
        switch rows {
        case .none: 0
        case .one: 1
        case .many(let table): table.count
        }
    }

    package var isEmpty: Bool { count == 0 }

    /// How many are neither proxies nor gateways.
    package var typicalCount: Int { Int(typicalNumber) }
    package var gatewayCount: Int { Int(gatewayNumber) }

    /// In the order of their keys; they are sorted here.
    package var instances: [LocalInstance] {
        switch rows {
        case .none: []
        case .one(let row): [row.instance]
        case .many(let table): table.values.sorted { $0.instance.key < $1.instance.key }.map(\.instance)
        }
    }

    /// In no order, for those who draw lots or look for one.
    package var unordered: AnySequence<LocalInstance> {
        switch rows {
        case .none: AnySequence([])
        case .one(let row): AnySequence(CollectionOfOne(row.instance))
        case .many(let table): AnySequence(table.values.lazy.map(\.instance))
        }
    }

    package subscript(key: InstanceKey) -> LocalInstance? {
        switch rows {
        case .none: nil
        case .one(let row): row.instance.key == key ? row.instance : nil
        case .many(let table): table[key]?.instance
        }
    }

    mutating func put(_ instance: LocalInstance) {
        if let previous = self[instance.key] { count(previous, -1) }
        count(instance, 1)
        let row = Row(instance)
        switch rows {
        case .none: rows = .one(row)
        case .one(let old) where old.instance.key == instance.key: rows = .one(row)
        case .one(let old): rows = .many([old.instance.key: old, instance.key: row])
        case .many(var table):
            rows = .none  // So that the table has one owner, and changes in place.
            table[instance.key] = row
            rows = .many(table)
        }
    }

    mutating func remove(_ key: InstanceKey) -> LocalInstance? {
        guard let removed = self[key] else { return nil }
        count(removed, -1)
        guard case .many(var table) = rows else {
            rows = .none
            return removed
        }
        rows = .none
        table.removeValue(forKey: key)
        rows = .many(table)
        return removed
    }

    private mutating func count(_ instance: LocalInstance, _ change: Int32) {
        switch instance.registration.service.kind {
        case .typical: typicalNumber += change
        case .meshGateway: gatewayNumber += change
        default: break
        }
    }
}

/// What makes one service reachable over the mesh.
package struct MeshService: Sendable {
    /// Its proxies and mesh-native instances, by the name of the service that they are of.
    private var providers = Table<String, KeySet<InstanceKey>>()
    /// Of the last change of one of those.
    private(set) var modifyIndex: UInt64 = 0

    var isEmpty: Bool { providers.isEmpty }

    /// Rows that are read at the start come in no order of their indexes.
    mutating func raiseIndex(to index: UInt64) { modifyIndex = max(modifyIndex, index) }

    /// Sorted.
    var names: [String] { providers.keys.sorted() }

    /// In the order of the keys.
    var keys: [InstanceKey] { providers.values.flatMap { $0 }.sorted() }

    mutating func insert(_ key: InstanceKey, of name: String) {
        providers[name, default: KeySet()].insert(key)
    }

    mutating func remove(_ key: InstanceKey, of name: String) {
        providers[name]?.remove(key)
        if providers[name]?.isEmpty == true { providers[name] = nil }
    }
}
