/// Where the daemon's HTTP API listens.
struct DaemonAddress: Hashable, Sendable, CustomStringConvertible {
    var host: String
    var port: Int
    var isSecure = false
    /// Of a Unix socket, which has neither host nor port.
    var socketPath: String?

    static let standard = DaemonAddress(host: "127.0.0.1", port: 8500)
    private static let standardSecurePort = 8501

    /// The option wins over `HAWSER_HTTP_ADDR`, that over `CONSUL_HTTP_ADDR`; `CONSUL_HTTP_SSL` decides about TLS where
    /// none of them does.
    static func resolve(option: String?, environment: (String) -> String?) throws(CommandFailure) -> DaemonAddress {
        let sources = [option, environment("HAWSER_HTTP_ADDR"), environment("CONSUL_HTTP_ADDR")]
        let given = sources.compactMap { $0 }.first { !$0.isEmpty }
        let isSecure = ["1", "t", "true"].contains(environment("CONSUL_HTTP_SSL")?.lowercased())
        guard isSecure, given?.contains("://") != true else {
            guard let given else { return standard }
            return try DaemonAddress(given)
        }
        return try DaemonAddress("https://\(given ?? standard.description)")
    }

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `host`, `host:port`, `[v6]:port`, each also behind `http://` or `https://`, and `unix:///path`.
    init(_ text: String) throws(CommandFailure) {
        var rest = text[...]
        var isSecure = false
        if let scheme = text.firstRange(of: "://") {
            rest = text[scheme.upperBound...]
            switch text[..<scheme.lowerBound] {
            case "http": break
            case "https": isSecure = true
            case "unix" where rest.first == "/":
                self.init(host: "", port: 0)
                socketPath = String(rest)
                return
            default: throw Self.refusal(of: text)
            }
        }
        while rest.last == "/" { rest.removeLast() }
        let usualPort = isSecure ? Self.standardSecurePort : Self.standard.port
        guard let (host, port) = Self.split(rest, usualPort), !host.isEmpty, (1...65_535).contains(port) else {
            throw Self.refusal(of: text)
        }
        self.init(host: host, port: port)
        self.isSecure = isSecure
    }

    private static func refusal(of text: String) -> CommandFailure {
        CommandFailure(
            "hawser: \"\(text)\" is not an address of the HTTP API: write host:port, https://host:port or unix:///path",
            exitCode: 2)
    }

    private static func split(_ text: Substring, _ usualPort: Int) -> (host: String, port: Int)? {
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { return nil }
            let host = String(text[text.index(after: text.startIndex)..<end])
            let tail = text[text.index(after: end)...]
            if tail.isEmpty { return (host, usualPort) }
            guard tail.first == ":", let port = Int(tail.dropFirst()) else { return nil }
            return (host, port)
        }
        guard let colon = text.lastIndex(of: ":") else { return (String(text), usualPort) }
        let host = text[..<colon]
        guard !host.contains(":"), !host.contains("/"), let port = Int(text[text.index(after: colon)...]) else {
            return nil
        }
        return (String(host), port)
    }

    var description: String {
        if let socketPath { return "unix://\(socketPath)" }
        return (isSecure ? "https://" : "") + authority
    }

    /// What the `Host` field says.
    var authority: String {
        if socketPath != nil { return "localhost" }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
