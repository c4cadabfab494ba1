/// The name space of a cluster's identities: `<cluster UUID>.consul` (protocol section 10).
///
/// Made once at first start and kept for the life of the cluster. The suffix is always `consul`, whatever the
/// DNS domain of the agent is.
package struct TrustDomain: Hashable, Sendable, CustomStringConvertible {
    /// The UUID of the cluster, 8-4-4-4-12 lower-case hex without version bits.
    package let clusterID: String

    package init(clusterID: String) {
        self.clusterID = clusterID
    }

    package var description: String { "\(clusterID).consul" }

    /// SNI and certificate name of the cluster's peering port.
    package func peeringServerName(datacenter: String) -> String {
        "server.\(datacenter).peering.\(self)"
    }

    /// SNI under which an importer reaches a service that this cluster exports.
    ///
    /// - Parameter peer: the name that the *exporter* gave to the importer.
    package func exportedServiceSNI(service: String, peer: String) -> String {
        "\(service).default.default.\(peer).external.\(self)"
    }

    /// SNI of a service of this cluster, in the clusters that share its trust domain.
    package func internalSNI(service: String, datacenter: String) -> String {
        "\(service).default.\(datacenter).internal.\(self)"
    }

    /// The signing identity of the cluster's CA.
    package var signingID: String { "spiffe://\(self)" }

    package func serverID(datacenter: String) -> String {
        "spiffe://\(self)/agent/server/dc/\(datacenter)"
    }

    package func serviceID(service: String, datacenter: String) -> String {
        "spiffe://\(self)/ns/default/dc/\(datacenter)/svc/\(service)"
    }

    package func meshGatewayID(datacenter: String) -> String {
        "spiffe://\(self)/gateway/mesh/dc/\(datacenter)"
    }
}
