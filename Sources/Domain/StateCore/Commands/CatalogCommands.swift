package import CatalogCore
package import IdentityCore

/// A client writes a node into the catalog, a service on it, and checks: all as they are, for no agent looks after them.
/// On the agent's own node it may put services and checks; what the node itself is, the agent says.
package struct RegisterExternal: Command {
    /// The agent's own node.
    package var ownNode: String
    package var node: Node
    /// The node stays as it is if it is there.
    package var skipsNodeUpdate: Bool
    package var service: NodeService?
    package var checks: [HealthCheck]

    package init(
        ownNode: String, node: Node, skipsNodeUpdate: Bool = false, service: NodeService? = nil,
        checks: [HealthCheck] = []
    ) {
        self.ownNode = ownNode
        self.node = node
        self.skipsNodeUpdate = skipsNodeUpdate
        self.service = service
        self.checks = checks
    }

    package func apply(to transaction: inout Transaction) throws(Refusal) {
        let isKnown = transaction.state.catalog.nodes[node.name] != nil
        if node.name != ownNode, !isKnown || !skipsNodeUpdate { transaction.put(node, isExternal: true) }
        if let service {
            let key = InstanceKey(node: node.name, id: service.id)
            let stored = transaction.state.catalog.instance(at: key)
            try refuseIfFromFile(stored)
            let checks = stored?.registration.checks ?? []
            transaction.put(Registration(service: service, checks: checks), at: key, source: .api)
        }
        for check in checks { try RegisterCheck(node: node.name, check: check).apply(to: &transaction) }
    }
}

/// A client takes a service or a check out of the catalog, or a node with everything on it. What is not there counts
/// as taken out.
package struct DeregisterExternal: Command {
    package enum Target: Hashable, Sendable {
        case node
        case service(String)
        case check(String)
    }

    /// The agent's own node.
    package var ownNode: String
    package var node: String
    package var target: Target

    package init(ownNode: String, node: String, target: Target) {
        self.ownNode = ownNode
        self.node = node
        self.target = target
    }

    package func apply(to transaction: inout Transaction) throws(Refusal) {
        let catalog = transaction.state.catalog
        switch target {
        case .node:
            guard node != ownNode else {
                throw Refusal(
                    .conflict, "node \"\(node)\" is the agent's own: it is in the catalog while the agent runs")
            }
            transaction.removeNode(node)
        case .service(let id):
            let key = InstanceKey(node: node, id: id)
            try refuseIfFromFile(catalog.instance(at: key))
            transaction.removeInstance(at: key)
        case .check(let id):
            guard catalog.check(id, on: node) != nil else { return }
            try DeregisterCheck(node: node, checkID: id).apply(to: &transaction)
        }
    }
}
