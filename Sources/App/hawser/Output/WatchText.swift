import DocumentCore

/// One line of the watch stream in columns: number, time, peer, direction, what, name, and how it changed. What differs
/// inside of a service stands below.
enum WatchText {
    /// - Returns: a line, or several, without the last line break.
    static func lines(_ line: LogLine) -> String {
        guard let event = line.document else { return line.text.printable }
        func text(_ key: String) -> String { (event[key]?.string ?? "").printable }
        let number = line.number.map { "\($0)" } ?? ""
        let columns = [
            number.padded(before: 7), time(text("time")), text("peer").padded(to: 12), text("direction").padded(to: 8),
            text("what").padded(to: 16), text("name").padded(to: 24), change(event, what: text("what")),
        ]
        let fields = (event["fields"]?.list ?? []).map { "\n" + fieldIndent + field($0) }
        return columns.joined(separator: "  ").trimmingEnd + fields.joined()
    }

    /// Up to the column of the time.
    private static let fieldIndent = String(repeating: " ", count: 9)

    /// `2026-11-20 12:34:56.789` of an RFC 3339 time.
    private static func time(_ text: String) -> String {
        guard let separator = text.firstIndex(of: "T") else { return text.padded(to: 23) }
        let clock = text[text.index(after: separator)...].prefix { $0 != "Z" }
        let parts = clock.split(separator: ".", maxSplits: 1)
        let fraction = parts.count > 1 ? String(parts[1].prefix(3)) : ""
        return "\(text[..<separator]) \(parts.first ?? "").\(fraction)"
            + String(repeating: "0", count: max(0, 3 - fraction.count))
    }

    private static func change(_ event: Document, what: String) -> String {
        let (old, new) = (event["old"]?.integer ?? 0, event["new"]?.integer ?? 0)
        if event["present"]?.isTrue == true { return "present  " + count(new, of: what) }
        let change = (event["change"]?.string ?? "").printable
        switch change {
        case "created": return "created  " + count(new, of: what)
        case "removed": return "removed  " + count(old, of: what)
        default:
            let counts = old == new ? count(new, of: what) : "\(old) -> \(count(new, of: what))"
            return change.padded(to: 7) + "  " + counts
        }
    }

    private static func count(_ number: Int64, of what: String) -> String {
        let (one, many) =
            switch what {
            case "service": ("instance", "instances")
            case "service-list": ("service", "services")
            case "trust-bundle": ("root", "roots")
            case "server-addresses": ("address", "addresses")
            default: ("entry", "entries")
            }
        return "\(number) \(number == 1 ? one : many)"
    }

    /// `web-1/Port 80 -> 81`; a sign in front of what came or went.
    private static func field(_ field: Document) -> String {
        let path = (field["path"]?.string ?? "").printable
        switch (field["old"]?.string?.printable, field["new"]?.string?.printable) {
        case (let old?, let new?): return "\(path) \(old) -> \(new)"
        case (nil, let new?): return "+ \(path) \(new)"
        case (let old?, nil): return "- \(path) \(old)"
        case (nil, nil): return path
        }
    }
}
