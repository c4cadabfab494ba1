import PeeringCore
package import ReplicationCore
package import StateCore

/// Where a peer is dialed, in this order (protocol section 5.4): through the cluster's own gateways first, if the mesh
/// entry says so and there are any, then at the peer's own addresses.
package struct DialPlan: Hashable, Sendable {
    /// LAN addresses of the cluster's own gateways.
    package var gateways: [String]
    /// What the peer says of itself: its servers or its gateways.
    package var remote: [String]
    /// The mesh entry asks for gateways, and none is registered.
    package var lacksGateways: Bool

    package init(for remote: [String], in state: State) {
        let isTunneled = state.peersThroughMeshGateways
        gateways = isTunneled ? state.catalog.gateways.compactMap { $0.lanAddress?.description } : []
        self.remote = remote
        lacksGateways = isTunneled && gateways.isEmpty
    }

    /// How often the gateways are tried before the way past them is: a peer that is away for a moment is no reason for that.
    private static let gatewayRounds = 3

    /// One ring: if no gateway lets us through again and again, the way past them is tried, and said.
    package var ring: [String] {
        (0..<Self.gatewayRounds).flatMap { _ in gateways } + remote
    }

    package func path(to address: String) -> DialedPath {
        if gateways.contains(address) { return DialedPath(way: .localGateway, bypassesGateways: false) }
        return DialedPath(way: .direct, bypassesGateways: lacksGateways || !gateways.isEmpty)
    }
}
