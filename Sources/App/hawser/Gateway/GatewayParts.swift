import GatewayCore
import GatewayRelay
import GatewayService
import IdentityCore
import Logging

/// A gateway put together: the relay listens already, and forwards from the start of `service` on.
struct GatewayParts {
    let service: GatewayService
    private let relay: GatewayRelay

    /// - Throws: `unavailable` if the address cannot be listened on.
    init(
        _ configuration: RelayConfiguration, source: any GatewayRouteSource, logger: Logger, grace: Duration
    ) throws(Refusal) {
        let router = GatewayRouter()
        let events = GatewayEvents(logger: logger)
        do throws(RelayError) {
            relay = try GatewayRelay.bind(configuration, router: router) { events.note($0) }
        } catch {
            throw Refusal(.unavailable, "\(error)")
        }
        service = GatewayService(relay: relay, router: router, source: source, logger: logger, grace: grace)
    }

    /// Where it really listens.
    var addresses: String { relay.addresses.map(\.description).joined(separator: ",") }

    /// What it has done, for the last line of the log.
    var totals: Logger.Metadata {
        let counters = relay.counters
        let total = counters.total
        return [
            "accepted": "\(counters.accepted)", "forwarded": "\(total.connected)",
            "refused": "\(counters.refused.values.reduce(0, +))", "to_upstream": "\(total.bytesToUpstream)",
            "to_client": "\(total.bytesToClient)",
        ]
    }
}
