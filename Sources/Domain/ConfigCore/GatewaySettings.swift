package import CatalogCore
import DocumentCore

/// The agent's own gateway: the `gateway` block of its configuration, a key of Hawser's own.
///
///     gateway:
///       port: 8443
///       wan: {address: 203.0.113.7, port: 443}
package struct GatewaySettings: Hashable, Sendable {
    /// The service that the gateway is registered as.
    package var serviceName: String
    /// Nil for the agent's own bind address.
    package var bindAddress: String?
    package var port: Int
    /// Where the own cluster reaches it; nil for the agent's advertised address and the port.
    package var lan: ServiceAddress?
    /// Where other clusters reach it; nil for the same.
    package var wan: ServiceAddress?

    package init(
        serviceName: String = "mesh-gateway", bindAddress: String? = nil, port: Int, lan: ServiceAddress? = nil,
        wan: ServiceAddress? = nil
    ) {
        self.serviceName = serviceName
        self.bindAddress = bindAddress
        self.port = port
        self.lan = lan
        self.wan = wan
    }

    /// What a gateway listens on if nothing else is said, as Consul's do.
    package static let usualPort = 8443

    static func read(_ map: inout MapReader) -> GatewaySettings? {
        let port = map.integer("port", in: 1...65535) ?? usualPort
        return GatewaySettings(
            serviceName: map.name("service") ?? "mesh-gateway", bindAddress: map.string("bind_addr"), port: port,
            lan: map.map("lan") { address(&$0, port) }, wan: map.map("wan") { address(&$0, port) })
    }

    private static func address(_ map: inout MapReader, _ usualPort: Int) -> ServiceAddress? {
        let host = map.string("address") ?? ""
        let port = map.integer("port", in: 1...65535) ?? usualPort
        if host.isEmpty { map.missing("address", "must be the address that the gateway is reached at") }
        return ServiceAddress(address: host, port: port)
    }

    /// The gateway as it stands in the catalog.
    ///
    /// - Parameter address: the agent's advertised one.
    package func registration(address: String) -> Registration {
        let own = ServiceAddress(address: address, port: port)
        return Registration(
            service: NodeService(
                kind: .meshGateway, id: Self.serviceID, service: serviceName, address: address, port: port,
                taggedAddresses: ["lan": lan ?? own, "wan": wan ?? own]))
    }

    /// Under which the agent registers its own gateway, and takes it away when the block is gone.
    package static let serviceID = "hawser-gateway"
}
