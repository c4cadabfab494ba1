import CatalogCore
import ConfigCore
import ConfigFiles

/// What a reload did, for people.
struct ReloadReport {
    /// Lines about single things; more are counted.
    private static let maxLines = 50

    private(set) var lines: [String] = []

    init(_ loaded: LoadedConfiguration, startedWith: AgentConfiguration) {
        let services = loaded.difference.registrations
        let entries = loaded.difference.entries
        var changes = services.added.map { "service \($0.value.service.id) added (\($0.source))" }
        changes += services.changed.map { "service \($0.value.service.id) changed (\($0.source))" }
        changes += services.removed.map { "service \($0) removed" }
        changes += entries.added.map { "config entry \($0.value.key) added (\($0.source))" }
        changes += entries.changed.map { "config entry \($0.value.key) changed (\($0.source))" }
        changes += entries.removed.map { "config entry \($0) removed" }
        lines = Array(changes.prefix(Self.maxLines))
        if changes.count > Self.maxLines { lines.append("... and \(changes.count - Self.maxLines) more changes") }
        if changes.isEmpty { lines.append("nothing changed") }
        lines += Self.settings(of: loaded.agent, changedFrom: startedWith).map {
            "\($0) changed: restart the agent to apply it"
        }
        lines += loaded.warnings.prefix(Self.maxLines).map { "warning: \($0)" }
    }

    /// The keys of the agent's own settings that differ.
    private static func settings(
        of new: AgentConfiguration, changedFrom old: AgentConfiguration
    ) -> [String] {
        var keys: [String] = []
        func compare<Value: Equatable>(_ key: String, _ path: KeyPath<AgentConfiguration, Value>) {
            if new[keyPath: path] != old[keyPath: path] { keys.append(key) }
        }
        compare("node_name", \.nodeName)
        compare("datacenter", \.datacenter)
        compare("data_dir", \.dataDirectory)
        compare("bind_addr", \.bindAddress)
        compare("client_addr", \.clientAddress)
        compare("advertise_addr", \.advertiseAddress)
        compare("domain", \.domain)
        compare("ports.http", \.httpPort)
        compare("ports.grpc_tls", \.grpcTLSPort)
        compare("log_level", \.logLevel)
        compare("log_json", \.logsJSON)
        compare("dev", \.isDevelopment)
        compare("peering.enabled", \.peeringEnabled)
        compare("connect.enabled", \.connectEnabled)
        return keys
    }
}
