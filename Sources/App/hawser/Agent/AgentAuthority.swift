import HTTPService
import IdentityCore
import IdentityService
import Logging
import PeeringService
import StateCore

/// The CA as operators handle it: makes roots, and retires them when the peers are ready for it.
struct AgentAuthority: CAOperations {
    let store: StateStore
    let peerings: PeeringService
    let certificate: ServerCertificate
    let logger: Logger

    func rotate() async throws(Refusal) {
        let identity = try await IdentityMaker.rotate(in: store, now: WallClock.seconds())
        try present(identity)
        logger.info(
            "the CA has a new root, and peers are told", metadata: ["root": "\(identity.activeRootID)"])
    }

    func retire(_ id: String?, isForced: Bool) async throws(Refusal) -> Int {
        let late = peerings.peersWithoutPresentRoots()
        guard isForced || late.isEmpty else {
            throw Refusal(
                .conflict,
                "these peers have not confirmed the present roots on a stream that stands: "
                    + "\(late.joined(separator: ", ")). Wait for them, or force it: who dials this cluster and missed "
                    + "the new root needs a new token then")
        }
        let (identity, count) = try await store.apply(RetireRoots(id: id))
        try present(identity)
        if count > 0 { logger.info("\(count) roots of the CA were retired, and peers are told") }
        return count
    }

    /// Whoever connects after the command has returned meets what it did; the identity service would follow a moment
    /// later.
    private func present(_ identity: ClusterIdentity) throws(Refusal) {
        try certificate.renew(for: identity, now: WallClock.seconds())
    }
}
