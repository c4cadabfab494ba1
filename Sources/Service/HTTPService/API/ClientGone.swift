import NIOCore
import Synchronization

/// Whether the client of a connection is still there: completes once when it closes its side.
final class ClientGone: Sendable {
    private enum Condition {
        case here(waiters: [UInt64: CheckedContinuation<Void, Never>])
        case gone
    }

    private struct Record {
        var condition = Condition.here(waiters: [:])
        var nextWaiter: UInt64 = 0
    }

    private let record = Mutex(Record())

    /// The client closed its side, or the connection broke. Called on the event loop.
    func clientLeft() {
        let waiters: [CheckedContinuation<Void, Never>] = record.withLock { record in
            switch record.condition {
            case .here(let waiters):
                record.condition = .gone
                return Array(waiters.values)
            case .gone:
                return []
            }
        }
        for waiter in waiters { waiter.resume() }
    }

    var isGone: Bool {
        record.withLock { record in
            switch record.condition {
            case .here: false
            case .gone: true
            }
        }
    }

    /// Waits for the client to leave, or for the task to be cancelled.
    func wait() async {
        let number = record.withLock { record in
            record.nextWaiter += 1
            return record.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = record.withLock { record in
                    guard !Task.isCancelled, case .here(var waiters) = record.condition else { return true }
                    waiters[number] = continuation
                    record.condition = .here(waiters: waiters)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiter: CheckedContinuation<Void, Never>? = record.withLock { record in
                guard case .here(var waiters) = record.condition else { return nil }
                let waiter = waiters.removeValue(forKey: number)
                record.condition = .here(waiters: waiters)
                return waiter
            }
            waiter?.resume()
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
