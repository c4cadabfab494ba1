/// Where the daemon's HTTP API listens.
struct DaemonAddress: Hashable, Sendable, CustomStringConvertible {
    var host: String
    var port: Int

    static let standard = DaemonAddress(host: "127.0.0.1", port: 8500)

    /// The option wins over `HAWSER_HTTP_ADDR`, that over `CONSUL_HTTP_ADDR`.
    static func resolve(option: String?, environment: (String) -> String?) throws(CommandFailure) -> DaemonAddress {
        let sources = [option, environment("HAWSER_HTTP_ADDR"), environment("CONSUL_HTTP_ADDR")]
        guard let text = sources.compactMap({ $0 }).first(where: { !$0.isEmpty }) else { return standard }
        return try DaemonAddress(text)
    }

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `host`, `host:port`, `[v6]:port` and `http://host:port`.
    init(_ text: String) throws(CommandFailure) {
        var rest = text[...]
        if let scheme = text.firstRange(of: "://") {
            guard text[..<scheme.lowerBound] == "http" else {
                throw CommandFailure(
                    "hawser: \"\(text)\" is not an address of the HTTP API: write host:port or http://host:port",
                    exitCode: 2)
            }
            rest = text[scheme.upperBound...]
        }
        while rest.last == "/" { rest.removeLast() }
        guard let (host, port) = Self.split(rest), !host.isEmpty, (1...65_535).contains(port) else {
            throw CommandFailure(
                "hawser: \"\(text)\" is not an address of the HTTP API: write host:port or http://host:port",
                exitCode: 2)
        }
        self.init(host: host, port: port)
    }

    private static func split(_ text: Substring) -> (host: String, port: Int)? {
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { return nil }
            let host = String(text[text.index(after: text.startIndex)..<end])
            let tail = text[text.index(after: end)...]
            if tail.isEmpty { return (host, standard.port) }
            guard tail.first == ":", let port = Int(tail.dropFirst()) else { return nil }
            return (host, port)
        }
        guard let colon = text.lastIndex(of: ":") else { return (String(text), standard.port) }
        let host = text[..<colon]
        guard !host.contains(":"), !host.contains("/"), let port = Int(text[text.index(after: colon)...]) else {
            return nil
        }
        return (String(host), port)
    }

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
