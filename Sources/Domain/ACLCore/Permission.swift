/// What rules are about, by the names that Consul's denials use.
package enum ACLResource: String, CaseIterable, Hashable, Sendable {
    case acl, agent, event, intention, key, keyring, mesh, node, `operator`, peering, query, service, session
}

/// One thing that somebody wants to do: `service:write` on a name.
package struct Permission: Hashable, Sendable {
    package var resource: ACLResource
    package var level: AccessLevel
    /// Nil for what is no name's, such as `operator`.
    package var name: String?

    package init(_ resource: ACLResource, _ level: AccessLevel, on name: String? = nil) {
        self.resource = resource
        self.level = level
        self.name = name
    }
}

extension Permission: CustomStringConvertible {
    /// As it stands in a denial.
    package var description: String {
        let text = "'\(resource.rawValue):\(level.rawValue)'"
        guard let name, !name.isEmpty else { return text }
        return "\(text) on \"\(name)\""
    }
}
