import DocumentCore
import GRPCTransport
import GRPCWire
import IdentityCore
import IdentityService
import Logging
import NIOCore
import PeeringCore
import PeeringWire
import ReplicationCore
import ReplicationService
import StateCore

/// What dialers call: the two methods of the peering port, with the checks and answers of protocol section 4.1.
struct PeerStreamEndpoint: Sendable {
    let environment: ReplicationEnvironment
    let desk: TokenDesk
    let registry: StreamRegistry
    let settings: PeeringSettings

    var router: GRPCRouter {
        var router = GRPCRouter()
        router.add(PeerStreamMethod.exchangeSecret, exchangeSecret)
        router.add(PeerStreamMethod.streamResources, streamResources)
        return router
    }

    /// Runs a call. Under the peering name nothing but peering may be called.
    func handle(_ call: GRPCServerCall, router: GRPCRouter) async throws {
        let isPeering =
            call.path == PeerStreamMethod.exchangeSecret || call.path == PeerStreamMethod.streamResources
        if isPeering { return try await router.handle(call) }
        try await noted("a call to the peering port was refused", call) {
            let name = environment.store.state.identity?.peeringServerName
            if let asked = call.connectionInfo.serverName, asked == name {
                throw GRPCStatus(.permissionDenied, "invalid permissions to the specified endpoint")
            }
            try await router.handle(call)
        }
    }

    /// A refused caller leaves one line, cut where its own words make it long.
    private func noted<Value>(
        _ what: String, _ call: GRPCServerCall, _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await body()
        } catch let status as GRPCStatus {
            environment.logger.warning(
                "\(what): \(status.message.prefix(200))", metadata: ["address": "\(call.connectionInfo.remoteText)"])
            throw status
        }
    }

    // MARK: ExchangeSecret

    private func exchangeSecret(_ call: GRPCServerCall) async throws {
        let secret = try await noted("a peering token was not redeemed", call) { try await redeem(call) }
        var response = WireExchangeSecretResponse()
        response.streamSecret = secret
        try await call.write([ByteBuffer(bytes: try response.deterministicBytes())])
    }

    /// - Returns: the new stream secret, which is pending from here on.
    private func redeem(_ call: GRPCServerCall) async throws -> String {
        let buffer = try await call.unaryRequest()
        let request: WireExchangeSecretRequest
        do {
            request = try WireExchangeSecretRequest(received: buffer)
        } catch {
            throw GRPCStatus(.internal, error.description)
        }
        guard RandomID.isPlausible(request.peerID) else {
            throw GRPCStatus(.internal, "failed to read peering secret: \(Self.shown(request.peerID)) is not an ID")
        }
        guard !request.establishmentSecret.isEmpty else {
            throw GRPCStatus(.permissionDenied, "invalid peering establishment secret")
        }
        let secret = try Self.status(of: .internal) { () throws(Refusal) in try Secrets.makeID() }
        do throws(Refusal) {
            try await desk.redeem(
                Secrets.digest(of: request.establishmentSecret), of: PeeringID(request.peerID),
                pendingStream: Secrets.digest(of: secret))
        } catch {
            if error.code == .denied { throw RejectionTrailer.status(of: error) }
            throw GRPCStatus(.internal, "failed to persist peering secret: \(error.message)")
        }
        return secret
    }

    private static func status<Value>(
        of code: GRPCCode, _ body: () throws(Refusal) -> Value
    ) throws(GRPCStatus) -> Value {
        do throws(Refusal) {
            return try body()
        } catch {
            throw GRPCStatus(code, error.message)
        }
    }

    // MARK: StreamResources

    private func streamResources(_ call: GRPCServerCall) async throws {
        let (peering, rest) = try await noted("a stream was refused", call) {
            let (open, rest) = try await opening(of: call)
            return (try await authorize(open, call), rest)
        }
        let session = PeerStreamSession(
            environment, peering: peering, role: .acceptor, channel: call, received: rest,
            remoteAddress: call.connectionInfo.remoteText)
        // Many may have been opened at once, and this one may be over: it must not take the place of one that lives.
        guard !call.isLost else { return }
        let end = await registry.run(session, of: peering.id, arrival: call.arrival)
        if let status = end.acceptorStatus {
            environment.logger.warning(
                "the stream ended: \(end.reason ?? status.description)", metadata: ["peer": "\(peering.name)"])
            throw status
        }
        environment.logger.info("the stream ended", metadata: ["peer": "\(peering.name)"])
    }

    /// The first message, and what came with it.
    private func opening(of call: GRPCServerCall) async throws -> (StreamOpen, [ByteBuffer]) {
        let notOpen = GRPCStatus(.invalidArgument, "first message when initiating a peering must be: Open")
        guard let messages = try await firstMessages(of: call), let first = messages.first else { throw notOpen }
        guard let message = try? PeerMessage(first), case .open(let open) = message else { throw notOpen }
        return (open, Array(messages.dropFirst()))
    }

    private func firstMessages(of call: GRPCServerCall) async throws -> [ByteBuffer]? {
        try await withThrowingTaskGroup(of: [ByteBuffer]?.self) { group in
            group.addTask { try await call.next() }
            group.addTask {
                try await Task.sleep(for: settings.openTimeout)
                throw GRPCStatus(.deadlineExceeded, "the stream was not opened in time")
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    private func authorize(_ open: StreamOpen, _ call: GRPCServerCall) async throws -> Peering {
        let id = open.peerID
        guard !id.isEmpty else {
            throw GRPCStatus(.invalidArgument, "initial subscription request must specify a PeerID")
        }
        guard RandomID.isPlausible(id) else {
            throw GRPCStatus(.internal, "failed to find PeerID: \(Self.shown(id))")
        }
        if let problem = NameRule.problem(of: open.datacenter) {
            throw GRPCStatus(.invalidArgument, "the datacenter in Open \(problem)")
        }
        let locality = open.locality
        let command = AuthorizeStream(
            id: PeeringID(id), presented: Secrets.digest(of: open.streamSecretID),
            presentedText: SecretText(open.streamSecretID),
            remote: RemoteInfo(
                partition: open.partition, datacenter: open.datacenter, region: locality?.region ?? "",
                zone: locality?.zone ?? ""))
        let outcome: AuthorizeStream.Outcome
        do throws(Refusal) {
            outcome = try await environment.store.apply(command)
        } catch {
            throw GRPCStatus(.internal, "failed to persist peering: \(error.message)")
        }
        if case .accepted(let peering) = outcome { return peering }
        if outcome == .deleted(sendTerminated: true) {
            try await call.write([PeerMessage.terminated].encoded(ByteBufferAllocator()))
        }
        throw Self.refusal(of: outcome, id)
    }

    private static func refusal(of outcome: AuthorizeStream.Outcome, _ id: String) -> GRPCStatus {
        switch outcome {
        case .unknown:
            GRPCStatus(.invalidArgument, "initial subscription for unknown PeerID: \(id)")
        case .deleted:
            GRPCStatus(.aborted, "peering is marked as deleted: \(id)")
        case .notEstablished:
            GRPCStatus(.internal, "unable to authorize connection, peering must be re-established")
        case .wrongSecret:
            GRPCStatus(.permissionDenied, "invalid peering stream secret")
        case .wrongEnd, .accepted:
            GRPCStatus(.invalidArgument, "expected PeerID to be empty; the wrong end of peering is being dialed")
        }
    }

    /// What a stranger sent goes into texts cut.
    private static func shown(_ text: String) -> String {
        text.utf8.count <= 64 ? text : "\(text.prefix(36))..."
    }
}

extension StreamEnd {
    /// What the dialer is told; `nil` for OK.
    var acceptorStatus: GRPCStatus? {
        switch self {
        case .terminatedByPeer, .deletedLocally: nil
        case .endedByPeer: GRPCStatus(.unknown, "stream ended unexpectedly")
        case .failed(let failure):
            GRPCStatus(GRPCCode(rawValue: failure.code.rawValue) ?? .unknown, failure.message)
        case .lost(let error): GRPCStatus(.unknown, "the stream broke", cause: error)
        case .replaced: GRPCStatus(.aborted, "a newer stream of this peering took over")
        case .shutDown: GRPCStatus(.unavailable, "the daemon is shutting down")
        }
    }
}
