import GatewayCore
import IdentityCore
import Logging
import PeeringCore
import ReplicationService
import StateCore

/// Tells an acceptor that was not there at the deletion that its peering is deleted: dials until it has heard it.
struct FarewellLoop: Sendable {
    let id: PeeringID
    let environment: ReplicationEnvironment
    let registry: StreamRegistry
    let dialer: PeerDialer

    /// Who has not been reached for so long will not be.
    private static let maxAge = Duration.seconds(7 * 24 * 3600)

    /// Short waits: until the acceptor has heard it, it shows services that are gone.
    private static var limits: DialBackoff.Limits {
        var limits = DialBackoff.Limits()
        limits.cap = .seconds(5)
        return limits
    }

    /// Runs until it is heard, or the task is cancelled.
    func run() async {
        var ring = AddressRing([])
        var backoff = DialBackoff(limits: Self.limits)
        var attempt = StreamAttempt(environment: environment, registry: registry, dialer: dialer)
        attempt.connectTimeout = .seconds(5)
        while !Task.isCancelled, let farewell = environment.store.state.farewells[id] {
            let plan = DialPlan(for: farewell.peering.addressesToDial, in: environment.store.state)
            ring.replace(with: plan.ring)
            guard !isTooOld(farewell), let (text, address) = ring.next() else { break }
            let (end, _) = await attempt.run(
                address, farewell.peering, farewell.streamSecret, path: plan.path(to: text))
            environment.board.forget(id)
            if Task.isCancelled { return }
            let verdict = DialVerdict(end)
            if end.isHeard || verdict.isCounterpartGone { break }
            ring.attemptFailed(at: text, leaderHost: verdict.leaderHost)
            let wait = backoff.attemptFailed(verdict.failure, chance: Double.random(in: 0..<1))
            environment.logger.info(
                "a peer has not heard yet that it is deleted: \(verdict.reason); trying again in \(wait.rounded)",
                metadata: ["peer": "\(farewell.peering.name)", "address": "\(text)"])
            try? await Task.sleep(for: wait)
        }
        if !Task.isCancelled { await forget() }
    }

    private func isTooOld(_ farewell: Farewell) -> Bool {
        guard let deletedAt = farewell.peering.deletedAt else { return true }
        return environment.now().nanoseconds - deletedAt.nanoseconds > Self.maxAge.nanoseconds
    }

    private func forget() async {
        do throws(Refusal) {
            try await environment.store.apply(ForgetFarewell(id: id))
        } catch {
            environment.logger.error("the end of a deleted peering could not be stored: \(error.message)")
            // Not at once again, for whoever starts this anew.
            try? await Task.sleep(for: .seconds(5))
        }
    }
}

extension StreamEnd {
    /// Whether the other side knows now that the peering is deleted.
    fileprivate var isHeard: Bool {
        switch self {
        case .deletedLocally(let isHeard): isHeard
        case .terminatedByPeer: true
        case .endedByPeer, .failed, .lost, .replaced, .shutDown: false
        }
    }
}
