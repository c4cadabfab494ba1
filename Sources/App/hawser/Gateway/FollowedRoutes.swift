import DocumentCore
import GatewayCore
import GatewayService
import Logging
import NIOConcurrencyHelpers
import PeeringCore

/// The routes that a daemon's peerings ask of the gateway, followed over its HTTP API. While the daemon does not answer the
/// last known routes count.
final class FollowedRoutes: GatewayRouteSource {
    private struct Known {
        var routes: [Route] = []
        var index: UInt64 = 0
        var hasFailed = false
    }

    private let client: DaemonClient
    private let logger: Logger
    private let known = NIOLockedValueBox(Known())

    /// How long one question may stand.
    private static let waitSeconds: Int64 = 300
    /// Between questions to a daemon that does not answer.
    private static let pause = Duration.seconds(1)

    init(client: DaemonClient, logger: Logger) {
        self.client = client
        self.logger = logger
    }

    func routes() async -> [Route] {
        if known.withLockedValue({ $0.index }) == 0 { _ = await ask(waiting: false) }
        return known.withLockedValue { $0.routes }
    }

    func changed() async {
        let before = known.withLockedValue { $0.index }
        while !Task.isCancelled {
            if await ask(waiting: before > 0) {
                if known.withLockedValue({ $0.index }) != before { return }
            } else {
                try? await Task.sleep(for: Self.pause)
            }
        }
    }

    /// - Returns: whether the daemon answered.
    private func ask(waiting: Bool) async -> Bool {
        let index = known.withLockedValue { $0.index }
        var path = APIPath("hawser", "gateway", "routes")
        if waiting { path = path.query("index", "\(index)").query("wait", "\(Self.waitSeconds)s") }
        do throws(ClientError) {
            let answer = try await client.get(path, wait: waiting ? Self.waitSeconds : 0)
            let routes = (answer.document.list ?? []).compactMap(Route.init)
            known.withLockedValue { known in
                known.routes = routes
                // An index that went back is that of a daemon that began anew.
                known.index = max(answer.index, 1)
                known.hasFailed = false
            }
            return true
        } catch {
            if Task.isCancelled { return false }
            let isFirst = known.withLockedValue { known in
                defer { known.hasFailed = true }
                return !known.hasFailed
            }
            if isFirst { logger.warning("the daemon does not tell its routes, the last ones count: \(error)") }
            return false
        }
    }
}

extension Route {
    /// One route as the API tells it.
    init?(_ document: Document) {
        guard let pattern = document["ServerName"]?.string.flatMap(RoutePattern.init) else { return nil }
        let upstreams = (document["Upstreams"]?.list ?? []).compactMap { $0.string.flatMap { HostPort($0) } }
        self.init(pattern: pattern, upstreams: upstreams)
    }
}
