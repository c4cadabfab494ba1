/// Peerings as Consul's CLI prints them (protocol section 8.5), with the addresses of `read` each on a line of its
/// own.
enum PeeringText {
    static func list(_ peerings: [PeeringView]) -> String {
        guard !peerings.isEmpty else { return "There are no peering connections.\n" }
        let rows = peerings.sorted { $0.name < $1.name }.map { peering in
            [
                peering.name, peering.state, "\(peering.importedServices.count)", "\(peering.exportedServices.count)",
                peering.metaPairs.joined(separator: ","),
            ]
        }
        return Table.render([["Name", "State", "Imported Svcs", "Exported Svcs", "Meta"]] + rows)
    }

    static func read(_ peering: PeeringView) -> String {
        var lines = ["Name:         \(peering.name)", "ID:           \(peering.id)"]
        if !peering.partition.isEmpty { lines.append("Partition:    \(peering.partition)") }
        if let deletedAt = peering.deletedAt { lines.append("DeletedAt:    \(deletedAt)") }
        lines.append("State:        \(peering.state)")
        if !peering.meta.isEmpty {
            lines.append("Meta:")
            lines += peering.metaPairs.map { "    \($0)" }
        }
        lines += [
            "", "Peer ID:               \(peering.peerID)", "Peer Server Name:      \(peering.serverName)",
            "Peer CA Pems:          \(peering.caCount)",
        ]
        if peering.serverAddresses.isEmpty {
            lines.append("")
        } else {
            lines.append("Peer Server Addresses:")
            lines += peering.serverAddresses.map { "    \($0)" }
        }
        lines += [
            "Imported Services: \(peering.importedServices.count)",
            "Exported Services: \(peering.exportedServices.count)", "",
            "Last Heartbeat:    \(time(peering.lastHeartbeat))", "Last Send:         \(time(peering.lastSend))",
            "Last Receive:      \(time(peering.lastReceive))",
        ]
        if !peering.way.isEmpty {
            let way = peering.way == "local-gateway" ? "by a gateway of this cluster, at" : "directly, to"
            let warning = peering.bypassesGateways ? " (past the mesh gateways, which the mesh entry asks for)" : ""
            lines.append("Dialed:            \(way) \(peering.remoteAddress)\(warning)")
        }
        if let error = peering.lastError { lines.append("Last Error:        \(error)") }
        if let next = peering.nextAttempt { lines.append("Next Attempt:      \(time(next))") }
        lines += peering.refusals.sorted { $0.key < $1.key }.map { "Not Taken:         \($0.key): \($0.value)" }
        lines += [
            "", "Create Index: \(peering.createIndex)",
            "Modify Index: \(peering.modifyIndex)",
        ]
        return lines.map { $0.printable + "\n" }.joined() + "\n"
    }

    /// A time of the API in Go's default text form.
    static func time(_ text: String?) -> String {
        guard let text else { return "<nil>" }
        guard text.hasSuffix("Z"), let separator = text.firstIndex(of: "T") else { return text }
        return "\(text[..<separator]) \(text[text.index(after: separator)...].dropLast()) +0000 UTC"
    }
}
