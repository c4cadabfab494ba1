package import DocumentCore

/// The kinds of config entries that are accepted. Those that are kept opaque matter by their existence: they make
/// their name a service of the mesh (protocol section 9, expansion).
package enum ConfigEntryKind: String, CaseIterable, Hashable, Sendable {
    case exportedServices = "exported-services"
    case mesh
    case proxyDefaults = "proxy-defaults"
    case serviceDefaults = "service-defaults"
    case serviceIntentions = "service-intentions"
    case serviceResolver = "service-resolver"
    case serviceRouter = "service-router"
    case serviceSplitter = "service-splitter"

    /// The only name an entry of this kind may have, for kinds with one entry a cluster.
    package var onlyName: String? {
        switch self {
        case .exportedServices: "default"
        case .mesh: "mesh"
        case .proxyDefaults: "global"
        case .serviceDefaults, .serviceIntentions, .serviceResolver, .serviceRouter, .serviceSplitter: nil
        }
    }
}

/// What identifies an entry.
package struct ConfigEntryKey: Hashable, Sendable {
    package var kind: ConfigEntryKind
    package var name: String

    package init(kind: ConfigEntryKind, name: String) {
        self.kind = kind
        self.name = name
    }
}

extension ConfigEntryKey: Comparable {
    package static func < (left: ConfigEntryKey, right: ConfigEntryKey) -> Bool {
        (left.kind.rawValue, left.name) < (right.kind.rawValue, right.name)
    }
}

extension ConfigEntryKey: CustomStringConvertible {
    package var description: String { "\(kind.rawValue)/\(name)" }
}

/// One config entry, as `PUT /v1/config`, `hawser config write` and configuration files bring it.
///
/// What Hawser acts on is typed; every other key that Consul knows is checked, kept, and comes back as Consul would
/// answer it. Positions do not count in comparisons, so that only a change of content is a change.
package struct ConfigEntry: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        case exportedServices([ExportedService])
        case mesh(MeshSettings)
        case serviceDefaults(ServiceDefaults)
        case proxyDefaults(ProxyDefaults)
        case serviceIntentions(ServiceIntentions)
        case serviceResolver([DocumentMember])
        case serviceRouter([DocumentMember])
        case serviceSplitter([DocumentMember])
    }

    package var name: String
    package var content: Content
    package var meta: [String: String]

    package init(name: String, content: Content, meta: [String: String] = [:]) {
        self.name = name
        self.content = content
        self.meta = meta
    }

    package var kind: ConfigEntryKind {
        switch content {
        case .exportedServices: .exportedServices
        case .mesh: .mesh
        case .serviceDefaults: .serviceDefaults
        case .proxyDefaults: .proxyDefaults
        case .serviceIntentions: .serviceIntentions
        case .serviceResolver: .serviceResolver
        case .serviceRouter: .serviceRouter
        case .serviceSplitter: .serviceSplitter
        }
    }

    package var key: ConfigEntryKey { ConfigEntryKey(kind: kind, name: name) }

    /// The protocol that a service-defaults or proxy-defaults entry sets, in lower case; nil if it sets none.
    package var serviceProtocol: String? {
        switch content {
        case .serviceDefaults(let defaults): defaults.protocol.isEmpty ? nil : defaults.protocol
        case .proxyDefaults(let defaults): defaults.serviceProtocol
        case .exportedServices, .mesh, .serviceIntentions, .serviceResolver, .serviceRouter, .serviceSplitter: nil
        }
    }
}
