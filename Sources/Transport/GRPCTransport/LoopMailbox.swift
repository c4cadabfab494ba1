import GRPCWire
import NIOCore
import NIOConcurrencyHelpers

/// The way from tasks to the event loop of one connection: calls that have something to do, each at most once, and one
/// scheduled hop for all of them.
///
/// Flow-control credit alone does not cause a hop until `creditPerHop` bytes have gathered on the connection, so the
/// cost of reading does not grow with the number of messages; what waits is too little to close a window.
final class LoopMailbox: Sendable {
    private struct State {
        var ready: [CallCore] = []
        var credit = 0
        var isScheduled = false
        var drain: NIOLoopBound<GRPCConnectionHandler>?
        var closeReason: GRPCStatus?
    }

    let eventLoop: any EventLoop
    private let creditPerHop: Int
    private let state = NIOLockedValueBox(State())

    init(eventLoop: any EventLoop, creditPerHop: Int) {
        self.eventLoop = eventLoop
        self.creditPerHop = creditPerHop
    }

    /// The handler is in the pipeline.
    func open(_ handler: NIOLoopBound<GRPCConnectionHandler>) {
        state.withLockedValue { $0.drain = handler }
    }

    /// - Parameter core: `nil` if the call is in the mailbox already.
    /// - Returns: `false` if the connection is over.
    func submit(_ core: CallCore?, credit: Int, isUrgent: Bool) -> Bool {
        let (isOpen, mustSchedule) = state.withLockedValue { state in
            guard state.closeReason == nil else { return (false, false) }
            if let core { state.ready.append(core) }
            state.credit += credit
            guard !state.isScheduled, isUrgent || state.credit >= creditPerHop else { return (true, false) }
            state.isScheduled = true
            return (true, true)
        }
        if mustSchedule {
            eventLoop.execute { self.hop() }
        }
        return isOpen
    }

    private func hop() {
        let handler = state.withLockedValue { $0.drain }
        handler?.value.mailboxReady()
    }

    /// What has gathered; loop only.
    func takeReady() -> [CallCore] {
        state.withLockedValue { state in
            state.isScheduled = false
            state.credit = 0
            var ready: [CallCore] = []
            swap(&ready, &state.ready)
            return ready
        }
    }

    /// The connection is over. - Returns: calls that were on their way.
    func close(_ reason: GRPCStatus) -> [CallCore] {
        state.withLockedValue { state in
            guard state.closeReason == nil else { return [] }
            state.closeReason = reason
            state.drain = nil
            var ready: [CallCore] = []
            swap(&ready, &state.ready)
            return ready
        }
    }

    var closeReason: GRPCStatus {
        state.withLockedValue { $0.closeReason } ?? GRPCStatus(.unavailable, "the connection is closed")
    }
}
