package import Observability
import PeeringCore
import ReplicationCore
import ReplicationService
import StateCore

extension PeeringService {
    /// How all peerings are doing now; the first two under Consul's names. May be asked on any task.
    package func metrics() -> [Metric] {
        let state = environment.store.state
        let peers = state.sortedPeerings.filter(\.isActive).map { peering in
            MeasuredPeer(
                peering: peering, status: environment.board.status(of: peering.id), imports: state.imports[peering.id])
        }
        func gauge(_ name: String, _ help: String, _ value: (MeasuredPeer) -> Int?) -> Metric {
            Metric(
                name, .gauge, help,
                peers.compactMap { peer in value(peer).map { Metric.Sample(peer.labels, Double($0)) } })
        }
        return [
            gauge("consul.peering.exported_services", "Services that are exported to the peer") {
                $0.status?.exportedServices?.count ?? 0
            },
            gauge("consul.peering.healthy", "1 while the stream with the peer is up, and 0 else") {
                $0.isConnected ? 1 : 0
            },
            gauge("hawser.peering.imported_services", "Services that are imported from the peer") {
                $0.imports?.services.count ?? 0
            },
            gauge(
                "hawser.peering.bypasses_gateway",
                "1 if the mesh entry asks for the cluster's own gateways and the stream runs past them, for peers that "
                    + "are dialed here"
            ) { peer in
                guard peer.peering.dials else { return nil }
                return peer.isConnected && peer.status?.path?.bypassesGateways == true ? 1 : 0
            },
            gauge("hawser.peering.refused_resources", "Resources that the peer did not take") {
                $0.status?.refusals.count ?? 0
            },
            gauge("hawser.peering.failed_attempts", "Attempts to dial the peer that failed since the last success") {
                $0.peering.dials ? $0.status?.failedAttempts ?? 0 : nil
            },
        ]
    }
}

private struct MeasuredPeer {
    var peering: Peering
    var status: StreamStatus?
    var imports: ImportedCatalog?

    var isConnected: Bool { status?.isConnected == true }
    var labels: [Metric.Label] { [.init("peer_name", peering.name), .init("peer_id", peering.id.text)] }
}
