package import ACLCore
package import IdentityCore
package import PeeringCore

/// Policies and tokens: those that are stored, and those that are always there.
package struct ACLTables: Sendable {
    private var storedPolicies = Table<String, ACLPolicy>()
    private var policyIDsByName = Table<String, String>()
    private var tokens = Table<String, ACLToken>()
    private var accessorsBySecret = Table<SecretDigest, String>()
    /// The commit that made the first management token, after which there is no bootstrap any more.
    package internal(set) var bootstrapIndex: UInt64?

    package var policyCount: Int { storedPolicies.count }
    package var tokenCount: Int { tokens.count }

    var storedPolicyList: [ACLPolicy] { Array(storedPolicies.values) }
    var storedTokens: [ACLToken] { Array(tokens.values) }

    // MARK: Policies

    package func policy(id: String) -> ACLPolicy? {
        storedPolicies[id] ?? ACLPolicy.builtIns.first { $0.id == id }
    }

    package func policy(named name: String) -> ACLPolicy? {
        policyIDsByName[name].flatMap { storedPolicies[$0] } ?? ACLPolicy.builtIns.first { $0.name == name }
    }

    /// All by name.
    package var policies: [ACLPolicy] {
        (Array(storedPolicies.values) + ACLPolicy.builtIns).sorted { $0.name < $1.name }
    }

    mutating func put(_ policy: ACLPolicy) {
        removePolicy(policy.id)
        storedPolicies[policy.id] = policy
        policyIDsByName[policy.name] = policy.id
    }

    mutating func removePolicy(_ id: String) {
        guard let policy = storedPolicies.removeValue(forKey: id) else { return }
        policyIDsByName[policy.name] = nil
    }

    // MARK: Tokens

    /// No text has this digest that anybody could find.
    private static let nobody = SecretDigest(bytes: Array(repeating: 0, count: 32))

    private static let anonymous = ACLToken(
        accessorID: ACLToken.anonymousID, secret: nobody, description: "Anonymous Token",
        createTime: Timestamp(seconds: 0))

    package func token(accessorID: String) -> ACLToken? {
        tokens[accessorID] ?? (accessorID == ACLToken.anonymousID ? Self.anonymous : nil)
    }

    package func token(secret: SecretDigest) -> ACLToken? {
        accessorsBySecret[secret].flatMap { tokens[$0] }
    }

    /// The token of those who send none, with the rights that operators gave it.
    package var anonymousToken: ACLToken { tokens[ACLToken.anonymousID] ?? Self.anonymous }

    /// All that are worth something, the oldest first.
    package func tokens(at now: Timestamp) -> [ACLToken] { tokens(unless: { $0.isExpired(at: now) }) }

    /// The same by another judgement of what is over.
    package func tokens(unless isOver: (ACLToken) -> Bool) -> [ACLToken] {
        let others = tokens.values.filter { !$0.isAnonymous && !isOver($0) }
        return ([anonymousToken] + others).sorted { ($0.createTime, $0.accessorID) < ($1.createTime, $1.accessorID) }
    }

    func expiredTokens(at now: Timestamp) -> [ACLToken] { tokens(where: { $0.isExpired(at: now) }) }

    func tokens(where isWanted: (ACLToken) -> Bool) -> [ACLToken] { tokens.values.filter(isWanted) }

    /// The policies of a token, without those that are gone.
    package func policies(of token: ACLToken) -> [ACLPolicy] { token.policyIDs.compactMap { policy(id: $0) } }

    mutating func put(_ token: ACLToken) {
        tokens[token.accessorID] = token
        if token.secret != Self.nobody { accessorsBySecret[token.secret] = token.accessorID }
    }

    mutating func removeToken(_ accessorID: String) {
        guard let token = tokens.removeValue(forKey: accessorID) else { return }
        accessorsBySecret[token.secret] = nil
    }

    /// What a token may do now.
    package func authorizer(
        of token: ACLToken, in datacenter: String, fallback: DefaultAccess
    ) -> Authorizer {
        Authorizer(rules: token.rules(with: policies(of: token), in: datacenter), fallback: fallback)
    }
}
