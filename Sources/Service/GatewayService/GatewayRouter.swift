package import ClientHello
package import GatewayCore
package import GatewayRelay
import NIOConcurrencyHelpers

/// Takes the routes as they become known. One task calls it.
package protocol RouteSink: Sendable {
    /// Replaces all routes at once. A route without addresses is there, and leads nowhere.
    func replace(with table: RouteTable, addresses: [RoutePattern: [RelayAddress]])

    /// Other addresses of one route.
    func update(_ route: RoutePattern, addresses: [RelayAddress])
}

/// Where the relay's connections go, as it is now: the route table, and the addresses behind its upstreams. The relay asks
/// on its threads, `RouteFollower` replaces it from a task. Connections that stand are not touched by a change, and what is
/// known of the health of addresses that stay is kept.
package final class GatewayRouter: RelayRouter, RouteSink {
    private struct Tables {
        var table = RouteTable()
        var rotations: [RoutePattern: UpstreamRotation<RelayAddress>] = [:]
    }

    private let tables = NIOLockedValueBox(Tables())
    private let start = ContinuousClock.now

    package init() {}

    package func replace(with table: RouteTable, addresses: [RoutePattern: [RelayAddress]]) {
        tables.withLockedValue { tables in
            tables.table = table
            let known = tables.rotations
            tables.rotations = addresses.reduce(into: [:]) { rotations, route in
                rotations[route.key] = Self.rotation(known[route.key], with: route.value)
            }
        }
    }

    package func update(_ route: RoutePattern, addresses: [RelayAddress]) {
        tables.withLockedValue { tables in
            tables.rotations[route] = Self.rotation(tables.rotations[route], with: addresses)
        }
    }

    private static func rotation(
        _ known: UpstreamRotation<RelayAddress>?, with addresses: [RelayAddress]
    ) -> UpstreamRotation<RelayAddress> {
        var rotation = known ?? UpstreamRotation(addresses)
        rotation.replace(with: addresses)
        return rotation
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
