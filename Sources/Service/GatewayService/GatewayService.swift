package import GatewayCore
package import GatewayRelay
package import Logging
import PeeringCore
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

/// Runs a gateway: its relay, with routes that follow their source and host names that are resolved anew. Runs until
/// cancelled; a graceful shutdown lets connections go on for a while.
package struct GatewayService: Service {
    /// How long a resolved name counts, and how soon one that could not be resolved is tried again.
    private static let resolutionLifetime = Duration.seconds(10)

    private let relay: GatewayRelay
    private let router: GatewayRouter
    private let source: any GatewayRouteSource
    private let logger: Logger
    private let grace: Duration

    /// - Parameters:
    ///   - relay: asks `router`.
    ///   - grace: what connections have after the start of a shutdown.
    package init(
        relay: GatewayRelay, router: GatewayRouter, source: any GatewayRouteSource, logger: Logger, grace: Duration
    ) {
        self.relay = relay
        self.router = router
        self.source = source
        self.logger = logger
        self.grace = grace
    }

    package func run() async throws {
        try await withGracefulShutdownHandler {
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { await follow() }
                try await relay.run()
                group.cancelAll()
            }
        } onGracefulShutdown: {
            relay.drain(grace: grace)
        }
    }

    private func follow() async {
        let (wakeups, more) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        await withDiscardingTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    await source.changed()
                    more.yield()
                }
            }
            await apply(wakeups, more)
            group.cancelAll()
        }
    }

    /// Applies the routes as they are, now and after each wake-up.
    private func apply(_ wakeups: AsyncStream<Void>, _ more: AsyncStream<Void>.Continuation) async {
        var resolver = UpstreamResolver(logger: logger)
        var shown: [Route]?
        var wakeup = wakeups.makeAsyncIterator()
        while !Task.isCancelled {
            let routes = await source.routes()
            let resolved = await resolver.resolve(routes.flatMap(\.upstreams))
            router.replace(with: RouteTable(routes), resolved: resolved)
            if routes != shown { note(routes) }
            shown = routes
            let timer = Task { [hasNames = resolver.hasNames] in
                guard hasNames else { return }
                try await Task.sleep(for: Self.resolutionLifetime)
                more.yield()
            }
            _ = await wakeup.next()
            timer.cancel()
        }
    }

    private func note(_ routes: [Route]) {
        logger.info("the gateway has \(routes.count) routes")
        for route in routes {
            let upstreams = route.upstreams.map(\.description).joined(separator: ",")
            logger.debug("route \(route.pattern)", metadata: ["upstreams": "\(upstreams)"])
        }
    }
}
