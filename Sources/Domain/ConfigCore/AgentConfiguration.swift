package import DocumentCore

/// The agent's own settings out of one or several files, under Consul's keys. What no file says is nil.
package struct AgentConfiguration: Hashable, Sendable {
    package var nodeName: String?
    package var datacenter: String?
    package var dataDirectory: String?
    package var bindAddress: String?
    package var clientAddress: String?
    package var advertiseAddress: String?
    /// The domain of DNS names; texts of certificates use it too.
    package var domain: String?
    /// A second domain of DNS names.
    package var altDomain: String?
    /// -1 switches the port off, as in Consul. The same for `grpcTLSPort` and `dnsPort`.
    package var httpPort: Int?
    package var grpcTLSPort: Int?
    package var dnsPort: Int?
    package var dns = DNSSettings()
    package var doors = DoorSettings()
    package var logLevel: LogLevel?
    package var logsJSON: Bool?
    /// Keep nothing on disk.
    package var isDevelopment: Bool?
    /// Read the files again whenever they change.
    package var reloadsByItself: Bool?
    package var peeringEnabled: Bool?
    package var connectEnabled: Bool?
    /// How often a stream's peer is told that we live, and how long it may be silent: Hawser's own keys, for pairs of
    /// clusters that want to know sooner.
    package var heartbeatInterval: GoDuration?
    package var heartbeatTimeout: GoDuration?
    /// What a peer may lose at once of what it sees, in percent, before the operator is asked: Hawser's own key.
    package var withdrawLimit: Int?
    package var imports = ImportSettings()
    package var replicationLog = ReplicationLogSettings()
    /// The gateway inside the agent; nil for none.
    package var gateway: GatewaySettings?
    /// Who may do what over the HTTP API.
    package var acl = ACLSettings()
    /// The file that the audit log goes to, Hawser's own key; nil for the daemon's log.
    package var auditPath: String?

    package init() {}

    package enum LogLevel: String, CaseIterable, Sendable {
        case trace, debug, info, warn, error

        /// From how operators write it: in any case, and `err` too.
        package init?(name: String) {
            let name = name.lowercased()
            self.init(rawValue: name == "err" ? "error" : name)
        }
    }

    /// These settings with those of a later file, or of the command line, put over them.
    package func merging(_ later: AgentConfiguration) -> AgentConfiguration {
        var merged = AgentConfiguration()
        merged.nodeName = later.nodeName ?? nodeName
        merged.datacenter = later.datacenter ?? datacenter
        merged.dataDirectory = later.dataDirectory ?? dataDirectory
        merged.bindAddress = later.bindAddress ?? bindAddress
        merged.clientAddress = later.clientAddress ?? clientAddress
        merged.advertiseAddress = later.advertiseAddress ?? advertiseAddress
        merged.domain = later.domain ?? domain
        merged.altDomain = later.altDomain ?? altDomain
        merged.httpPort = later.httpPort ?? httpPort
        merged.grpcTLSPort = later.grpcTLSPort ?? grpcTLSPort
        merged.dnsPort = later.dnsPort ?? dnsPort
        merged.dns = dns.merging(later.dns)
        merged.doors = doors.merging(later.doors)
        merged.logLevel = later.logLevel ?? logLevel
        merged.logsJSON = later.logsJSON ?? logsJSON
        merged.isDevelopment = later.isDevelopment ?? isDevelopment
        merged.reloadsByItself = later.reloadsByItself ?? reloadsByItself
        merged.peeringEnabled = later.peeringEnabled ?? peeringEnabled
        merged.connectEnabled = later.connectEnabled ?? connectEnabled
        merged.heartbeatInterval = later.heartbeatInterval ?? heartbeatInterval
        merged.heartbeatTimeout = later.heartbeatTimeout ?? heartbeatTimeout
        merged.withdrawLimit = later.withdrawLimit ?? withdrawLimit
        merged.imports = imports.merging(later.imports)
        merged.replicationLog = replicationLog.merging(later.replicationLog)
        merged.gateway = later.gateway ?? gateway
        merged.acl = acl.merging(later.acl)
        merged.auditPath = later.auditPath ?? auditPath
        return merged
    }

    /// The settings with defaults for what nobody said. Called once, after all files and the command line.
    ///
    /// - Parameter hostName: the machine's name; it names the node if nothing else does.
    package func resolved(hostName: String) throws(DocumentProblems) -> ResolvedAgentConfiguration {
        let resolved = ResolvedAgentConfiguration(
            nodeName: nodeName ?? hostName, datacenter: (datacenter ?? "dc1").lowercased(),
            dataDirectory: dataDirectory, bindAddress: bindAddress ?? "0.0.0.0",
            clientAddress: clientAddress ?? "127.0.0.1", advertiseAddress: advertiseAddress,
            domain: domain ?? "consul", altDomain: altDomain, httpPort: httpPort ?? 8500,
            grpcTLSPort: grpcTLSPort ?? 8503, dnsPort: dnsPort ?? -1, dns: dns,
            logLevel: logLevel ?? .info, logsJSON: logsJSON ?? false, isDevelopment: isDevelopment ?? false,
            reloadsByItself: reloadsByItself ?? false,
            peeringEnabled: peeringEnabled ?? true, connectEnabled: connectEnabled ?? true,
            heartbeatInterval: heartbeatInterval ?? Self.consulHeartbeatInterval,
            heartbeatTimeout: heartbeatTimeout ?? Self.consulHeartbeatTimeout,
            withdrawLimit: withdrawLimit ?? Self.usualWithdrawLimit, imports: imports,
            replicationLog: replicationLog, gateway: gateway,
            doors: doors, acl: acl, auditPath: auditPath)
        let wrong = [
            Self.problem(nodeName: resolved.nodeName), Self.problem(datacenter: resolved.datacenter),
            Self.problem(heartbeatsEvery: resolved.heartbeatInterval, timeout: resolved.heartbeatTimeout),
            Self.problem(domain: resolved.domain, of: "domain"),
            resolved.altDomain.flatMap { Self.problem(domain: $0, of: "alt_domain") },
        ]
        let problems = wrong.compactMap { $0 }.map { DocumentProblem(.invalid, at: .none, $0) }
        guard problems.isEmpty else { throw DocumentProblems(problems: problems) }
        return resolved
    }

    /// Why this cannot be the name of a node; nil if it can.
    package static func problem(nodeName: String) -> String? {
        if nodeName.isEmpty { return "node_name cannot be empty" }
        guard nodeName.utf8.count <= maxNodeNameLength,
            nodeName.utf8.allSatisfy({ isNameByte($0) || $0 == UInt8(ascii: ".") })
        else {
            return "node_name cannot be \(quoted(nodeName)). Please use only [A-Za-z0-9-_.], and at most "
                + "\(maxNodeNameLength) of them"
        }
        return nil
    }

    /// Why this cannot be the name of a datacenter; nil if it can. Upper case is lowered before this is asked.
    package static func problem(datacenter: String) -> String? {
        guard !datacenter.isEmpty, datacenter.utf8.allSatisfy(isNameByte), datacenter == datacenter.lowercased() else {
            return "datacenter cannot be \(quoted(datacenter)). Please use only [a-z0-9-_]"
        }
        return nil
    }

    /// Why DNS names cannot end in this; nil if they can.
    private static func problem(domain: String, of key: String) -> String? {
        let labels = (domain.hasSuffix(".") ? domain.dropLast() : domain[...])
            .split(separator: ".", omittingEmptySubsequences: false)
        guard labels.allSatisfy({ (1...63).contains($0.utf8.count) && $0.utf8.allSatisfy(isNameByte) }) else {
            return
                "\(key) cannot be \(quoted(domain)). Please use only [A-Za-z0-9-_] in labels of at most 63, and dots "
                + "between them"
        }
        return nil
    }

    /// Why peers cannot be told so often, or waited for so long; nil if they can.
    private static func problem(heartbeatsEvery interval: GoDuration, timeout: GoDuration) -> String? {
        let twice = interval.nanoseconds.multipliedReportingOverflow(by: 2)
        guard interval >= minHeartbeatInterval, !twice.overflow, timeout.nanoseconds >= twice.partialValue else {
            return "peering.heartbeat_interval must be at least \(minHeartbeatInterval), and peering.heartbeat_timeout "
                + "twice that interval or more: they are \(interval) and \(timeout)"
        }
        return nil
    }

    /// What Consul's servers do (protocol section 4.5).
    private static let consulHeartbeatInterval = GoDuration(nanoseconds: 15_000_000_000)
    private static let consulHeartbeatTimeout = GoDuration(nanoseconds: 120_000_000_000)
    /// More often would be load, and say nothing more.
    private static let minHeartbeatInterval = GoDuration(nanoseconds: 50_000_000)

    /// A quarter: more at once is rather a mistake than a wish.
    private static let usualWithdrawLimit = 25

    /// The length from which Consul's gossip refuses a name.
    private static let maxNodeNameLength = 128
}

/// The agent's settings, complete and checked.
package struct ResolvedAgentConfiguration: Hashable, Sendable {
    package var nodeName: String
    package var datacenter: String
    /// Nil only makes sense in development mode; the agent checks it.
    package var dataDirectory: String?
    package var bindAddress: String
    /// One address, or several separated by spaces.
    package var clientAddress: String
    /// Nil if the agent is to find out.
    package var advertiseAddress: String?
    package var domain: String
    package var altDomain: String?
    /// -1 for off. The same for `grpcTLSPort` and `dnsPort`.
    package var httpPort: Int
    package var grpcTLSPort: Int
    package var dnsPort: Int
    package var dns: DNSSettings
    package var logLevel: AgentConfiguration.LogLevel
    package var logsJSON: Bool
    package var isDevelopment: Bool
    package var reloadsByItself: Bool
    package var peeringEnabled: Bool
    package var connectEnabled: Bool
    package var heartbeatInterval: GoDuration
    package var heartbeatTimeout: GoDuration
    package var withdrawLimit: Int
    package var imports: ImportSettings
    package var replicationLog: ReplicationLogSettings
    package var gateway: GatewaySettings?
    package var doors: DoorSettings
    package var acl: ACLSettings
    package var auditPath: String?

    package init(
        nodeName: String, datacenter: String, dataDirectory: String?, bindAddress: String, clientAddress: String,
        advertiseAddress: String?, domain: String, altDomain: String? = nil, httpPort: Int, grpcTLSPort: Int,
        dnsPort: Int = -1, dns: DNSSettings = DNSSettings(), logLevel: AgentConfiguration.LogLevel, logsJSON: Bool,
        isDevelopment: Bool, reloadsByItself: Bool = false, peeringEnabled: Bool, connectEnabled: Bool,
        heartbeatInterval: GoDuration, heartbeatTimeout: GoDuration, withdrawLimit: Int,
        imports: ImportSettings = ImportSettings(),
        replicationLog: ReplicationLogSettings = ReplicationLogSettings(), gateway: GatewaySettings? = nil,
        doors: DoorSettings = DoorSettings(), acl: ACLSettings = ACLSettings(), auditPath: String? = nil
    ) {
        self.nodeName = nodeName
        self.datacenter = datacenter
        self.dataDirectory = dataDirectory
        self.bindAddress = bindAddress
        self.clientAddress = clientAddress
        self.advertiseAddress = advertiseAddress
        self.domain = domain
        self.altDomain = altDomain
        self.httpPort = httpPort
        self.grpcTLSPort = grpcTLSPort
        self.dnsPort = dnsPort
        self.dns = dns
        self.logLevel = logLevel
        self.logsJSON = logsJSON
        self.isDevelopment = isDevelopment
        self.reloadsByItself = reloadsByItself
        self.peeringEnabled = peeringEnabled
        self.connectEnabled = connectEnabled
        self.heartbeatInterval = heartbeatInterval
        self.heartbeatTimeout = heartbeatTimeout
        self.withdrawLimit = withdrawLimit
        self.imports = imports
        self.replicationLog = replicationLog
        self.gateway = gateway
        self.doors = doors
        self.acl = acl
        self.auditPath = auditPath
    }
}

// MARK: - Reading

extension AgentConfiguration {
    /// Takes the agent's settings out of the top level of a file. Keys that are not Hawser's become warnings.
    init(_ map: inout MapReader) {
        nodeName = map.string("node_name")
        datacenter = map.string("datacenter")?.lowercased()
        dataDirectory = map.string("data_dir")
        bindAddress = Self.address("bind_addr", &map)
        clientAddress = Self.address("client_addr", &map)
        advertiseAddress = Self.address("advertise_addr", &map)
        domain = map.string("domain")
        altDomain = map.string("alt_domain")
        logLevel = Self.logLevel(&map)
        logsJSON = map.bool("log_json")
        isDevelopment = map.bool("dev")
        reloadsByItself = map.bool("auto_reload_config")
        let ports = map.map("ports") { PortsBlock(&$0) }
        httpPort = ports?.http
        grpcTLSPort = ports?.grpcTLS
        dnsPort = ports?.dns
        dns = map.map("dns_config") { DNSSettings(&$0) } ?? DNSSettings()
        doors = DoorSettings(&map, httpsPort: ports?.https)
        let peering = map.map("peering") { PeeringBlock(&$0) }
        peeringEnabled = peering?.isEnabled
        heartbeatInterval = peering?.heartbeatInterval
        heartbeatTimeout = peering?.heartbeatTimeout
        withdrawLimit = peering?.withdrawLimit
        imports = peering?.importSettings ?? ImportSettings()
        replicationLog = map.map("replication_log") { ReplicationLogSettings(&$0) } ?? ReplicationLogSettings()
        gateway = map.map("gateway", GatewaySettings.read).flatMap { $0 }
        connectEnabled = map.map("connect") { $0.bool("enabled") }
        acl = map.map("acl") { ACLSettings(&$0) } ?? ACLSettings()
        auditPath = map.map("audit") { $0.string("path") }
        let wrong = [
            ("node_name", nodeName.flatMap(Self.problem(nodeName:))),
            ("datacenter", datacenter.flatMap(Self.problem(datacenter:))),
        ]
        for case (let key, let problem?) in wrong {
            map.collector.problem(.invalid, at: map.position(of: key), problem)
        }
    }

    private struct PortsBlock {
        var http: Int?
        var https: Int?
        var grpcTLS: Int?
        var dns: Int?

        init(_ map: inout MapReader) {
            http = map.integer("http", in: -1...65535)
            https = map.integer("https", in: -1...65535)
            grpcTLS = map.integer("grpc_tls", in: -1...65535)
            dns = map.integer("dns", in: -1...65535)
        }
    }

    private struct PeeringBlock {
        var isEnabled: Bool?
        var heartbeatInterval: GoDuration?
        var heartbeatTimeout: GoDuration?
        var withdrawLimit: Int?
        var importSettings: ImportSettings

        init(_ map: inout MapReader) {
            isEnabled = map.bool("enabled")
            heartbeatInterval = map.duration("heartbeat_interval")
            heartbeatTimeout = map.duration("heartbeat_timeout")
            withdrawLimit = map.integer("withdraw_limit_percent", in: 0...100)
            importSettings = ImportSettings(&map)
        }
    }

    private static func address(_ key: String, _ map: inout MapReader) -> String? {
        guard let text = map.string(key) else { return nil }
        if text.contains("{{") {
            map.invalid(key, "address templates are not read by hawser: write the address itself")
        }
        return text
    }

    private static func logLevel(_ map: inout MapReader) -> LogLevel? {
        guard let text = map.string("log_level") else { return nil }
        if let level = LogLevel(name: text) { return level }
        let names = LogLevel.allCases.map(\.rawValue).joined(separator: ", ")
        map.invalid("log_level", "must be one of \(names), and is \(quoted(text))")
        return nil
    }
}
