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
    /// PEM text of the private key. Never shown. Gone when the root is not the active one any more.
    package var key: SecretText?
    /// This root's name and key signed by the root before it: what leads peers that know only that one to this one.
    package var crossCertificate: CrossCertificate?
    /// Unix seconds; when another root became the active one.
    package var rotatedOutAt: Int64?
    package var createIndex: UInt64
    package var modifyIndex: UInt64

    package init(
        id: String, name: String, certificatePEM: String, serialHex: String, notBefore: Int64, notAfter: Int64,
        key: SecretText?, crossCertificate: CrossCertificate? = nil, createIndex: UInt64 = 0, modifyIndex: UInt64 = 0
    ) {
        self.id = id
        self.name = name
        self.certificatePEM = certificatePEM
        self.serialHex = serialHex
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.key = key
        self.crossCertificate = crossCertificate
        self.createIndex = createIndex
        self.modifyIndex = modifyIndex
    }
}

/// A root's name and key, signed by an older root.
package struct CrossCertificate: Hashable, Sendable {
    /// ID of the root that signed.
    package var signerID: String
    package var certificatePEM: String

    package init(signerID: String, certificatePEM: String) {
        self.signerID = signerID
        self.certificatePEM = certificatePEM
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

    /// How many roots may be trusted at a time: all of them travel in every token and bundle.
    package static let maxRoots = 8

    /// What a leaf of the active root is sent with, so that peers that were away during rotations trust it by an older
    /// root, as long as that is not retired: newest first.
    package var crossCertificatePEMs: [String] {
        var chain: [String] = []
        var current = activeRoot
        // A chain has no more links than there are roots, also where the stored data is wrong.
        while let cross = current?.crossCertificate, chain.count < roots.count {
            guard let signer = roots.first(where: { $0.id == cross.signerID }) else { break }
            chain.append(cross.certificatePEM)
            current = signer
        }
        return chain
    }

    /// SNI and certificate name of this cluster's peering port.
    package var peeringServerName: String { trustDomain.peeringServerName(datacenter: datacenter) }

    /// What goes into tokens and trust bundles: every root, each ending in a newline, the active one first.
    package var rootPEMs: [String] {
        roots.filter { $0.id == activeRootID }.map(\.certificatePEM)
            + roots.filter { $0.id != activeRootID }.map(\.certificatePEM)
    }
}
