import PeeringCore
import Testing

@testable import GatewayCore

@Suite struct RouteTableTests {
    private func table(_ patterns: String...) throws -> RouteTable {
        RouteTable(
            try patterns.enumerated().map { number, text in
                Route(pattern: try #require(RoutePattern(text)), upstreams: [HostPort(host: "h", port: number + 1)])
            })
    }

    @Test(arguments: [
        ("server.dc1.peering.x.consul", "server.dc1.peering.x.consul"),
        // The longest wildcard wins over a shorter one, a name over both; labels are whole.
        ("a.dc2.internal.x", "*.dc2.internal.x"), ("a.b.dc2.internal.x", "*.dc2.internal.x"),
        ("a.dc3.internal.x", "*.internal.x"), ("web.dc2.internal.x", "web.dc2.internal.x"),
        ("dc2.internal.x", "*.internal.x"), ("xdc2.internal.x", "*.internal.x"), ("internal.x", nil), ("x", nil),
        ("", nil), ("local_agent", nil), (".internal.x", "*.internal.x"),
    ])
    func aNameHasOneRoute(name: String, pattern: String?) throws {
        let table = try table(
            "server.dc1.peering.x.consul", "*.internal.x", "*.dc2.internal.x", "web.dc2.internal.x")
        #expect(table.route(of: name)?.pattern.description == pattern)
    }

    @Test func theLastOfOnePatternCounts() throws {
        let table = try table("a.x", "*.x", "A.x.")
        #expect(table.routes.map(\.pattern.description) == ["*.x", "a.x"])
        #expect(table.route(of: "a.x")?.upstreams == [HostPort(host: "h", port: 3)])
        #expect(RouteTable().isEmpty && RouteTable().route(of: "a.x") == nil)
    }

    @Test(arguments: ["", "*", "*.", "*x.y", "a.*.b", "a..b", ".a", "a b", "ä.x", "a/b", "*.*.x"])
    func whatIsNoPatternIsRefused(text: String) {
        #expect(RoutePattern(text) == nil)
    }

    @Test func namesAreComparedInLowerCase() throws {
        let pattern = try #require(RoutePattern("Server.DC1.Peering.X."))
        #expect(pattern.name == "server.dc1.peering.x" && !pattern.isWildcard)
        let label = String(repeating: "a", count: 63)
        #expect(RoutePattern(label) != nil && RoutePattern(label + "a") == nil)
        #expect(RoutePattern(Array(repeating: label, count: 4).joined(separator: ".")) == nil)
    }
}
