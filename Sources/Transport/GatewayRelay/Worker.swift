internal import CLinux
internal import ClientHello
internal import Glibc
internal import Synchronization

/// One thread of the relay: its epoll instance, its connections, its pipes and its timers. It is made on its thread and
/// never leaves it; other threads reach it through its `Mailbox`, and read its counters.
///
/// The first of them has the listeners, and hands connections out to the thread that has the fewest: a listener for
/// each thread (SO_REUSEPORT) would spread them by chance, and would let a second process take half of the
/// connections of a port unnoticed.
///
/// Descriptors are closed, and connections freed, only when all events at hand have been handled. So no event can be
/// taken for that of a later connection with the same descriptor or place.
///
/// Its two buffers live as long as it does, and every use of them is marked and bounded.
@safe final class Worker {
    static let eventsPerWait = 256
    /// For peeking, and for copying. The hello and a PROXY header fit in a fraction of it.
    static let scratchBytes = 262_144
    /// What one small read takes; see `Flow.Pace`. A pipe of the usual size can hold what the sink does not take.
    static let smallBytes = 32_768
    /// Steps that one flow may take before others have their turn.
    static let stepsPerTurn = 8

    let index: Int
    let shared: RelayShared
    let tally: WorkerTally
    let mailbox: Mailbox
    let epoll: Int32
    let scratch: UnsafeMutableRawBufferPointer
    private let events: UnsafeMutableBufferPointer<epoll_event>

    /// Milliseconds of the clock, read once for each round.
    var now: UInt64
    var timers: TimerWheel
    var pipes: PipePool
    var acceptor: Acceptor?
    var connections: ContiguousArray<Connection> = []
    var free: ContiguousArray<Int> = []
    var openCount = 0
    /// Of connections, closed after this round.
    var closedConnections: ContiguousArray<Int> = []
    var closedDescriptors: ContiguousArray<Int32> = []
    /// Connections that have more to do than one turn allowed.
    var queue: ContiguousArray<Int> = []
    private var turn: ContiguousArray<Int> = []
    var handovers: [Mailbox.Handover] = []

    let handshakeTimeout: UInt64
    let connectTimeout: UInt64
    let idleTimeout: UInt64
    let halfClosedTimeout: UInt64

    /// - Parameters:
    ///   - epoll: from here on the worker's to close.
    ///   - listeners: those too.
    init(index: Int, epoll: Int32, listeners: [Int32], shared: RelayShared) {
        self.index = index
        self.shared = shared
        self.epoll = epoll
        tally = shared.tallies[index]
        mailbox = shared.mailboxes[index]
        unsafe scratch = .allocate(byteCount: Self.scratchBytes, alignment: 4_096)
        unsafe events = .allocate(capacity: Self.eventsPerWait)
        now = hawser_milliseconds()
        timers = TimerWheel(now: now)
        pipes = PipePool(limits: shared.configuration.limits, open: shared.pipes)
        let timeouts = shared.configuration.timeouts
        handshakeTimeout = timeouts.handshake.milliseconds
        connectTimeout = timeouts.connect.milliseconds
        idleTimeout = timeouts.idle.milliseconds
        halfClosedTimeout = timeouts.halfClosed.milliseconds
        if !listeners.isEmpty { acceptor = Acceptor(listeners: listeners) }
    }

    deinit {
        unsafe scratch.deallocate()
        unsafe events.deallocate()
    }

    /// Until drained.
    func run() {
        _ = hawser_epoll_add(epoll, mailbox.wake, hawser_EPOLLIN, Token.wake)
        listen()
        while !isDone {
            round()
        }
        finish()
    }

    /// All that is ready once, and what has become due.
    private func round() {
        let count = unsafe hawser_epoll_wait(
            epoll, events.baseAddress, Int32(Self.eventsPerWait), waitMilliseconds)
        now = hawser_milliseconds()
        var isAcceptable = false
        var isWoken = false
        for position in 0..<max(0, Int(count)) {
            let event = unsafe events.baseAddress.map { unsafe $0 + position }
            let (flags, token) = unsafe (hawser_event_flags(event), hawser_event_token(event))
            switch token {
            case Token.wake: isWoken = true
            case Token.listeners...: isAcceptable = true
            default: handle(flags, token: token)
            }
        }
        runQueue()
        if isWoken { wakeReceived() }
        // Last, so that what is open goes before what is new.
        if isAcceptable { accept() }
        expireTimers()
        closeWhatIsClosed()
    }

    private func handle(_ flags: UInt32, token: UInt64) {
        let connection = connections[Int(token >> 1)]
        let side: Connection.Side = token & 1 == 0 ? .client : .upstream
        switch (connection.phase, side) {
        case (.free, _), (.closed, _): break
        case (.greeting, _): clientBecameReady(connection, flags: flags)
        case (.connecting, .client): clientBecameReadyEarly(connection, flags: flags)
        case (.connecting, .upstream): upstreamBecameReady(connection, flags: flags)
        case (.relaying, _): relayedSideBecameReady(connection, side, flags: flags)
        }
    }

    private func runQueue() {
        guard !queue.isEmpty else { return }
        swap(&queue, &turn)
        for index in turn {
            let connection = connections[index]
            connection.isQueued = false
            if connection.phase == .relaying { pump(connection) }
        }
        turn.removeAll(keepingCapacity: true)
    }

    private func wakeReceived() {
        _ = hawser_eventfd_clear(mailbox.wake)
        mailbox.take(into: &handovers)
        for handover in handovers { adopt(handover.descriptor, peer: handover.peer) }
        if isDraining { stopListening() }
    }

    private func expireTimers() {
        while let index = timers.expire(now: now) {
            let connection = connections[index]
            switch connection.phase {
            case .free, .closed: break
            case .greeting: refuse(connection, .handshakeTimeout)
            case .connecting: attemptFailed(connection, .timeout)
            case .relaying: idleTimerFired(connection)
            }
        }
        if let acceptor, acceptor.isPaused, acceptor.resumesAt <= now { resumeAccepting() }
    }

    /// Until the next thing that is known to become due; -1 for ever.
    private var waitMilliseconds: Int32 {
        if !queue.isEmpty { return 0 }
        let clock = hawser_milliseconds()
        var delay = timers.delay(now: clock) ?? .max
        let deadline = shared.drainDeadline
        if deadline != .max { delay = min(delay, deadline > clock ? deadline - clock : 0) }
        if let acceptor, acceptor.isPaused {
            delay = min(delay, acceptor.resumesAt > clock ? acceptor.resumesAt - clock : 0)
        }
        return delay == .max ? -1 : Int32(clamping: delay)
    }

    // MARK: - Ends

    var isDraining: Bool { shared.drainDeadline != .max }

    private var isDone: Bool {
        let deadline = shared.drainDeadline
        guard deadline != .max else { return false }
        return openCount == 0 && mailbox.open.load(ordering: .relaxed) == 0 || now >= deadline
    }

    private func finish() {
        stopListening()
        mailbox.close(into: &handovers)
        for handover in handovers { adopt(handover.descriptor, peer: handover.peer) }
        for connection in connections {
            switch connection.phase {
            case .free, .closed: break
            case .greeting, .connecting: refuse(connection, .draining)
            case .relaying: end(connection, .drained)
            }
        }
        closeWhatIsClosed()
        pipes.closeAll()
        _ = hawser_close(epoll)
    }

    func closeLater(_ descriptor: Int32) {
        closedDescriptors.append(descriptor)
    }

    private func closeWhatIsClosed() {
        guard !closedDescriptors.isEmpty else { return }
        for descriptor in closedDescriptors { _ = hawser_close(descriptor) }
        closedDescriptors.removeAll(keepingCapacity: true)
        for index in closedConnections {
            connections[index].reset()
            free.append(index)
        }
        closedConnections.removeAll(keepingCapacity: true)
        if let acceptor, acceptor.isPaused { resumeAccepting() }
    }
}

/// What epoll gives back with an event: twice the place of a connection, plus its side, or one of these.
enum Token {
    static let wake = UInt64.max
    static let listeners = UInt64.max - 1 - 0xFFFF
}
