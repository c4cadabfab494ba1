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

    /// The answer of `/v1/connect/ca/configuration`.
    mutating func caConfiguration(of root: CARoot?) {
        object { json in
            json.field("Provider", CAConfigurationBody.provider)
            json.object("Config") { json in
                json.field("IntermediateCertTTL", "8760h")
                json.field("LeafCertTTL", "72h")
                json.field("PrivateKeyBits", CAConfigurationBody.keyBits)
                json.field("PrivateKeyType", CAConfigurationBody.keyType)
                json.field("RootCertTTL", "87600h")
            }
            json.nullField("State")
            json.field("ForceWithoutCrossSigning", false)
            json.field("CreateIndex", root?.createIndex ?? 0)
            json.field("ModifyIndex", root?.modifyIndex ?? 0)
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
            json.field("PrivateKeyType", CAConfigurationBody.keyType)
            json.field("PrivateKeyBits", CAConfigurationBody.keyBits)
            json.field("CreateIndex", root.createIndex)
            json.field("ModifyIndex", root.modifyIndex)
        }
    }
}
