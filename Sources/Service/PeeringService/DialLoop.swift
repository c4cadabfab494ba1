import GRPCTransport
import GRPCWire
import IdentityCore
import Logging
import NIOCore
import PeeringCore
import PeeringWire
import ReplicationCore
import ReplicationService
import StateCore

/// Keeps one dialed peering connected: dials, runs the stream, waits, dials again (protocol section 5.5).
struct DialLoop: Sendable {
    let id: PeeringID
    let environment: ReplicationEnvironment
    let registry: StreamRegistry
    let settings: PeeringSettings
    let dialer: PeerDialer
    /// The peering's row has changed: what was refused before may work now.
    let changed: Wakeup

    /// Connections that do not come up in this time are given up.
    private static let connectTimeout = Duration.seconds(20)

    /// Runs until the peering is not to be dialed any more, or the task is cancelled.
    func run() async {
        var ring = AddressRing([])
        var backoff = DialBackoff(limits: settings.backoff)
        while !Task.isCancelled, let (peering, secret) = dialable() {
            ring.replace(with: peering.addressesToDial)
            guard let text = ring.next(), let address = HostPort(text) else { return }
            let start = ContinuousClock.now
            let end = await attempt(address, peering, secret)
            if Task.isCancelled { return }
            backoff.streamEnded(after: .now - start)
            switch end {
            case .terminatedByPeer, .deletedLocally, .shutDown: return
            // Somebody redeemed a new token: what it says is dialed at once.
            case .replaced: continue
            case .endedByPeer, .failed, .lost: break
            }
            let wait = backoff.attemptFailed(end.dialFailure, chance: Double.random(in: 0..<1))
            note(end, peering, address: text, wait: wait, failures: backoff.failureCount)
            changed.reset()
            if let (next, nextSecret) = dialable(), nextSecret == secret, next.dialsLike(peering) {
                await changed.wait(atMost: wait)
            }
        }
    }

    /// The peering as it stands now, if it may be dialed.
    private func dialable() -> (Peering, SecretText)? {
        let state = environment.store.state
        guard let peering = state.peerings[id], peering.isActive, peering.dials,
            let secret = state.secrets[id]?.ownStream
        else { return nil }
        return (peering, secret)
    }

    private func attempt(_ address: HostPort, _ peering: Peering, _ secret: SecretText) async -> StreamEnd {
        do {
            let connection = try await dialer.connect(
                to: address, roots: peering.peerCAPEMs, serverName: peering.peerServerName,
                timeout: Self.connectTimeout)
            let end = await stream(over: connection, peering, secret)
            // An orderly end leaves a last message on the way.
            await connection.close(grace: end.reason == nil ? .seconds(1) : .zero)
            return end
        } catch {
            return .lost(error)
        }
    }

    private func stream(over connection: GRPCConnection, _ peering: Peering, _ secret: SecretText) async -> StreamEnd {
        let open = StreamOpen(
            peerID: peering.peerID, streamSecretID: secret.reveal(),
            datacenter: environment.store.state.identity?.datacenter ?? "")
        let stream: GRPCClientStream
        do {
            stream = try connection.openStream(path: PeerStreamMethod.streamResources)
            try await stream.write([PeerMessage.open(open)].encoded(ByteBufferAllocator()))
        } catch {
            return .lost(error)
        }
        let session = PeerStreamSession(
            environment, peering: peering, role: .dialer(acceptorID: peering.peerID), channel: stream,
            remoteAddress: connection.info.remoteText)
        return await registry.run(session, of: id)
    }

    private func note(_ end: StreamEnd, _ peering: Peering, address: String, wait: Duration, failures: Int) {
        let reason = end.dialReason
        let now = environment.now()
        environment.logger.warning(
            "\(reason); trying again in \(wait.rounded)",
            metadata: ["peer": "\(peering.name)", "address": "\(address)", "attempts": "\(failures)"])
        environment.board.change(id) { status in
            status.lastError = reason
            status.lastErrorAt = now
            status.failedAttempts = failures
            status.nextAttemptAt = Timestamp(nanoseconds: now.nanoseconds + wait.nanoseconds)
        }
    }
}

extension Peering {
    /// Whether dialing either is the same attempt.
    fileprivate func dialsLike(_ other: Peering) -> Bool {
        peerID == other.peerID && addressesToDial == other.addressesToDial && peerCAPEMs == other.peerCAPEMs
            && peerServerName == other.peerServerName
    }
}

extension StreamEnd {
    var dialFailure: DialFailure {
        let code: GRPCCode? =
            switch self {
            case .failed(let failure): GRPCCode(rawValue: failure.code.rawValue)
            case .lost(let error): (error as? GRPCStatus)?.code
            case .terminatedByPeer, .deletedLocally, .endedByPeer, .replaced, .shutDown: nil
            }
        return switch code {
        case .failedPrecondition: .notLeader
        case .resourceExhausted: .overloaded
        case .permissionDenied, .invalidArgument, .aborted: .refused
        default: .other
        }
    }

    /// For the log and the peering's status.
    fileprivate var dialReason: String {
        if case .lost(let error) = self { return "\(error)" }
        return reason ?? "the stream ended"
    }
}

extension Duration {
    var nanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }

    /// For people: `250 ms`, `3.2 s`.
    fileprivate var rounded: String {
        let milliseconds = nanoseconds / 1_000_000
        return milliseconds < 1_000 ? "\(milliseconds) ms" : "\(milliseconds / 1_000).\(milliseconds % 1_000 / 100) s"
    }
}
