import ACLCore
import ACLService
import DocumentCore
import PeeringCore
import StateCore

/// What `?expanded` shows of a token besides itself: its rules, and what else its agent goes by.
struct TokenExpansion: Sendable {
    var policies: [ACLPolicy]
    var defaultPolicy: String
    var agent: String

    init(of token: ACLToken, _ tables: ACLTables, _ dependencies: HTTPDependencies) {
        policies = tables.policies(of: token) + token.identityPolicies
        defaultPolicy = dependencies.access.defaultAccess.rawValue
        agent = dependencies.agent.nodeName
    }
}

extension JSONWriter {
    /// - Parameter withRules: lists leave them out, as in Consul.
    mutating func value(_ policy: ACLPolicy, withRules: Bool = true) {
        object { json in
            json.field("ID", policy.id)
            json.field("Name", policy.name)
            json.field("Description", policy.description)
            if withRules { json.field("Rules", policy.text) }
            json.fieldIfNotEmpty("Datacenters", policy.datacenters)
            json.field("CreateIndex", policy.createIndex)
            json.field("ModifyIndex", policy.modifyIndex)
        }
    }

    /// - Parameters:
    ///   - secret: what to show of it.
    ///   - isBootstrap: the answer of the bootstrap carries the secret under its oldest name too.
    mutating func value(
        _ token: ACLToken, secret: String, _ tables: ACLTables, isBootstrap: Bool = false,
        expansion: TokenExpansion? = nil
    ) {
        object { json in
            if isBootstrap { json.field("ID", secret) }
            json.field("AccessorID", token.accessorID)
            json.field("SecretID", secret)
            json.field("Description", token.description)
            json.grants(of: token, tables)
            json.field("Local", token.isLocal)
            if let end = token.expirationTime { json.field("ExpirationTime", end.rfc3339) }
            json.field("CreateTime", token.createTime.rfc3339)
            json.field("CreateIndex", token.createIndex)
            json.field("ModifyIndex", token.modifyIndex)
            if let expansion { json.fields(of: expansion) }
        }
    }

    /// There are neither roles nor namespaces, and no other server that access control could be asked of.
    private mutating func fields(of expansion: TokenExpansion) {
        list("ExpandedPolicies", expansion.policies) { $0.value($1) }
        nullField("ExpandedRoles")
        nullField("NamespaceDefaultPolicyIDs")
        nullField("NamespaceDefaultRoleIDs")
        field("AgentACLDefaultPolicy", expansion.defaultPolicy)
        field("AgentACLDownPolicy", "deny")
        field("ResolvedByAgent", expansion.agent)
    }

    private mutating func grants(of token: ACLToken, _ tables: ACLTables) {
        let policies = tables.policies(of: token)
        if !policies.isEmpty {
            list("Policies", policies) { json, policy in
                json.object {
                    $0.field("ID", policy.id)
                    $0.field("Name", policy.name)
                }
            }
        }
        if !token.serviceIdentities.isEmpty {
            list("ServiceIdentities", token.serviceIdentities) { json, identity in
                json.object {
                    $0.field("ServiceName", identity.serviceName)
                    $0.fieldIfNotEmpty("Datacenters", identity.datacenters)
                }
            }
        }
        if !token.nodeIdentities.isEmpty {
            list("NodeIdentities", token.nodeIdentities) { json, identity in
                json.object {
                    $0.field("NodeName", identity.nodeName)
                    $0.field("Datacenter", identity.datacenter)
                }
            }
        }
    }
}
