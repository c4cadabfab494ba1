package import CatalogCore

/// The places that may set the gateway mode of an upstream, the weakest first (gateway data plane, section 4).
package enum GatewayModeLevel: Int, CaseIterable, Comparable, Sendable {
    case proxyDefaults
    /// The entry of the calling service.
    case serviceDefaults
    case upstreamDefaults
    /// The registration of the proxy.
    case instance
    /// What the calling service's entry says of this upstream: it beats the registration of the proxy.
    case upstreamOverride
    /// The upstream in the registration of the proxy.
    case upstream

    package static func < (left: GatewayModeLevel, right: GatewayModeLevel) -> Bool { left.rawValue < right.rawValue }

    /// Where an operator finds it.
    package var name: String {
        switch self {
        case .proxyDefaults: "proxy-defaults"
        case .serviceDefaults: "service-defaults"
        case .upstreamDefaults: "service-defaults UpstreamConfig.Defaults"
        case .instance: "proxy.mesh_gateway"
        case .upstreamOverride: "service-defaults UpstreamConfig.Overrides"
        case .upstream: "proxy.upstreams[].mesh_gateway"
        }
    }
}

/// What each level says of one upstream.
package struct GatewayModeLadder: Hashable, Sendable {
    private var settings: [GatewayModeLevel: GatewayModeSetting] = [:]

    package init() {}

    package subscript(level: GatewayModeLevel) -> GatewayModeSetting? {
        get { settings[level] }
        set { settings[level] = newValue }
    }

    /// The strongest level that says anything. What is unset overrides nothing.
    package var decision: (level: GatewayModeLevel, setting: GatewayModeSetting)? {
        settings.max { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
