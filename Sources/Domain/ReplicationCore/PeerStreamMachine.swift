/// The rules of one established stream (protocol sections 4.2 to 4.5), the same on both ends but for the role.
///
/// Events come in as calls with the time of a monotonic clock; what must be done comes back as values. It does no
/// I/O and holds no resources: what is exported and imported is the business of `Exporter` and of the importer.
/// Owned by one task or guarded by one lock.
package struct PeerStreamMachine: Sendable {
    package enum Role: Hashable, Sendable {
        /// We are dialed, and never ask for server addresses.
        case acceptor
        /// We dialed the peering that the acceptor knows under this ID.
        case dialer(acceptorID: String)
    }

    package struct Timing: Hashable, Sendable {
        /// How often we say that we live.
        package var heartbeatInterval: Duration
        /// How long a peer may be silent. Only its heartbeats count.
        package var heartbeatTimeout: Duration

        package init(heartbeatInterval: Duration = .seconds(15), heartbeatTimeout: Duration = .seconds(120)) {
            self.heartbeatInterval = heartbeatInterval
            self.heartbeatTimeout = heartbeatTimeout
        }
    }

    /// What a received message asks for.
    package enum OnReceived: Hashable, Sendable {
        case nothing
        /// The peer wants resources of this kind from now on.
        case subscribed(ResourceKind)
        /// The peer took what the nonce names.
        case acknowledged(nonce: String)
        /// The peer did not take it.
        case refused(nonce: String, WireError)
        /// Import the resource, then acknowledge or refuse it.
        case `import`(ResourceKind)
        /// Answer with this refusal; the stream goes on.
        case answer(ControlMessage)
        /// The peer deleted its side: import nothing more, and let the stream end.
        case terminated
        /// The peer broke the rules: end the stream with this status.
        case fail(StreamFailure)
    }

    /// What the clock asks for.
    package enum OnTick: Hashable, Sendable {
        case nothing
        case sendHeartbeat
        case fail(StreamFailure)
    }

    private let role: Role
    private let timing: Timing
    private var subscriptions: Set<ResourceKind> = []
    private var isTerminated = false
    private var heartbeatDue: Duration
    private var silentSince: Duration

    /// - Parameter now: the time since a fixed moment.
    package init(role: Role, timing: Timing = Timing(), now: Duration) {
        self.role = role
        self.timing = timing
        self.heartbeatDue = now + timing.heartbeatInterval
        self.silentSince = now
    }

    /// The subscriptions to send first, in the order in which the field sends them.
    package var subscriptionsToSend: [ControlMessage] {
        let kinds: [ResourceKind] = [.exportedService, .exportedServiceList, .trustBundle]
        switch role {
        case .acceptor:
            return kinds.map { .subscribe($0, peerID: "") }
        case .dialer(let acceptorID):
            return (kinds + [.serverAddresses]).map { .subscribe($0, peerID: acceptorID) }
        }
    }

    /// Whether the peer asked for resources of this kind. The list comes with the services (observed: it is not
    /// gated by its own URL).
    package func isSubscribed(to kind: ResourceKind) -> Bool {
        switch kind {
        case .exportedService, .exportedServiceList: subscriptions.contains(.exportedService)
        case .trustBundle, .serverAddresses: subscriptions.contains(kind)
        }
    }

    /// When `ticked` wants to be called next.
    package var nextTick: Duration { min(heartbeatDue, silentSince + timing.heartbeatTimeout) }

    package mutating func ticked(now: Duration) -> OnTick {
        if now >= silentSince + timing.heartbeatTimeout {
            return .fail(StreamFailure(.unknown, "heartbeat timeout"))
        }
        guard now >= heartbeatDue else { return .nothing }
        heartbeatDue = now + timing.heartbeatInterval
        return .sendHeartbeat
    }

    package mutating func received(_ message: InboundMessage, now: Duration) -> OnReceived {
        // A peer that said goodbye may still have had messages on the way: they are read and dropped.
        if isTerminated { return .nothing }
        switch message {
        case .open, .empty:
            return .nothing
        case .heartbeat:
            silentSince = now
            return .nothing
        case .terminated:
            isTerminated = true
            return .terminated
        case .request(let request):
            return received(request)
        case .response(let response):
            return received(response)
        }
    }

    /// Bytes of a nonce, a type or an ID. What is longer would be kept and sent back as it came.
    package static let maxTextBytes = 1_024

    private static func isTooLong(_ texts: String...) -> Bool {
        texts.contains { $0.utf8.count > maxTextBytes }
    }

    private static let tooLong = StreamFailure(
        .invalidArgument, "a nonce, resource URL, resource ID or peer ID is longer than \(maxTextBytes) bytes")

    private mutating func received(_ request: InboundRequest) -> OnReceived {
        if Self.isTooLong(request.url, request.nonce, request.peerID) { return .fail(Self.tooLong) }
        guard let kind = request.kind else {
            return .fail(
                StreamFailure(.invalidArgument, "subscription request to unknown resource URL: \(request.url)"))
        }
        if subscriptions.contains(kind) {
            if let error = request.error { return .refused(nonce: request.nonce, error) }
            return .acknowledged(nonce: request.nonce)
        }
        if let failure = problem(ofFirst: request) { return .fail(failure) }
        subscriptions.insert(kind)
        return .subscribed(kind)
    }

    private func problem(ofFirst request: InboundRequest) -> StreamFailure? {
        if case .dialer(let expected) = role, !request.peerID.isEmpty, request.peerID != expected {
            return StreamFailure(
                .invalidArgument,
                "initial subscription requests for a resource type must have consistent PeerID values: "
                    + "got=\"\(request.peerID)\" expected=\"\(expected)\"")
        }
        if !request.nonce.isEmpty {
            return StreamFailure(
                .invalidArgument, "initial subscription requests for a resource type must not contain a nonce")
        }
        if request.error != nil {
            return StreamFailure(
                .invalidArgument, "initial subscription request for a resource type must not contain an error")
        }
        return nil
    }

    private func received(_ response: InboundResponse) -> OnReceived {
        if Self.isTooLong(response.url, response.nonce, response.resourceID) { return .fail(Self.tooLong) }
        func refuse(_ message: String) -> OnReceived {
            .answer(
                .refuse(
                    nonce: response.nonce, url: response.url,
                    WireError(code: StreamCode.invalidArgument.rawValue, message: message)))
        }
        guard let kind = response.kind else {
            return refuse("received response for unknown resource type \"\(response.url)\"")
        }
        if response.nonce.isEmpty {
            return refuse("received response without a nonce for: \(response.url):\(response.resourceID)")
        }
        switch response.operation {
        case .upsert where !response.hasResource:
            return refuse("received upsert response with no content")
        case .upsert:
            return .import(kind)
        case .other(0):
            return refuse("unsupported operation: \"OPERATION_UNSPECIFIED\"")
        case .other(let number):
            return refuse("unsupported operation: \(number)")
        }
    }
}
