import ACLCore
import DocumentCore
import IdentityCore
import PeeringCore

extension StateCodec {
    static let bootstrapKey = "acl-bootstrap/self"

    static func policyKey(of id: String) -> String { "acl-policy/\(id)" }
    static func tokenKey(of accessorID: String) -> String { "acl-token/\(accessorID)" }

    static func encode(bootstrapIndex: UInt64) -> [UInt8] {
        var json = JSONWriter()
        json.object { $0.field("Index", bootstrapIndex) }
        return json.bytes
    }

    static func restoreBootstrap(_ document: Document, into state: inout State) -> Bool {
        guard let index = decode(document, { $0.index("Index") }) else { return false }
        state.acl.bootstrapIndex = index
        state.index = max(state.index, index)
        return true
    }

    // MARK: Policies

    static func encode(_ policy: ACLPolicy) -> [UInt8] {
        var json = JSONWriter()
        json.object {
            $0.field("ID", policy.id)
            $0.field("Name", policy.name)
            $0.field("Description", policy.description)
            $0.field("Rules", policy.text)
            $0.fieldIfNotEmpty("Datacenters", policy.datacenters)
            $0.field("CreateIndex", policy.createIndex)
            $0.field("ModifyIndex", policy.modifyIndex)
        }
        return json.bytes
    }

    /// A policy that cannot be read must not be left out: what it denies would be allowed.
    static func restorePolicy(_ document: Document, into state: inout State) -> Bool {
        let read: ACLPolicy? = decode(document) { map in
            guard let id = map.string("ID"), let name = map.string("Name"), let text = map.string("Rules"),
                var policy = try? ACLPolicy(
                    id: id, name: name, description: map.string("Description") ?? "", text: text,
                    datacenters: map.strings("Datacenters") ?? [])
            else { return nil }
            policy.createIndex = map.index("CreateIndex")
            policy.modifyIndex = map.index("ModifyIndex")
            return policy
        }
        guard let read else { return false }
        state.acl.put(read)
        state.index = max(state.index, read.modifyIndex)
        return true
    }

    // MARK: Tokens

    static func encode(_ token: ACLToken) -> [UInt8] {
        var json = JSONWriter()
        json.object {
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
        return json.bytes
    }

    static func restoreToken(_ document: Document, into state: inout State) -> Bool {
        guard let token = decode(document, decodeToken) else { return false }
        state.acl.put(token)
        state.index = max(state.index, token.modifyIndex)
        return true
    }

    private static func decodeToken(_ map: inout MapReader) -> ACLToken? {
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
