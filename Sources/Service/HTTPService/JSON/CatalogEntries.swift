import CatalogCore

/// When a row came to be, and when it last changed.
struct RowIndexes: Sendable {
    var create: UInt64
    var modify: UInt64
}

/// One instance with where it comes from and the indexes of its rows.
struct InstanceEntry: Sendable {
    var instance: ServiceInstance
    /// Empty for an instance of this cluster.
    var peer: String
    var indexes: RowIndexes
    var nodeIndexes: RowIndexes

    /// Whether no check says otherwise. Maintenance is not passing.
    var isPassing: Bool { instance.checks.allSatisfy { $0.status == .passing } }

    var nodeEntry: NodeEntry { NodeEntry(node: instance.node, peer: peer, indexes: nodeIndexes) }

    /// The checks of the instance and of its node.
    var checks: [CheckEntry] {
        instance.checks.map { check in
            var check = check
            if check.node.isEmpty { check.node = instance.node.name }
            if check.serviceTags.isEmpty, !check.serviceID.isEmpty { check.serviceTags = instance.service.tags }
            return CheckEntry(check: check, peer: peer, indexes: indexes)
        }
    }

    /// Without those of the node.
    var serviceChecks: [CheckEntry] { checks.filter { !$0.check.serviceID.isEmpty } }
}

/// One node likewise.
struct NodeEntry: Sendable {
    var node: Node
    var peer: String
    var indexes: RowIndexes
}

/// One check likewise.
struct CheckEntry: Sendable {
    var check: HealthCheck
    var peer: String
    var indexes: RowIndexes
}
