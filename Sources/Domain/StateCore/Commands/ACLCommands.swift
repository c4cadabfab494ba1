package import ACLCore
import DocumentCore
package import IdentityCore
package import PeeringCore

extension Refusal {
    /// There is no such policy or token; Consul answers so whatever the caller knew.
    package static let aclNotFound = Refusal(.denied, "ACL not found")
}

/// Makes or changes a policy.
package struct PutACLPolicy: Command {
    package var policy: ACLPolicy
    package var isNew: Bool
    package var limits: ACLLimits

    package init(_ policy: ACLPolicy, isNew: Bool, limits: ACLLimits = ACLLimits()) {
        self.policy = policy
        self.isNew = isNew
        self.limits = limits
    }

    package func apply(to transaction: inout Transaction) throws(Refusal) -> ACLPolicy {
        let tables = transaction.state.acl
        guard !policy.isBuiltIn else {
            throw Refusal(.invalid, "the builtin policy \(policy.name) cannot be changed: make one of your own")
        }
        try policy.check(limits)
        if let other = tables.policy(named: policy.name), other.id != policy.id {
            throw Refusal(.invalid, "Invalid Policy: A Policy with Name \"\(policy.name)\" already exists")
        }
        let previous = tables.policy(id: policy.id)
        guard isNew == (previous == nil) else {
            throw isNew ? Refusal(.failed, "the ID of the new policy is taken: try again") : .aclNotFound
        }
        guard !isNew || tables.policyCount < limits.maxPolicies else {
            throw Refusal(.conflict, "there are \(limits.maxPolicies) policies already: delete one first")
        }
        return transaction.put(policy)
    }
}

/// Takes a policy away, and with it the rights that tokens have from it.
package struct DeleteACLPolicy: Command {
    package var id: String

    package init(id: String) {
        self.id = id
    }

    package func apply(to transaction: inout Transaction) throws(Refusal) {
        guard let policy = transaction.state.acl.policy(id: id) else { throw .aclNotFound }
        guard !policy.isBuiltIn else {
            throw Refusal(.invalid, "Delete operation not permitted on the builtin \(policy.name) policy")
        }
        transaction.removeACLPolicy(id)
    }
}

/// Makes or changes a token. Tokens that have expired go with it.
package struct PutACLToken: Command {
    /// Of a token that is changed, the secret and the times stay what they were.
    package var token: ACLToken
    package var links: [ACLPolicyLink]
    package var isNew: Bool
    package var now: Timestamp
    package var limits: ACLLimits

    package init(
        _ token: ACLToken, links: [ACLPolicyLink], isNew: Bool, now: Timestamp, limits: ACLLimits = ACLLimits()
    ) {
        self.token = token
        self.links = links
        self.isNew = isNew
        self.now = now
        self.limits = limits
    }

    package func apply(to transaction: inout Transaction) throws(Refusal) -> ACLToken {
        transaction.removeExpiredTokens(at: now)
        let tables = transaction.state.acl
        var token = token
        token.policyIDs = []
        for link in links {
            let id = try Self.resolve(link, in: tables)
            if !token.policyIDs.contains(id) { token.policyIDs.append(id) }
        }
        if isNew {
            try checkNew(token, tables)
        } else {
            guard let previous = tables.token(accessorID: token.accessorID) else { throw .aclNotFound }
            token.secret = previous.secret
            token.createTime = previous.createTime
            token.expirationTime = previous.expirationTime
            guard token.isLocal == previous.isLocal else {
                throw Refusal(.invalid, "cannot toggle local mode of \(token.accessorID)")
            }
        }
        try token.check(limits)
        return transaction.put(token)
    }

    private func checkNew(_ token: ACLToken, _ tables: ACLTables) throws(Refusal) {
        guard tables.token(accessorID: token.accessorID) == nil else {
            throw Refusal(.invalid, "Invalid Token: AccessorID is already in use")
        }
        guard tables.token(secret: token.secret) == nil else {
            throw Refusal(.invalid, "Invalid Token: SecretID is already in use")
        }
        try token.checkLife(limits)
        guard tables.tokenCount < limits.maxTokens else {
            throw Refusal(.conflict, "there are \(limits.maxTokens) tokens already: delete some, or let them expire")
        }
    }

    private static func resolve(_ link: ACLPolicyLink, in tables: ACLTables) throws(Refusal) -> String {
        if !link.id.isEmpty {
            guard tables.policy(id: link.id) != nil else {
                throw Refusal(.invalid, "No such ACL policy with ID \(quoted(link.id))")
            }
            return link.id
        }
        guard let policy = tables.policy(named: link.name) else {
            throw Refusal(.invalid, "No such ACL policy with name \(quoted(link.name))")
        }
        return policy.id
    }
}

/// Takes a token away: its bearer is nobody from the next answer on.
package struct DeleteACLToken: Command {
    package var accessorID: String
    /// Who asks for it.
    package var requester: String

    package init(accessorID: String, requester: String) {
        self.accessorID = accessorID
        self.requester = requester
    }

    package func apply(to transaction: inout Transaction) throws(Refusal) {
        guard accessorID != ACLToken.anonymousID else {
            throw Refusal(.invalid, "Delete operation not permitted on the anonymous token")
        }
        guard transaction.state.acl.token(accessorID: accessorID) != nil else { throw .aclNotFound }
        guard accessorID != requester else {
            throw Refusal(.invalid, "Deletion of the request's authorization token is not permitted")
        }
        transaction.removeACLToken(accessorID)
    }
}

/// Makes the first management token, once, and again for who shows the index of the last time.
package struct BootstrapACL: Command {
    package var token: ACLToken
    /// The token is one that the configuration names: it is made whenever it is not there, and ends the bootstrap.
    package var isConfigured: Bool
    /// That of the last bootstrap, if it shall not have been the last.
    package var resetIndex: UInt64?

    package init(_ token: ACLToken, isConfigured: Bool = false, resetIndex: UInt64? = nil) {
        self.token = token
        self.isConfigured = isConfigured
        self.resetIndex = resetIndex
    }

    package func apply(to transaction: inout Transaction) throws(Refusal) -> ACLToken {
        let tables = transaction.state.acl
        if isConfigured {
            if let stored = tables.token(secret: token.secret) { return stored }
        } else if let index = tables.bootstrapIndex, index != resetIndex {
            throw Refusal(.denied, "ACL bootstrap no longer allowed (reset index: \(index))")
        } else if tables.token(secret: token.secret) != nil {
            throw Refusal(.invalid, "Invalid Token: SecretID is already in use")
        }
        var token = token
        token.policyIDs = [ACLPolicy.globalManagement.id]
        if tables.bootstrapIndex == nil || resetIndex != nil { transaction.endACLBootstrap() }
        return transaction.put(token)
    }
}
