import GatewayCore
import GatewayRelay
import GatewayService
import IdentityCore
import Logging
import Observability

/// A gateway put together: the relay listens already, and forwards from the start of `service` on.
struct GatewayParts {
    let service: GatewayService
    private let relay: GatewayRelay

    /// - Throws: `unavailable` if the address cannot be listened on.
    init(
        _ configuration: RelayConfiguration, source: any GatewayRouteSource, logger: Logger, grace: Duration
    ) throws(Refusal) {
        Self.provideFiles(for: configuration.limits.connections, logger)
        let router = GatewayRouter()
        let events = GatewayEvents(logger: logger)
        do throws(RelayError) {
            relay = try GatewayRelay.bind(configuration, router: router) { events.note($0) }
        } catch {
            throw Refusal(.unavailable, "\(error)")
        }
        service = GatewayService(relay: relay, router: router, source: source, logger: logger, grace: grace)
    }

    /// Two files for each connection, and some for everything else.
    private static func provideFiles(for connections: Int, _ logger: Logger) {
        let files = OpenFileLimit.raise()
        let possible = max(0, (files - 200) / 2)
        guard possible < connections else { return }
        logger.warning(
            """
            the limit of open files, \(files), leaves room for about \(possible) of \(connections) connections: raise it \
            (ulimit -n, LimitNOFILE=), or lower -max-connections
            """)
    }

    /// Where it really listens.
    var addresses: String { relay.addresses.map(\.description).joined(separator: ",") }

    /// What it has done, for those who measure.
    var metrics: [Metric] { relay.counters.metrics }

    /// The same, for the last line of the log.
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
