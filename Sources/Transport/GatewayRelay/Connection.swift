/// One connection of a client, from accepting to closing, with what its thread has to remember of it. Objects are used
/// again for later connections.
///
///     free        of the thread's stock                         -> greeting
///     greeting    peeking at what the client sends              -> connecting, closed (refused)
///     connecting  waiting for a target, one after the other     -> relaying, closed (refused)
///     relaying    two flows, each with an end of its own        -> closed
///     closed      until the events at hand have been handled    -> free
final class Connection {
    enum Phase: Sendable {
        case free, greeting, connecting, relaying, closed
    }

    enum Side: UInt64, Sendable {
        case client, upstream
    }

    /// Its place in the thread's table, and in the timer wheel.
    let index: Int
    var phase = Phase.free
    var client: Int32 = -1
    /// -1 while there is none.
    var upstream: Int32 = -1
    /// The other end of the client's socket, which may be a proxy.
    var peer: RelayAddress
    /// The client as the router sees it.
    var from: RelayAddress
    var greeting: Greeting?
    var opening: Opening?
    /// A target was tried in vain.
    var hasFailedTarget = false
    /// What the client connected to, if a PROXY header says so.
    var destination: RelayAddress?
    /// Counted in `HelloGauge`.
    var isUnfinished = false
    /// The client has sent its end.
    var isClientEnding = false
    /// From the client to the upstream, and back.
    var up = Flow()
    var down = Flow()
    var upPipe: Pipe?
    var downPipe: Pipe?
    var path = RelayConfiguration.Path.splice
    var tally: RouteTally?
    var summary: RelayConnectionSummary?
    /// Milliseconds, when bytes last moved.
    var lastActive: UInt64 = 0
    /// It has more to move, and waits until others had their turn.
    var isQueued = false

    init(index: Int, peer: RelayAddress) {
        self.index = index
        self.peer = peer
        from = peer
    }

    func start(client: Int32, peer: RelayAddress, greeting: Greeting, path: RelayConfiguration.Path) {
        phase = .greeting
        self.client = client
        upstream = -1
        self.peer = peer
        from = peer
        self.greeting = greeting
        isUnfinished = false
        isClientEnding = false
        hasFailedTarget = false
        destination = nil
        up = Flow()
        down = Flow()
        self.path = path
    }

    /// Lets go of everything that takes memory.
    func reset() {
        phase = .free
        greeting = nil
        opening = nil
        tally = nil
        summary = nil
    }

    /// One direction is over, and the other is not.
    var isHalfClosed: Bool { up.isOver || down.isOver }

    func token(_ side: Side) -> UInt64 { UInt64(index) << 1 | side.rawValue }
}
