/// Something about the mesh that an operator will want to change.
package struct MeshFinding: Hashable, Sendable {
    package enum Code: String, Sendable {
        /// The mode `none` was asked for a peer, where it means `remote`.
        case noneMeansRemote = "none-means-remote"
        case noLocalGateway = "no-local-gateway"
        case noRemoteGateway = "no-remote-gateway"
        case noPeering = "no-peering"
        case notSynced = "not-synced"
        case notExportedToUs = "not-exported-to-us"
        case unknownDatacenter = "unknown-datacenter"
        case noInstances = "no-instances"
        case exportWithoutGateway = "export-without-gateway"
        case noProxy = "no-proxy"
    }

    package let code: Code
    /// One sentence for people, that says what to do.
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
