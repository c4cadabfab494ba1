/// What operators can make the tables of access control grow to, each with its reason.
package struct ACLLimits: Sendable {
    /// Policies in all: every token that uses many of them is put together anew for each request.
    package var maxPolicies = 1_000
    /// Tokens in all. A program that makes one for each of its runs and forgets them meets this, not the end of memory.
    package var maxTokens = 20_000
    /// Policies and identities of one token.
    package var maxLinks = 64
    /// Bytes of the rules of one policy, as a text.
    package var maxRulesBytes = 64 << 10
    /// Bytes of a description.
    package var maxDescriptionBytes = 4 << 10
    /// Bytes of the name of a policy, as in Consul.
    package var maxNameBytes = 128
    /// Seconds that an expiring token lives at least and at most, as in Consul.
    package var minLifeSeconds: Int64 = 60
    package var maxLifeSeconds: Int64 = 24 * 3600

    package init() {}
}
