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

/// A row that a peering has once, in a table of the cluster.
protocol PeeringKeyedRow: StoredRow {
    associatedtype Value: Sendable

    /// Where it stands in the state.
    static var place: WritableKeyPath<ClusterState, Table<PeeringID, Value>> { get }

    var id: PeeringID { get }
    var value: Value { get }

    init(_ value: Value, of id: PeeringID)

    /// What a change of it is for those who wait.
    static func changes(of id: PeeringID) -> [StateChange]

    /// - Returns: `nil` if it cannot be read.
    static func value(in stored: StoredBytes) -> Value?
}

extension PeeringKeyedRow {
    static var version: UInt8 { 2 }
    static var scope: RowScope { .cluster }

    init?(_ stored: StoredBytes) {
        guard let id = stored.parts.first, let value = Self.value(in: stored) else { return nil }
        self.init(value, of: PeeringID(id))
    }

    var key: RowKey { RowKey(Self.table, id.text) }

    func insert(into state: inout State, at index: UInt64) -> [StateChange] {
        state.cluster[keyPath: Self.place][id] = value
        return Self.changes(of: id)
    }

    static func remove(_ parts: [String], from state: inout State, at index: UInt64) -> [StateChange] {
        let id = PeeringID(parts.first ?? "")
        state.cluster[keyPath: place][id] = nil
        return changes(of: id)
    }

    static func rows(of state: State) -> [Self] { state.cluster[keyPath: place].map { Self($0.value, of: $0.key) } }
}

/// The secrets of a peering: digests of those that are accepted, and the one that is presented.
struct SecretsRow: PeeringKeyedRow {
    static let table = "secrets"
    static var place: WritableKeyPath<ClusterState, Table<PeeringID, PeeringSecrets>> { \.secrets }

    var id: PeeringID
    var value: PeeringSecrets

    init(_ value: PeeringSecrets, of id: PeeringID) {
        self.id = id
        self.value = value
    }

    static func changes(of id: PeeringID) -> [StateChange] { [.peering(id)] }

    static func value(in stored: StoredBytes) -> PeeringSecrets? { stored.map(Self.decode) }

    func encode() -> [UInt8] {
        RowJSON.object {
            if !value.tokens.tokens.isEmpty { $0.list("Tokens", value.tokens.tokens, Self.encode) }
            $0.fieldIfNotEmpty("PendingStreamDigest", value.pendingStream?.hex ?? "")
            $0.fieldIfNotEmpty("ActiveStreamDigest", value.activeStream?.hex ?? "")
            $0.fieldIfNotEmpty("OwnStreamSecret", value.ownStream?.reveal() ?? "")
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
struct TrustBundleRow: PeeringKeyedRow {
    static let table = "bundle"
    static var place: WritableKeyPath<ClusterState, Table<PeeringID, TrustBundle>> { \.trustBundles }

    var id: PeeringID
    var value: TrustBundle
    var lastIndex: UInt64 { value.modifyIndex }

    init(_ value: TrustBundle, of id: PeeringID) {
        self.id = id
        self.value = value
    }

    static func changes(of id: PeeringID) -> [StateChange] { [.trustBundle(id)] }

    static func value(in stored: StoredBytes) -> TrustBundle? { stored.map(Self.decode) }

    func encode() -> [UInt8] {
        RowJSON.object {
            $0.field("TrustDomain", value.trustDomain)
            $0.field("RootPEMs", value.rootPEMs)
            $0.field("ExportedPartition", value.exportedPartition)
            $0.field("CreateIndex", value.createIndex)
            $0.field("ModifyIndex", value.modifyIndex)
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
struct TombstoneRow: PeeringKeyedRow {
    static let table = "tombstone"
    static var place: WritableKeyPath<ClusterState, Table<PeeringID, Timestamp>> { \.tombstones }

    var id: PeeringID
    var value: Timestamp

    init(_ value: Timestamp, of id: PeeringID) {
        self.id = id
        self.value = value
    }

    static func changes(of id: PeeringID) -> [StateChange] { [] }

    static func value(in stored: StoredBytes) -> Timestamp? {
        stored.document?.string.flatMap(Timestamp.init(rfc3339:))
    }

    func encode() -> [UInt8] {
        var json = JSONWriter()
        json.value(value.rfc3339)
        return json.bytes
    }
}

/// A deleted peering that was dialed here, whose acceptor has not been told yet.
struct FarewellRow: PeeringKeyedRow {
    static let table = "farewell"
    static var place: WritableKeyPath<ClusterState, Table<PeeringID, Farewell>> { \.farewells }

    var id: PeeringID
    var value: Farewell

    init(_ value: Farewell, of id: PeeringID) {
        self.id = id
        self.value = value
    }

    static func changes(of id: PeeringID) -> [StateChange] { [.peering(id)] }

    static func value(in stored: StoredBytes) -> Farewell? { stored.map(Self.decode) }

    func encode() -> [UInt8] {
        RowJSON.object {
            $0.object("Peering") { PeeringRow.write(value.peering, to: &$0) }
            $0.field("StreamSecret", value.streamSecret.reveal())
        }
    }

    private static func decode(_ map: inout MapReader) -> Farewell? {
        guard let peering = map.map("Peering", PeeringRow.decode).flatMap({ $0 }),
            let secret = map.string("StreamSecret")
        else { return nil }
        return Farewell(peering: peering, streamSecret: SecretText(secret))
    }
}
