import CatalogCore
import IdentityCore
import PeeringCore
import ReplicationCore
import StateCore

/// What a proxy finds at the end of its way.
struct UpstreamDestination {
    var sni: String?
    var addresses: [HostPort] = []
    var findings: [MeshFinding] = []

    mutating func add(_ code: MeshFinding.Code, _ message: String) {
        findings.append(MeshFinding(code, message))
    }
}

extension MeshExplainer {
    func destination(of upstream: Upstream, _ target: UpstreamTarget, _ way: UpstreamWay) -> UpstreamDestination {
        let name = upstream.destinationName
        var found =
            switch target {
            case .sameDatacenter: own(name)
            case .external(let sni): UpstreamDestination(sni: sni)
            case .datacenter(let datacenter): remote(name, in: datacenter, way)
            case .peer(let peer): imported(name, from: peer, way)
            }
        if way == .localGateways {
            found.addresses = reachable(state.catalog.gateways).compactMap(\.lanAddress)
            if found.addresses.isEmpty {
                found.add(
                    .noLocalGateway,
                    "the mode is local, and no healthy mesh gateway is registered here: connections are reset. Register "
                        + "one, or write remote")
            }
        }
        return found
    }

    private func own(_ name: String) -> UpstreamDestination {
        var found = UpstreamDestination(
            sni: state.identity.map { $0.trustDomain.internalSNI(service: name, datacenter: $0.datacenter) },
            addresses: reachable(state.catalog.meshInstances(of: name)).compactMap(\.lanAddress))
        if found.addresses.isEmpty {
            found.add(.noInstances, "\(name) has no healthy proxy in this cluster: register one")
        }
        return found
    }

    private func remote(_ name: String, in datacenter: String, _ way: UpstreamWay) -> UpstreamDestination {
        var found = UpstreamDestination(
            sni: state.identity.map { $0.trustDomain.internalSNI(service: name, datacenter: datacenter) })
        if way != .localGateways {
            found.add(
                .unknownDatacenter,
                "what is in the datacenter \(datacenter) is not known here: Hawser ties clusters by peering. Import "
                    + "\(name) over a peering, and write destination_peer in place of datacenter")
        }
        return found
    }

    private func imported(_ name: String, from peer: String, _ way: UpstreamWay) -> UpstreamDestination {
        var found = UpstreamDestination()
        guard let peering = state.peering(named: peer) else {
            found.add(.noPeering, "there is no peering of the name \(peer)")
            return found
        }
        guard let imports = state.imports[peering.id], let announced = imports.announced else {
            found.add(.notSynced, "\(peer) has not said yet what it exports: see `hawser peering read -name \(peer)`")
            return found
        }
        guard announced.contains(name) else {
            found.add(
                .notExportedToUs,
                "\(peer) does not export \(name) to this cluster: it has to be in its exported-services entry")
            return found
        }
        let gateways = imports.services[name + "-sidecar-proxy"].map { decode($0.payload) } ?? []
        found.sni = gateways.lazy.compactMap { $0.service.peerMeta?.sni.first }.first
        if way == .remoteGateways { found.addresses = reachable(gateways).compactMap(\.wanAddress) }
        if gateways.isEmpty {
            found.add(.noRemoteGateway, "\(peer) has no mesh gateway for \(name), or no proxy: it cannot be reached")
        } else if way == .remoteGateways, found.addresses.isEmpty {
            found.add(.noRemoteGateway, "no mesh gateway of \(peer) is healthy")
        }
        return found
    }

    /// Those that traffic is sent to.
    private func reachable(_ instances: [ServiceInstance]) -> [ServiceInstance] {
        instances.filter { instance in
            instance.checks.allSatisfy { $0.status == .passing || $0.status == .warning }
        }
    }
}
