import GRPCWire
import IdentityCore
import Logging
import NIOConcurrencyHelpers
package import NIOCore
package import PeeringCore
import PeeringWire
package import ReplicationCore
import StateCore

/// One established stream, on either end: runs until it ends, and says how.
///
/// Tasks that never wait for each other: one reads and applies the stream's rules, one imports, one sends, one watches
/// the state for what to export, one writes to the replication log what the peer took, one keeps the time. Only a full
/// queue of the importer or of the log stops the reader, and through it, by flow control, the peer.
package final class PeerStreamSession: Sendable {
    /// Bytes of resources that wait to be imported.
    private static let importQueueBytes = 1024 * 1024
    /// How long a peer may take to hear our goodbye.
    private static let goodbyeTimeout = Duration.seconds(5)

    private let context: StreamContext
    private let role: PeerStreamMachine.Role
    private let receivedEarly: [ByteBuffer]
    private let remoteAddress: String?
    private let path: DialedPath?
    private let channel: any PeerChannel
    private let core: NIOLockedValueBox<StreamCore>
    private let changes: StateSubscription
    private let exports: ExportLog
    /// Something waits to be sent.
    private let outgoing = Pulse()
    /// The goodbye begins.
    private let closing = Pulse()
    private let start = ContinuousClock.now
    private let ending = NIOLockedValueBox<StreamEnd?>(nil)
    private let endAsked = Pulse()
    private let life = NIOLockedValueBox(Life.opening)

    private enum Life {
        /// The peer has not accepted the stream yet.
        case opening
        case up
        /// It ended after the peer had accepted it.
        case over
    }

    /// - Parameters:
    ///   - channel: a stream whose opening has been sent, or checked.
    ///   - received: messages that came together with the opening.
    ///   - remoteAddress: for people.
    ///   - path: which way it was dialed.
    package init(
        _ environment: ReplicationEnvironment, peering: Peering, role: PeerStreamMachine.Role,
        channel: any PeerChannel, received: [ByteBuffer] = [], remoteAddress: String?, path: DialedPath? = nil
    ) {
        self.context = StreamContext(environment, peering: peering)
        self.role = role
        self.channel = channel
        self.receivedEarly = received
        self.remoteAddress = remoteAddress
        self.path = path
        self.changes = environment.store.subscribe(to: [
            .identity, .peerings, .configEntries, .localCatalog,
        ])
        self.exports = ExportLog(context: context)
        let exporter = Exporter(
            peerName: peering.name, offersServerAddresses: role == .acceptor, state: environment.store.state)
        let machine = PeerStreamMachine(role: role, timing: environment.timing, now: .zero)
        self.core = NIOLockedValueBox(StreamCore(machine: machine, exporter: exporter))
    }

    /// Whether the peer has accepted the stream, and it has not ended.
    package var isConnected: Bool { life.withLockedValue { $0 == .up } }

    /// Whether the peer has accepted the stream at any time.
    package var hasBeenUp: Bool { life.withLockedValue { $0 != .opening } }

    /// Ends the stream from outside: a newer one takes over, or the daemon stops.
    package func end(_ end: StreamEnd) {
        ending.withLockedValue { $0 = $0 ?? end }
        endAsked.signal()
    }

    /// Runs the stream. Call it once.
    package func run() async -> StreamEnd {
        if let end = ending.withLockedValue({ $0 }) { return end }
        // A dialer knows that it was let in when the acceptor says something.
        if role == .acceptor { connected() }
        // The peering may have been deleted while the stream was being opened, or is: then all there is to say is that.
        if isDeleted(in: context.store.state) { sayGoodbye() }
        let end = await runTasks()
        ended(end)
        return end
    }

    private func connected() {
        let wasConnected = life.withLockedValue { life in
            defer { life = .up }
            return life == .up
        }
        if wasConnected { return }
        context.logger.info("the stream is up", metadata: remoteAddress.map { ["address": "\($0)"] })
        if path?.bypassesGateways == true {
            context.logger.warning(
                "the stream goes past this cluster's mesh gateways: none is registered, or none let it through")
        }
        let now = context.now()
        context.board.change(context.peering) { status in
            status.isConnected = true
            status.lastError = nil
            status.isCounterpartGone = false
            status.changedAt = now
            status.remoteAddress = remoteAddress
            status.path = path
            status.received = 0
            status.sentCount = 0
            status.refusals = [:]
            status.takenBundle = nil
            status.nextAttemptAt = nil
            status.failedAttempts = 0
        }
    }

    private func ended(_ end: StreamEnd) {
        life.withLockedValue { $0 = $0 == .up ? .over : $0 }
        let now = context.now()
        context.board.change(context.peering) { status in
            if status.isConnected { status.changedAt = now }
            status.isConnected = false
            status.lastError = end.reason
            if case .terminatedByPeer = end {
                status.importedServices = nil
                status.exportedServices = nil
            }
            if end.reason != nil { status.lastErrorAt = now }
        }
    }

    private func runTasks() async -> StreamEnd {
        let imports = BoundedQueue<[StreamCore.ReceivedResponse]>(capacity: Self.importQueueBytes)
        return await withTaskGroup(of: StreamEnd?.self) { group in
            group.addTask { await self.read(into: imports) }
            group.addTask {
                await StreamImporter(context: self.context, core: self.core, pulse: self.outgoing).run(imports)
                return nil
            }
            group.addTask {
                await self.exports.run()
                return nil
            }
            group.addTask { await self.send() }
            group.addTask { await self.watch() }
            group.addTask { await self.keepTime() }
            group.addTask { await self.sayGoodbyeInTime() }
            group.addTask { await self.waitForEnd() }
            var end: StreamEnd?
            while end == nil, let next = await group.next() { end = next }
            group.cancelAll()
            return end ?? .shutDown
        }
    }

    private func waitForEnd() async -> StreamEnd? {
        await endAsked.wait()
        return ending.withLockedValue { $0 }
    }

    private var elapsed: Duration { ContinuousClock.now - start }

    // MARK: Sending

    private func send() async -> StreamEnd? {
        let sender = StreamSender(context: context, core: core, channel: channel, pulse: outgoing)
        do {
            try await sender.run()
            return nil
        } catch {
            // Of a stream that is ending the reader knows more.
            return core.withLockedValue { $0.closing } == nil ? .lost(error) : nil
        }
    }

    // MARK: Reading

    private func read(into imports: BoundedQueue<[StreamCore.ReceivedResponse]>) async -> StreamEnd? {
        do {
            var next: [ByteBuffer]? = receivedEarly
            while let buffers = next {
                let messages = try buffers.map { try PeerMessage($0) }
                let intake = core.withLockedValue { $0.received(messages, now: elapsed) }
                if let end = await handle(intake, imports) { return end }
                next = try await channel.receive()
                if next != nil { connected() }
            }
            return core.withLockedValue { $0.closing }?.heard ?? .endedByPeer
        } catch let malformed as MalformedMessage {
            return .failed(StreamFailure(.internal, malformed.description))
        } catch {
            guard let closing = core.withLockedValue({ $0.closing }) else { return .lost(error) }
            return error.saysThatThereIsNoPeering ? closing.heard : closing
        }
    }

    private func handle(
        _ intake: StreamCore.Intake, _ imports: BoundedQueue<[StreamCore.ReceivedResponse]>
    ) async -> StreamEnd? {
        note(intake)
        await exports.push(intake.confirmed)
        if let failure = intake.failure { return .failed(failure) }
        if intake.isTerminated { return await terminate() }
        outgoing.signal()
        guard !intake.resources.isEmpty else { return nil }
        let weight = intake.resources.reduce(0) { $0 + ($1.response.resource?.bytes.count ?? 0) + 128 }
        await imports.push(intake.resources, weight: weight)
        return nil
    }

    private func note(_ intake: StreamCore.Intake) {
        let now = context.now()
        context.board.note(context.peering) { status in
            if intake.heartbeats > 0 {
                status.lastHeartbeat = now
                status.lastReceive = now
            }
            if intake.acknowledged > 0 { status.lastAck = now }
            status.received += UInt64(intake.responses)
            if let bundle = intake.takenBundle { status.takenBundle = bundle }
        }
        guard !intake.refused.isEmpty || !intake.taken.isEmpty else { return }
        for refused in intake.refused {
            context.logger.warning(
                "the peer refused \(refused.key?.wireID ?? "a resource"): \(refused.error.message)")
        }
        for key in intake.taken {
            context.logger.info("the peer has taken \(key.wireID) now")
        }
        context.board.change(context.peering) { status in
            for key in intake.taken { status.refusals[key.wireID] = nil }
            for refused in intake.refused {
                status.refuse(refused.key?.wireID ?? "unknown", refused.error.message)
            }
        }
    }

    private func terminate() async -> StreamEnd {
        do throws(Refusal) {
            try await context.store.apply(TerminatePeering(id: context.peering, now: context.now()))
        } catch {
            context.logger.error("the end of the peering could not be stored: \(error.message)")
            return .failed(StreamFailure(.unavailable, "the end of the peering could not be stored"))
        }
        channel.endSending()
        return .terminatedByPeer
    }

    // MARK: Watching the state

    private func watch() async -> StreamEnd? {
        outgoing.signal()
        while true {
            let changes = await changes.next()
            if Task.isCancelled { return nil }
            let state = context.store.state
            if isDeleted(in: state) {
                sayGoodbye()
            } else {
                core.withLockedValue { $0.stateChanged(changes, state: state) }
                outgoing.signal()
            }
        }
    }

    private func isDeleted(in state: State) -> Bool {
        guard let peering = state.peerings[context.peering] else { return true }
        return peering.state == .deleting
    }

    private func sayGoodbye() {
        core.withLockedValue { $0.sayGoodbye() }
        closing.signal()
        outgoing.signal()
    }

    /// Once the goodbye is on its way the peer has some time to end the stream.
    private func sayGoodbyeInTime() async -> StreamEnd? {
        await closing.wait()
        if Task.isCancelled { return nil }
        try? await Task.sleep(for: Self.goodbyeTimeout)
        return .deletedLocally(isHeard: false)
    }

    // MARK: Keeping time

    private func keepTime() async -> StreamEnd? {
        while true {
            let next = core.withLockedValue { $0.nextTick }
            try? await Task.sleep(until: start + next, clock: .continuous)
            if Task.isCancelled { return nil }
            let now = elapsed
            switch core.withLockedValue({ $0.ticked(now: now) }) {
            case .nothing: continue
            case .sendHeartbeat: outgoing.signal()
            case .fail(let failure): return .failed(failure)
            }
        }
    }
}

extension StreamEnd {
    /// The same end, once the peer has answered to it.
    fileprivate var heard: StreamEnd {
        if case .deletedLocally = self { return .deletedLocally(isHeard: true) }
        return self
    }
}

extension Error {
    /// The other side has deleted the peering too, or does not know it (protocol section 4.1).
    fileprivate var saysThatThereIsNoPeering: Bool {
        guard let code = (self as? GRPCStatus)?.code else { return false }
        return [.aborted, .invalidArgument, .permissionDenied].contains(code)
    }
}
