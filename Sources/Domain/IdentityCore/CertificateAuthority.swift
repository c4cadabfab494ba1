/// A root of the cluster's CA, as stored: the certificate, and its key while it may still sign.
package struct CARoot: Hashable, Sendable {
    /// The key identifier of the certificate in `aa:bb:...` form.
    package var id: String
    package var name: String
    /// PEM text that ends in a newline.
    package var certificatePEM: String
    /// Serial number as a decimal number fits no integer type; it is kept as hex.
    package var serialHex: String
    /// Unix seconds.
    package var notBefore: Int64
    /// Unix seconds.
    package var notAfter: Int64
    /// PEM text of the private key. Never shown.
    package var key: SecretText?
    package var createIndex: UInt64
    package var modifyIndex: UInt64

    package init(
        id: String, name: String, certificatePEM: String, serialHex: String, notBefore: Int64, notAfter: Int64,
        key: SecretText?, createIndex: UInt64 = 0, modifyIndex: UInt64 = 0
    ) {
        self.id = id
        self.name = name
        self.certificatePEM = certificatePEM
        self.serialHex = serialHex
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.key = key
        self.createIndex = createIndex
        self.modifyIndex = modifyIndex
    }
}

/// Who this cluster is, and with which roots it proves that. Written at first start.
package struct ClusterIdentity: Hashable, Sendable {
    package var trustDomain: TrustDomain
    package var datacenter: String
    /// The ID of the agent's own node.
    package var nodeID: String
    /// Every root that peers may still meet; the active one signs.
    package var roots: [CARoot]
    package var activeRootID: String

    package init(
        trustDomain: TrustDomain, datacenter: String, nodeID: String, roots: [CARoot], activeRootID: String
    ) {
        self.trustDomain = trustDomain
        self.datacenter = datacenter
        self.nodeID = nodeID
        self.roots = roots
        self.activeRootID = activeRootID
    }

    package var activeRoot: CARoot? { roots.first { $0.id == activeRootID } }

    /// SNI and certificate name of this cluster's peering port.
    package var peeringServerName: String { trustDomain.peeringServerName(datacenter: datacenter) }

    /// What goes into tokens and trust bundles: every root, each ending in a newline, the active one first.
    package var rootPEMs: [String] {
        roots.filter { $0.id == activeRootID }.map(\.certificatePEM)
            + roots.filter { $0.id != activeRootID }.map(\.certificatePEM)
    }
}
