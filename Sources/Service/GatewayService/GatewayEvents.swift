package import GatewayRelay
package import Logging
import NIOConcurrencyHelpers

/// Puts the relay's events into the log, each kind at most once a second: strangers at the port must not fill a disk.
package final class GatewayEvents: Sendable {
    private struct Kind {
        var nextLine: ContinuousClock.Instant
        var unsaid = 0
    }

    private let logger: Logger
    /// By a fixed set of words.
    private let kinds = NIOLockedValueBox<[String: Kind]>([:])

    package init(logger: Logger) {
        self.logger = logger
    }

    /// Called on the relay's threads.
    package func note(_ event: RelayEvent) {
        switch event {
        case .refused(let refusal, let from, let serverName):
            warn(
                refusal.code, "a connection was refused: \(refusal)",
                ["address": "\(from)", "server_name": "\(serverName ?? "")"])
        case .connectFailed(let failure, let target, let route):
            warn(
                "connect-\(failure.code.rawValue)", "an upstream could not be connected to: \(failure)",
                ["upstream": "\(target)", "route": "\(route)"])
        case .connected(let summary):
            logger.debug("a connection is forwarded", metadata: summary.metadata)
        case .closed(let summary):
            logger.debug("a connection has ended: \(summary.ending.rawValue)", metadata: summary.metadata)
        case .acceptingPaused(let error):
            warn("paused", "the gateway takes no connections for a moment: \(error)", [:])
        case .spliceUnavailable(let number):
            warn("splice", "the system cannot splice these sockets (error \(number)): bytes are copied", [:])
        }
    }

    private func warn(_ kind: String, _ text: String, _ metadata: Logger.Metadata) {
        let now = ContinuousClock.now
        let unsaid: Int? = kinds.withLockedValue { kinds in
            guard var known = kinds[kind], known.nextLine > now else {
                let unsaid = kinds[kind]?.unsaid ?? 0
                kinds[kind] = Kind(nextLine: now + .seconds(1))
                return unsaid
            }
            known.unsaid += 1
            kinds[kind] = known
            return nil
        }
        guard let unsaid else { return }
        let more = unsaid > 0 ? " (and \(unsaid) more like it)" : ""
        logger.warning("\(text)\(more)", metadata: metadata)
    }
}

extension RelayConnectionSummary {
    fileprivate var metadata: Logger.Metadata {
        [
            "address": "\(from)", "route": "\(route)", "upstream": "\(target)",
            "to_upstream": "\(bytesToUpstream)", "to_client": "\(bytesToClient)",
        ]
    }
}
