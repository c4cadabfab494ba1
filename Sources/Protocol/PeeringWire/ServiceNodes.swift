/// The nodes that the instances of an `ExportedService` run on.
enum ServiceNodes {
    /// Reads them from bytes that `ServiceScanner` knows, without decoding the rest.
    ///
    /// - Returns: each name once; nil if only decoding can tell.
    static func read(_ array: [UInt8]) -> [ReceivedResource.ServiceNode]? {
        let bytes = array.span
        var nodes = DistinctNodes()
        do {
            var instances = FieldReader(0..<bytes.count)
            while let instance = try instances.next(in: bytes) {
                var parts = FieldReader(try instance.range())
                // Node is field 1 of the instance; of its own fields 2 is the name and 3 the address.
                guard let part = try parts.next(in: bytes), part.number == 1 else { return nil }
                var fields = FieldReader(try part.range())
                var node = ReceivedResource.ServiceNode(name: "", address: "")
                while let field = try fields.next(in: bytes), field.number <= 3 {
                    if field.number == 2 { node.name = try field.string(in: bytes) }
                    if field.number == 3 { node.address = try field.string(in: bytes) }
                }
                nodes.insert(node)
            }
        } catch {
            return nil
        }
        return nodes.list
    }

    static func of(_ service: WireExportedService) -> [ReceivedResource.ServiceNode] {
        var nodes = DistinctNodes()
        for instance in service.nodes {
            nodes.insert(ReceivedResource.ServiceNode(name: instance.node.node, address: instance.node.address))
        }
        return nodes.list
    }
}

/// Of several instances on one node the first says its address.
private struct DistinctNodes {
    private(set) var list: [ReceivedResource.ServiceNode] = []
    /// Empty while there is one: most services need no set.
    private var names: Set<String> = []

    mutating func insert(_ node: ReceivedResource.ServiceNode) {
        guard let first = list.first else { return list.append(node) }
        guard node.name != first.name, names.insert(node.name).inserted else { return }
        list.append(node)
    }
}
