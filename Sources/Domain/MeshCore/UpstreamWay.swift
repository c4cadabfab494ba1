package import CatalogCore

/// Where an upstream is.
package enum UpstreamTarget: Hashable, Sendable {
    case sameDatacenter
    case datacenter(String)
    case peer(String)
    /// Outside of the mesh, behind a server name of its own.
    case external(sni: String)
}

/// What a proxy dials for an upstream.
package enum UpstreamWay: String, Sendable {
    /// The instances themselves.
    case direct
    /// The gateways of the own cluster.
    case localGateways = "local-gateways"
    /// The gateways of the cluster where the upstream is.
    case remoteGateways = "remote-gateways"

    /// The table of the gateway data plane, section 4: peers are reached through gateways only, the own datacenter and
    /// what is outside never.
    package init(to target: UpstreamTarget, mode: MeshGatewayMode?) {
        self =
            switch (target, mode) {
            case (.sameDatacenter, _), (.external, _): .direct
            case (.datacenter, nil), (.datacenter, MeshGatewayMode.none?): .direct
            case (.peer, nil), (.peer, MeshGatewayMode.none?): .remoteGateways
            case (_, .local?): .localGateways
            case (_, .remote?): .remoteGateways
            }
    }
}
