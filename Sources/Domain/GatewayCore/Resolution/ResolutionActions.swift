package import PeeringCore

/// What `RouteResolution` wants done, in this order.
package enum ResolutionAction<Address: Hashable & Sendable>: Hashable, Sendable {
    /// Replace all routes. The addresses are those that are known now; a route without any is there with none.
    case replaceRoutes(RouteTable, addresses: [RoutePattern: [Address]])
    /// Give one route these addresses.
    case updateRoute(RoutePattern, addresses: [Address])
    /// Look a name up, and say `lookupFinished` with this number whatever comes of it.
    case lookUp(UInt64, HostPort)
    /// Tell the operator.
    case report(ResolutionReport)
}

/// What an operator should know of a route's upstreams. Counted, and not more often than `ResolutionLimits.silence`.
package enum ResolutionReport: Hashable, Sendable {
    /// - Parameters:
    ///   - failing: how many of the route's names could not be resolved when they were last looked up.
    ///   - names: how many are looked up at all.
    case unresolved(RoutePattern, example: HostPort, failing: Int, names: Int)
    /// More upstreams than the limits allow; the rest is ignored.
    case cut(RoutePattern, kept: Int, announced: Int)
}
