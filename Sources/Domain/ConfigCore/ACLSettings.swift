package import ACLCore
import DocumentCore
package import IdentityCore

/// The `acl` block of the agent's configuration, under Consul's keys.
package struct ACLSettings: Hashable, Sendable {
    package var isEnabled: Bool?
    package var defaultPolicy: DefaultAccess?
    /// The secret of a management token that is there from the start.
    package var initialManagement: SecretText?
    /// The secret that requests without a token are taken to carry.
    package var defaultToken: SecretText?
    /// The secret whose token decides what DNS tells; else it is that of requests without a token.
    package var dnsToken: SecretText?

    package init() {}

    /// Whether who shows no token may do nothing.
    package var deniesByDefault: Bool { isEnabled == true && defaultPolicy == .deny }

    func merging(_ later: ACLSettings) -> ACLSettings {
        var merged = ACLSettings()
        merged.isEnabled = later.isEnabled ?? isEnabled
        merged.defaultPolicy = later.defaultPolicy ?? defaultPolicy
        merged.initialManagement = later.initialManagement ?? initialManagement
        merged.defaultToken = later.defaultToken ?? defaultToken
        merged.dnsToken = later.dnsToken ?? dnsToken
        return merged
    }

    /// Reads the block. What concerns Consul's caches and its agents' own requests means nothing in one daemon that
    /// has all the tables.
    init(_ map: inout MapReader) {
        isEnabled = map.bool("enabled")
        defaultPolicy =
            map.choice("default_policy", of: DefaultAccess.self) { "Unexpected ACL default policy: \($0)" }?.value
        map.ignore(
            "down_policy", "token_ttl", "policy_ttl", "role_ttl", "enable_token_persistence",
            "enable_token_replication")
        let tokens: [SecretText?]? = map.map("tokens") { tokens in
            tokens.ignore("agent", "agent_recovery", "replication", "config_file_service_registration")
            return ["initial_management", "default", "dns"].map { key in
                tokens.string(key).flatMap { $0.isEmpty ? nil : SecretText($0) }
            }
        }
        if let tokens { (initialManagement, defaultToken, dnsToken) = (tokens[0], tokens[1], tokens[2]) }
        if let secret = initialManagement?.reveal(), !RandomID.isPlausible(secret) {
            map.invalid("tokens", "initial_management must be a UUID, as `uuidgen` makes it")
        }
    }
}
