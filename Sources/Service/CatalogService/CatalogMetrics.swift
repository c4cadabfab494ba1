import CatalogCore
package import Observability
package import StateCore

/// What is in this cluster's catalog. Looks at every instance: for who asks every few seconds.
package enum CatalogMetrics {
    package static func of(_ state: State) -> [Metric] {
        let catalog = state.catalog
        var instances = 0
        var checks: [HealthStatus: Int] = [.passing: 0, .warning: 0, .critical: 0]
        for service in catalog.services.values {
            instances += service.instances.count
            for instance in service.instances { count(catalog.checks(at: instance.key), in: &checks) }
        }
        for node in catalog.nodes.values {
            count(catalog.checks(at: InstanceKey(node: node.node.name, id: "")), in: &checks)
        }
        return [
            gauge("hawser.catalog.nodes", "Nodes in the catalog", catalog.nodes.count),
            gauge("hawser.catalog.services", "Names of services in the catalog", catalog.services.count),
            gauge("hawser.catalog.instances", "Instances of services in the catalog", instances),
            Metric(
                "hawser.catalog.checks", .gauge, "Checks in the catalog, by what they say",
                checks.sorted { $0.key.rawValue < $1.key.rawValue }.map { status, count in
                    Metric.Sample([.init("status", status.rawValue)], Double(count))
                }),
            gauge("hawser.state.index", "Number of the last commit", Int(clamping: state.index)),
        ]
    }

    private static func count(_ checks: [HealthCheck], in counts: inout [HealthStatus: Int]) {
        for check in checks { counts[check.status, default: 0] += 1 }
    }

    private static func gauge(_ name: String, _ help: String, _ value: Int) -> Metric {
        Metric(name, .gauge, help, value: Double(value))
    }
}
