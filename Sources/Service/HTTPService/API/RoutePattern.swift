/// The paths that a route is for, such as `config/:kind/:name`.
struct RoutePattern: Sendable {
    /// Parts of the path below `/v1`; a part that starts with a colon is open.
    let parts: [String]

    init(_ path: String) {
        parts = path.split(separator: "/").map(String.init)
    }

    /// The parts of a path below `/v1`, as they were sent; nil for one that is elsewhere.
    static func parts(of path: Substring) -> [Substring]? {
        var parts = path.parts(between: "/")
        guard parts.count > 2, parts.removeFirst().isEmpty, parts.removeFirst() == "v1" else { return nil }
        return parts
    }

    /// The open parts of a path that fits, decoded.
    func match(_ path: [Substring]) -> [String]? {
        guard path.count == parts.count else { return nil }
        var captures: [String] = []
        for (part, given) in zip(parts, path) {
            if part.first == ":" {
                captures.append(percentDecoded(given))
            } else if part != given {
                return nil
            }
        }
        return captures
    }
}
