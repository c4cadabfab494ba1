import ACLCore
import PeeringCore

extension Transaction {
    mutating func put(_ policy: ACLPolicy) -> ACLPolicy {
        var policy = policy
        policy.createIndex = state.acl.policy(id: policy.id)?.createIndex ?? index
        policy.modifyIndex = index
        put(ACLPolicyRow(policy))
        return policy
    }

    mutating func removeACLPolicy(_ id: String) { remove(ACLPolicyRow.self, id) }

    mutating func put(_ token: ACLToken) -> ACLToken {
        var token = token
        let previous = state.acl.token(accessorID: token.accessorID)?.createIndex ?? 0
        token.createIndex = previous > 0 ? previous : index
        token.modifyIndex = index
        put(ACLTokenRow(token))
        return token
    }

    mutating func removeACLToken(_ accessorID: String) { remove(ACLTokenRow.self, accessorID) }

    mutating func removeExpiredTokens(at now: Timestamp) {
        for token in state.acl.expiredTokens(at: now) { removeACLToken(token.accessorID) }
    }

    mutating func endACLBootstrap() { put(ACLBootstrapRow(index: index)) }
}
