import CatalogCore
import ConfigCore
import DocumentCore
import HawserTestKit
import StateCore

/// A change of what a cluster exports, or of how.
struct CatalogChange: Sendable {
    private let run: @Sendable (StateStore) async -> Void

    private init(_ command: some Command) {
        // A disk that is full refuses some.
        run = { store in _ = try? await store.apply(command) }
    }

    func apply(to store: StateStore) async { await run(store) }

    /// - Parameter peers: those to export to.
    static func random(_ random: inout SeededRandom, peers: [String]) -> CatalogChange {
        switch random.below(12) {
        case 0...4: registration(&random)
        case 5: gateway(&random)
        case 6, 7: removal(&random)
        case 8: health(&random)
        case 9, 10: exports(&random, peers)
        default: entry(&random)
        }
    }

    /// One has two forms of Unicode, one is the name of another one's proxies.
    private static let names = [
        "web", "db", "api", "Web", "a/b", "caf\u{E9}", "cafe\u{301}", "web-sidecar-proxy", "consul",
    ]
    private static let nodes = ["n-0", "n-1", "n-2"]

    // MARK: The catalog

    private static func registration(_ random: inout SeededRandom) -> CatalogChange {
        let (node, id, name) = (random.one(of: nodes), random.one(of: names), random.one(of: names))
        var service = NodeService(
            id: id, service: name, tags: random.below(3) == 0 ? ["blue"] : [], port: random.below(3))
        switch random.below(8) {
        case 0: service.connectNative = true
        case 1, 2:
            service.kind = .connectProxy
            service.proxy = ProxyConfiguration(destinationServiceName: random.one(of: names))
        default: break
        }
        let check = HealthCheck(
            node: node, checkID: "check-\(random.below(2))", name: "", status: .passing, serviceID: id,
            serviceName: name)
        return CatalogChange(
            RegisterExternal(
                ownNode: "own", node: Node(name: node, address: "192.0.2.\(random.below(2))"), service: service,
                checks: random.below(2) == 0 ? [check] : []))
    }

    private static func gateway(_ random: inout SeededRandom) -> CatalogChange {
        let id = "gateway-\(random.below(2))"
        let service = NodeService(
            kind: .meshGateway, id: id, service: id, port: 8443,
            taggedAddresses: ["wan": ServiceAddress(address: "198.51.100.\(random.below(3))", port: 443)])
        return CatalogChange(
            RegisterExternal(ownNode: "own", node: Node(name: random.one(of: nodes)), service: service))
    }

    private static func removal(_ random: inout SeededRandom) -> CatalogChange {
        let id = random.one(of: names + ["gateway-0", "gateway-1"])
        let target: DeregisterExternal.Target = random.below(4) == 0 ? .node : .service(id)
        return CatalogChange(DeregisterExternal(ownNode: "own", node: random.one(of: nodes), target: target))
    }

    private static func health(_ random: inout SeededRandom) -> CatalogChange {
        let key = CheckKey(serviceID: random.one(of: names), checkID: "check-\(random.below(2))")
        let status = random.one(of: [HealthStatus.passing, .warning, .critical])
        return CatalogChange(
            RecordHealth(
                node: random.one(of: nodes), results: [CheckResult(key: key, status: status, output: "")]))
    }

    // MARK: Config entries

    private static func exports(_ random: inout SeededRandom, _ peers: [String]) -> CatalogChange {
        if random.below(10) == 0 {
            return CatalogChange(DeleteConfigEntry(key: ConfigEntryKey(kind: .exportedServices, name: "default")))
        }
        var services: [ExportedService] = []
        for name in names + (random.below(3) == 0 ? ["*"] : []) where random.below(2) == 0 {
            services.append(ExportedService(name: name, peers: peers.filter { _ in random.below(3) > 0 }))
        }
        return CatalogChange(
            WriteConfigEntry(entry: ConfigEntry(name: "default", content: .exportedServices(services))))
    }

    private static func entry(_ random: inout SeededRandom) -> CatalogChange {
        let name = random.one(of: names)
        let spoken = random.one(of: ["http", "tcp", "grpc"])
        let redirect = Document(.map([DocumentMember("Service", Document(.string(random.one(of: names))))]))
        let content: ConfigEntry.Content
        switch random.below(6) {
        case 0:
            content = .mesh(MeshSettings(peerThroughMeshGateways: random.below(2) == 0))
        case 1:
            let config = Document(.map([DocumentMember("protocol", Document(.string(spoken)))]))
            content = .proxyDefaults(ProxyDefaults(config: config))
        case 2: content = .serviceResolver([DocumentMember("Redirect", redirect)])
        case 3: content = .serviceRouter([])
        default: content = .serviceDefaults(ServiceDefaults(protocol: spoken))
        }
        let named = ConfigEntry(name: "", content: content).kind
        let entry = ConfigEntry(
            name: named == .mesh ? "mesh" : named == .proxyDefaults ? "global" : name, content: content)
        if random.below(3) == 0 { return CatalogChange(DeleteConfigEntry(key: entry.key)) }
        return CatalogChange(WriteConfigEntry(entry: entry))
    }
}
