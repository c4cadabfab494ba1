import DocumentCore
import IdentityCore

/// Who the cluster is: its trust domain, and the roots of its CA with the key of the active one.
struct IdentityRow: StoredRow {
    static let table = "identity"
    static let version: UInt8 = 2
    static let scope = RowScope.cluster

    var identity: ClusterIdentity

    init(_ identity: ClusterIdentity) {
        self.identity = identity
    }

    init?(_ stored: StoredBytes) {
        guard let identity = stored.map(Self.decode) else { return nil }
        self.identity = identity
    }

    var key: RowKey { RowKey(Self.table, "self") }
    var lastIndex: UInt64 { identity.roots.map(\.modifyIndex).max() ?? 0 }

    func insert(into state: inout State, at index: UInt64) -> [StateChange] {
        state.cluster.identity = identity
        return [.identity]
    }

    static func remove(_ parts: [String], from state: inout State, at index: UInt64) -> [StateChange] {
        state.cluster.identity = nil
        return [.identity]
    }

    static func rows(of state: State) -> [Self] { state.identity.map { [Self($0)] } ?? [] }

    func encode() -> [UInt8] {
        RowJSON.object {
            $0.field("ClusterID", identity.trustDomain.clusterID)
            $0.field("Datacenter", identity.datacenter)
            $0.field("NodeID", identity.nodeID)
            $0.field("ActiveRootID", identity.activeRootID)
            $0.list("Roots", identity.roots) { json, root in
                json.object {
                    $0.field("ID", root.id)
                    $0.field("Name", root.name)
                    $0.field("Certificate", root.certificatePEM)
                    $0.field("Serial", root.serialHex)
                    $0.field("NotBefore", root.notBefore)
                    $0.field("NotAfter", root.notAfter)
                    $0.fieldIfNotEmpty("Key", root.key?.reveal() ?? "")
                    $0.fieldIfNotEmpty("CrossSigner", root.crossCertificate?.signerID ?? "")
                    $0.fieldIfNotEmpty("CrossCertificate", root.crossCertificate?.certificatePEM ?? "")
                    if let time = root.rotatedOutAt { $0.field("RotatedOutAt", time) }
                    $0.field("CreateIndex", root.createIndex)
                    $0.field("ModifyIndex", root.modifyIndex)
                }
            }
        }
    }

    private static func decode(_ map: inout MapReader) -> ClusterIdentity? {
        guard let clusterID = map.string("ClusterID"), let datacenter = map.string("Datacenter"),
            let nodeID = map.string("NodeID"), let activeRootID = map.string("ActiveRootID"),
            let roots = map.maps("Roots", decodeRoot), !roots.isEmpty
        else { return nil }
        return ClusterIdentity(
            trustDomain: TrustDomain(clusterID: clusterID), datacenter: datacenter, nodeID: nodeID, roots: roots,
            activeRootID: activeRootID)
    }

    private static func decodeRoot(_ map: inout MapReader) -> CARoot? {
        guard let id = map.string("ID"), let name = map.string("Name"), let pem = map.string("Certificate"),
            let serial = map.string("Serial"), let notBefore = map.integer("NotBefore", in: .min ... .max),
            let notAfter = map.integer("NotAfter", in: .min ... .max)
        else { return nil }
        var root = CARoot(
            id: id, name: name, certificatePEM: pem, serialHex: serial, notBefore: Int64(notBefore),
            notAfter: Int64(notAfter), key: map.string("Key").map(SecretText.init),
            createIndex: map.index("CreateIndex"),
            modifyIndex: map.index("ModifyIndex"))
        if let signer = map.string("CrossSigner"), let pem = map.string("CrossCertificate") {
            root.crossCertificate = CrossCertificate(signerID: signer, certificatePEM: pem)
        }
        root.rotatedOutAt = map.integer("RotatedOutAt", in: .min ... .max).map(Int64.init)
        return root
    }
}
