import GRPCWire
import HTTP2Engine
import NIOCore
import NIOConcurrencyHelpers

/// What a connection in the making shares between the loop and the task that waits for it.
///
/// A name may have several addresses, and NIO then races channels; each has an entry, and one of them wins.
final class ConnectAttempt: Sendable {
    struct Entry {
        var channel: any Channel
        var handler: NIOLoopBound<GRPCConnectionHandler>
        var mailbox: LoopMailbox
        /// Succeeds with the peer's SETTINGS; fails with the reason of the connection's end.
        var promise: EventLoopPromise<Void>
    }

    private struct State {
        var entries: [ObjectIdentifier: Entry] = [:]
        var isCancelled = false
    }

    private let state = NIOLockedValueBox(State())

    /// On the loop: security first, then HTTP/2.
    func setUp(_ channel: any Channel, configuration: GRPCClientConfiguration) throws {
        try configuration.security.addHandlers(channel, GRPCConnectionAttributes())
        let eventLoop = channel.eventLoop
        let mailbox = LoopMailbox(eventLoop: eventLoop, creditPerHop: Int(configuration.http2.creditPerHop))
        var limits = configuration.limits
        limits.handshakeTimeout = configuration.connectTimeout
        let settings = GRPCConnectionHandler.Settings(
            role: .client, http2: configuration.http2, limits: limits, keepalive: configuration.keepalive,
            userAgent: configuration.userAgent)
        let promise = eventLoop.makePromise(of: Void.self)
        let owner = GRPCConnectionHandler.Owner(ready: { promise.succeed() }, closed: { promise.fail($0) })
        do {
            let handler = try GRPCConnectionHandler(settings: settings, mailbox: mailbox, owner: owner)
            let entry = Entry(
                channel: channel, handler: NIOLoopBound(handler, eventLoop: eventLoop), mailbox: mailbox,
                promise: promise)
            let isCancelled = state.withLockedValue { state in
                state.entries[ObjectIdentifier(channel)] = entry
                return state.isCancelled
            }
            if isCancelled { throw CancellationError() }
            try channel.pipeline.syncOperations.addHandler(handler)
        } catch {
            promise.fail(error)
            throw error
        }
    }

    /// Waits for the peer's SETTINGS on the channel that won.
    func ready(_ channel: any Channel, within timeout: TimeAmount) async throws -> Entry {
        guard let entry = state.withLockedValue({ $0.entries[ObjectIdentifier(channel)] }) else {
            throw GRPCStatus(.internal, "the connection has no handler")
        }
        let timer = channel.eventLoop.scheduleTask(in: timeout) {
            entry.promise.fail(GRPCStatus(.unavailable, "cannot connect: the peer did not answer in time"))
            entry.channel.close(promise: nil)
        }
        defer { timer.cancel() }
        try await entry.promise.futureResult.get()
        return entry
    }

    func cancel() {
        let entries = state.withLockedValue { state in
            state.isCancelled = true
            return Array(state.entries.values)
        }
        for entry in entries {
            entry.promise.fail(GRPCStatus.taskCancelled)
            entry.channel.close(promise: nil)
        }
    }
}
