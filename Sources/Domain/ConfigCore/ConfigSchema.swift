import DocumentCore

/// The documents that there are schemas of: agent files, definitions of a service, and the kinds of config entries.
package enum ConfigSchema: Hashable, Sendable {
    case agent
    case service
    case entry(ConfigEntryKind)

    package static let all: [ConfigSchema] = [.agent, .service] + ConfigEntryKind.allCases.map(ConfigSchema.entry)

    /// `agent`, `service`, or the kind of an entry.
    package var name: String {
        switch self {
        case .agent: "agent"
        case .service: "service"
        case .entry(let kind): kind.rawValue
        }
    }

    /// The schema as it is written to a file.
    package var text: String {
        switch self {
        case .agent:
            JSONSchema.text(title: "Agent file of Hawser", of: .learned(.warn) { ConfigContents(&$0) })
        case .service:
            JSONSchema.text(
                title: "Service definition", of: .learned(.refuse) { ServiceDefinition.registrations(&$0) })
        case .entry(let kind):
            JSONSchema.text(title: "Config entry \(kind.rawValue)", of: ConfigEntry.shape(of: kind), required: "Kind")
        }
    }
}
