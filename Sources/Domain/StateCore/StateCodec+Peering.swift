import DocumentCore
import IdentityCore
import PeeringCore

extension StateCodec {
    // MARK: Identity

    static func encode(_ identity: ClusterIdentity) -> [UInt8] {
        var json = JSONWriter()
        json.object {
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
        return json.bytes
    }

    static func decodeIdentity(_ map: inout MapReader) -> ClusterIdentity? {
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

    // MARK: Peerings

    static func encode(_ peering: Peering) -> [UInt8] {
        var json = JSONWriter()
        json.object { fields(of: peering, &$0) }
        return json.bytes
    }

    static func encode(_ farewell: Farewell) -> [UInt8] {
        var json = JSONWriter()
        json.object {
            $0.object("Peering") { fields(of: farewell.peering, &$0) }
            $0.field("StreamSecret", farewell.streamSecret.reveal())
        }
        return json.bytes
    }

    static func decodeFarewell(_ map: inout MapReader) -> Farewell? {
        guard let peering = map.map("Peering", decodePeering).flatMap({ $0 }), let secret = map.string("StreamSecret")
        else { return nil }
        return Farewell(peering: peering, streamSecret: SecretText(secret))
    }

    private static func fields(of peering: Peering, _ json: inout JSONWriter) {
        json.field("ID", peering.id.text)
        json.field("Name", peering.name)
        json.field("State", peering.state.rawValue)
        json.fieldIfNotEmpty("DeletedAt", peering.deletedAt?.rfc3339 ?? "")
        json.fieldIfNotEmpty("Meta", peering.meta)
        json.fieldIfNotEmpty("PeerID", peering.peerID)
        json.fieldIfNotEmpty("PeerCAPems", peering.peerCAPEMs)
        json.fieldIfNotEmpty("PeerServerName", peering.peerServerName)
        json.fieldIfNotEmpty("PeerServerAddresses", peering.peerServerAddresses)
        json.fieldIfNotEmpty("ManualServerAddresses", peering.manualServerAddresses)
        json.object("Remote") {
            $0.field("Partition", peering.remote.partition)
            $0.field("Datacenter", peering.remote.datacenter)
            $0.field("Region", peering.remote.region)
            $0.field("Zone", peering.remote.zone)
        }
        json.field("CreateIndex", peering.createIndex)
        json.field("ModifyIndex", peering.modifyIndex)
    }

    static func decodePeering(_ map: inout MapReader) -> Peering? {
        guard let id = map.string("ID"), let name = map.string("Name"),
            let state = map.string("State").flatMap(StoredState.init(rawValue:))
        else { return nil }
        var peering = Peering(id: PeeringID(id), name: name, meta: map.stringMap("Meta") ?? [:], state: state)
        peering.deletedAt = map.string("DeletedAt").flatMap(Timestamp.init(rfc3339:))
        peering.peerID = map.string("PeerID") ?? ""
        peering.peerCAPEMs = map.strings("PeerCAPems") ?? []
        peering.peerServerName = map.string("PeerServerName") ?? ""
        peering.peerServerAddresses = map.strings("PeerServerAddresses") ?? []
        peering.manualServerAddresses = map.strings("ManualServerAddresses") ?? []
        peering.remote =
            map.map("Remote") { remote in
                RemoteInfo(
                    partition: remote.string("Partition") ?? "", datacenter: remote.string("Datacenter") ?? "",
                    region: remote.string("Region") ?? "", zone: remote.string("Zone") ?? "")
            } ?? RemoteInfo()
        peering.createIndex = map.index("CreateIndex")
        peering.modifyIndex = map.index("ModifyIndex")
        return peering
    }

    static func encode(_ secrets: PeeringSecrets) -> [UInt8] {
        var json = JSONWriter()
        json.object {
            if !secrets.tokens.tokens.isEmpty { $0.list("Tokens", secrets.tokens.tokens, encode) }
            $0.fieldIfNotEmpty("PendingStreamDigest", secrets.pendingStream?.hex ?? "")
            $0.fieldIfNotEmpty("ActiveStreamDigest", secrets.activeStream?.hex ?? "")
            $0.fieldIfNotEmpty("OwnStreamSecret", secrets.ownStream?.reveal() ?? "")
        }
        return json.bytes
    }

    static func decodeSecrets(_ map: inout MapReader) -> PeeringSecrets? {
        PeeringSecrets(
            tokens: decodeTokens(&map),
            pendingStream: map.string("PendingStreamDigest").flatMap(SecretDigest.init(hex:)),
            activeStream: map.string("ActiveStreamDigest").flatMap(SecretDigest.init(hex:)),
            ownStream: map.string("OwnStreamSecret").map(SecretText.init))
    }

    private static func encode(_ json: inout JSONWriter, _ token: IssuedToken) {
        json.object {
            $0.field("Digest", token.digest.hex)
            $0.fieldIfNotEmpty("Note", token.terms.note)
            $0.field("Uses", token.terms.uses)
            $0.fieldIfNotEmpty("CreatedAt", token.terms.createdAt?.rfc3339 ?? "")
            $0.fieldIfNotEmpty("ExpiresAt", token.terms.expiresAt?.rfc3339 ?? "")
            $0.field("Redemptions", token.redemptions)
            $0.fieldIfNotEmpty("RedeemedAt", token.redeemedAt?.rfc3339 ?? "")
            $0.fieldIfNotEmpty("End", token.end?.rawValue ?? "")
            $0.fieldIfNotEmpty("EndedAt", token.endedAt?.rfc3339 ?? "")
        }
    }

    /// State of older versions has the digest of the last token alone.
    private static func decodeTokens(_ map: inout MapReader) -> TokenBook {
        let older = map.string("EstablishmentDigest").flatMap(SecretDigest.init(hex:))
        let tokens = map.maps("Tokens", decodeToken)
        return TokenBook(tokens: tokens ?? older.map { [IssuedToken(digest: $0)] } ?? [])
    }

    private static func decodeToken(_ map: inout MapReader) -> IssuedToken? {
        guard let digest = map.string("Digest").flatMap(SecretDigest.init(hex:)) else { return nil }
        func time(_ key: String) -> Timestamp? { map.string(key).flatMap(Timestamp.init(rfc3339:)) }
        let terms = TokenTerms(
            note: map.string("Note") ?? "", uses: map.integer("Uses", in: 1 ... .max) ?? 1,
            createdAt: time("CreatedAt"), expiresAt: time("ExpiresAt"))
        return IssuedToken(
            digest: digest, terms: terms, redemptions: map.integer("Redemptions", in: 0 ... .max) ?? 0,
            redeemedAt: time("RedeemedAt"), end: map.string("End").flatMap(TokenRejection.init(rawValue:)),
            endedAt: time("EndedAt"))
    }

    static func encode(_ bundle: TrustBundle) -> [UInt8] {
        var json = JSONWriter()
        json.object {
            $0.field("TrustDomain", bundle.trustDomain)
            $0.field("RootPEMs", bundle.rootPEMs)
            $0.field("ExportedPartition", bundle.exportedPartition)
            $0.field("CreateIndex", bundle.createIndex)
            $0.field("ModifyIndex", bundle.modifyIndex)
        }
        return json.bytes
    }

    static func decodeBundle(_ map: inout MapReader) -> TrustBundle? {
        guard let trustDomain = map.string("TrustDomain"), let roots = map.strings("RootPEMs") else { return nil }
        return TrustBundle(
            trustDomain: trustDomain, rootPEMs: roots, exportedPartition: map.string("ExportedPartition") ?? "",
            createIndex: map.index("CreateIndex"), modifyIndex: map.index("ModifyIndex"))
    }
}

extension MapReader {
    /// A modify index; 0 if it is not there.
    mutating func index(_ key: String) -> UInt64 {
        UInt64(integer(key, in: 0 ... .max) ?? 0)
    }
}
