package import CatalogCore
package import DocumentCore

/// A service-defaults entry: what holds for one service, and for what it calls (gateway data plane, section 6.3).
package struct ServiceDefaults: Hashable, Sendable {
    /// In lower case; empty if it was not given.
    package var `protocol`: String
    package var proxy: SharedProxySettings
    package var externalSNI: String
    /// What the service's proxies do with upstreams; nil if the entry does not say.
    package var upstreams: UpstreamConfiguration?
    /// Everything else, checked and in Consul's form.
    package var kept: [DocumentMember]

    package init(
        protocol: String = "", proxy: SharedProxySettings = SharedProxySettings(), externalSNI: String = "",
        upstreams: UpstreamConfiguration? = nil, kept: [DocumentMember] = []
    ) {
        self.protocol = `protocol`
        self.proxy = proxy
        self.externalSNI = externalSNI
        self.upstreams = upstreams
        self.kept = kept
    }

    /// The mode in which this service calls others.
    package var gatewayMode: GatewayModeSetting? { proxy.gatewayMode }
}

/// Settings for all upstreams of a service, and for single ones.
package struct UpstreamConfiguration: Hashable, Sendable {
    package var overrides: [UpstreamSettings]
    package var defaults: UpstreamSettings?

    package init(overrides: [UpstreamSettings] = [], defaults: UpstreamSettings? = nil) {
        self.overrides = overrides
        self.defaults = defaults
    }
}

/// Settings for an upstream; its name and peer are empty in those for all.
package struct UpstreamSettings: Hashable, Sendable {
    package var name: String
    package var peer: String
    /// In lower case; empty if it was not given.
    package var `protocol`: String
    package var gatewayMode: GatewayModeSetting?
    /// Everything else, checked and in Consul's form.
    package var kept: [DocumentMember]

    package init(
        name: String = "", peer: String = "", protocol: String = "", gatewayMode: GatewayModeSetting? = nil,
        kept: [DocumentMember] = []
    ) {
        self.name = name
        self.peer = peer
        self.protocol = `protocol`
        self.gatewayMode = gatewayMode
        self.kept = kept
    }
}

// MARK: - Reading

extension ServiceDefaults {
    init(_ map: inout MapReader) {
        self.init(
            protocol: map.string("Protocol")?.lowercased() ?? "", proxy: SharedProxySettings(&map),
            externalSNI: map.string("ExternalSNI") ?? "",
            upstreams: map.map("UpstreamConfig") { UpstreamConfiguration(&$0) })
        let destination = map.map("Destination") { DocumentMember("Destination", Self.destination(&$0)) }
        kept = (destination.map { [$0] } ?? []) + map.kept(Self.keptSettings)
        if upstreams != nil, destination != nil {
            map.consulRefuses(
                "Destination", "UpstreamConfig and Destination are mutually exclusive for service defaults")
        }
    }

    private static let keptSettings = [
        KeptSetting("MaxInboundConnections", .integer(0...Int.max)),
        KeptSetting("LocalConnectTimeoutMs", .integer(0...Int.max)),
        KeptSetting("LocalRequestTimeoutMs", .integer(0...Int.max)),
        KeptProxySettings.balance("BalanceInboundConnections", as: "balance_inbound_connections"),
        KeptSetting(
            "RateLimits",
            .map([
                KeptSetting("InstanceLevel", .map(rates + [KeptSetting("Routes", .maps(routes + rates))]))
            ])),
        KeptProxySettings.envoyExtensions,
    ]

    private static let rates = [
        KeptSetting("RequestsPerSecond", .integer(0...Int.max)), KeptSetting("RequestsMaxBurst", .integer(0...Int.max)),
    ]

    private static let routes = [
        KeptSetting("PathExact", .string), KeptSetting("PathPrefix", .string), KeptSetting("PathRegex", .string),
    ]

    /// Where the service is when it is outside of the mesh.
    private static func destination(_ map: inout MapReader) -> Document {
        let addresses = map.strings("Addresses") ?? []
        let port = map.integer("Port", in: 0...65535, refusal: "Invalid Port number") ?? 0
        if addresses.isEmpty {
            map.consulRefuses("Addresses", "Destination must contain at least one valid address")
        }
        var seen: Set<String> = []
        for address in addresses {
            if !seen.insert(address).inserted {
                map.consulRefuses("Addresses", "Duplicate address '\(address)' is not allowed")
            } else if !isHostOrAddress(address) {
                map.consulRefuses(
                    "Addresses",
                    "Destination address '\(address)' is invalid Could not validate address \(address) as an IP or "
                        + "Hostname")
            }
        }
        if port == 0 { map.consulRefuses("Port", "Invalid Port number 0") }
        return Document(
            .map([
                DocumentMember("Addresses", Document(.list(addresses.map { Document(.string($0)) }))),
                DocumentMember("Port", Document(.integer(Int64(port)))),
            ]))
    }

    private static func isHostOrAddress(_ text: String) -> Bool {
        if text.contains(":") { return text.utf8.allSatisfy { isNameByte($0) || $0 == UInt8(ascii: ":") } }
        let name = text.hasSuffix(".") ? text.dropLast() : text[...]
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        return name.utf8.count <= 253
            && labels.allSatisfy { (1...63).contains($0.utf8.count) && $0.utf8.allSatisfy(isNameByte) }
    }
}

extension UpstreamConfiguration {
    fileprivate init(_ map: inout MapReader) {
        self.init(
            overrides: map.maps("Overrides") { override in
                let name = override.members.first { keysMatch($0.key, "Name") }?.value.string ?? ""
                override.context = "error in upstream override for \(name): "
                return UpstreamSettings(&override, isNamed: true)
            } ?? [],
            defaults: map.map("Defaults", context: "error in upstream defaults: ") {
                UpstreamSettings(&$0, isNamed: false)
            })
    }
}

extension UpstreamSettings {
    fileprivate init(_ map: inout MapReader, isNamed: Bool) {
        self.init(name: map.name("Name") ?? "", peer: map.name("Peer") ?? "")
        let namespace = map.string("Namespace") ?? ""
        let partition = map.string("Partition") ?? ""
        kept = map.kept(Self.keptSettings)
        `protocol` = map.string("Protocol")?.lowercased() ?? ""
        gatewayMode = map.gatewayMode()
        if isNamed {
            if name.isEmpty { map.consulRefuses("Name", "is required", as: "Name is required") }
            if name == "*" { map.consulRefuses("Name", "Wildcard name is not supported") }
            if namespace == "*" { map.consulRefuses("Namespace", "Wildcard namespace is not supported") }
        }
        let others = [("Name", name), ("Namespace", namespace), ("Partition", partition), ("Peer", peer)]
        for (key, value) in others where !isNamed && !value.isEmpty {
            map.consulRefuses(key, "must be empty", as: "\(key) must be empty")
        }
        if isNamed, namespace != "*" {
            for (key, value, refusal) in [
                ("Namespace", namespace, EditionLimit.namespaces), ("Partition", partition, EditionLimit.partitions),
            ] where !["", "default"].contains(value) {
                map.consulRefuses(key, refusal)
            }
        }
    }

    private static let keptSettings = [
        KeptSetting("EnvoyListenerJSON", .string), KeptSetting("EnvoyClusterJSON", .string),
        KeptSetting("ConnectTimeoutMs", .integer(0...Int.max)), KeptSetting("Limits", .map(limits)),
        KeptSetting("PassiveHealthCheck", .map(passiveHealthCheck)),
        KeptProxySettings.balance("BalanceOutboundConnections", as: "balance_outbound_connections"),
    ]

    private static let limits = [
        KeptSetting("MaxConnections", .number(0...Int.max, refusal: "max connections cannot be negative")),
        KeptSetting("MaxPendingRequests", .number(0...Int.max, refusal: "max pending requests cannot be negative")),
        KeptSetting(
            "MaxConcurrentRequests", .number(0...Int.max, refusal: "max concurrent requests cannot be negative")),
    ]

    private static let passiveHealthCheck = [
        KeptSetting("Interval", .duration(negativeRefusal: "passive health check interval cannot be negative")),
        KeptSetting("MaxFailures", .integer(0...Int(UInt32.max))),
        KeptSetting("EnforcingConsecutive5xx", percentage("enforcing_consecutive_5xx")),
        KeptSetting("MaxEjectionPercent", percentage("max_ejection_percent")),
        KeptSetting(
            "BaseEjectionTime",
            .duration(negativeRefusal: "passive health check base_ejection_time cannot be negative")),
    ]

    private static func percentage(_ words: String) -> KeptSetting.Shape {
        .number(0...100, refusal: "passive health check \(words) must be a percentage between 0 and 100")
    }
}

// MARK: - Writing

extension ServiceDefaults {
    func writeFields(to json: inout JSONWriter) {
        json.field("Protocol", `protocol`)
        proxy.writeFields(to: &json)
        json.fieldIfNotEmpty("ExternalSNI", externalSNI)
        if let upstreams { json.object("UpstreamConfig", upstreams.writeFields) }
        json.fields(kept)
    }
}

extension UpstreamConfiguration {
    fileprivate func writeFields(to json: inout JSONWriter) {
        if !overrides.isEmpty {
            json.list("Overrides", overrides) { json, settings in json.object(settings.writeFields) }
        }
        if let defaults { json.object("Defaults", defaults.writeFields) }
    }
}

extension UpstreamSettings {
    fileprivate func writeFields(to json: inout JSONWriter) {
        json.fieldIfNotEmpty("Name", name)
        json.fieldIfNotEmpty("Peer", peer)
        json.fields("EnvoyListenerJSON", "EnvoyClusterJSON", of: kept)
        json.fieldIfNotEmpty("Protocol", `protocol`)
        json.fields("ConnectTimeoutMs", "Limits", "PassiveHealthCheck", of: kept)
        json.gatewayMode(gatewayMode)
        json.fields("BalanceOutboundConnections", of: kept)
    }
}
