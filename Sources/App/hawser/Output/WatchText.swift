import DocumentCore

/// One line of the watch stream in columns: time, peer, direction, what, name, and the counts before and after.
enum WatchText {
    static func line(_ json: String) -> String {
        guard let event = try? JSONReader.read(json) else { return json }
        if let missed = event["missed"]?.integer {
            return "... \(missed) changes came faster than they could be shown"
        }
        func text(_ key: String) -> String { (event[key]?.string ?? "").printable }
        let columns = [
            time(text("time")), text("peer").padded(to: 12), text("direction").padded(to: 8),
            text("what").padded(to: 16), text("name").padded(to: 24), change(event, what: text("what")),
        ]
        return columns.joined(separator: "  ").trimmingEnd
    }

    /// `12:34:56.789` of an RFC 3339 time.
    private static func time(_ text: String) -> String {
        guard let separator = text.firstIndex(of: "T") else { return text.padded(to: 12) }
        let clock = text[text.index(after: separator)...].prefix { $0 != "Z" }
        let parts = clock.split(separator: ".", maxSplits: 1)
        let fraction = parts.count > 1 ? String(parts[1].prefix(3)) : ""
        return "\(parts.first ?? "").\(fraction)" + String(repeating: "0", count: max(0, 3 - fraction.count))
    }

    private static func change(_ event: Document, what: String) -> String {
        let new = event["new"]?.integer ?? 0
        let unit =
            switch what {
            case "service": "instance"
            case "service-list": "service"
            case "trust-bundle": "root"
            case "server-addresses": "addresse"
            default: "entrie"
            }
        let singular = ["addresse": "address", "entrie": "entry"][unit] ?? unit
        let units = new == 1 ? singular : unit + "s"
        if case .bool(true) = event["present"]?.content { return "\(new) \(units)" }
        return "\(event["old"]?.integer ?? 0) -> \(new) \(units)"
    }
}
