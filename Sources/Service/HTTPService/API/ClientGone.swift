import NIOCore
import Synchronization

/// Whether the client of a connection is still there: completes once when it closes its side.
final class ClientGone: Sendable {
    private enum Condition {
        case here(waiters: [UInt64: @Sendable () -> Void])
        case gone
    }

    private struct Record {
        var condition = Condition.here(waiters: [:])
        var nextWaiter: UInt64 = 0
    }

    private let record = Mutex(Record())

    /// The client closed its side, or the connection broke. Called on the event loop.
    func clientLeft() {
        let waiters: [@Sendable () -> Void] = record.withLock { record in
            switch record.condition {
            case .here(let waiters):
                record.condition = .gone
                return Array(waiters.values)
            case .gone:
                return []
            }
        }
        for waiter in waiters { waiter() }
    }

    var isGone: Bool {
        record.withLock { record in
            switch record.condition {
            case .here: false
            case .gone: true
            }
        }
    }

    /// Runs the work once when the client leaves, at once if it has. The work is short, and blocks nobody.
    ///
    /// - Returns: what `forget` takes it back by.
    func onLeaving(_ work: @escaping @Sendable () -> Void) -> UInt64 {
        let (number, isGone) = record.withLock { record in
            record.nextWaiter += 1
            guard case .here(var waiters) = record.condition else { return (record.nextWaiter, true) }
            waiters[record.nextWaiter] = work
            record.condition = .here(waiters: waiters)
            return (record.nextWaiter, false)
        }
        if isGone { work() }
        return number
    }

    func forget(_ number: UInt64) {
        record.withLock { record in
            guard case .here(var waiters) = record.condition else { return }
            waiters[number] = nil
            record.condition = .here(waiters: waiters)
        }
    }
}

/// Tells a connection's `ClientGone`.
final class ClientGoneHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Any

    let client = ClientGone()

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent { client.clientLeft() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        client.clientLeft()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        client.clientLeft()
    }
}
