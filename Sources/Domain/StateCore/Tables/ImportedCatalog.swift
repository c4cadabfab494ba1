/// A node of a peer, as far as something that the peer exports runs on it.
package struct ImportedNode: Hashable, Sendable {
    package var name: String
    /// Host name or IP address; may be empty.
    package var address: String

    package init(name: String, address: String) {
        self.name = name
        self.address = address
    }
}

/// One imported service: the peer's own bytes, how many instances are in them, and on which nodes.
package struct ImportedService: Sendable {
    /// The encoded list of instances as the peer sent it.
    package var payload: [UInt8]
    package var instanceCount: Int
    /// Each name once, in the order of the instances. Nil if nobody has looked into the bytes: they were stored by a
    /// version that did not.
    package var nodes: [ImportedNode]?
    package var createIndex: UInt64
    package var modifyIndex: UInt64

    /// Whether the peer said the same.
    func hasContent(of other: ImportedService) -> Bool {
        instanceCount == other.instanceCount && payload == other.payload
    }

    /// What it counts for in the bounds of a peer: its name may come in two forms of Unicode, and so counts alike.
    var bytes: Int { payload.count + Self.overheadBytes }

    /// For a service's name and its places in tables.
    private static let overheadBytes = 256
}

/// What one peer exports to us.
package struct ImportedCatalog: Sendable {
    package private(set) var services = NameTable<ImportedService>()
    /// In all services.
    package private(set) var instanceCount = 0
    /// Of all services, with what each takes besides its payload.
    package private(set) var bytes = 0
    /// What services say of nodes, by the names of the nodes in small letters.
    private var nodes = Table<String, SmallTable<String, ImportedNode>>()
    /// Services whose nodes are not known.
    package private(set) var unreadServices = KeySet<String>()
    /// The peer's last list of what it exports, sorted; `nil` before the first.
    package internal(set) var announced: [String]?
    /// Of the last change of any of it.
    package internal(set) var modifyIndex: UInt64 = 0

    package init() {}

    /// Names that the list allows: each announced one and its synthetic proxy (protocol section 4.9).
    package static func allowedNames(by list: [String]) -> Set<String> {
        var names = Set(list)
        for name in list { names.insert(name + "-sidecar-proxy") }
        return names
    }

    /// A node by its name in any case, and one of the services that have it; nil if none has, but for unread ones.
    package func node(named name: String) -> (node: ImportedNode, service: String)? {
        nodes[name.lowercased()]?.first { _ in true }.map { ($0.value, $0.key) }
    }

    mutating func put(_ service: ImportedService, named name: String) {
        let previous = services[name]
        services[name] = service
        instanceCount += service.instanceCount - (previous?.instanceCount ?? 0)
        bytes += service.bytes - (previous?.bytes ?? 0)
        note(service.nodes, of: name, before: previous?.nodes)
    }

    @discardableResult
    mutating func remove(_ name: String) -> ImportedService? {
        guard let removed = services.removeValue(forKey: name) else { return nil }
        instanceCount -= removed.instanceCount
        bytes -= removed.bytes
        note([], of: name, before: removed.nodes)
        return removed
    }

    /// Most changes of a service are of its health, and leave its nodes as they are.
    private mutating func note(_ list: [ImportedNode]?, of name: String, before: [ImportedNode]?) {
        if list == nil { unreadServices.insert(name) } else { unreadServices.remove(name) }
        guard list != before else { return }
        let (old, new) = (Self.byName(before ?? []), Self.byName(list ?? []))
        for lowered in old.keys where new[lowered] == nil {
            nodes[lowered]?[name] = nil
            if nodes[lowered]?.isEmpty == true { nodes[lowered] = nil }
        }
        for (lowered, node) in new where old[lowered] != node {
            nodes[lowered, default: SmallTable()][name] = node
        }
    }

    /// Of nodes whose names differ in case alone the first counts.
    private static func byName(_ nodes: [ImportedNode]) -> [String: ImportedNode] {
        Dictionary(nodes.map { ($0.name.lowercased(), $0) }) { first, _ in first }
    }
}
