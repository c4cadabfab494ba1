package import GatewayCore
package import GatewayRelay
package import Logging
import ServiceLifecycle

/// Where a gateway's routes come from. One task at a time waits for changes.
package protocol GatewayRouteSource: Sendable {
    /// The routes as they are now.
    func routes() async -> [Route]

    /// Waits until they may have changed, or the task is cancelled.
    func changed() async
}

/// Routes that do not change, such as those of a command line.
package struct FixedRoutes: GatewayRouteSource {
    private let fixed: [Route]

    package init(_ routes: [Route]) {
        fixed = routes
    }

    package func routes() async -> [Route] { fixed }

    package func changed() async {
        try? await Task.sleep(for: .seconds(365 * 24 * 3600))
    }
}

/// Runs a gateway: its relay, with routes that follow their source. Runs until cancelled; a graceful shutdown lets
/// connections go on for a while.
package struct GatewayService: Service {
    private let relay: GatewayRelay
    private let follower: RouteFollower<ContinuousClock>
    private let grace: Duration

    /// - Parameters:
    ///   - relay: asks `router`.
    ///   - grace: what connections have after the start of a shutdown.
    package init(
        relay: GatewayRelay, router: GatewayRouter, source: any GatewayRouteSource,
        resolver: any HostResolver = SystemResolver(), logger: Logger, grace: Duration
    ) {
        self.relay = relay
        self.grace = grace
        follower = RouteFollower(
            source: source, sink: router, resolver: resolver, clock: ContinuousClock(), logger: logger)
    }

    package func run() async throws {
        try await withGracefulShutdownHandler {
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { await follower.run() }
                try await relay.run()
                group.cancelAll()
            }
        } onGracefulShutdown: {
            relay.drain(grace: grace)
        }
    }
}
