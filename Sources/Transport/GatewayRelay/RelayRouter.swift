package import ClientHello

/// Says where connections go. The relay calls it on its threads, once per connection: it must not wait.
package protocol RelayRouter: Sendable {
    /// - Parameter from: the client, as the header of the PROXY protocol says if one is expected.
    func route(_ hello: ClientHello, from: RelayAddress) -> RelayDecision

    /// A connection to a target was made, or could not be: what health is learned from.
    func attempted(_ target: RelayAddress, on route: String, failure: RelayFailure?)
}

package enum RelayDecision: Sendable, Equatable {
    /// The targets are tried in this order. The name of the route is that of its counters.
    case forward(route: String, targets: [RelayAddress])
    case refuse(RelayRefusal)
}

/// Why a client was refused, or given up before it was connected.
package struct RelayRefusal: Hashable, Sendable, CustomStringConvertible {
    /// For counters and programs: one of a fixed set of words.
    package let code: String
    /// One sentence for people.
    package let description: String
    /// What the client is told before the end: the description of a fatal TLS alert.
    let alert: UInt8?

    /// - Parameters:
    ///   - code: a word of a small set, for it becomes a key of the counters.
    ///   - alert: the description of a fatal TLS alert for the client; without one it is reset.
    package init(_ code: String, _ description: String, alert: UInt8? = nil) {
        self.code = code
        self.description = description
        self.alert = alert
    }

    package static func == (left: RelayRefusal, right: RelayRefusal) -> Bool { left.code == right.code }
    package func hash(into hasher: inout Hasher) { hasher.combine(code) }

    // For routers. The alerts are those of RFC 6066 section 3 and RFC 8446 section 9.2.

    package static let unknownServerName = RelayRefusal(
        "unknown-server-name", "no route has the server name that the client asks for", alert: 112)
    package static let noServerName = RelayRefusal(
        "no-server-name", "the client sent no server name, and no route is for such clients", alert: 109)
    package static let noTarget = RelayRefusal("no-target", "the route has no address to connect to")

    // The relay's own.

    static func hello(_ problem: ClientHelloProblem) -> RelayRefusal {
        RelayRefusal(problem.code.rawValue, problem.message)
    }

    static let proxyHeader = RelayRefusal(
        "bad-proxy-header", "the connection does not start with a sound header of the PROXY protocol, version 2")
    static let handshakeTimeout = RelayRefusal(
        "handshake-timeout", "the client did not send a whole ClientHello in time")
    static let closedEarly = RelayRefusal("closed-early", "the client closed before its ClientHello was complete")
    static let clientLeft = RelayRefusal("client-left", "the client reset the connection before it was connected")
    static let unreachable = RelayRefusal("unreachable", "none of the targets of the route could be connected to")
    static let connectionLimit = RelayRefusal("connection-limit", "too many connections are open")
    static let helloLimit = RelayRefusal("hello-limit", "too many clients have not finished their ClientHello")
    static let sourceLimit = RelayRefusal(
        "source-limit", "too many clients at this address have not finished their ClientHello")
    static let descriptors = RelayRefusal(
        "descriptors", "the limit of open files is reached: raise it, or lower the limit of connections")
    static let draining = RelayRefusal("draining", "the gateway is stopping")
}

/// Why a target could not be connected to. Equality is on the code.
package struct RelayFailure: Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        case refused, reset, timeout, unreachable, other
    }

    package let code: Code
    package let description: String
    /// The error number of the system, nil for a timeout of the relay's.
    package let errno: Int32?

    package init(code: Code, description: String, errno: Int32?) {
        self.code = code
        self.description = description
        self.errno = errno
    }

    package static func == (left: RelayFailure, right: RelayFailure) -> Bool { left.code == right.code }
    package func hash(into hasher: inout Hasher) { hasher.combine(code) }
}

/// What happened that somebody may want to read of. Handlers run on the relay's threads, must not wait, and limit how
/// much of it reaches a log.
package enum RelayEvent: Sendable {
    /// - Parameter serverName: what the client asked for, if its hello got that far.
    case refused(RelayRefusal, from: RelayAddress, serverName: String?)
    case connectFailed(RelayFailure, target: RelayAddress, route: String)
    case connected(RelayConnectionSummary)
    case closed(RelayConnectionSummary)
    /// Accepting has paused until something closes, or for a tenth of a second.
    case acceptingPaused(RelayError)
    /// The system cannot splice these sockets: the connection is relayed by copying.
    case spliceUnavailable(errno: Int32)
}

/// One connection that was forwarded, at its start or at its end.
package struct RelayConnectionSummary: Sendable, Hashable {
    package enum Ending: String, Sendable {
        /// Not yet.
        case open
        /// Both sides sent their end, and it reached the other.
        case finished
        /// One side broke off.
        case broken
        /// Nothing moved for the idle or half-closed timeout.
        case idle
        /// The grace of the drain was over.
        case drained
    }

    package var from: RelayAddress
    package var serverName: String?
    package var route: String
    package var target: RelayAddress
    package var bytesToUpstream: UInt64 = 0
    package var bytesToClient: UInt64 = 0
    package var ending = Ending.open

    package init(from: RelayAddress, serverName: String?, route: String, target: RelayAddress) {
        self.from = from
        self.serverName = serverName
        self.route = route
        self.target = target
    }
}
