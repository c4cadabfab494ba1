import PeeringCore

/// An `http` or `https` URL, cut into what a request needs (RFC 3986).
struct ProbeURL: Hashable, Sendable, CustomStringConvertible {
    var isSecured: Bool
    /// `user:password`, as it stands there.
    var userInfo = ""
    var target: HostPort
    /// What the `Host` field says: with the port if one was given.
    var authority: String
    /// Path and query.
    var path: String

    /// Nil for anything else.
    init?(_ text: String) {
        guard let mark = text.firstRange(of: "://") else { return nil }
        switch text[..<mark.lowerBound].lowercased() {
        case "http": isSecured = false
        case "https": isSecured = true
        default: return nil
        }
        let rest = text[mark.upperBound...].prefix { $0 != "#" }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        var authority = rest[..<end]
        if let at = authority.lastIndex(of: "@") {
            userInfo = String(authority[..<at])
            authority = authority[authority.index(after: at)...]
        }
        let isWithPort =
            (authority.lastIndex(of: ":") ?? authority.startIndex)
            > (authority.lastIndex(of: "]") ?? authority.startIndex)
        let full = isWithPort ? String(authority) : "\(authority):\(isSecured ? 443 : 80)"
        guard let target = HostPort(full), !target.host.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F })
        else { return nil }
        self.target = target
        self.authority = String(authority)
        let path = rest[end...]
        self.path = path.first == "/" ? String(path) : "/\(path)"
    }

    /// Where a `Location` leads from here.
    func following(_ location: String) -> ProbeURL? {
        if location.contains("://") { return ProbeURL(location) }
        let scheme = isSecured ? "https" : "http"
        if location.hasPrefix("//") { return ProbeURL("\(scheme):\(location)") }
        let base = "\(scheme)://\(authority)"
        if location.hasPrefix("/") { return ProbeURL(base + location) }
        let ownPath = path.prefix { $0 != "?" }
        if location.hasPrefix("?") { return ProbeURL("\(base)\(ownPath)\(location)") }
        let folder = ownPath.lastIndex(of: "/").map { ownPath[...$0] } ?? "/"
        return ProbeURL("\(base)\(folder)\(location)")
    }

    var description: String { "\(isSecured ? "https" : "http")://\(authority)\(path)" }
}
