internal import ClientHello

/// What a client sends before it is routed: a header of the PROXY protocol if one is expected, and the ClientHello.
///
/// Bytes are peeked at, so that each look shows everything from the start again; only the header, which is not for the
/// upstream, is taken off the connection.
struct Greeting: Sendable {
    enum Step: Sendable {
        case needsMore
        /// Take so many bytes off the connection, then look again.
        case skip(Int)
        case hello(ClientHello)
        case refuse(RelayRefusal)
    }

    private var awaitsHeader: Bool
    private let headerLimit: Int
    private var parser = ClientHelloParser()
    /// Bytes that the parser has had.
    private var parsed = 0
    /// The header, once it was read.
    private(set) var header: ProxyHeader?

    /// - Parameter headerLimit: `RelayLimits.proxyHeaderBytes`.
    init(expectsProxyHeader: Bool, headerLimit: Int) {
        awaitsHeader = expectsProxyHeader
        self.headerLimit = headerLimit
    }

    /// - Parameter bytes: all that the client has sent and that was not skipped.
    mutating func peeked(_ bytes: Span<UInt8>) -> Step {
        if awaitsHeader {
            switch ProxyHeader.parse(bytes, limit: headerLimit) {
            case .needsMore: return .needsMore
            case .invalid: return .refuse(.proxyHeader)
            case .header(let header, let length):
                self.header = header
                awaitsHeader = false
                return .skip(length)
            }
        }
        guard bytes.count > parsed else { return .needsMore }
        let new = bytes.extracting(parsed..<bytes.count)
        parsed = bytes.count
        switch parser.receive(new) {
        case .needsMore: return .needsMore
        case .hello(let hello): return .hello(hello)
        case .refused(let problem): return .refuse(.hello(problem))
        }
    }
}
