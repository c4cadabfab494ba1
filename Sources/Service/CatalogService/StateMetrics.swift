package import Observability
package import StateCore

/// What the writer of the state has done, and where the replication log ends.
package enum StateMetrics {
    package static func of(_ store: StateStore) -> [Metric] {
        let counts = store.counts
        return [
            Metric(
                "hawser.state.commits_total", .counter, "Batches that were written to the state's storage.",
                value: Double(counts.commits)),
            Metric(
                "hawser.state.commands_total", .counter, "Changes that were asked of the state.",
                value: Double(counts.commands)),
            Metric(
                "hawser.state.storage_failures_total", .counter, "Batches that the state's storage did not take.",
                value: Double(counts.failures)),
            Metric(
                "hawser.replication_log.events", .counter, "Events that the replication log has had.",
                value: Double(store.state.log.nextNumber - 1)),
        ]
    }
}
