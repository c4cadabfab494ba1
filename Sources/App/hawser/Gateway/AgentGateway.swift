import CatalogCore
import ConfigCore
import GatewayRelay
import GatewayService
import IdentityCore
import Logging
import PeeringCore
import PeeringService
import StateCore

/// The gateway inside the agent: a service of the catalog, and a relay that forwards what the cluster's peerings ask for.
struct AgentGateway {
    let settings: GatewaySettings
    let store: StateStore
    /// The agent's node and its advertised address.
    let node: String
    let address: String

    /// What connections have after the start of a shutdown. The agent itself has a little more.
    private static let grace = Duration.seconds(5)

    /// - Parameters:
    ///   - bindAddress: the agent's.
    ///   - peeringPort: where the agent listens for peers.
    func start(
        bindAddress: String, peeringPort: Int, peerings: PeeringService, logger: Logger
    ) async throws(Refusal) -> GatewayParts {
        let host = settings.bindAddress ?? bindAddress
        guard let port = UInt16(exactly: settings.port), let listen = RelayAddress(ip: host, port: port) else {
            throw Refusal(.invalid, "gateway.bind_addr cannot be \"\(host)\": the gateway listens on an IP address")
        }
        let server = HostPort(host: AddressSetting.isWildcard(bindAddress) ? address : bindAddress, port: peeringPort)
        let establishing = peerings.establishing
        let source = PlannedRoutes(store: store, servers: [server], establishing: { establishing.all })
        let parts = try GatewayParts(
            RelayConfiguration(listen: [listen]), source: source, logger: logger, grace: Self.grace)
        try await store.apply(RegisterService(node: node, registration: settings.registration(address: address)))
        return parts
    }

    /// There is no gateway in the configuration (any more).
    static func remove(from store: StateStore, node: String) async throws(Refusal) {
        let key = InstanceKey(node: node, id: GatewaySettings.serviceID)
        guard store.state.catalog.instance(at: key) != nil else { return }
        try await store.apply(DeregisterService(node: node, id: GatewaySettings.serviceID))
    }
}
