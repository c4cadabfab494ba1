import PeeringWire
import ReplicationCore
import StateCore

/// What the tasks of one stream share: the rules of the stream, and what waits to be sent. A value behind a lock.
struct StreamCore: Sendable {
    /// Answers that wait because the peer does not read. A peer with this many open is not reading at all. Each is
    /// about 100 bytes, and some 2 KiB at the most.
    static let maxWaitingControls = 65_536
    /// Responses whose answers are awaited, to name what was refused. Beyond, refusals have no name.
    static let maxUnanswered = 65_536

    private var machine: PeerStreamMachine
    private var exporter: Exporter
    private var controls: [ControlMessage]
    private var nextNonce: UInt64 = 1
    private var unanswered: [UInt64: Sent] = [:]
    /// The trust bundle that was sent last.
    private var bundle: (nonce: UInt64, hash: Int)?
    /// Set when the stream is ending: only the goodbye may still go out.
    private(set) var closing: StreamEnd?

    init(machine: PeerStreamMachine, exporter: Exporter) {
        self.machine = machine
        self.exporter = exporter
        self.controls = machine.subscriptionsToSend
    }

    /// A response on its way.
    private struct Sent {
        var key: ResourceKey
        /// What the peer had before, and has once it took this.
        var oldCount: Int
        var newCount: Int

        /// That there are no proxies, where there were none on this stream, is said to be safe.
        var isNews: Bool {
            if case .proxies = key { return oldCount > 0 || newCount > 0 }
            return true
        }
    }

    // MARK: What comes in

    /// What the reader has to do after a batch of messages.
    struct Intake: Sendable {
        /// Resources to import, in order.
        var resources: [ReceivedResponse] = []
        var responses = 0
        var heartbeats = 0
        var acknowledged = 0
        /// What the peer has taken, for the replication log.
        var confirmed: [Confirmed] = []
        /// What the peer has taken after it had not.
        var taken: [ResourceKey] = []
        /// The trust bundle that the peer has taken, as `EncodedContent.hash`.
        var takenBundle: Int?
        var refused: [Refused] = []
        var isTerminated = false
        var failure: StreamFailure?
    }

    struct Confirmed: Sendable {
        var key: ResourceKey
        var oldCount: Int
        var newCount: Int
    }

    struct ReceivedResponse: Sendable {
        var kind: ResourceKind
        var response: ResourceResponse
    }

    struct Refused: Sendable {
        /// `nil` when it is not known any more which resource it was.
        var key: ResourceKey?
        var error: WireError
    }

    /// Applies the stream's rules. Once the stream is closing, what still comes is dropped.
    mutating func received(_ messages: [PeerMessage], now: Duration) -> Intake {
        var intake = Intake()
        guard closing == nil else { return intake }
        for message in messages {
            if case .heartbeat = message { intake.heartbeats += 1 }
            if case .response = message { intake.responses += 1 }
            switch machine.received(InboundMessage(message), now: now) {
            case .nothing:
                continue
            case .subscribed(let kind):
                exporter.subscribed(to: kind)
            case .acknowledged(let nonce):
                intake.acknowledged += 1
                acknowledged(nonce, &intake)
            case .refused(let nonce, let error):
                let key = answered(nonce)?.key
                if let key { exporter.failed(key) }
                intake.refused.append(Refused(key: key, error: error))
            case .import(let kind):
                guard case .response(let response) = message else { continue }
                intake.resources.append(ReceivedResponse(kind: kind, response: response))
            case .answer(let answer):
                controls.append(answer)
            case .terminated:
                intake.isTerminated = true
                closing = .terminatedByPeer
            case .fail(let failure):
                intake.failure = failure
                return intake
            }
        }
        intake.failure = overflow
        return intake
    }

    private var overflow: StreamFailure? {
        guard controls.count > Self.maxWaitingControls else { return nil }
        return StreamFailure(.resourceExhausted, "the peer sends but does not read: too many answers wait for it")
    }

    private mutating func acknowledged(_ nonce: String, _ intake: inout Intake) {
        guard let sent = answered(nonce) else { return }
        let key = sent.key
        if sent.isNews {
            intake.confirmed.append(Confirmed(key: key, oldCount: sent.oldCount, newCount: sent.newCount))
        }
        if exporter.acknowledged(key) { intake.taken.append(key) }
        // An older one may be acknowledged while a newer one is on its way.
        if key == .trustBundle, let bundle, UInt64(nonce, radix: 16) == bundle.nonce {
            intake.takenBundle = bundle.hash
        }
    }

    private mutating func answered(_ nonce: String) -> Sent? {
        guard let number = UInt64(nonce, radix: 16) else { return nil }
        return unanswered.removeValue(forKey: number)
    }

    mutating func imported(_ answers: [ControlMessage]) {
        // Nothing comes after the goodbye.
        if closing == nil { controls += answers }
    }

    mutating func ticked(now: Duration) -> PeerStreamMachine.OnTick {
        let action = machine.ticked(now: now)
        if action == .sendHeartbeat, closing == nil {
            controls.append(.heartbeat)
            exporter.heartbeatSent()
        }
        return action
    }

    var nextTick: Duration { machine.nextTick }

    mutating func stateChanged(_ changes: StateChanges, state: State) {
        _ = exporter.stateChanged(changes, state: state)
    }

    /// The peering was deleted here: the goodbye is the last thing to be sent.
    mutating func sayGoodbye() {
        guard closing == nil else { return }
        closing = .deletedLocally(isHeard: false)
        controls = [.terminated]
    }

    // MARK: What goes out

    mutating func takeControls() -> [ControlMessage] {
        defer { controls = [] }
        return controls
    }

    /// Resources to look up and encode next.
    struct Due: Sendable {
        var key: ResourceKey
        var isMesh: Bool
    }

    mutating func takeDue(limit: Int) -> [Due] {
        guard closing == nil else { return [] }
        var due: [Due] = []
        while due.count < limit, let key = exporter.next() {
            var isMesh = false
            if case .proxies(let name) = key { isMesh = exporter.isMesh(name) }
            due.append(Due(key: key, isMesh: isMesh))
        }
        return due
    }

    /// The resource cannot be sent as it is.
    mutating func notSent(_ key: ResourceKey) { exporter.failed(key) }

    var listedNames: [String] { exporter.listedNames }

    /// Numbers a resource that goes out now.
    ///
    /// - Returns: its nonce, or `nil` if it need not go out.
    mutating func willSend(_ key: ResourceKey, _ content: EncodedContent) -> UInt64? {
        guard closing == nil,
            let oldCount = exporter.willSend(key, hash: content.hash, count: content.count)
        else { return nil }
        defer { nextNonce += 1 }
        if unanswered.count < Self.maxUnanswered {
            unanswered[nextNonce] = Sent(key: key, oldCount: oldCount, newCount: content.count)
        }
        if key == .trustBundle { bundle = (nextNonce, content.hash) }
        return nextNonce
    }
}
