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

/// A service of the agent's node with its checks as the catalog has them; the node's own checks under an empty ID.
package struct ObservedInstance: Hashable, Sendable {
    package var serviceID: String
    package var checks: [HealthCheck]

    package init(serviceID: String, checks: [HealthCheck]) {
        self.serviceID = serviceID
        self.checks = checks
    }
}
