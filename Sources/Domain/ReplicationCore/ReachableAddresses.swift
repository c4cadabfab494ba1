package import CatalogCore
import ConfigCore
package import PeeringCore
package import StateCore

/// Where dialers reach this cluster: what tokens and the server addresses that peers are sent say (protocol sections
/// 1.2 and 4.7).
package struct ReachableAddresses: Sendable {
    /// The peering port's own, as advertised; empty while it is switched off.
    package var own: [HostPort]

    package init(own: [HostPort]) {
        self.own = own
    }

    /// The mesh gateways' where the mesh entry says so, without a fallback: an operator who wrote that may have closed
    /// the way to the daemon.
    package func inForce(in state: State) -> [HostPort] {
        state.peersThroughMeshGateways
            ? state.catalog.gateways.compactMap(\.wanAddress)
            : own
    }
}

extension State {
    /// Whether peers are to reach this cluster through its mesh gateways.
    package var peersThroughMeshGateways: Bool {
        let entry = cluster.configEntries[ConfigEntryKey(kind: .mesh, name: "mesh")]?.entry
        guard case .mesh(let settings) = entry?.content else { return false }
        return settings.peerThroughMeshGateways ?? false
    }
}

extension ServiceInstance {
    /// Where other clusters reach an instance: the first of these that is set. Nil if there is none, or no port.
    package var wanAddress: HostPort? { address(in: "wan") }

    /// Where the own cluster reaches an instance, in the same order.
    package var lanAddress: HostPort? { address(in: "lan") }

    private func address(in network: String) -> HostPort? {
        let tagged = service.taggedAddresses[network]
        let candidates = [
            (tagged?.address ?? "", tagged?.port ?? 0), (service.address, service.port),
            (node.taggedAddresses[network] ?? "", service.port), (node.address, service.port),
        ]
        guard let (host, port) = candidates.first(where: { !$0.0.isEmpty }), port > 0 else { return nil }
        return HostPort(host: host, port: port)
    }
}
