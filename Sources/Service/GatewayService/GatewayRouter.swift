package import ClientHello
package import GatewayCore
package import GatewayRelay
import NIOConcurrencyHelpers
package import PeeringCore

/// Where the relay's connections go, as it is now: the route table, and the addresses behind its upstreams. The relay asks
/// on its threads, `GatewayService` replaces it from a task.
package final class GatewayRouter: RelayRouter {
    /// One upstream's host name may stand for so many addresses.
    static let maxAddressesPerRoute = 64

    private struct Tables {
        var table = RouteTable()
        /// By pattern, for routes that have an address.
        var rotations: [RoutePattern: UpstreamRotation<RelayAddress>] = [:]
    }

    private let tables = NIOLockedValueBox(Tables())
    private let start = ContinuousClock.now

    package init() {}

    /// Replaces all routes at once. Connections that stand are not touched; what is known of the health of addresses
    /// that stay is kept.
    ///
    /// - Parameter resolved: the addresses of each upstream; one that is missing has none now.
    package func replace(with table: RouteTable, resolved: [HostPort: [RelayAddress]]) {
        tables.withLockedValue { tables in
            tables.table = table
            var rotations: [RoutePattern: UpstreamRotation<RelayAddress>] = [:]
            for route in table.routes {
                let addresses = Array(
                    route.upstreams.flatMap { resolved[$0] ?? [] }.prefix(Self.maxAddressesPerRoute))
                var rotation = tables.rotations[route.pattern] ?? UpstreamRotation(addresses)
                rotation.replace(with: addresses)
                rotations[route.pattern] = rotation
            }
            tables.rotations = rotations
        }
    }

    package var routes: [Route] { tables.withLockedValue { $0.table.routes } }

    package func route(_ hello: ClientHello, from: RelayAddress) -> RelayDecision {
        guard let name = hello.serverName else { return .refuse(.noServerName) }
        let now = ContinuousClock.now - start
        return tables.withLockedValue { tables in
            guard let route = tables.table.route(of: name) else { return .refuse(.unknownServerName) }
            let targets = tables.rotations[route.pattern]?.order(now: now) ?? []
            guard !targets.isEmpty else { return .refuse(.noTarget) }
            return .forward(route: route.pattern.description, targets: targets)
        }
    }

    package func attempted(_ target: RelayAddress, on route: String, failure: RelayFailure?) {
        guard let pattern = RoutePattern(route) else { return }
        let now = ContinuousClock.now - start
        tables.withLockedValue { tables in
            if failure == nil {
                tables.rotations[pattern]?.connected(to: target)
            } else {
                tables.rotations[pattern]?.failed(target, now: now)
            }
        }
    }
}
