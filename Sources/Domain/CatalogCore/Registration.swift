/// A service that a file or a client registered on the local node, with its checks.
package struct Registration: Hashable, Sendable {
    package var service: NodeService
    package var checks: [HealthCheck]

    package init(service: NodeService, checks: [HealthCheck] = []) {
        self.service = service
        self.checks = checks
    }
}
