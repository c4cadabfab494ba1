package import DocumentCore

/// A service-intentions entry: who may call a service (gateway data plane, section 6.5). Its name is the destination's,
/// or `*` for all.
package struct ServiceIntentions: Hashable, Sendable {
    /// The one of the highest precedence first.
    package var sources: [IntentionSource]
    /// Tokens that all requests must carry: a map, checked and in Consul's form.
    package var tokens: Document?

    package init(sources: [IntentionSource], tokens: Document? = nil) {
        self.sources = sources
        self.tokens = tokens
    }
}

package enum IntentionAction: String, CaseIterable, Sendable {
    case allow, deny
}

/// What one caller may do.
package struct IntentionSource: Hashable, Sendable {
    /// A service, or `*` for all.
    package var name: String
    /// The local name of the peering that the caller comes over; empty for the own cluster.
    package var peer: String
    /// Nil if `permissions` decide.
    package var action: IntentionAction?
    /// The first that matches a request decides; only for services that speak HTTP.
    package var permissions: [IntentionPermission]
    package var description: String
    /// Of several sources that match a caller, the one with the highest decides.
    package var precedence: Int

    package init(
        name: String, peer: String = "", action: IntentionAction? = nil, permissions: [IntentionPermission] = [],
        description: String = "", precedence: Int
    ) {
        self.name = name
        self.peer = peer
        self.action = action
        self.permissions = permissions
        self.description = description
        self.precedence = precedence
    }
}

/// What some requests may do.
package struct IntentionPermission: Hashable, Sendable {
    package var action: IntentionAction
    /// Which requests; all parts that are set must match.
    package var path: PathMatch?
    package var headers: [HeaderMatch]
    /// In upper case; empty for all.
    package var methods: [String]
    /// Tokens that such requests must carry, as in `ServiceIntentions`.
    package var tokens: Document?

    package init(
        action: IntentionAction, path: PathMatch? = nil, headers: [HeaderMatch] = [], methods: [String] = [],
        tokens: Document? = nil
    ) {
        self.action = action
        self.path = path
        self.headers = headers
        self.methods = methods
        self.tokens = tokens
    }

    package enum PathMatch: Hashable, Sendable {
        case exact(String)
        case prefix(String)
        case regex(String)
    }

    package struct HeaderMatch: Hashable, Sendable {
        package enum Rule: Hashable, Sendable {
            case present
            case exact(String)
            case prefix(String)
            case suffix(String)
            case regex(String)
        }

        package var name: String
        package var rule: Rule
        package var isInverted: Bool

        package init(name: String, rule: Rule, isInverted: Bool = false) {
            self.name = name
            self.rule = rule
            self.isInverted = isInverted
        }
    }
}

// MARK: - Reading

extension ServiceIntentions {
    init(_ map: inout MapReader, destination: String) {
        tokens = map.intentionTokens()
        var seen: Set<[String]> = []
        let found = map.maps("Sources", context: { "Sources[\($0)]" }) { map in
            let source = IntentionSource(&map, destination: destination)
            if !source.name.isEmpty, !seen.insert([source.peer, source.name]).inserted {
                let name = (source.peer.isEmpty ? "" : "peer(\(quoted(source.peer))) ") + quoted(source.name)
                map.consulRefuses(nil, "\(name) stands more than once", as: " defines \(name) more than once")
            }
            return source
        }
        let sources = found ?? []
        if sources.isEmpty { map.consulRefuses("Sources", "At least one source is required") }
        // Those of one precedence stay as they are written.
        self.sources = sources.enumerated().sorted {
            ($1.element.precedence, $0.offset) < ($0.element.precedence, $1.offset)
        }.map(\.element)
    }
}

extension IntentionSource {
    fileprivate init(_ map: inout MapReader, destination: String) {
        self.init(name: map.name("Name") ?? "", peer: map.name("Peer") ?? "", precedence: 0)
        precedence = (destination == "*" ? 6 : 9) - (name == "*" ? 1 : 0)
        action = map.intentionAction()
        let prefix = map.context
        permissions =
            map.maps("Permissions", context: { "\(prefix).Permissions[\($0)]" }) { IntentionPermission(&$0) } ?? []
        description = map.string("Description") ?? ""
        let partition = map.string("Partition") ?? ""
        let group = map.string("SamenessGroup") ?? ""
        _ = map.choice("Type", of: SourceType.self) { _ in ".Type must be set to 'consul'" }
        let legacyMeta = map.stringMap("LegacyMeta") ?? [:]
        // The precedence is worked out, and what old servers answer means nothing.
        map.ignore("Precedence", "LegacyID", "LegacyCreateTime", "LegacyUpdateTime")
        checkCaller(partition: partition, group: group, &map)
        if description.utf8.count > MetaLimits.maxValueLength {
            map.consulRefuses(
                "Description", "exceeds maximum length \(MetaLimits.maxValueLength)",
                as: ".Description exceeds maximum length \(MetaLimits.maxValueLength)")
        }
        if !legacyMeta.isEmpty {
            map.consulRefuses("LegacyMeta", "must be omitted", as: ".LegacyMeta must be omitted")
        }
        checkAction(destination: destination, map)
    }

    private enum SourceType: String, CaseIterable {
        case consul
    }

    private func checkCaller(partition: String, group: String, _ map: inout MapReader) {
        if name.isEmpty { map.consulRefuses("Name", "is required", as: ".Name is required") }
        if name != "*", name.contains("*") { map.refusePartialWildcard("Name", as: ".Name") }
        if peer.contains("*") {
            map.consulRefuses(
                "Peer", "cannot use wildcard '*' in peer", as: ".Peer: cannot use wildcard '*' in peer")
        }
        if !peer.isEmpty, !partition.isEmpty {
            let rule = "cannot set Peer and Partition at the same time."
            map.consulRefuses("Peer", rule, as: ".Peer: \(rule)")
        } else if !["", "default"].contains(partition) {
            map.consulRefuses("Partition", EditionLimit.partitions, as: ".\(EditionLimit.partitions)")
        }
        if !group.isEmpty {
            let rule =
                peer.isEmpty
                ? "sameness-groups are an enterprise-only feature"
                : "cannot set SamenessGroup and Peer at the same time"
            map.consulRefuses("SamenessGroup", rule, as: ".SamenessGroup: \(rule)")
        }
        let namespace = map.string("Namespace") ?? ""
        if !["", "default"].contains(namespace) {
            map.consulRefuses("Namespace", EditionLimit.namespaces, as: ".\(EditionLimit.namespaces)")
        }
    }

    private func checkAction(destination: String, _ map: MapReader) {
        let hasPermissions = map.members.contains { keysMatch($0.key, "Permissions") && $0.value.content != .null }
        if permissions.isEmpty, !hasPermissions { map.requireIntentionAction(action) }
        guard !permissions.isEmpty else { return }
        if action != nil {
            let rule = "must be omitted if Permissions are specified"
            map.consulRefuses("Action", rule, as: ".Action \(rule)")
        }
        if destination == "*" {
            let rule = "cannot be specified on intentions with wildcarded destinations"
            map.consulRefuses("Permissions", rule, as: ".Permissions \(rule)")
        }
    }
}

extension MapReader {
    mutating func intentionAction() -> IntentionAction? {
        choice("Action", of: IntentionAction.self) { _ in ".Action must be set to 'allow' or 'deny'" }?.value
    }

    /// A wrong one was reported when it was read.
    func requireIntentionAction(_ action: IntentionAction?) {
        let given = members.first { keysMatch($0.key, "Action") }?.value.string ?? ""
        guard action == nil, given.isEmpty else { return }
        consulRefuses("Action", "must be set to 'allow' or 'deny'", as: ".Action must be set to 'allow' or 'deny'")
    }

    /// `JWT`: which tokens are asked for, and which claims must be in them.
    mutating func intentionTokens() -> Document? {
        map("JWT", context: "") { tokens in
            let providers = tokens.maps("Providers") { provider in
                let kept = provider.kept(Self.tokenProvider)
                if !kept.contains(where: { $0.key == "Name" }) {
                    provider.consulRefuses("Name", "JWT provider name is required")
                }
                return Document(.map(kept))
            }
            let members = providers.map { [DocumentMember("Providers", Document(.list($0)))] }
            return Document(.map(members ?? []))
        }
    }

    private static let tokenProvider = [
        KeptSetting("Name", .string),
        KeptSetting("VerifyClaims", .maps([KeptSetting("Path", .strings), KeptSetting("Value", .string)])),
    ]
}
