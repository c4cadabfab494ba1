import IdentityCore
package import PeeringCore
import ReplicationCore
package import StateCore

/// What this cluster's gateways have to forward for peering (protocol section 6): its own peering name to its servers,
/// and the name of each cluster that it dials to that cluster's addresses. Nothing, unless the mesh entry says that peering
/// goes through the gateways.
package enum GatewayPlan {
    /// - Parameters:
    ///   - servers: where this cluster's daemon listens for peers.
    ///   - establishing: clusters whose tokens are being redeemed just now: the exchange goes through the gateways too.
    package static func routes(
        of state: State, servers: [HostPort], establishing: some Sequence<DialTarget>
    ) -> [Route] {
        guard state.peersThroughMeshGateways else { return [] }
        // Of several peerings of one cluster the one that changed last knows best.
        let dialed =
            state.farewells.values.map(\.peering).sorted { $0.modifyIndex < $1.modifyIndex }
            + state.peerings.values.filter(\.dials).sorted { $0.modifyIndex < $1.modifyIndex }
        var routes: [String: Route] = [:]
        for target in establishing { add(target, to: &routes) }
        for peering in dialed {
            add(
                DialTarget(serverName: peering.peerServerName, addresses: peering.addressesToDial), to: &routes)
        }
        if let own = state.identity.flatMap({ RoutePattern($0.peeringServerName) }) {
            routes[own.name] = Route(pattern: own, upstreams: servers)
        }
        return routes.values.sorted { $0.pattern.name < $1.pattern.name }
    }

    private static func add(_ target: DialTarget, to routes: inout [String: Route]) {
        guard let pattern = RoutePattern(target.serverName), !pattern.isWildcard else { return }
        routes[pattern.name] = Route(pattern: pattern, upstreams: target.addresses.compactMap { HostPort($0) })
    }
}
