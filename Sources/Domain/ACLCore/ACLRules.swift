/// The rules of one policy, or of several put together.
package struct ACLRules: Hashable, Sendable {
    /// What a rule gives for the names that it is about.
    package struct NameRule: Hashable, Sendable {
        package var level: AccessLevel
        /// For services only: what is said of intentions, if anything is.
        package var intentions: AccessLevel?

        package init(_ level: AccessLevel, intentions: AccessLevel? = nil) {
            self.level = level
            self.intentions = intentions
        }

        /// Who may see a service may see who talks to it; changing that takes a rule of its own.
        var intentionLevel: AccessLevel { intentions ?? (level.allows(.read) ? .read : .deny) }

        mutating func merge(_ other: NameRule) {
            level = level.merged(with: other.level)
            intentions = intentions.map { own in other.intentions.map(own.merged) ?? own } ?? other.intentions
        }
    }

    /// Rules of one resource that has names.
    package struct NameRules: Hashable, Sendable {
        package var exact: [String: NameRule] = [:]
        package var prefixes: [String: NameRule] = [:]

        /// The most specific rule: one for the very name, else that of the longest prefix.
        func rule(for name: String) -> NameRule? {
            if let rule = exact[name] { return rule }
            var found: (length: Int, rule: NameRule)?
            for (prefix, rule) in prefixes where name.utf8.starts(with: prefix.utf8) {
                let length = prefix.utf8.count
                if length >= found?.length ?? 0 { found = (length, rule) }
            }
            return found?.rule
        }

        mutating func merge(_ other: NameRules) {
            for (name, rule) in other.exact { exact[name, default: rule].merge(rule) }
            for (prefix, rule) in other.prefixes { prefixes[prefix, default: rule].merge(rule) }
        }

        var all: [NameRule] { Array(exact.values) + Array(prefixes.values) }
    }

    package var scalars: [ACLResource: AccessLevel] = [:]
    package var named: [ACLResource: NameRules] = [:]

    package init() {}

    /// Adds the rules of another policy.
    package mutating func merge(_ other: ACLRules) {
        for (resource, level) in other.scalars {
            scalars[resource] = scalars[resource]?.merged(with: level) ?? level
        }
        for (resource, rules) in other.named { named[resource, default: NameRules()].merge(rules) }
    }
}
