package import CatalogCore
import ConfigCore
package import IdentityCore
package import StateCore

extension NodeService {
    /// Whether the instance travels as itself: proxies and gateways do not (protocol section 4.7).
    package var isExportable: Bool { kind == .typical && Self.isExportable(service) }

    /// Whether instances of that name may.
    static func isExportable(_ name: String) -> Bool { !name.hasSuffix("-sidecar-proxy") }
}

/// What a peer gets to see of this cluster's services (protocol sections 4.7 and 4.8).
package enum ExportedContent {
    /// Tagged addresses that mean something in this cluster only.
    private static let internalAddress = "consul-virtual"

    /// The instances of a service, whatever their health, each with at most one check.
    package static func instances(of name: String, in state: State) -> [ServiceInstance] {
        state.catalog.instances(of: name).filter { $0.service.isExportable && isComplete($0) }.map { instance in
            var exported = instance
            exported.service.proxy = nil
            exported.service.connectNative = false
            exported.service.peerMeta = nil
            exported.service.taggedAddresses[internalAddress] = nil
            exported.checks =
                flattenedCheck(of: instance, serviceID: instance.service.id, name: name).map { [$0] } ?? []
            return exported
        }
    }

    /// The synthetic proxies of a service: one per mesh gateway, with the gateway's addresses and health.
    ///
    /// - Parameter peer: the name that this cluster gave to the importer.
    package static func proxies(
        of name: String, for peer: String, in state: State, identity: ClusterIdentity
    ) -> [ServiceInstance] {
        let meta = peerMeta(of: name, for: peer, in: state, identity: identity)
        let gateways = state.catalog.gateways.filter(isComplete)
        return gateways.enumerated().map { index, gateway in
            let proxyName = name + "-sidecar-proxy"
            let proxyID = "\(proxyName)-instance-\(index)"
            let service = NodeService(
                kind: .connectProxy, id: proxyID, service: proxyName, address: gateway.service.address,
                port: gateway.service.port, socketPath: gateway.service.socketPath,
                taggedAddresses: gateway.service.taggedAddresses.filter { $0.key != internalAddress },
                weights: gateway.service.weights,
                proxy: ProxyConfiguration(
                    destinationServiceName: name, destinationServiceID: "\(name)-instance-\(index)"),
                peerMeta: meta)
            let check = flattenedCheck(of: gateway, serviceID: proxyID, name: proxyName)
            return ServiceInstance(node: gateway.node, service: service, checks: check.map { [$0] } ?? [])
        }
    }

    private static func peerMeta(
        of name: String, for peer: String, in state: State, identity: ClusterIdentity
    ) -> PeerMeta {
        let domain = identity.trustDomain
        let spoken = state.protocol(of: name)
        // With HTTP it is the gateway where TLS ends, whatever is behind it.
        let others = httpProtocols.contains(spoken) ? [] : ChainTargets.others(of: name, in: state)
        return PeerMeta(
            sni: [domain.exportedServiceSNI(service: name, peer: peer)],
            spiffeID: [
                domain.serviceID(service: name, datacenter: identity.datacenter),
                domain.meshGatewayID(datacenter: identity.datacenter),
            ] + others.map { domain.serviceID(service: $0, datacenter: identity.datacenter) },
            protocol: spoken)
    }

    private static let httpProtocols: Set = ["http", "http2", "grpc"]

    /// All checks of an instance as one: `maintenance` if any asks for it, else the worst status. No checks, no check.
    private static func flattenedCheck(of instance: ServiceInstance, serviceID: String, name: String) -> HealthCheck? {
        guard !instance.checks.isEmpty else { return nil }
        let isInMaintenance = instance.checks.contains {
            $0.checkID == "_node_maintenance" || $0.checkID.hasPrefix("_service_maintenance:")
        }
        return HealthCheck(
            node: instance.node.name, checkID: "\(serviceID):overall-check", name: "overall-check",
            status: isInMaintenance ? .maintenance : HealthStatus.worst(of: instance.checks.map(\.status)),
            serviceID: serviceID, serviceName: name)
    }

    /// An empty node name or ID crashes some importers: such an instance never leaves.
    private static func isComplete(_ instance: ServiceInstance) -> Bool {
        !instance.node.name.isEmpty && !instance.service.id.isEmpty
    }
}

extension State {
    /// The protocol that a service speaks: its own defaults over those of all proxies, else `tcp`.
    package func `protocol`(of service: String) -> String {
        let own = cluster.configEntries[ConfigEntryKey(kind: .serviceDefaults, name: service)]?.entry.serviceProtocol
        let common = cluster.configEntries[ConfigEntryKey(kind: .proxyDefaults, name: "global")]?.entry.serviceProtocol
        return own ?? common ?? "tcp"
    }
}
