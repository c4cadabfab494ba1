package import PeeringCore

/// Where connections of one server name go.
package struct Route: Hashable, Sendable {
    package var pattern: RoutePattern
    /// Host names or addresses, tried one after another; empty while there is none to go to.
    package var upstreams: [HostPort]

    package init(pattern: RoutePattern, upstreams: [HostPort]) {
        self.pattern = pattern
        self.upstreams = upstreams
    }
}

/// All routes of a gateway, as one value that is replaced whole.
package struct RouteTable: Hashable, Sendable {
    private var exact: [String: Route] = [:]
    /// By what follows the asterisk and its dot.
    private var wildcards: [String: Route] = [:]

    package init() {}

    /// Of several routes of one pattern the last one counts.
    package init(_ routes: some Sequence<Route>) {
        for route in routes { put(route) }
    }

    package mutating func put(_ route: Route) {
        if route.pattern.isWildcard {
            wildcards[route.pattern.name] = route
        } else {
            exact[route.pattern.name] = route
        }
    }

    package var isEmpty: Bool { exact.isEmpty && wildcards.isEmpty }

    /// By pattern.
    package var routes: [Route] {
        (Array(exact.values) + Array(wildcards.values)).sorted { $0.pattern.description < $1.pattern.description }
    }

    /// The route of a server name: its own, or the one of the longest wildcard above it.
    ///
    /// - Parameter serverName: in lower case, without a trailing dot.
    package func route(of serverName: String) -> Route? {
        if let route = exact[serverName] { return route }
        if wildcards.isEmpty { return nil }
        var rest = serverName[...]
        while let dot = rest.firstIndex(of: ".") {
            rest = rest[rest.index(after: dot)...]
            if let route = wildcards[String(rest)] { return route }
        }
        return nil
    }
}
