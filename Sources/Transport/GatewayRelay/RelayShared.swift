internal import CLinux
internal import Synchronization

/// What the threads of a relay have in common.
final class RelayShared: Sendable {
    let configuration: RelayConfiguration
    let router: any RelayRouter
    let events: @Sendable (RelayEvent) -> Void
    let hellos: HelloGauge
    let pipes = PipeCount()
    /// Connections of all threads.
    let open = Atomic<Int>(0)
    /// Milliseconds of the clock at which what is left is closed; the largest number while nothing drains.
    private let drainDeadlineValue = Atomic<UInt64>(.max)
    /// One for each thread.
    let mailboxes: [Mailbox]
    let tallies: [WorkerTally]

    init(
        configuration: RelayConfiguration, router: any RelayRouter, events: @escaping @Sendable (RelayEvent) -> Void,
        mailboxes: [Mailbox]
    ) {
        self.configuration = configuration
        self.router = router
        self.events = events
        self.mailboxes = mailboxes
        var limits = configuration.limits
        if configuration.expectsProxyHeader { limits.unfinishedHellosPerSource = limits.unfinishedHellos }
        hellos = HelloGauge(limits: limits)
        tallies = mailboxes.map { _ in WorkerTally(countedRoutes: configuration.limits.countedRoutes) }
    }

    var drainDeadline: UInt64 { drainDeadlineValue.load(ordering: .relaxed) }

    /// From any thread. The earliest deadline holds.
    func drain(until deadline: UInt64) {
        // Not `Atomic.min`: in Swift 6.3 it takes unsigned numbers for signed ones, and the largest for -1.
        var current = drainDeadline
        while deadline < current {
            let (isDone, found) = drainDeadlineValue.compareExchange(
                expected: current, desired: deadline, ordering: .sequentiallyConsistent)
            if isDone { break }
            current = found
        }
        for mailbox in mailboxes { mailbox.signal() }
    }

    /// The thread with the fewest connections.
    var idlest: Int {
        var best = (index: 0, open: Int.max)
        for (index, mailbox) in mailboxes.enumerated() {
            let open = mailbox.open.load(ordering: .relaxed)
            if open < best.open { best = (index, open) }
        }
        return best.index
    }
}

/// How one thread reaches another: accepted connections, and a descriptor that wakes it.
final class Mailbox: Sendable {
    struct Handover: Sendable {
        var descriptor: Int32
        var peer: RelayAddress
    }

    private struct State {
        var handovers: [Handover] = []
        var isClosed = false
    }

    /// Readable when there is something to look at. It is closed by the owner's end, or else with the mailbox; it is
    /// written under the lock, so that nobody signals a descriptor which has become another's.
    let wake: Int32
    /// Connections that the thread has, or is about to get.
    let open = Atomic<Int>(0)
    private let state = Locked(State())

    init() throws(RelayError) {
        let result = hawser_eventfd()
        guard result >= 0 else { throw .resources("the gateway cannot be started", errno: Int32(-result)) }
        wake = Int32(result)
    }

    deinit {
        state.withLock { state in
            if !state.isClosed { _ = hawser_close(wake) }
        }
    }

    func signal() {
        state.withLock { state in
            if !state.isClosed { _ = hawser_eventfd_signal(wake) }
        }
    }

    /// False if the thread takes no more: the descriptor stays the caller's.
    func put(_ handover: Handover) -> Bool {
        state.withLock { state in
            if state.isClosed { return false }
            state.handovers.append(handover)
            if state.handovers.count == 1 { _ = hawser_eventfd_signal(wake) }
            return true
        }
    }

    /// By the owner. The storage goes back and forth, so that nothing is allocated.
    func take(into handovers: inout [Handover]) {
        handovers.removeAll(keepingCapacity: true)
        state.withLock { swap(&$0.handovers, &handovers) }
    }

    /// By the owner, at its end: what is left is to be closed.
    func close(into handovers: inout [Handover]) {
        handovers.removeAll(keepingCapacity: true)
        state.withLock { state in
            if !state.isClosed { _ = hawser_close(wake) }
            state.isClosed = true
            swap(&state.handovers, &handovers)
        }
    }
}

extension Duration {
    /// Rounded up, at least 0.
    var milliseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000)
        return overflow
            ? .max / 4 : min(.max / 4, whole + UInt64((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000))
    }
}
