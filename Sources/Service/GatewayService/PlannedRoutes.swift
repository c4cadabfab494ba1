package import GatewayCore
package import PeeringCore
package import StateCore

/// The routes that the cluster's peerings ask of its gateways, followed as they change.
package final class PlannedRoutes: GatewayRouteSource {
    private let store: StateStore
    private let servers: [HostPort]
    private let establishing: @Sendable () -> [DialTarget]
    private let changes: StateSubscription

    /// - Parameters:
    ///   - servers: where this cluster's daemon listens for peers.
    ///   - establishing: clusters whose tokens are being redeemed.
    package init(
        store: StateStore, servers: [HostPort], establishing: @escaping @Sendable () -> [DialTarget]
    ) {
        self.store = store
        self.servers = servers
        self.establishing = establishing
        self.changes = store.subscribe(to: [.identity, .peerings, .configEntries, .establishing])
    }

    package func routes() async -> [Route] {
        GatewayPlan.routes(of: store.state, servers: servers, establishing: establishing())
    }

    package func changed() async {
        _ = await changes.next()
    }
}
