import GatewayCore
import GatewayRelay
import Logging
import PeeringCore

/// How many upstreams of a route one line of the log names.
private let shownUpstreams = 8

/// Keeps a sink's routes as their source says, and their host names resolved: the hands of `RouteResolution`.
///
/// Nothing here waits for a name: lookups run in tasks of their own, and whoever stops the follower does not wait for them
/// either.
actor RouteFollower<Timekeeper: Clock> where Timekeeper.Duration == Duration {
    private let source: any GatewayRouteSource
    private let sink: any RouteSink
    private let resolver: any HostResolver
    private let clock: Timekeeper
    private let start: Timekeeper.Instant
    private let logger: Logger
    private var resolution: RouteResolution<RelayAddress>
    private var alarm: (time: Duration, task: Task<Void, Never>)?
    private var hasEnded = false

    init(
        source: any GatewayRouteSource, sink: any RouteSink, resolver: any HostResolver, clock: Timekeeper,
        limits: ResolutionLimits = ResolutionLimits(), logger: Logger
    ) {
        self.source = source
        self.sink = sink
        self.resolver = resolver
        self.clock = clock
        self.logger = logger
        start = clock.now
        resolution = RouteResolution(
            limits: limits,
            literal: { upstream in
                UInt16(exactly: upstream.port).flatMap { RelayAddress(ip: upstream.host, port: $0) }
            },
            random: { Double.random(in: 0..<1) })
    }

    /// Runs until the task is cancelled. Called once.
    func run() async {
        var shown: [Route]?
        while !Task.isCancelled {
            let routes = await source.routes()
            if routes != shown { note(routes) }
            shown = routes
            perform(resolution.routesChanged(RouteTable(routes), now: now))
            await source.changed()
        }
        hasEnded = true
        alarm?.task.cancel()
    }

    private var now: Duration { start.duration(to: clock.now) }

    private func perform(_ actions: [ResolutionAction<RelayAddress>]) {
        for action in actions {
            switch action {
            case .replaceRoutes(let table, let addresses): sink.replace(with: table, addresses: addresses)
            case .updateRoute(let route, let addresses): sink.update(route, addresses: addresses)
            case .lookUp(let number, let upstream): lookUp(number, upstream)
            case .report(let report): note(report)
            }
        }
        setAlarm()
    }

    private func lookUp(_ number: UInt64, _ upstream: HostPort) {
        Task { [weak self, resolver] in
            let found = await resolver.addresses(of: upstream)
            await self?.lookupFinished(number, found)
        }
    }

    private func lookupFinished(_ number: UInt64, _ addresses: [RelayAddress]) {
        guard !hasEnded else { return }
        perform(resolution.lookupFinished(number, addresses, now: now))
    }

    // MARK: - Time

    private func setAlarm() {
        guard let time = resolution.nextWakeUp, time != alarm?.time else { return }
        alarm?.task.cancel()
        let task = Task { [weak self, clock, start] in
            try? await clock.sleep(until: start.advanced(by: time), tolerance: nil)
            if !Task.isCancelled { await self?.timeHasCome(time) }
        }
        alarm = (time, task)
    }

    private func timeHasCome(_ time: Duration) {
        guard !hasEnded, alarm?.time == time else { return }
        alarm = nil
        perform(resolution.ticked(now: max(now, time)))
    }

    // MARK: - Log

    private func note(_ routes: [Route]) {
        logger.info("the gateway has \(routes.count) routes")
        for route in routes {
            let shown = route.upstreams.prefix(shownUpstreams).map(\.description).joined(separator: ",")
            let more = route.upstreams.count - shownUpstreams
            logger.debug(
                "route \(route.pattern)", metadata: ["upstreams": "\(more > 0 ? "\(shown) and \(more) more" : shown)"])
        }
    }

    private func note(_ report: ResolutionReport) {
        switch report {
        case .unresolved(let route, let example, let failing, let names):
            logger.warning(
                """
                \(failing) of \(names) host names of a route cannot be resolved: they are looked up again, and their last \
                known addresses count
                """,
                metadata: ["route": "\(route)", "upstream": "\(example)"])
        case .cut(let route, let kept, let announced):
            logger.warning(
                """
                \(kept) of \(announced) upstreams of a route are used: the others are more than a route may have, or no \
                host names
                """,
                metadata: ["route": "\(route)"])
        }
    }
}
