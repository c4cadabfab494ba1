import GatewayCore
import IdentityCore
import Logging
import PeeringCore
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

    /// Runs until the peering is not to be dialed any more, or the task is cancelled.
    func run() async {
        var ring = AddressRing([])
        var backoff = DialBackoff(limits: settings.backoff)
        while !Task.isCancelled, let (peering, secret) = dialable() {
            let plan = DialPlan(for: peering.addressesToDial, in: environment.store.state)
            ring.replace(with: plan.ring)
            guard let (text, address) = ring.next() else {
                // Only a token with other addresses helps, which changes the row.
                noteNothingToDial(peering)
                await changed.wait()
                changed.reset()
                continue
            }
            let start = ContinuousClock.now
            let (end, wasUp) = await attempt.run(address, peering, secret, path: plan.path(to: text))
            if Task.isCancelled { return }
            if wasUp, !plan.gateways.isEmpty { ring.restart() }
            backoff.streamEnded(after: .now - start)
            switch end {
            case .terminatedByPeer, .shutDown: return
            case .deletedLocally(let isHeard):
                if isHeard { await forgetFarewell() }
                return
            // Somebody redeemed a new token: what it says is dialed at once.
            case .replaced: continue
            case .endedByPeer, .failed, .lost: break
            }
            let verdict = DialVerdict(end)
            ring.attemptFailed(at: text, leaderHost: verdict.leaderHost)
            let wait = backoff.attemptFailed(verdict.failure, chance: Double.random(in: 0..<1))
            note(verdict, peering, address: text, wait: wait, failures: backoff.failureCount)
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

    private var attempt: StreamAttempt {
        StreamAttempt(environment: environment, registry: registry, dialer: dialer)
    }

    /// The acceptor has heard that the peering is deleted.
    private func forgetFarewell() async {
        do throws(Refusal) {
            try await environment.store.apply(ForgetFarewell(id: id))
        } catch {
            // It is said once more then, and answered once more.
            environment.logger.warning("\(error.message)")
        }
    }

    private func noteNothingToDial(_ peering: Peering) {
        let addresses = peering.addressesToDial.map { "\"\($0.prefix(64))\"" }.joined(separator: ", ")
        let reason =
            "none of the peer's addresses can be dialed (\(addresses)): generate a new token there and redeem it here"
        environment.logger.error("\(reason)", metadata: ["peer": "\(peering.name)"])
        environment.board.change(id) { status in
            status.lastError = reason
            status.lastErrorAt = environment.now()
            status.nextAttemptAt = nil
        }
    }

    private func note(
        _ verdict: DialVerdict, _ peering: Peering, address: String, wait: Duration, failures: Int
    ) {
        let now = environment.now()
        environment.logger.warning(
            "\(verdict.reason); trying again in \(wait.rounded)",
            metadata: ["peer": "\(peering.name)", "address": "\(address)", "attempts": "\(failures)"])
        environment.board.change(id) { status in
            status.lastError = verdict.reason
            status.isCounterpartGone = verdict.isCounterpartGone
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

extension Duration {
    var nanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }

    /// For people: `250 ms`, `3.2 s`.
    var rounded: String {
        let milliseconds = nanoseconds / 1_000_000
        return milliseconds < 1_000 ? "\(milliseconds) ms" : "\(milliseconds / 1_000).\(milliseconds % 1_000 / 100) s"
    }
}
