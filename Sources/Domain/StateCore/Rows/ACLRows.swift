import ACLCore
import DocumentCore
import IdentityCore
import PeeringCore

/// A policy of access control.
struct ACLPolicyRow: StoredRow {
    static let table = "acl-policy"
    static let version: UInt8 = 2
    static let scope = RowScope.cluster

    var policy: ACLPolicy

    init(_ policy: ACLPolicy) {
        self.policy = policy
    }

    init?(_ stored: StoredBytes) {
        guard let policy = stored.map(Self.decode) else { return nil }
        self.policy = policy
    }

    static func key(of id: String) -> RowKey { RowKey(table, id) }

    var key: RowKey { Self.key(of: policy.id) }
    var lastIndex: UInt64 { policy.modifyIndex }

    func insert(into state: inout State, at index: UInt64) -> [StateChange] {
        state.cluster.acl.put(policy)
        return [.acl]
    }

    static func remove(_ parts: [String], from state: inout State, at index: UInt64) -> [StateChange] {
        state.cluster.acl.removePolicy(parts.first ?? "")
        return [.acl]
    }

    static func rows(of state: State) -> [Self] { state.acl.storedPolicyList.map { Self($0) } }

    func encode() -> [UInt8] {
        RowJSON.object {
            $0.field("ID", policy.id)
            $0.field("Name", policy.name)
            $0.field("Description", policy.description)
            $0.field("Rules", policy.text)
            $0.fieldIfNotEmpty("Datacenters", policy.datacenters)
            $0.field("CreateIndex", policy.createIndex)
            $0.field("ModifyIndex", policy.modifyIndex)
        }
    }

    /// A policy that cannot be read must not be left out: what it denies would be allowed.
    private static func decode(_ map: inout MapReader) -> ACLPolicy? {
        guard let id = map.string("ID"), let name = map.string("Name"), let text = map.string("Rules"),
            var policy = try? ACLPolicy(
                id: id, name: name, description: map.string("Description") ?? "", text: text,
                datacenters: map.strings("Datacenters") ?? [])
        else { return nil }
        policy.createIndex = map.index("CreateIndex")
        policy.modifyIndex = map.index("ModifyIndex")
        return policy
    }
}

/// A token of access control, without its secret.
struct ACLTokenRow: StoredRow {
    static let table = "acl-token"
    static let version: UInt8 = 2
    static let scope = RowScope.cluster

    var token: ACLToken

    init(_ token: ACLToken) {
        self.token = token
    }

    init?(_ stored: StoredBytes) {
        guard let token = stored.map(Self.decode) else { return nil }
        self.token = token
    }

    static func key(of id: String) -> RowKey { RowKey(table, id) }

    var key: RowKey { Self.key(of: token.accessorID) }
    var lastIndex: UInt64 { token.modifyIndex }

    func insert(into state: inout State, at index: UInt64) -> [StateChange] {
        state.cluster.acl.put(token)
        return [.acl]
    }

    static func remove(_ parts: [String], from state: inout State, at index: UInt64) -> [StateChange] {
        state.cluster.acl.removeToken(parts.first ?? "")
        return [.acl]
    }

    static func rows(of state: State) -> [Self] { state.acl.storedTokens.map { Self($0) } }

    func encode() -> [UInt8] {
        RowJSON.object {
            $0.field("AccessorID", token.accessorID)
            $0.field("SecretDigest", token.secret.hex)
            $0.field("Description", token.description)
            $0.fieldIfNotEmpty("Policies", token.policyIDs)
            $0.list("ServiceIdentities", token.serviceIdentities) { json, identity in
                json.object {
                    $0.field("ServiceName", identity.serviceName)
                    $0.fieldIfNotEmpty("Datacenters", identity.datacenters)
                }
            }
            $0.list("NodeIdentities", token.nodeIdentities) { json, identity in
                json.object {
                    $0.field("NodeName", identity.nodeName)
                    $0.field("Datacenter", identity.datacenter)
                }
            }
            $0.field("Local", token.isLocal)
            $0.field("CreateTime", token.createTime.rfc3339)
            $0.fieldIfNotEmpty("ExpirationTime", token.expirationTime?.rfc3339 ?? "")
            $0.field("CreateIndex", token.createIndex)
            $0.field("ModifyIndex", token.modifyIndex)
        }
    }

    private static func decode(_ map: inout MapReader) -> ACLToken? {
        let expiration = map.string("ExpirationTime")
        guard let accessorID = map.string("AccessorID"),
            let secret = map.string("SecretDigest").flatMap(SecretDigest.init(hex:)),
            let createTime = map.string("CreateTime").flatMap(Timestamp.init(rfc3339:)),
            // A time that cannot be read must not make the token live for ever.
            expiration == nil || expiration.flatMap(Timestamp.init(rfc3339:)) != nil
        else { return nil }
        let services = map.maps("ServiceIdentities") { identity in
            identity.string("ServiceName").map {
                ACLToken.ServiceIdentity(serviceName: $0, datacenters: identity.strings("Datacenters") ?? [])
            }
        }
        let nodes = map.maps("NodeIdentities") { identity in
            identity.string("NodeName").map {
                ACLToken.NodeIdentity(nodeName: $0, datacenter: identity.string("Datacenter") ?? "")
            }
        }
        var token = ACLToken(
            accessorID: accessorID, secret: secret, description: map.string("Description") ?? "",
            policyIDs: map.strings("Policies") ?? [], serviceIdentities: services ?? [], nodeIdentities: nodes ?? [],
            isLocal: map.bool("Local") ?? false, createTime: createTime,
            expirationTime: expiration.flatMap(Timestamp.init(rfc3339:)))
        token.createIndex = map.index("CreateIndex")
        token.modifyIndex = map.index("ModifyIndex")
        return token
    }
}

/// The commit that made the first management token.
struct ACLBootstrapRow: StoredRow {
    static let table = "acl-bootstrap"
    static let version: UInt8 = 2
    static let scope = RowScope.cluster

    var index: UInt64

    init(index: UInt64) {
        self.index = index
    }

    init?(_ stored: StoredBytes) {
        guard let index = stored.map({ $0.index("Index") }) else { return nil }
        self.index = index
    }

    var key: RowKey { RowKey(Self.table, "self") }
    var lastIndex: UInt64 { index }

    func insert(into state: inout State, at index: UInt64) -> [StateChange] {
        state.cluster.acl.bootstrapIndex = self.index
        return [.acl]
    }

    static func remove(_ parts: [String], from state: inout State, at index: UInt64) -> [StateChange] {
        state.cluster.acl.bootstrapIndex = nil
        return [.acl]
    }

    static func rows(of state: State) -> [Self] { state.acl.bootstrapIndex.map { [Self(index: $0)] } ?? [] }

    func encode() -> [UInt8] { RowJSON.object { $0.field("Index", index) } }
}
