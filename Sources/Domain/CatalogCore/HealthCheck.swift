package import DocumentCore

/// The health of a node or an instance. Texts outside the known ones are kept, and count as worse than critical.
package struct HealthStatus: Hashable, Sendable, RawRepresentable {
    package var rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package static let passing = HealthStatus(rawValue: "passing")
    package static let warning = HealthStatus(rawValue: "warning")
    package static let critical = HealthStatus(rawValue: "critical")
    package static let maintenance = HealthStatus(rawValue: "maintenance")

    /// The order in which one of several statuses wins: the highest is the worst.
    var severity: Int {
        switch self {
        case .passing: 0
        case .warning: 1
        case .critical: 2
        default: 3
        }
    }

    /// The worst of several; passing if there is none.
    package static func worst(of statuses: [HealthStatus]) -> HealthStatus {
        statuses.max { $0.severity < $1.severity } ?? .passing
    }
}

/// One check and its last result (protocol section 3.4, `service.HealthCheck`).
package struct HealthCheck: Hashable, Sendable {
    package var node: String
    /// Unique on its node and never empty.
    package var checkID: String
    package var name: String
    package var status: HealthStatus
    package var notes: String
    package var output: String
    /// Empty for a check of the whole node.
    package var serviceID: String
    package var serviceName: String
    package var serviceTags: [String]
    /// `ttl`, `http`, `tcp`, ...
    package var type: String
    package var interval: String
    package var timeout: String
    /// How this agent runs it; nil if it is not ours to run, or if its status is all that was said of it.
    package var plan: CheckPlan?
    /// How somebody else runs it, in the words of who put it into the catalog.
    package var definition: [DocumentMember]

    package init(
        node: String, checkID: String, name: String, status: HealthStatus, notes: String = "", output: String = "",
        serviceID: String = "", serviceName: String = "", serviceTags: [String] = [], type: String = "",
        interval: String = "", timeout: String = "", plan: CheckPlan? = nil, definition: [DocumentMember] = []
    ) {
        self.node = node
        self.checkID = checkID
        self.name = name
        self.status = status
        self.notes = notes
        self.output = output
        self.serviceID = serviceID
        self.serviceName = serviceName
        self.serviceTags = serviceTags
        self.type = type
        self.interval = interval
        self.timeout = timeout
        self.plan = plan
        self.definition = definition
    }

    package var key: CheckKey { CheckKey(serviceID: serviceID, checkID: checkID) }
}

/// Which check on a node.
package struct CheckKey: Hashable, Comparable, Sendable {
    /// Empty for a check of the whole node.
    package var serviceID: String
    package var checkID: String

    package init(serviceID: String, checkID: String) {
        self.serviceID = serviceID
        self.checkID = checkID
    }

    package static func < (left: CheckKey, right: CheckKey) -> Bool {
        (left.serviceID, left.checkID) < (right.serviceID, right.checkID)
    }
}

/// What a run of a check, or the application itself, says of its health.
package struct CheckResult: Hashable, Sendable {
    package var key: CheckKey
    package var status: HealthStatus
    package var output: String

    package init(key: CheckKey, status: HealthStatus, output: String) {
        self.key = key
        self.status = status
        self.output = output
    }
}

/// One instance with everything that is known of it: what a health query answers, and what travels to a peer.
package struct ServiceInstance: Hashable, Sendable {
    package var node: Node
    package var service: NodeService
    package var checks: [HealthCheck]

    package init(node: Node, service: NodeService, checks: [HealthCheck] = []) {
        self.node = node
        self.service = service
        self.checks = checks
    }
}
