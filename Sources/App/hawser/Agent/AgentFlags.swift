import ArgumentParser
import ConfigCore
import ConfigFiles

/// The flags of `hawser agent`: Consul's names, each over the same key of the files.
struct AgentFlags: ParsableArguments {
    @Option(
        name: .customLong("config-dir"),
        help: ArgumentHelp(
            "Directory of configuration files: services, config entries, settings (.hcl, .json, .yaml). Repeatable.",
            valueName: "dir"))
    var configDirectories: [String] = []

    @Option(
        name: .customLong("config-file"),
        help: ArgumentHelp("One more configuration file, read after the directories. Repeatable.", valueName: "file"))
    var configFiles: [String] = []

    @Option(name: .customLong("data-dir"), help: ArgumentHelp("Where the state is kept.", valueName: "dir"))
    var dataDirectory: String?

    @Option(name: .customLong("node"), help: "Name of this node. Default: the machine's name.")
    var node: String?

    @Option(name: .customLong("datacenter"), help: "Name of the datacenter. Default: dc1.")
    var datacenter: String?

    @Option(name: .customLong("bind"), help: ArgumentHelp("Address of the peering port.", valueName: "address"))
    var bind: String?

    @Option(
        name: .customLong("client"), help: ArgumentHelp("Address of the HTTP API and of DNS.", valueName: "address"))
    var client: String?

    @Option(
        name: .customLong("advertise"),
        help: ArgumentHelp("Address that peers reach this daemon at.", valueName: "address"))
    var advertise: String?

    @Option(name: .customLong("domain"), help: "Domain of DNS names. Default: consul.")
    var domain: String?

    @Option(name: .customLong("alt-domain"), help: "A second domain of DNS names.")
    var altDomain: String?

    @Option(
        name: .customLong("dns-port"),
        help: ArgumentHelp("Port of DNS, such as Consul's 8600. Default: none.", valueName: "port"))
    var dnsPort: Int?

    @Option(name: .customLong("http-port"), help: ArgumentHelp("Default: 8500.", valueName: "port"))
    var httpPort: Int?

    @Option(
        name: .customLong("https-port"),
        help: ArgumentHelp("The HTTP API over TLS, with the files of the tls block. Default: none.", valueName: "port"))
    var httpsPort: Int?

    @Option(
        name: .customLong("grpc-tls-port"), help: ArgumentHelp("The peering port. Default: 8503.", valueName: "port"))
    var grpcTLSPort: Int?

    @Option(
        name: .customLong("log-level"), help: ArgumentHelp("trace, debug, info, warn or error.", valueName: "level"))
    var logLevel: String?

    @Flag(name: .customLong("log-json"), help: "Log one JSON object a line.")
    var logsJSON = false

    @Flag(name: .customLong("auto-reload-config"), help: "Read the configuration files again whenever they change.")
    var reloadsByItself = false

    @Flag(name: .customLong("dev"), help: "Try it out: listen on the loopback only, keep nothing at the end.")
    var isDevelopment = false

    func validate() throws {
        try requireNames(("-node", node), ("-datacenter", datacenter))
        let ports = [
            ("-dns-port", dnsPort), ("-http-port", httpPort), ("-https-port", httpsPort),
            ("-grpc-tls-port", grpcTLSPort),
        ]
        for (flag, port) in ports {
            if let port, !(-1...65_535).contains(port) {
                throw ValidationError("\(flag)=\(port): a port is a number from 0 to 65535, or -1 for none")
            }
        }
        if let logLevel, AgentConfiguration.LogLevel(name: logLevel) == nil {
            throw ValidationError("-log-level=\(logLevel): write trace, debug, info, warn or error")
        }
    }

    /// Where the files are, in the order in which later ones win.
    var paths: [ConfigPath] {
        configDirectories.map { .directory($0) } + configFiles.map { .file($0) }
    }

    /// What the flags say, to be put over the files.
    var configuration: AgentConfiguration {
        var configuration = AgentConfiguration()
        configuration.nodeName = node
        configuration.datacenter = datacenter?.lowercased()
        configuration.dataDirectory = dataDirectory
        configuration.bindAddress = bind
        configuration.clientAddress = client
        configuration.advertiseAddress = advertise
        configuration.domain = domain
        configuration.altDomain = altDomain
        configuration.dnsPort = dnsPort
        configuration.httpPort = httpPort
        configuration.doors.httpsPort = httpsPort
        configuration.grpcTLSPort = grpcTLSPort
        configuration.logLevel = logLevel.flatMap(AgentConfiguration.LogLevel.init(name:))
        if logsJSON { configuration.logsJSON = true }
        if reloadsByItself { configuration.reloadsByItself = true }
        if isDevelopment { configuration.isDevelopment = true }
        return configuration
    }
}
