package import CatalogCore

/// One run of a check.
package struct ProbeRun: Hashable, Sendable {
    /// Never used twice by one schedule.
    package var id: UInt64
    package var key: CheckKey
    package var plan: CheckPlan
}

/// What a run found out.
package struct ProbeOutcome: Hashable, Sendable {
    package var status: HealthStatus
    package var output: String

    package init(_ status: HealthStatus, _ output: String) {
        self.status = status
        self.output = output
    }
}

/// What the schedule wants done, in this order.
package enum HealthAction: Hashable, Sendable {
    /// Ask, and say what came of it with `probeFinished`.
    case startProbe(ProbeRun)
    /// Nobody wants to know any more.
    case cancelProbe(UInt64)
    case record(CheckResult)
    case deregisterService(String)
}

/// What the catalog has of the agent's node.
package enum HealthObservation: Hashable, Sendable {
    /// A service with all its checks, or the node with its own under an empty ID.
    case instance(serviceID: String, checks: [HealthCheck])
    case instanceGone(serviceID: String)
    /// One check of what was observed before. A new one comes after the others.
    case check(CheckKey, HealthCheck)
    case checkGone(CheckKey)
}
