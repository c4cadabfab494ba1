import ACLService
import CatalogCore
import CatalogService
import ConfigCore
import ConfigFiles
import DNSService
import DocumentCore
import GatewayCore
import GatewayRelay
import HTTPService
import HealthService
import IdentityCore
import IdentityService
import Logging
import NIOCore
import NIOPosix
import NameCore
import Observability
import PeerStreamTranslation
import PeeringCore
import PeeringService
import ReplicationCore
import ReplicationService
import SQLiteStorage
import ServiceLifecycle
import StateCore
import TLSEngine
import UnixSignals

/// The composition root: makes every part, gives each what it needs, and runs them until a signal.
///
///     files ─► FileCatalog ─► StateStore ◄─► SQLiteStorage
///                                ▲   ▲
///      HTTP API ◄────────────────┤   └─► peer streams ◄─► PeeringServer, PeeringSupervisor
///      checks ◄─► HealthService ◄┘
struct AgentDaemon {
    let settings: ResolvedAgentConfiguration
    let loader: ConfigLoader
    let loaded: LoadedConfiguration

    /// What streams may take to end in order, and requests to be answered.
    private static let shutdownTime = Duration.seconds(10)

    func run() async throws {
        for (key, isEnabled) in [
            ("peering.enabled", settings.peeringEnabled), ("connect.enabled", settings.connectEnabled),
        ] where !isEnabled {
            throw Refusal(.invalid, "\(key) is false, and peering is all that this daemon does: remove it")
        }
        guard settings.isDevelopment else {
            guard let directory = settings.dataDirectory else {
                throw Refusal(.invalid, "data_dir is not set: name a directory with -data-dir, or try it out with -dev")
            }
            return try await run(dataDirectory: directory)
        }
        let temporary = try TemporaryDataDirectory()
        defer { temporary.remove() }
        try await run(dataDirectory: temporary.path)
    }

    private func run(dataDirectory: String) async throws {
        let logger = makeLogger("agent")
        _ = OpenFileLimit.raise()
        for warning in loaded.warnings { logger.warning("\(warning)") }
        if settings.isDevelopment, let unused = settings.dataDirectory {
            logger.warning("data_dir \(unused) is not used with -dev: nothing is kept")
        }
        let (storage, store) = try await openState(in: dataDirectory, logger: makeLogger("storage"))
        let doors = try await AgentDoors(settings)
        for warning in doors.warnings { logger.warning("\(warning)") }
        let identity = try await IdentityMaker.establish(
            in: store, datacenter: settings.datacenter, now: WallClock.seconds())
        let services = try await makeServices(store: store, identity: identity, doors: doors, logger: logger)
        let group = ServiceGroup(configuration: configuration(of: services, logger: makeLogger("lifecycle")))
        ProgramMemory.releaseAfterStart()
        do {
            try await group.run()
        } catch {
            // The reason to stop is worth more than what closing says after it.
            try? await storage.close()
            throw error
        }
        try await Self.refusing { () throws(StorageError) in try await storage.close() }
        logger.info("the agent has ended in order")
    }

    // MARK: Parts

    private func openState(
        in directory: String, logger: Logger
    ) async throws(Refusal) -> (SQLiteStorage, StateStore) {
        do throws(StorageError) {
            let storage = try SQLiteStorage.open(directory: directory)
            let failures = StorageFailureLog(logger: logger)
            let store = try await StateStore(
                storage: storage, settings: StateStore.Settings(settings),
                environment: StateStore.Environment(digest: { Crypto.sha256($0) }, report: failures.note))
            for notice in store.notices { logger.warning("\(notice)") }
            return (storage, store)
        } catch {
            throw Refusal(.failed, error.description)
        }
    }

    private func makeServices(
        store: StateStore, identity: ClusterIdentity, doors: AgentDoors, logger: Logger
    ) async throws(Refusal) -> [any Service] {
        let start = WallClock.seconds()
        let address = AdvertisedAddress.choose(configured: settings.advertiseAddress, bind: settings.bindAddress)
        let node = makeNode(identity, address)
        let catalog = FileCatalog(store: store, node: node, loader: loader, loaded: loaded)
        try await catalog.apply(loaded)

        let reload = AgentReload(catalog: catalog, certificates: doors.certificates)
        let certificate = try ServerCertificate(for: identity, now: WallClock.seconds())
        let listener = try await listen(certificate)
        let advertised = listener.map { [HostPort(host: address, port: $0.port)] } ?? []
        let expiries = SeenExpiries()
        let peering = makePeering(store, own: advertised, expiries)
        let peerings = peering.service

        let access = try await AgentAccess.control(
            settings.acl, store, datacenter: settings.datacenter,
            dataDirectory: settings.isDevelopment ? nil : settings.dataDirectory, expiries: expiries)
        let audit = try AgentAccess.audit(path: settings.auditPath, logger: makeLogger("audit"))
        let health = HealthService(
            store: store, node: node.name, group: .singletonMultiThreadedEventLoopGroup, logger: makeLogger("health"))

        var services: [any Service] = [
            audit,
            StateGuard(store: store),
            ExpiryService(store: store, expiries: expiries, logger: makeLogger("expiry"), now: WallClock.now),
            IdentityService(
                store: store, certificate: certificate, logger: makeLogger("identity"), now: WallClock.seconds),
            peerings.supervisor,
            health,
            ReloadOnSignal(logger: logger) { try await reload.reload() },
        ]
        if settings.reloadsByItself {
            services.append(ReloadOnChange(watch: try watchFiles(), logger: logger) { try await reload.reload() })
        }
        if let listener { services.append(peerings.server(on: listener)) }
        let gateway = try await startGateway(store, node.name, address, listener, peerings)
        if let gateway { services.append(gateway.service) }
        let dns = try await makeDNS(store, access)
        if let dns { services.append(dns) }
        let description = AgentDescription(
            version: VersionCommand.version, nodeName: node.name, nodeID: node.id, datacenter: node.datacenter,
            address: address, peeringPort: listener?.port ?? -1)
        let http = HTTPDependencies(
            store: store, peerings: peerings,
            authority: AgentAuthority(
                store: store, peerings: peerings, certificate: certificate, logger: makeLogger("identity")),
            reload: reload, checks: health, decodeImported: Self.decodeImported,
            gatewayRoutes: { [establishing = peerings.establishing] state in
                GatewayPlan.routes(of: state, servers: advertised, establishing: establishing.all)
            },
            exports: ExportMeasures(
                maxMessageBytes: StreamSender.maxMessageBytes, withdrawLimit: settings.withdrawLimit,
                size: { [encoder = peering.encoder] in encoder.size(ofService: $0, in: $1) }),
            metrics: {
                ProcessMetrics.collect(version: VersionCommand.version, startSeconds: start)
                    + CatalogMetrics.of(store.state) + StateMetrics.of(store) + peerings.metrics()
                    + (gateway?.metrics ?? [])
                    + (dns?.metrics ?? [])
            }, agent: description, access: access,
            audit: audit, now: WallClock.now)
        let dnsAddresses = zip(clientHosts, dns?.ports ?? []).map { HostPort(host: $0, port: $1).description }
        services += doors.services(http, logger: makeLogger("http")) { addresses in
            logger.info(
                "Hawser v\(VersionCommand.version) is up",
                metadata: [
                    "node": "\(node.name)", "datacenter": "\(node.datacenter)",
                    "trust_domain": "\(identity.trustDomain)",
                    "peering": "\(Self.listed(advertised.map(\.description)))",
                    "http": "\(Self.listed(addresses))", "dns": "\(Self.listed(dnsAddresses))",
                ])
        }
        return services
    }

    /// What serves peers, and what is told of it.
    private struct PeeringParts {
        let service: PeeringService
        let encoder: ResourceEncoder
    }

    private func makePeering(
        _ store: StateStore, own: [HostPort], _ expiries: SeenExpiries
    ) -> PeeringParts {
        let addresses = ReachableAddresses(own: own)
        let encoder = ResourceEncoder { addresses.inForce(in: $0).map(\.description) }
        let environment = ReplicationEnvironment(
            store: store, board: StatusBoard(store: store), encoder: encoder,
            logger: makeLogger("peering"),
            timing: PeerStreamMachine.Timing(
                heartbeatInterval: settings.heartbeatInterval.duration,
                heartbeatTimeout: settings.heartbeatTimeout.duration),
            importLimits: importLimits, now: WallClock.now)
        let service = PeeringService(
            environment: environment, settings: PeeringSettings(addresses: addresses), expiries: expiries,
            group: .singletonMultiThreadedEventLoopGroup)
        return PeeringParts(service: service, encoder: encoder)
    }

    private var importLimits: ImportLimits {
        var limits = ImportLimits()
        if let megabytes = settings.imports.maxMegabytes { limits.maxBytes = megabytes << 20 }
        if let megabytes = settings.imports.maxServiceMegabytes { limits.maxServiceBytes = megabytes << 20 }
        if let services = settings.imports.maxServices { limits.maxServices = services }
        return limits
    }

    private func watchFiles() throws(Refusal) -> Int32 {
        do throws(DocumentProblems) {
            return try ConfigWatch.open(loader.paths)
        } catch {
            throw Refusal(.failed, "auto_reload_config: \(error)")
        }
    }

    private func startGateway(
        _ store: StateStore, _ node: String, _ address: String, _ listener: PeeringListener?, _ peerings: PeeringService
    ) async throws(Refusal) -> GatewayParts? {
        guard let gateway = settings.gateway else {
            try await AgentGateway.remove(from: store, node: node)
            return nil
        }
        guard let listener else {
            throw Refusal(.invalid, "gateway is configured, and the peering port is off: it has nowhere to forward to")
        }
        return try await AgentGateway(settings: gateway, store: store, node: node, address: address).start(
            bindAddress: settings.bindAddress, peeringPort: listener.port, peerings: peerings,
            logger: makeLogger("gateway"))
    }

    private static func listed(_ addresses: [String]) -> String {
        addresses.isEmpty ? "off" : addresses.joined(separator: ",")
    }

    private func makeNode(_ identity: ClusterIdentity, _ address: String) -> Node {
        var tagged = ["lan": address, "wan": address]
        if (try? SocketAddress(ipAddress: address, port: 0))?.protocol == .inet {
            tagged["lan_ipv4"] = address
            tagged["wan_ipv4"] = address
        }
        return Node(
            id: identity.nodeID, name: settings.nodeName, address: address, datacenter: settings.datacenter,
            taggedAddresses: tagged, meta: ["hawser-version": VersionCommand.version])
    }

    private func listen(_ certificate: ServerCertificate) async throws(Refusal) -> PeeringListener? {
        guard settings.grpcTLSPort >= 0 else { return nil }
        return try await PeeringListener.bind(
            host: settings.bindAddress, port: settings.grpcTLSPort, identity: { certificate.current(for: $0) },
            logger: makeLogger("peering"), group: .singletonMultiThreadedEventLoopGroup)
    }

    /// Where clients of this cluster are served.
    private var clientHosts: [String] { AddressSetting.list(settings.clientAddress) }

    @Sendable
    private static func decodeImported(_ payload: [UInt8]) -> [ServiceInstance] {
        (try? ServiceDecoding.instances(payload, name: "")) ?? []
    }

    private func makeDNS(_ store: StateStore, _ access: AccessControl) async throws(Refusal) -> DNSService? {
        guard settings.dnsPort >= 0 else { return nil }
        let credential = Credential(secret: settings.acl.dnsToken?.reveal(), isTrusted: false)
        let responder = DNSResponder(
            settings: NameSettings(settings), store: store,
            authorize: { (try? access.caller(with: credential))?.authorizer },
            decodeImported: Self.decodeImported,
            now: WallClock.seconds)
        return try await DNSService.bind(
            hosts: clientHosts, port: settings.dnsPort, responder: responder)
    }

    private func configuration(of services: [any Service], logger: Logger) -> ServiceGroupConfiguration {
        let configured = services.map { service in
            // Ended in order, requests get their answers; a group that is cancelled breaks connections off, and NIO
            // takes that for a fault.
            ServiceGroupConfiguration.ServiceConfiguration(
                service: service,
                failureTerminationBehavior: service is StateGuard ? .gracefullyShutdownGroup : .cancelGroup)
        }
        var configuration = ServiceGroupConfiguration(
            services: configured, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = Self.shutdownTime
        return configuration
    }

    /// The libraries' own narration is for whoever asks for details.
    private func makeLogger(_ label: String) -> Logger {
        let isLibrary = label == "http" || label == "lifecycle"
        let level = isLibrary && settings.logLevel == .info ? .warn : settings.logLevel
        return Logger(label: label) { label in
            AgentLog(label: label, level: level, isJSON: settings.logsJSON, output: Surroundings.current.error)
        }
    }

    private static func refusing(_ body: () async throws(StorageError) -> Void) async throws(Refusal) {
        do throws(StorageError) {
            try await body()
        } catch {
            throw Refusal(.failed, error.description)
        }
    }
}

extension StateStore.Settings {
    /// What the files say over the defaults.
    fileprivate init(_ settings: ResolvedAgentConfiguration) {
        self.init()
        if let maxAge = settings.replicationLog.maxAge { log.maxAge = maxAge.duration }
        if let megabytes = settings.replicationLog.maxMegabytes { log.maxBytes = megabytes << 20 }
    }
}

// Each service says what it can do; what the API wants to be able to ask is said here.
extension PeeringService: PeeringOperations {}
extension HealthService: CheckOperations {}
