package import CatalogCore
package import PeeringCore

/// Which way the proxies of a service go to each of their upstreams, and why.
package struct MeshExplanation: Hashable, Sendable {
    package struct Proxy: Hashable, Sendable {
        package var node: String
        package var id: String
        /// The service that it stands in front of.
        package var service: String
        package var upstreams: [Way]
    }

    /// The way to one upstream.
    package struct Way: Hashable, Sendable {
        package var upstream: Upstream
        package var target: UpstreamTarget
        /// What was decided; nil if no level says anything.
        package var mode: MeshGatewayMode?
        package var level: GatewayModeLevel?
        /// The file and line of the level that decided, or that it came over the API; empty if none did.
        package var place: String
        package var way: UpstreamWay
        /// The server name that the proxy sends; nil if it cannot be known yet.
        package var sni: String?
        /// What it would dial now.
        package var addresses: [HostPort]
        package var findings: [MeshFinding]
    }

    package var service: String
    package var findings: [MeshFinding]
    package var proxies: [Proxy]
}
