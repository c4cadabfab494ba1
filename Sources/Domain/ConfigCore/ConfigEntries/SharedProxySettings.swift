package import CatalogCore
import DocumentCore

/// What service-defaults and proxy-defaults both say of proxies.
package struct SharedProxySettings: Hashable, Sendable {
    package enum MutualTLSMode: String, CaseIterable, Sendable {
        case strict, permissive
    }

    package var mode: ProxyMode?
    package var transparentProxy: TransparentProxySettings?
    package var mutualTLSMode: MutualTLSMode?
    package var gatewayMode: GatewayModeSetting?
    package var expose: ExposedPaths

    package init(
        mode: ProxyMode? = nil, transparentProxy: TransparentProxySettings? = nil,
        mutualTLSMode: MutualTLSMode? = nil, gatewayMode: GatewayModeSetting? = nil,
        expose: ExposedPaths = ExposedPaths()
    ) {
        self.mode = mode
        self.transparentProxy = transparentProxy
        self.mutualTLSMode = mutualTLSMode
        self.gatewayMode = gatewayMode
        self.expose = expose
    }
}

extension SharedProxySettings {
    init(_ map: inout MapReader) {
        self.init(
            mode: map.proxyMode(), transparentProxy: map.transparentProxy(),
            mutualTLSMode: map.choice("MutualTLSMode", of: MutualTLSMode.self) {
                "Invalid MutualTLSMode \(quoted($0)). Must be one of \"\", \"strict\", or \"permissive\"."
            }?.value,
            gatewayMode: map.gatewayMode(), expose: map.exposedPaths() ?? ExposedPaths())
    }

    func writeFields(to json: inout JSONWriter) {
        json.fieldIfNotEmpty("Mode", mode?.rawValue ?? "")
        json.object("TransparentProxy") { transparentProxy?.writeFields(to: &$0) }
        json.fieldIfNotEmpty("MutualTLSMode", mutualTLSMode?.rawValue ?? "")
        json.gatewayMode(gatewayMode)
        json.object("Expose", expose.writeFields)
    }
}

/// Settings of proxies that are checked and kept.
enum KeptProxySettings {
    static let envoyExtensions = KeptSetting(
        "EnvoyExtensions",
        .maps([
            KeptSetting("Name", .string), KeptSetting("Required", .boolean), KeptSetting("Arguments", .opaqueMap),
            KeptSetting("ConsulVersion", .string), KeptSetting("EnvoyVersion", .string),
        ]))

    /// How a proxy spreads connections over its threads.
    ///
    /// - Parameter words: how Consul names the key.
    static func balance(_ key: String, as words: String) -> KeptSetting {
        KeptSetting(key, .choice(["exact_balance"]) { "invalid value for \(words): \($0)" })
    }
}
