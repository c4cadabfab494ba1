/// A service that a file or a client registered on the local node, with its checks.
package struct Registration: Hashable, Sendable {
    package var service: NodeService
    package var checks: [HealthCheck]

    package init(service: NodeService, checks: [HealthCheck] = []) {
        self.service = service
        self.checks = checks
    }

    /// Gives a service that left its port to the agent one, also where a check connects to it: at port 0 until then.
    package mutating func assignPort(_ port: Int) {
        service.port = port
        for index in checks.indices {
            guard case .tcp(let address, let tls) = checks[index].plan?.probe, address.hasSuffix(":0") else { continue }
            checks[index].plan?.probe = .tcp("\(address.dropLast())\(port)", tls: tls)
        }
    }

    /// Keeps what runs have found out. A definition says how a check starts; one that is the same as before has started
    /// already.
    package mutating func keepHealth(of previous: [HealthCheck]) {
        let known = Dictionary(previous.map { ($0.checkID, $0) }) { first, _ in first }
        for index in checks.indices { checks[index].keepHealth(of: known[checks[index].checkID]) }
    }
}

extension HealthCheck {
    /// The same for one check.
    package mutating func keepHealth(of previous: HealthCheck?) {
        guard let previous, plan != nil, plan == previous.plan else { return }
        status = previous.status
        output = previous.output
    }
}
