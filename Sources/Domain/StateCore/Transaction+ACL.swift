import ACLCore
import PeeringCore

extension Transaction {
    mutating func put(_ policy: ACLPolicy) -> ACLPolicy {
        var policy = policy
        policy.createIndex = state.acl.policy(id: policy.id)?.createIndex ?? index
        policy.modifyIndex = index
        changeACL(StateCodec.policyKey(of: policy.id), to: StateCodec.encode(policy)) { $0.put(policy) }
        return policy
    }

    mutating func removeACLPolicy(_ id: String) {
        changeACL(StateCodec.policyKey(of: id), to: nil) { $0.removePolicy(id) }
    }

    mutating func put(_ token: ACLToken) -> ACLToken {
        var token = token
        let previous = state.acl.token(accessorID: token.accessorID)?.createIndex ?? 0
        token.createIndex = previous > 0 ? previous : index
        token.modifyIndex = index
        changeACL(StateCodec.tokenKey(of: token.accessorID), to: StateCodec.encode(token)) { $0.put(token) }
        return token
    }

    mutating func removeACLToken(_ accessorID: String) {
        changeACL(StateCodec.tokenKey(of: accessorID), to: nil) { $0.removeToken(accessorID) }
    }

    mutating func removeExpiredTokens(at now: Timestamp) {
        for token in state.acl.expiredTokens(at: now) { removeACLToken(token.accessorID) }
    }

    mutating func endACLBootstrap() {
        let index = index
        changeACL(StateCodec.bootstrapKey, to: StateCodec.encode(bootstrapIndex: index)) { $0.bootstrapIndex = index }
    }
}
