package import CatalogCore
package import DocumentCore

// The proxy of a service definition: its parts, and Consul's rules for them (gateway data plane, section 5.2).

extension ProxyConfiguration {
    /// Reads `proxy` of a definition, or of a stored row.
    ///
    /// - Parameter checksNames: a stored row of an older version may hold what is refused at the way in today.
    package init(_ map: inout MapReader, checksNames: Bool = false) {
        self.init(
            destinationServiceName: map.name("DestinationServiceName", isChecked: checksNames),
            destinationServiceID: map.name("DestinationServiceID", isChecked: checksNames),
            localServiceAddress: map.string("LocalServiceAddress") ?? "",
            localServicePort: map.integer("LocalServicePort", in: ServiceDefinition.portRange) ?? 0,
            localServiceSocketPath: map.string("LocalServiceSocketPath") ?? "", mode: map.proxyMode(),
            transparentProxy: map.transparentProxy(), config: map.opaqueConfig().config,
            upstreams: map.upstreams(checksNames: checksNames),
            gatewayMode: map.gatewayMode(), expose: map.exposedPaths() ?? ExposedPaths())
        map.ignore("EnvoyExtensions", "LocalServicePorts", "AccessLogs", "MutualTLSMode")
    }
}

extension MapReader {
    fileprivate mutating func name(_ key: String, isChecked: Bool) -> String {
        (isChecked ? name(key) : string(key)) ?? ""
    }

    // MARK: - Parts that config entries have too

    /// `MeshGateway`, in which an empty mode says nothing. Consul takes unknown modes in some places and acts as if
    /// there were none: here they are refused in all.
    mutating func gatewayMode() -> GatewayModeSetting? {
        map("MeshGateway") { gateway in
            gateway.choice("Mode", of: MeshGatewayMode.self) { "Invalid Mesh Gateway Mode: \(quoted($0))" }
                .map { GatewayModeSetting($0.value, at: $0.position) }
        }
    }

    /// `Config`, the opaque settings of a proxy or an upstream, and the gateway mode that they may have inside.
    mutating func opaqueConfig() -> (config: Document?, gatewayMode: GatewayModeSetting?) {
        guard let config = opaqueMap("Config") else { return (nil, nil) }
        let mode = Self.read(config, unknown: .ignore, path: path.key("Config"), context: context, into: collector) {
            $0.gatewayMode()
        }
        return (config, mode)
    }

    mutating func proxyMode() -> ProxyMode? {
        choice("Mode", of: ProxyMode.self) { "Invalid Proxy Mode: \(quoted($0))" }?.value
    }

    mutating func transparentProxy() -> TransparentProxySettings? {
        map("TransparentProxy") { proxy in
            let settings = TransparentProxySettings(
                outboundListenerPort: proxy.integer("OutboundListenerPort", in: ServiceDefinition.portRange) ?? 0,
                dialedDirectly: proxy.bool("DialedDirectly") ?? false)
            return settings == TransparentProxySettings() ? nil : settings
        }
    }

    mutating func exposedPaths() -> ExposedPaths? {
        map("Expose") { expose in
            // Only in agent files, where it is the port of the exposed checks.
            expose.ignore("Port")
            var paths: Set<String> = []
            var ports: Set<Int> = []
            return ExposedPaths(
                checks: expose.bool("Checks") ?? false,
                paths: expose.maps("Paths") { path in
                    let exposed = Self.exposedPath(&path)
                    if !exposed.path.isEmpty, !paths.insert(exposed.path).inserted {
                        path.refuseExposure("Path", "duplicate paths exposed")
                    }
                    if exposed.listenerPort > 0, !ports.insert(exposed.listenerPort).inserted {
                        path.refuseExposure("ListenerPort", "duplicate listener ports exposed")
                    }
                    return exposed
                } ?? [])
        }
    }

    private static func exposedPath(_ map: inout MapReader) -> ExposedPath {
        let exposed = ExposedPath(
            listenerPort: map.integer("ListenerPort", in: ServiceDefinition.portRange) ?? 0,
            path: map.string("Path") ?? "",
            localPathPort: map.integer("LocalPathPort", in: ServiceDefinition.portRange) ?? 0,
            protocol: map.string("Protocol")?.lowercased() ?? "")
        map.ignore("ParsedFromCheck")
        if exposed.path.isEmpty { map.refuseExposure("Path", "empty path exposed") }
        if exposed.listenerPort == 0 { map.refuseExposure("ListenerPort", "invalid listener port: 0") }
        if !["", "http", "http2"].contains(exposed.protocol) {
            map.consulRefuses(
                "Protocol",
                "protocol '\(exposed.protocol)' not supported for path: \(exposed.path), must be http or http2")
        }
        return exposed
    }

    private func refuseExposure(_ key: String, _ rule: String) {
        consulRefuses(key, rule, as: "expose.paths: \(rule)")
    }

    // MARK: - Upstreams

    /// The upstreams, none of which may lead where another does or listen where another does.
    fileprivate mutating func upstreams(checksNames: Bool) -> [Upstream] {
        var destinations: Set<String> = []
        var bindPoints: Set<String> = []
        return maps("Upstreams") { map in
            let upstream = Upstream(&map, checksNames: checksNames)
            if !destinations.insert(upstream.destinationInWords).inserted {
                map.consulRefuses(nil, "upstreams cannot contain duplicates of \(upstream.destinationInWords)")
            }
            if upstream.isBound, !bindPoints.insert(upstream.bindPoint).inserted {
                map.consulRefuses(
                    nil,
                    "upstreams cannot contain duplicates by local bind address and port or unix path; "
                        + "\(quoted(upstream.bindPoint)) is specified twice")
            }
            return upstream
        } ?? []
    }
}

extension Upstream {
    fileprivate init(_ map: inout MapReader, checksNames: Bool) {
        let type = map.choice("DestinationType", of: DestinationType.self) {
            "unknown upstream destination type: \(quoted($0))"
        }
        self.init(
            destinationType: type?.value ?? .service,
            destinationName: map.name("DestinationName", isChecked: checksNames),
            destinationNamespace: map.edition("DestinationNamespace", EditionLimit.namespaces),
            destinationPartition: map.edition("DestinationPartition", EditionLimit.partitions),
            destinationPeer: map.name("DestinationPeer", isChecked: checksNames),
            datacenter: map.name("Datacenter", isChecked: checksNames),
            localBindAddress: map.string("LocalBindAddress") ?? "",
            localBindPort: map.integer("LocalBindPort", in: ServiceDefinition.portRange) ?? 0,
            localBindSocketPath: map.string("LocalBindSocketPath") ?? "",
            localBindSocketMode: map.string("LocalBindSocketMode") ?? "", config: map.opaqueConfig().config,
            gatewayMode: map.gatewayMode())
        validate(map)
    }

    private func validate(_ map: MapReader) {
        if destinationName.isEmpty {
            map.consulRefuses("DestinationName", "upstream destination name cannot be empty")
        } else if destinationName == "*" {
            map.consulRefuses("DestinationName", "upstream destination name cannot be a wildcard")
        }
        if !destinationPeer.isEmpty, !datacenter.isEmpty {
            map.consulRefuses("Datacenter", "upstream cannot specify both destination peer and datacenter")
        }
        if localBindPort != 0, !localBindSocketPath.isEmpty {
            map.consulRefuses(
                "LocalBindSocketPath",
                "only one of upstream local bind port or local socket path can be defined and nonzero")
        } else if !isBound {
            map.consulRefuses(
                "LocalBindPort", "upstream local bind port or local socket path must be defined and nonzero")
        }
        if !localBindSocketMode.isEmpty, Int(localBindSocketMode, radix: 8).map((0...0o777).contains) != true {
            map.invalid(
                "LocalBindSocketMode",
                "must be permissions in octal digits such as \"0600\", and is \(quoted(localBindSocketMode))")
        }
    }

    fileprivate var isBound: Bool { localBindPort != 0 || !localBindSocketPath.isEmpty }

    /// What tells two destinations apart.
    fileprivate var destinationInWords: String {
        let parts = [
            ("type", destinationType.rawValue), ("name", destinationName), ("partition", destinationPartition),
            ("namespace", destinationNamespace), ("peer", destinationPeer), ("datacenter", datacenter),
        ]
        return "[" + parts.map { "\($0.0)=\(quoted($0.1))" }.joined(separator: ", ") + "]"
    }
}
