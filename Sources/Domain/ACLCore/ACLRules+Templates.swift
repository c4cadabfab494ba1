extension ACLRules {
    /// One level for all resources and all names.
    init(everything level: AccessLevel) {
        for resource in [ACLResource.acl, .keyring, .mesh, .operator, .peering] { scalars[resource] = level }
        for resource in [ACLResource.agent, .event, .key, .node, .query, .service, .session] {
            let intentions = resource == .service ? level : nil
            named[resource] = NameRules(prefixes: ["": NameRule(level, intentions: intentions)])
        }
    }

    /// What a service needs to be in the mesh: itself, its sidecar, and a look at what there is.
    init(ofService name: String) {
        named[.service] = NameRules(
            exact: [name: NameRule(.write), "\(name)-sidecar-proxy": NameRule(.write)],
            prefixes: ["": NameRule(.read)])
        named[.node] = NameRules(prefixes: ["": NameRule(.read)])
    }

    /// What an agent needs for its node.
    init(ofNode name: String) {
        named[.node] = NameRules(exact: [name: NameRule(.write)])
        named[.service] = NameRules(prefixes: ["": NameRule(.read)])
    }

    /// The rules as HCL.
    var text: String {
        var lines = scalars.map { "\($0.key.rawValue) = \"\($0.value.rawValue)\"" }
        for (resource, rules) in named {
            lines += rules.exact.map { Self.block(resource.rawValue, $0.key, $0.value) }
            lines += rules.prefixes.map { Self.block("\(resource.rawValue)_prefix", $0.key, $0.value) }
        }
        return lines.sorted().map { $0 + "\n" }.joined()
    }

    private static func block(_ key: String, _ name: String, _ rule: NameRule) -> String {
        let intentions = rule.intentions.map { "\n  intentions = \"\($0.rawValue)\"" } ?? ""
        return "\(key) \"\(name)\" {\n  policy = \"\(rule.level.rawValue)\"\(intentions)\n}"
    }
}
