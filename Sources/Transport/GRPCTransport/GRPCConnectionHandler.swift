import GRPCWire
import HTTP2Engine
import NIOCore

/// The event loop's end of one connection: it moves bytes between the channel and the HTTP/2 session, and what the
/// session reports to the calls. All streams live in this one handler.
///
/// Side effects are here and in the extension beside it; the rules are in `HTTP2Session`, the call machines,
/// `Keepalive` and `PingPolicy`. Everything runs on the channel's event loop.
final class GRPCConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What the owner of the connection wants to know, on the event loop.
    struct Owner {
        /// Server: a request came. Client: never called.
        var callAccepted: (CallCore, GRPCRequestHead) -> Void = { _, _ in }
        /// The peer's SETTINGS have come.
        var ready: () -> Void = {}
        /// The connection is over, with the reason; called once.
        var closed: (GRPCStatus) -> Void = { _ in }
    }

    struct Settings {
        var role: HTTP2Role
        var http2: HTTP2Configuration
        var limits: GRPCLimits
        var keepalive: Keepalive.Configuration
        var pings = PingPolicy.Configuration()
        var userAgent = ""
    }

    /// A call on this connection, as the loop sees it.
    final class Stream {
        enum Machine {
            case client(GRPCClientCallMachine)
            case server(GRPCServerCallMachine)
        }

        let core: CallCore
        var machine: Machine
        /// Bytes of an incomplete message; part of `partialBytes`.
        var partial = 0
        var deadline: Scheduled<Void>?

        init(core: CallCore, machine: Machine) {
            self.core = core
            self.machine = machine
        }
    }

    /// Largest piece given to the channel at once: eight full TLS records.
    private static let outputPieceBytes = 128 * 1024
    /// Marks the PING whose answer says that the peer has seen the shutdown notice.
    static let drainPing: UInt64 = 0x6861_7773_6572_0001
    private static let keepalivePing: UInt64 = 0x6861_7773_6572_0002

    let settings: Settings
    let mailbox: LoopMailbox
    let session: HTTP2Session
    var owner: Owner
    var streams: [HTTP2StreamID: Stream] = [:] {
        didSet { if streams.isEmpty, let context { idleSince = context.eventLoop.now } }
    }
    /// Bytes of incomplete messages of all calls.
    var partialBytes = 0
    /// Server: handlers that have not returned, also those whose stream is gone.
    var liveHandlers = 0
    private(set) var context: ChannelHandlerContext?
    private(set) var closeReason: GRPCStatus?
    private var isReady = false
    private var isPumping = false
    private var isClosingAfterFlush = false
    private var keepalive: Keepalive?
    private var pingPolicy: PingPolicy
    private var keepaliveTimer: Scheduled<Void>?
    private var handshakeTimer: Scheduled<Void>?
    private var drainTimers: [Scheduled<Void>] = []
    /// When the last call ended, or the connection began.
    private var idleSince = NIODeadline.uptimeNanoseconds(0)

    /// - Throws: `HTTP2Error` without memory.
    init(settings: Settings, mailbox: LoopMailbox, owner: Owner) throws {
        self.settings = settings
        self.mailbox = mailbox
        self.owner = owner
        self.pingPolicy = PingPolicy(settings.pings)
        self.session = try HTTP2Session(role: settings.role, configuration: settings.http2)
    }

    // MARK: - Channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        mailbox.open(NIOLoopBound(self, eventLoop: context.eventLoop))
        startHandshakeTimer(context)
        if context.channel.isActive { start(context) }
    }

    /// From now and not from `channelActive`: a security layer may hold that back.
    private func startHandshakeTimer(_ context: ChannelHandlerContext) {
        let timeout = settings.limits.handshakeTimeout
        handshakeTimer = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) {
            let seconds = timeout.nanoseconds / 1_000_000_000
            self.fail(
                HTTP2Error(.handshakeTimeout, "the peer did not finish the HTTP/2 handshake within \(seconds) s"))
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        connectionEnded(GRPCStatus(.unavailable, "the connection is closed"))
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        start(context)
        context.fireChannelActive()
    }

    private func start(_ context: ChannelHandlerContext) {
        guard keepalive == nil else { return }
        let now = context.eventLoop.now
        idleSince = now
        let keepalive = Keepalive(settings.keepalive, now: now)
        self.keepalive = keepalive
        scheduleKeepalive(at: keepalive.firstCheck)
        pump()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        let now = context.eventLoop.now
        keepalive?.bytesReceived(now: now)
        do {
            try session.receive(bytes, now: now)
            handleEvents()
        } catch {
            handleEvents()
            fail(error)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        pump()
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { pump() }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        connectionEnded(GRPCStatus(.unavailable, "the peer closed the connection"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(error)
    }

    /// Tasks have left something to do.
    func mailboxReady() {
        for core in mailbox.takeReady() { run(core.takeWork(), of: core) }
        pump()
    }

    // MARK: - Output

    /// Moves everything that may be sent to the channel, and flushes once per round.
    func pump() {
        guard let context, !isPumping, keepalive != nil else { return }
        isPumping = true
        var isOpen = true
        while isOpen {
            var wrote = false
            while context.channel.isWritable, let bytes = nextOutput() {
                context.write(wrapOutboundOut(bytes), promise: nil)
                wrote = true
            }
            // Flushing may free the channel at once, then there is more to do.
            if wrote { context.flush() }
            isOpen = wrote
        }
        isPumping = false
        for (stream, bytes) in session.takeDrained() { streams[stream]?.core.drained(bytes) }
        if session.takeSentSomething() { pingPolicy.dataSent() }
        handleEvents()
        if let failure = session.failure {
            finishFailing(failure)
        } else if session.isFinished {
            closeAfterFlush(GRPCStatus(.unavailable, "the connection was closed after GOAWAY"))
        }
    }

    private func nextOutput() -> ByteBuffer? {
        do {
            return try session.pullOutput(limit: Self.outputPieceBytes)
        } catch {
            finishFailing(error)
            return nil
        }
    }

    // MARK: - Events of the connection

    private func handleEvents() {
        for event in session.takeEvents() {
            switch event {
            case .headersReceived(let stream, let fields, let endStream):
                headersReceived(stream, fields, endStream: endStream)
            case .dataReceived(let stream, let bytes):
                dataReceived(stream, bytes)
            case .endReceived(let stream):
                endReceived(stream)
            case .streamClosed(let stream, let code):
                streamClosed(stream, code)
            case .settingsReceived:
                settingsReceived()
            case .pingReceived:
                pingReceived()
            case .pingAcknowledged(let payload):
                if payload == Self.drainPing { refuseNewCalls() }
            case .goAwayReceived(_, let code, let debug):
                goAwayReceived(code, debug)
            }
        }
    }

    private func settingsReceived() {
        guard !isReady else { return }
        isReady = true
        handshakeTimer?.cancel()
        handshakeTimer = nil
        owner.ready()
    }

    private func pingReceived() {
        guard settings.role == .server, let context else { return }
        if pingPolicy.pingReceived(now: context.eventLoop.now, activeStreams: streams.count) {
            session.goAway(.enhanceYourCalm, debug: "too_many_pings")
            fail(HTTP2Error(.flooded, "the client sent keepalive pings too often"))
        }
    }

    private func goAwayReceived(_ code: HTTP2ErrorCode, _ debug: String) {
        let text = debug.isEmpty ? "\(code)" : "\(code), \(debug)"
        if closeReason == nil, code != .noError {
            closeReason = GRPCStatus(.unavailable, "the peer closed the connection: \(text)")
        }
        // Streams that the peer will not serve are closed by the session; the others go on.
        session.goAway(.noError)
    }

    private func scheduleKeepalive(at deadline: NIODeadline) {
        guard let context else { return }
        keepaliveTimer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            self.keepaliveFired()
        }
    }

    private func keepaliveFired() {
        if isIdleTooLong {
            return closeNow(GRPCStatus(.unavailable, "the connection had no call for too long"))
        }
        guard let context, let action = keepalive?.timerFired(now: context.eventLoop.now, activeStreams: streams.count)
        else { return }
        switch action {
        case .recheck(let deadline):
            scheduleKeepalive(at: deadline)
        case .sendPing(let deadline):
            session.ping(Self.keepalivePing)
            scheduleKeepalive(at: deadline)
            pump()
        case .closeConnection:
            fail(HTTP2Error(.keepaliveTimeout, "the peer did not answer a keepalive ping"))
        }
    }

    private var isIdleTooLong: Bool {
        guard settings.role == .server, streams.isEmpty, let context else { return false }
        return context.eventLoop.now - idleSince >= settings.limits.idleTimeout
    }

    // MARK: - Ending

    /// Ends the connection gracefully: no new calls, and `grace` for those that run.
    func drain(grace: TimeAmount) {
        guard let context, closeReason == nil || !streams.isEmpty else { return }
        switch settings.role {
        case .client:
            session.goAway(.noError)
        case .server:
            // Two steps, so that a request which is on its way is served (RFC 9113 section 6.8).
            session.noticeShutdown()
            session.ping(Self.drainPing)
            drainTimers.append(
                context.eventLoop.assumeIsolated().scheduleTask(in: min(.seconds(1), grace)) { self.refuseNewCalls() })
        }
        drainTimers.append(
            context.eventLoop.assumeIsolated().scheduleTask(in: grace) {
                self.close(GRPCStatus(.unavailable, "the connection was shut down"))
            })
        pump()
    }

    private func refuseNewCalls() {
        session.goAway(.noError)
        pump()
    }

    /// Ends the connection now, in peace: GOAWAY, then nothing.
    func closeNow(_ status: GRPCStatus) {
        session.goAway(.noError)
        pump()
        close(status)
    }

    /// Ends the connection because of `error`, which becomes the cause of the failure of every call.
    func fail(_ error: any Error) {
        // What says good-bye (GOAWAY) goes out first, as far as the channel takes it.
        if closeReason == nil { closeReason = Self.status(for: error) }
        pump()
        finishFailing(error)
    }

    private func finishFailing(_ error: any Error) {
        close(closeReason ?? Self.status(for: error))
    }

    private static func status(for error: any Error) -> GRPCStatus {
        GRPCStatus(.unavailable, "the connection failed: \(error)", cause: error)
    }

    /// The last call is over: what the channel still holds must reach the peer. The keepalive timer goes on, so a peer
    /// that does not read is given up.
    private func closeAfterFlush(_ status: GRPCStatus) {
        guard let context, !isClosingAfterFlush else { return }
        isClosingAfterFlush = true
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete { _ in
            self.close(status)
        }
    }

    private func close(_ status: GRPCStatus) {
        let channel = context?.channel
        connectionEnded(status)
        channel?.close(promise: nil)
    }

    /// Runs once; every call and the owner learn why.
    private func connectionEnded(_ status: GRPCStatus) {
        let reason = closeReason ?? status
        closeReason = reason
        for timer in [keepaliveTimer, handshakeTimer] + drainTimers { timer?.cancel() }
        keepaliveTimer = nil
        handshakeTimer = nil
        drainTimers = []
        for core in mailbox.close(reason) { core.connectionLost(reason) }
        let ended = streams
        streams = [:]
        for stream in ended.values {
            stream.deadline?.cancel()
            stream.core.connectionLost(reason)
        }
        let closed = owner.closed
        owner = Owner()
        closed(reason)
    }
}
