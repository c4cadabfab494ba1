import DocumentCore
import IdentityCore
import PeeringCore

/// A peering.
struct PeeringRow: StoredRow {
    static let table = "peering"
    static let version: UInt8 = 2
    static let scope = RowScope.cluster

    var peering: Peering

    init(_ peering: Peering) {
        self.peering = peering
    }

    init?(_ stored: StoredBytes) {
        guard let peering = stored.map(Self.decode) else { return nil }
        self.peering = peering
    }

    static func key(of id: PeeringID) -> RowKey { RowKey(table, id.text) }

    var key: RowKey { Self.key(of: peering.id) }
    var lastIndex: UInt64 { peering.modifyIndex }

    func insert(into state: inout State, at index: UInt64) -> [StateChange] {
        state.cluster.put(peering)
        return [.peering(peering.id)]
    }

    static func remove(_ parts: [String], from state: inout State, at index: UInt64) -> [StateChange] {
        let id = PeeringID(parts.first ?? "")
        state.cluster.removePeering(id)
        return [.peering(id)]
    }

    static func rows(of state: State) -> [Self] { state.peerings.values.map { Self($0) } }

    func encode() -> [UInt8] { RowJSON.object { Self.write(peering, to: &$0) } }

    /// The fields, for a deferred farewell too.
    static func write(_ peering: Peering, to json: inout JSONWriter) {
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

    static func decode(_ map: inout MapReader) -> Peering? {
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
}

/// The secrets of a peering: digests of those that are accepted, and the one that is presented.
struct SecretsRow: StoredRow {
    static let table = "secrets"
    static let version: UInt8 = 2
    static let scope = RowScope.cluster

    var id: PeeringID
    var secrets: PeeringSecrets

    init(_ secrets: PeeringSecrets, of id: PeeringID) {
        self.id = id
        self.secrets = secrets
    }

    init?(_ stored: StoredBytes) {
        guard let id = stored.parts.first, let secrets = stored.map(Self.decode) else { return nil }
        self.init(secrets, of: PeeringID(id))
    }

    static func key(of id: PeeringID) -> RowKey { RowKey(table, id.text) }

    var key: RowKey { Self.key(of: id) }

    func insert(into state: inout State, at index: UInt64) -> [StateChange] {
        state.cluster.secrets[id] = secrets
        return [.peering(id)]
    }

    static func remove(_ parts: [String], from state: inout State, at index: UInt64) -> [StateChange] {
        let id = PeeringID(parts.first ?? "")
        state.cluster.secrets[id] = nil
        return [.peering(id)]
    }

    static func rows(of state: State) -> [Self] { state.secrets.map { Self($0.value, of: $0.key) } }

    func encode() -> [UInt8] {
        RowJSON.object {
            if !secrets.tokens.tokens.isEmpty { $0.list("Tokens", secrets.tokens.tokens, Self.encode) }
            $0.fieldIfNotEmpty("PendingStreamDigest", secrets.pendingStream?.hex ?? "")
            $0.fieldIfNotEmpty("ActiveStreamDigest", secrets.activeStream?.hex ?? "")
            $0.fieldIfNotEmpty("OwnStreamSecret", secrets.ownStream?.reveal() ?? "")
        }
    }

    private static func decode(_ map: inout MapReader) -> PeeringSecrets? {
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
}

/// The roots of a peer.
struct TrustBundleRow: StoredRow {
    static let table = "bundle"
    static let version: UInt8 = 2
    static let scope = RowScope.cluster

    var id: PeeringID
    var bundle: TrustBundle

    init(_ bundle: TrustBundle, of id: PeeringID) {
        self.id = id
        self.bundle = bundle
    }

    init?(_ stored: StoredBytes) {
        guard let id = stored.parts.first, let bundle = stored.map(Self.decode) else { return nil }
        self.init(bundle, of: PeeringID(id))
    }

    static func key(of id: PeeringID) -> RowKey { RowKey(table, id.text) }

    var key: RowKey { Self.key(of: id) }
    var lastIndex: UInt64 { bundle.modifyIndex }

    func insert(into state: inout State, at index: UInt64) -> [StateChange] {
        state.cluster.trustBundles[id] = bundle
        return [.trustBundle(id)]
    }

    static func remove(_ parts: [String], from state: inout State, at index: UInt64) -> [StateChange] {
        let id = PeeringID(parts.first ?? "")
        state.cluster.trustBundles[id] = nil
        return [.trustBundle(id)]
    }

    static func rows(of state: State) -> [Self] { state.trustBundles.map { Self($0.value, of: $0.key) } }

    func encode() -> [UInt8] {
        RowJSON.object {
            $0.field("TrustDomain", bundle.trustDomain)
            $0.field("RootPEMs", bundle.rootPEMs)
            $0.field("ExportedPartition", bundle.exportedPartition)
            $0.field("CreateIndex", bundle.createIndex)
            $0.field("ModifyIndex", bundle.modifyIndex)
        }
    }

    private static func decode(_ map: inout MapReader) -> TrustBundle? {
        guard let trustDomain = map.string("TrustDomain"), let roots = map.strings("RootPEMs") else { return nil }
        return TrustBundle(
            trustDomain: trustDomain, rootPEMs: roots, exportedPartition: map.string("ExportedPartition") ?? "",
            createIndex: map.index("CreateIndex"), modifyIndex: map.index("ModifyIndex"))
    }
}

/// When a deleted peering that was accepted here went.
struct TombstoneRow: StoredRow {
    static let table = "tombstone"
    static let version: UInt8 = 2
    static let scope = RowScope.cluster

    var id: PeeringID
    var time: Timestamp

    init(_ time: Timestamp, of id: PeeringID) {
        self.id = id
        self.time = time
    }

    init?(_ stored: StoredBytes) {
        guard let id = stored.parts.first, let time = stored.document?.string.flatMap(Timestamp.init(rfc3339:)) else {
            return nil
        }
        self.init(time, of: PeeringID(id))
    }

    static func key(of id: PeeringID) -> RowKey { RowKey(table, id.text) }

    var key: RowKey { Self.key(of: id) }

    func insert(into state: inout State, at index: UInt64) -> [StateChange] {
        state.cluster.tombstones[id] = time
        return []
    }

    static func remove(_ parts: [String], from state: inout State, at index: UInt64) -> [StateChange] {
        let id = PeeringID(parts.first ?? "")
        state.cluster.tombstones[id] = nil
        return []
    }

    static func rows(of state: State) -> [Self] { state.tombstones.map { Self($0.value, of: $0.key) } }

    func encode() -> [UInt8] {
        var json = JSONWriter()
        json.value(time.rfc3339)
        return json.bytes
    }
}

/// A deleted peering that was dialed here, whose acceptor has not been told yet.
struct FarewellRow: StoredRow {
    static let table = "farewell"
    static let version: UInt8 = 2
    static let scope = RowScope.cluster

    var id: PeeringID
    var farewell: Farewell

    init(_ farewell: Farewell, of id: PeeringID) {
        self.id = id
        self.farewell = farewell
    }

    init?(_ stored: StoredBytes) {
        guard let id = stored.parts.first, let farewell = stored.map(Self.decode) else { return nil }
        self.init(farewell, of: PeeringID(id))
    }

    static func key(of id: PeeringID) -> RowKey { RowKey(table, id.text) }

    var key: RowKey { Self.key(of: id) }

    func insert(into state: inout State, at index: UInt64) -> [StateChange] {
        state.cluster.farewells[id] = farewell
        return [.peering(id)]
    }

    static func remove(_ parts: [String], from state: inout State, at index: UInt64) -> [StateChange] {
        let id = PeeringID(parts.first ?? "")
        state.cluster.farewells[id] = nil
        return [.peering(id)]
    }

    static func rows(of state: State) -> [Self] { state.farewells.map { Self($0.value, of: $0.key) } }

    func encode() -> [UInt8] {
        RowJSON.object {
            $0.object("Peering") { PeeringRow.write(farewell.peering, to: &$0) }
            $0.field("StreamSecret", farewell.streamSecret.reveal())
        }
    }

    private static func decode(_ map: inout MapReader) -> Farewell? {
        guard let peering = map.map("Peering", PeeringRow.decode).flatMap({ $0 }),
            let secret = map.string("StreamSecret")
        else { return nil }
        return Farewell(peering: peering, streamSecret: SecretText(secret))
    }
}
