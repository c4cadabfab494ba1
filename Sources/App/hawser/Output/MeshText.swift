/// Ways through the mesh for people.
enum MeshText {
    static func text(_ view: MeshView) -> String {
        let findings = view.findings.map { "! \($0.printable)\n" }.joined()
        return findings + view.proxies.map(text(of:)).joined(separator: "\n")
    }

    private static func text(of proxy: MeshView.Proxy) -> String {
        let head = "\(proxy.id) on \(proxy.node)\n".printableLines
        guard !proxy.upstreams.isEmpty else { return head + "  It has no upstreams.\n" }
        return head + proxy.upstreams.map(text(of:)).joined()
    }

    private static func text(of way: MeshView.Way) -> String {
        let rows = [
            ["    mode", decision(of: way)], ["    goes", direction(of: way)],
            ["    server name", way.sni.isEmpty ? "not known yet" : way.sni],
            ["    dials", way.addresses.isEmpty ? "nothing" : way.addresses.joined(separator: ", ")],
        ]
        let findings = way.findings.map { "    ! \($0.printable)\n" }.joined()
        return "  \(way.name)\(location(of: way)), at \(way.bindPoint)\n".printableLines + Table.render(rows) + findings
    }

    private static func location(of way: MeshView.Way) -> String {
        if !way.peer.isEmpty { return " of the peer \(way.peer)" }
        return way.datacenter.isEmpty ? "" : " in \(way.datacenter)"
    }

    private static func decision(of way: MeshView.Way) -> String {
        way.mode.isEmpty ? "not set anywhere" : "\(way.mode), by \(way.level) (\(way.place))"
    }

    private static func direction(of way: MeshView.Way) -> String {
        switch way.way {
        case "local-gateways": "through this cluster's gateways"
        case "remote-gateways":
            way.peer.isEmpty ? "through \(way.datacenter)'s gateways" : "through \(way.peer)'s gateways"
        default: "straight there"
        }
    }
}
