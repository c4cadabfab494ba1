/// A plan of exports for people.
enum ExportPlanText {
    static func text(_ plan: ExportPlanView) -> String {
        guard !plan.peers.isEmpty else { return "There is no peering, and nothing is exported.\n" }
        return plan.peers.map { text(of: $0, plan) }.joined(separator: "\n")
    }

    private static func text(of peer: ExportPlanView.Peer, _ plan: ExportPlanView) -> String {
        let seen = peer.services.count { $0.change != "gained" }
        let next = peer.services.count { $0.change != "lost" }
        var text = "\(peer.name) sees \(services(seen))"
        text += peer.gained + peer.lost > 0 ? ", and would see \(next)" : ""
        text += peer.hasPeering ? "\n" : " (there is no peering of this name yet)\n"
        text += Table.render(peer.services.map { row(of: $0, plan) })
        if peer.lost > 0 { text += "\(loss(of: peer))\n" }
        if peer.isOverLimit { text += "Writing this needs -yes: the limit is \(plan.withdrawLimit)%.\n" }
        return text
    }

    /// One line.
    static func loss(of peer: ExportPlanView.Peer) -> String {
        let seen = peer.services.count { $0.change != "gained" }
        let names = peer.services.filter { $0.change == "lost" }.map(\.name)
        let shown = names.prefix(10).joined(separator: ", ") + (names.count > 10 ? ", ..." : "")
        return "\(peer.name) would lose \(peer.lost) of \(services(seen)) (\(peer.lostPercent)%): \(shown)"
    }

    private static func row(of service: ExportPlanView.Service, _ plan: ExportPlanView) -> [String] {
        let mark = service.change == "gained" ? "+" : service.change == "lost" ? "-" : " "
        let instances = service.instances == 1 ? "1 instance" : "\(service.instances) instances"
        let limit = size(plan.maxMessageBytes)
        let remark = service.fits ? "" : "too large, peers take \(limit): it stays what it was there"
        return ["  \(mark) \(service.name)", instances, size(service.bytes), remark]
    }

    private static func services(_ count: Int) -> String { count == 1 ? "1 service" : "\(count) services" }

    /// With one digit after the point, in units of 1,024.
    private static func size(_ bytes: Int64) -> String {
        var value = bytes * 10
        for unit in ["B", "KiB", "MiB"] {
            if value < 10_240 || unit == "MiB" {
                return unit == "B" ? "\(bytes) B" : "\(value / 10).\(value % 10) \(unit)"
            }
            value /= 1_024
        }
        return "\(bytes) B"
    }
}
