import CatalogCore
package import Observability
package import StateCore

/// What is in this cluster's catalog, out of numbers that it keeps itself.
package enum CatalogMetrics {
    package static func of(_ state: State) -> [Metric] {
        let catalog = state.catalog
        let none: [HealthStatus: Int] = [.passing: 0, .warning: 0, .critical: 0]
        let checks = none.merging(catalog.checkCounts) { $1 }
        return [
            gauge("hawser.catalog.nodes", "Nodes in the catalog", catalog.nodes.count),
            gauge("hawser.catalog.services", "Names of services in the catalog", catalog.services.count),
            gauge("hawser.catalog.instances", "Instances of services in the catalog", catalog.instanceCount),
            Metric(
                "hawser.catalog.checks", .gauge, "Checks in the catalog, by what they say",
                checks.sorted { $0.key.rawValue < $1.key.rawValue }.map { status, count in
                    Metric.Sample([.init("status", status.rawValue)], Double(count))
                }),
            gauge("hawser.state.index", "Number of the last commit", Int(clamping: state.index)),
        ]
    }

    private static func gauge(_ name: String, _ help: String, _ value: Int) -> Metric {
        Metric(name, .gauge, help, value: Double(value))
    }
}
