package import CatalogCore
package import DocumentCore

/// The proxy-defaults entry: what holds for all proxies of the cluster (gateway data plane, section 6.2).
package struct ProxyDefaults: Hashable, Sendable {
    /// The opaque settings of proxies (section 5.4): a map, nil if none was given.
    package var config: Document?
    package var proxy: SharedProxySettings
    /// `mesh_gateway` inside the opaque settings, where old entries have it.
    package var legacyGatewayMode: GatewayModeSetting?
    /// Everything else, checked and in Consul's form.
    package var kept: [DocumentMember]

    package init(
        config: Document? = nil, proxy: SharedProxySettings = SharedProxySettings(),
        legacyGatewayMode: GatewayModeSetting? = nil, kept: [DocumentMember] = []
    ) {
        self.config = config
        self.proxy = proxy
        self.legacyGatewayMode = legacyGatewayMode
        self.kept = kept
    }

    /// The mode of all proxies for which nothing else says one.
    package var gatewayMode: GatewayModeSetting? { proxy.gatewayMode ?? legacyGatewayMode }

    /// The protocol of all services for which nothing else says one, in lower case; nil if it sets none.
    package var serviceProtocol: String? {
        let member = config?.map?.first { keysMatch($0.key, "protocol") }
        guard let text = member?.value.string, !text.isEmpty else { return nil }
        return text.lowercased()
    }
}

extension ProxyDefaults {
    init(_ map: inout MapReader) {
        let (config, mode) = map.opaqueConfig()
        self.init(
            config: config, proxy: SharedProxySettings(&map), legacyGatewayMode: mode,
            kept: map.kept(Self.keptSettings).filter { $0.key != "AccessLogs" || $0.value.map?.isEmpty == false })
        validateAccessLogs(map)
    }

    private static let keptSettings = [
        KeptSetting(
            "AccessLogs",
            .map([
                KeptSetting("Enabled", .boolean), KeptSetting("DisableListenerLogs", .boolean),
                KeptSetting("Type", .choice(["stdout", "stderr", "file"]) { "invalid access log type: \($0)" }),
                KeptSetting("Path", .string), KeptSetting("JSONFormat", .string), KeptSetting("TextFormat", .string),
            ])),
        KeptProxySettings.envoyExtensions,
        KeptSetting(
            "FailoverPolicy",
            .map([
                KeptSetting(
                    "Mode",
                    .choice(["sequential", "order-by-locality"]) { _ in
                        "Failover-policy mode must be one of '', 'sequential', or 'order-by-locality'"
                    }),
                KeptSetting("Regions", .strings),
            ])),
        KeptSetting("PrioritizeByLocality", .map([KeptSetting("Mode", .string)])),
    ]

    private func validateAccessLogs(_ map: MapReader) {
        guard let logs = kept.first(where: { $0.key == "AccessLogs" })?.value else { return }
        let isFile = logs["Type"]?.string == "file"
        let path = logs["Path"] != nil
        if isFile, !path {
            map.consulRefuses("AccessLogs", "path must be specified when using file type access logs")
        }
        if !isFile, path { map.consulRefuses("AccessLogs", "path is only valid for file type access logs") }
        if logs["JSONFormat"] != nil, logs["TextFormat"] != nil {
            map.consulRefuses("AccessLogs", "cannot specify both access log JSONFormat and TextFormat")
        }
        guard let format = logs["JSONFormat"]?.string else { return }
        do throws(DocumentError) {
            _ = try JSONReader.read(format)
        } catch {
            map.consulRefuses("AccessLogs", "invalid access log json for JSON format: \(error.message)")
        }
    }

    func writeFields(to json: inout JSONWriter) {
        if let config { json.field("Config", config) } else { json.nullField("Config") }
        proxy.writeFields(to: &json)
        if kept.first?.key != "AccessLogs" { json.object("AccessLogs") { _ in } }
        json.fields(kept)
    }
}
