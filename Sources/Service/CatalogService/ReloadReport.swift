import CatalogCore
import ConfigCore
import ConfigFiles

/// What a reload did, for people.
struct ReloadReport {
    static let nothing = "nothing changed"

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
        if changes.isEmpty { lines.append(Self.nothing) }
        lines += Self.settings(of: loaded, changedFrom: startedWith)
        lines += loaded.warnings.prefix(Self.maxLines).map { "warning: \($0)" }
    }

    /// A line for each of the agent's own settings that differs: none takes effect while it runs.
    private static func settings(of loaded: LoadedConfiguration, changedFrom old: AgentConfiguration) -> [String] {
        var lines: [String] = []
        func compare<Value: Equatable>(_ key: String, _ path: KeyPath<AgentConfiguration, Value?>) {
            guard loaded.agent[keyPath: path] != old[keyPath: path] else { return }
            let change = loaded.file(setting: path).map { "changed in \($0)" } ?? "is gone from the files"
            lines.append("\(key) \(change): restart the agent to apply it")
        }
        compare("node_name", \.nodeName)
        compare("datacenter", \.datacenter)
        compare("data_dir", \.dataDirectory)
        compare("bind_addr", \.bindAddress)
        compare("client_addr", \.clientAddress)
        compare("advertise_addr", \.advertiseAddress)
        compare("domain", \.domain)
        compare("alt_domain", \.altDomain)
        compare("ports.http", \.httpPort)
        compare("ports.grpc_tls", \.grpcTLSPort)
        compare("ports.dns", \.dnsPort)
        compare("log_level", \.logLevel)
        compare("log_json", \.logsJSON)
        compare("dev", \.isDevelopment)
        compare("auto_reload_config", \.reloadsByItself)
        compare("peering.enabled", \.peeringEnabled)
        compare("connect.enabled", \.connectEnabled)
        compare("peering.heartbeat_interval", \.heartbeatInterval)
        compare("peering.heartbeat_timeout", \.heartbeatTimeout)
        compare("peering.withdraw_limit_percent", \.withdrawLimit)
        compare("peering.max_import_mb", \.imports.maxMegabytes)
        compare("peering.max_import_service_mb", \.imports.maxServiceMegabytes)
        compare("peering.max_import_services", \.imports.maxServices)
        compare("replication_log.max_age", \.replicationLog.maxAge)
        compare("replication_log.max_size_mb", \.replicationLog.maxMegabytes)
        compare("gateway", \.gateway)
        compare("dns_config.only_passing", \.dns.onlyPassing)
        compare("dns_config.node_ttl", \.dns.nodeTTL)
        compare("dns_config.service_ttl", \.dns.serviceTTL)
        compare("dns_config.a_record_limit", \.dns.addressLimit)
        compare("ports.https", \.doors.httpsPort)
        compare("addresses.http", \.doors.httpAddresses)
        compare("addresses.https", \.doors.httpsAddresses)
        // What is in the files is read anew: only other files need a restart.
        compare("tls.https.cert_file", \.doors.https.certificateFile)
        compare("tls.https.key_file", \.doors.https.keyFile)
        compare("tls.https.ca_file", \.doors.https.caFile)
        compare("tls.https.verify_incoming", \.doors.https.verifiesIncoming)
        compare("tls.https.tls_min_version", \.doors.https.minVersion)
        compare("unix_sockets.user", \.doors.unixSockets.user)
        compare("unix_sockets.group", \.doors.unixSockets.group)
        compare("unix_sockets.mode", \.doors.unixSockets.mode)
        compare("acl.enabled", \.acl.isEnabled)
        compare("acl.default_policy", \.acl.defaultPolicy)
        compare("acl.tokens.initial_management", \.acl.initialManagement)
        compare("acl.tokens.default", \.acl.defaultToken)
        compare("acl.tokens.dns", \.acl.dnsToken)
        compare("audit.path", \.auditPath)
        return lines
    }
}
