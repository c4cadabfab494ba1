import IdentityCore

/// A part of Consul's API that this daemon does not have.
///
/// It is refused with 501 and a sentence. A 404 would mean to clients that the API is there and one thing is not:
/// `consul kv get` would say that there is no such key, and consul-template would wait for it. Of the statuses that say
/// more, 501 is the one that those who try again do not try again.
struct AbsentFeature {
    /// Of the path below `/v1`.
    private let prefix: [Substring]
    /// What hawser has none of.
    private let name: String

    private init(_ path: Substring, _ name: String) {
        prefix = path.split(separator: "/")
        self.name = name
    }

    /// - Parameter path: one that no route has.
    /// - Returns: nil if Consul does not know it either.
    static func refusal(of path: Substring, hasAccessControl: Bool) -> Refusal? {
        guard let parts = RoutePattern.parts(of: path),
            let feature = all.first(where: { parts.starts(with: $0.prefix) })
        else { return nil }
        guard hasAccessControl || feature.prefix.first != "acl" else { return .accessControlIsOff }
        return Refusal(
            .absent,
            "hawser has no \(feature.name): it answers Consul's API for the catalog, health, config entries, "
                + "access control and cluster peerings")
    }

    /// The first that fits counts.
    private static let all = [
        AbsentFeature("kv", "key-value store"),
        AbsentFeature("txn", "transactions"),
        AbsentFeature("session", "sessions and locks"),
        AbsentFeature("event", "user events"),
        AbsentFeature("query", "prepared queries"),
        AbsentFeature("snapshot", "snapshots"),
        AbsentFeature("coordinate", "network coordinates"),
        AbsentFeature("discovery-chain", "discovery chains"),
        AbsentFeature("catalog/gateway-services", "ingress and terminating gateways"),
        AbsentFeature("health/ingress", "ingress and terminating gateways"),
        AbsentFeature("agent/join", "gossip"),
        AbsentFeature("agent/leave", "gossip"),
        AbsentFeature("agent/force-leave", "gossip"),
        AbsentFeature("agent/monitor", "stream of its log"),
        AbsentFeature("agent/host", "report of its host"),
        AbsentFeature("agent/token", "tokens of the agent that are set while it runs"),
        AbsentFeature("agent/connect", "certificates for applications"),
        AbsentFeature("operator/raft", "Raft"),
        AbsentFeature("operator/autopilot", "autopilot"),
        AbsentFeature("operator/keyring", "gossip"),
        AbsentFeature("operator/usage", "report of usage"),
        AbsentFeature("operator", "features of Consul Enterprise"),
        AbsentFeature("namespace", "features of Consul Enterprise"),
        AbsentFeature("namespaces", "features of Consul Enterprise"),
        AbsentFeature("partition", "features of Consul Enterprise"),
        AbsentFeature("partitions", "features of Consul Enterprise"),
        AbsentFeature("acl/role", "roles"),
        AbsentFeature("acl/templated-policy", "templated policies"),
        AbsentFeature("acl/auth-method", "auth methods"),
        AbsentFeature("acl/binding-rule", "auth methods"),
        AbsentFeature("acl/login", "auth methods"),
        AbsentFeature("acl/logout", "auth methods"),
        AbsentFeature("acl/oidc", "auth methods"),
        AbsentFeature("acl/replication", "replication of access control"),
    ]
}

extension Refusal {
    static let accessControlIsOff = Refusal(.disabled, "ACL support disabled")
}
