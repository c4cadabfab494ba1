package import CatalogCore
package import DocumentCore

/// Reads the service definitions of files (`service {..}`, snake_case) and of `PUT /v1/agent/service/register`
/// (CamelCase): the same keys, the same rules.
///
/// The node's name is not known here: `HealthCheck.node` stays empty until the catalog takes the registration in.
package enum ServiceDefinition {
    /// A definition and what it implies: the service itself, then its sidecar if `connect.sidecar_service` is set.
    ///
    /// What is wrong goes to the reader's collector.
    package static func registrations(_ map: inout MapReader) -> [Registration] {
        var parent = registration(&map, parent: nil)
        var sidecar: Registration?
        _ = map.map("connect") { connect -> Void? in
            parent.service.connectNative = connect.bool("native") ?? false
            let service = parent.service
            sidecar = connect.map("sidecar_service") { registration(&$0, parent: service) }
        }
        validate(parent.service, hasSidecar: sidecar != nil, map)
        guard let sidecar else { return [parent] }
        return [parent, sidecar]
    }

    /// The service of a catalog registration: its name stands under `Service`, and its checks beside it.
    static func catalogService(_ map: inout MapReader) -> NodeService? {
        var service = registration(&map, parent: nil, nameKey: "service").service
        service.connectNative = map.map("connect") { $0.bool("native") } ?? false
        validate(service, hasSidecar: false, map)
        return service
    }

    /// Reads a definition without a `connect` block of its own.
    ///
    /// - Parameter parent: for a sidecar, the service it stands in front of and takes its defaults from
    ///   (gateway data plane, section 5.3).
    private static func registration(
        _ map: inout MapReader, parent: NodeService?, nameKey: String = "name"
    ) -> Registration {
        let name = name(&map, nameKey, parent: parent)
        let id = map.name("id") ?? ""
        if parent != nil, !id.isEmpty { map.invalid("id", "must not be set: a sidecar is named after its service") }
        var service = NodeService(
            id: parent.map { "\($0.id)-sidecar-proxy" } ?? (id.isEmpty ? name : id), service: name)
        service.kind = parent == nil ? kind(&map) : .connectProxy
        if parent != nil { map.ignore("kind") }
        service.tags = map.strings("tags") ?? parent?.tags ?? []
        service.address = map.string("address") ?? parent?.address ?? ""
        service.port = map.integer("port", in: portRange) ?? 0
        service.ports = map.maps("ports") { port(&$0) } ?? []
        service.socketPath = map.string("socket_path") ?? ""
        service.taggedAddresses = map.mapOfMaps("tagged_addresses") { address(&$0) } ?? [:]
        service.meta = map.stringMap("meta") ?? parent?.meta ?? [:]
        service.weights = map.map("weights") { weights(&$0) } ?? Weights()
        service.enableTagOverride = map.bool("enable_tag_override") ?? false
        service.locality = locality(&map) ?? parent?.locality
        service.proxy = map.map("proxy", context: rulesContext) { ProxyConfiguration(&$0, checksNames: true) }
        if let parent { service.proxy = sidecarProxy(service.proxy, parent) }
        if parent != nil { validateSidecar(&map) }
        checkServiceMeta(service.meta, in: map)
        checkEdition(&map)
        map.ignore("token")
        var checks = CheckDefinition.checks(&map, of: service)
        if let parent, checks.isEmpty { checks = CheckDefinition.ofSidecar(service, of: parent) }
        return Registration(service: service, checks: checks)
    }

    static let portRange = 0...65535

    // MARK: - Parts

    private static func name(_ map: inout MapReader, _ key: String, parent: NodeService?) -> String {
        if let name = map.name(key), !name.isEmpty { return name }
        if let parent { return "\(parent.service)-sidecar-proxy" }
        map.consulRefuses(key, "Missing service name")
        return ""
    }

    private static func kind(_ map: inout MapReader) -> ServiceKind {
        let known = ["", "connect-proxy", "mesh-gateway", "terminating-gateway", "ingress-gateway", "api-gateway"]
        guard let text = map.string("kind") else { return .typical }
        if !known.contains(text) {
            map.invalid("kind", "must be one of \(known.dropFirst().joined(separator: ", ")), or left out")
        }
        return ServiceKind(rawValue: text)
    }

    private static func address(_ map: inout MapReader) -> ServiceAddress? {
        ServiceAddress(address: map.string("address") ?? "", port: map.integer("port", in: portRange) ?? 0)
    }

    private static func port(_ map: inout MapReader) -> ServicePort? {
        let name = map.string("name") ?? ""
        let number = map.integer("port", in: 1...65535)
        let isDefault = map.bool("default") ?? false
        if name.isEmpty { map.missing("name", "must name the port") }
        guard let number else {
            if !map.members.contains(where: { keysMatch($0.key, "port") }) { map.missing("port", "must be set") }
            return nil
        }
        return ServicePort(port: number, name: name, isDefault: isDefault)
    }

    private static func weights(_ map: inout MapReader) -> Weights? {
        // Go clients write two zeros where none were given.
        if map.members.count == 2, map.members.allSatisfy({ $0.value.content == .integer(0) }) {
            map.ignore("passing", "warning")
            return nil
        }
        return Weights(
            passing: map.integer("passing", in: 1...65535) ?? 1, warning: map.integer("warning", in: 0...65535) ?? 1)
    }

    static func locality(_ map: inout MapReader) -> Locality? {
        map.map("locality") { Locality(region: $0.string("region") ?? "", zone: $0.string("zone") ?? "") }
    }

    private static func sidecarProxy(_ given: ProxyConfiguration?, _ parent: NodeService) -> ProxyConfiguration {
        var proxy = given ?? ProxyConfiguration()
        proxy.destinationServiceName = parent.service
        proxy.destinationServiceID = parent.id
        guard proxy.localServiceSocketPath.isEmpty else { return proxy }
        if proxy.localServiceAddress.isEmpty { proxy.localServiceAddress = "127.0.0.1" }
        if proxy.localServicePort == 0 { proxy.localServicePort = parent.port }
        return proxy
    }

    // MARK: - Rules

    /// What Consul says before the rules of proxies and gateways.
    private static let rulesContext = "Validation failed: "

    private static func validateSidecar(_ map: inout MapReader) {
        if map.member("connect") != nil { map.invalid("connect", "must not be set: a sidecar has no sidecar") }
    }

    private static func validate(_ service: NodeService, hasSidecar: Bool, _ map: MapReader) {
        if service.address == "0.0.0.0" || service.address == "::" || service.address == "[::]" {
            map.consulRefuses("address", "Invalid service address")
        }
        if service.port > 0, !service.socketPath.isEmpty {
            map.invalid("socket_path", "must not be set together with port")
        }
        var rules = map
        rules.context = rulesContext
        switch service.kind {
        case .typical: break
        case .connectProxy: validateProxy(service, rules)
        default: validateGateway(service, rules)
        }
        if hasSidecar, service.kind != .typical {
            map.invalid("connect", "a \(service.kind.rawValue) cannot have a sidecar_service")
        }
    }

    private static func validateProxy(_ service: NodeService, _ map: MapReader) {
        let destination = service.proxy?.destinationServiceName ?? ""
        if destination.isEmpty {
            map.consulRefuses(
                "proxy", "Proxy.DestinationServiceName must be non-empty for Connect proxy services")
        } else if destination == "*" {
            map.consulRefuses(
                "proxy", "Proxy.DestinationServiceName must not be a wildcard for Connect proxy services")
        }
        if service.port == 0, service.socketPath.isEmpty {
            map.consulRefuses("port", "Port or SocketPath must be set for a Connect proxy")
        }
        if service.connectNative {
            map.consulRefuses("connect", "A Proxy cannot also be Connect Native, only typical services")
        }
    }

    private static func validateGateway(_ service: NodeService, _ map: MapReader) {
        let kind = service.kind.rawValue
        if service.kind == .meshGateway, service.port == 0 {
            map.consulRefuses("port", "Port must be non-zero for a \(kind)")
        }
        guard let proxy = service.proxy else { return }
        let forbidden: [(String, Bool)] = [
            ("DestinationServiceName", !proxy.destinationServiceName.isEmpty),
            ("DestinationServiceID", !proxy.destinationServiceID.isEmpty),
            ("LocalServiceAddress", !proxy.localServiceAddress.isEmpty),
            ("LocalServicePort", proxy.localServicePort != 0),
            ("LocalServiceSocketPath", !proxy.localServiceSocketPath.isEmpty),
            ("Upstreams", !proxy.upstreams.isEmpty),
        ]
        for (key, isSet) in forbidden where isSet {
            map.consulRefuses("proxy", "The Proxy.\(key) configuration is invalid for a \(kind)")
        }
    }
}
