import DocumentCore
import IdentityCore
import PeeringCore

extension JSONWriter {
    /// The answer of `/v1/connect/ca/roots`.
    mutating func caRoots(_ identity: ClusterIdentity) {
        object { json in
            json.field("ActiveRootID", identity.activeRootID)
            json.field("TrustDomain", identity.trustDomain.description)
            json.list("Roots", identity.roots) { json, root in
                json.root(root, identity)
            }
        }
    }

    private mutating func root(_ root: CARoot, _ identity: ClusterIdentity) {
        object { json in
            json.field("ID", root.id)
            json.field("Name", root.name)
            // Serial numbers are longer than any integer of JSON; Consul's own are short.
            json.field("SerialNumber", UInt64(root.serialHex, radix: 16) ?? 0)
            json.field("SigningKeyID", root.id)
            json.field("ExternalTrustDomain", identity.trustDomain.clusterID)
            json.field("NotBefore", Timestamp(seconds: root.notBefore).rfc3339)
            json.field("NotAfter", Timestamp(seconds: root.notAfter).rfc3339)
            json.field("RootCert", root.certificatePEM)
            if root.id == identity.activeRootID, !identity.crossCertificatePEMs.isEmpty {
                json.field("IntermediateCerts", identity.crossCertificatePEMs)
            } else {
                json.nullField("IntermediateCerts")
            }
            json.field("Active", root.id == identity.activeRootID)
            if let time = root.rotatedOutAt { json.field("RotatedOutAt", Timestamp(seconds: time).rfc3339) }
            json.field("PrivateKeyType", "ec")
            json.field("PrivateKeyBits", 256)
            json.field("CreateIndex", root.createIndex)
            json.field("ModifyIndex", root.modifyIndex)
        }
    }
}
