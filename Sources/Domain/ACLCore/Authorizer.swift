/// Decides what somebody may do. A value: it holds for the moment it was made in.
package struct Authorizer: Hashable, Sendable {
    private let rules: ACLRules
    /// For what no rule speaks of.
    private let fallback: DefaultAccess
    /// Everything, tokens and policies included.
    private let isUnrestricted: Bool

    package init(rules: ACLRules, fallback: DefaultAccess) {
        self.init(rules: rules, fallback: fallback, isUnrestricted: false)
    }

    private init(rules: ACLRules, fallback: DefaultAccess, isUnrestricted: Bool) {
        self.rules = rules
        self.fallback = fallback
        self.isUnrestricted = isUnrestricted
    }

    /// For those who need no token.
    package static let unrestricted = Authorizer(rules: ACLRules(), fallback: .allow, isUnrestricted: true)

    package func allows(_ permission: Permission) -> Bool {
        if isUnrestricted { return true }
        let level = permission.level
        if let name = permission.name, let kind = Self.kindOfRule(for: permission.resource) {
            if permission.resource == .intention, name == "*" {
                // All destinations at once: to see that, one of them is enough.
                return level == .write ? allowsAll(permission.resource, level) : allowsAny(permission.resource, level)
            }
            guard let rule = rules.named[kind]?.rule(for: name) else { return allowsByDefault(permission.resource) }
            return Self.level(of: rule, permission.resource).allows(level)
        }
        return scalar(permission.resource)?.allows(level) ?? allowsByDefault(permission.resource)
    }

    /// Whether there is a name for which this is given. The rule for all names stands behind those for some.
    package func allowsAny(_ resource: ACLResource, _ level: AccessLevel) -> Bool {
        if isUnrestricted { return true }
        guard let kind = Self.kindOfRule(for: resource), let named = rules.named[kind] else {
            return allowsByDefault(resource)
        }
        if named.all.contains(where: { Self.level(of: $0, resource).allows(level) }) { return true }
        return named.prefixes[""] == nil && allowsByDefault(resource)
    }

    /// Whether this is given for every name: by a rule for all of them, or by default, and taken back for none.
    package func allowsAll(_ resource: ACLResource, _ level: AccessLevel) -> Bool {
        if isUnrestricted { return true }
        guard let kind = Self.kindOfRule(for: resource), let named = rules.named[kind] else {
            return allowsByDefault(resource)
        }
        guard named.all.allSatisfy({ Self.level(of: $0, resource).allows(level) }) else { return false }
        return named.prefixes[""] != nil || allowsByDefault(resource)
    }

    /// What peers export to us are no names of ours, and so there are no rules for them: they are shown to who may
    /// write a service, which then may want to call them, and to who may read all services (protocol section 11).
    package var seesImportedServices: Bool { allowsAny(.service, .write) || allowsAll(.service, .read) }

    /// The same for the nodes that imported services run on.
    package var seesImportedNodes: Bool { allowsAny(.service, .write) || allowsAll(.node, .read) }

    // MARK: The catalog

    /// Whether the name of a service may be told.
    ///
    /// - Parameter peer: empty for a service of this cluster. The same for nodes.
    package func sees(service name: String, peer: String = "") -> Bool {
        peer.isEmpty ? allows(Permission(.service, .read, on: name)) : seesImportedServices
    }

    package func sees(node name: String, peer: String = "") -> Bool {
        peer.isEmpty ? allows(Permission(.node, .read, on: name)) : seesImportedNodes
    }

    /// An instance shows its node too.
    package func sees(service name: String, onNode node: String, peer: String = "") -> Bool {
        sees(node: node, peer: peer) && sees(service: name, peer: peer)
    }

    // MARK: -

    /// Mesh and peering are the operator's until somebody says otherwise.
    private func scalar(_ resource: ACLResource) -> AccessLevel? {
        switch resource {
        case .mesh, .peering: rules.scalars[resource] ?? rules.scalars[.operator]
        default: rules.scalars[resource]
        }
    }

    /// A default of `allow` does not give away the tokens themselves, as in Consul.
    private func allowsByDefault(_ resource: ACLResource) -> Bool {
        fallback == .allow && resource != .acl
    }

    /// The resource that rules for the names of another stand under; nil if it has no names.
    private static func kindOfRule(for resource: ACLResource) -> ACLResource? {
        switch resource {
        case .intention: .service
        case .agent, .event, .key, .node, .query, .service, .session: resource
        case .acl, .keyring, .mesh, .operator, .peering: nil
        }
    }

    private static func level(of rule: ACLRules.NameRule, _ resource: ACLResource) -> AccessLevel {
        resource == .intention ? rule.intentionLevel : rule.level
    }
}
