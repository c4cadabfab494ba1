import IdentityCore
import PeeringCore
import StateCore

/// Peering tokens as dialers show them and operators take them back. What is seen to be over here is over for good, also
/// when the command that finds it out refuses, and when the disk does.
struct TokenDesk: Sendable {
    let store: StateStore
    let expiries: SeenExpiries
    /// The wall clock.
    let now: @Sendable () -> Timestamp

    /// A dialer shows the secret of a token.
    ///
    /// - Parameter pendingStream: becomes the secret of its stream.
    /// - Throws: `denied` in Consul's words, with a `TokenRejection` as its reason; `failed` if it could not be stored.
    func redeem(
        _ presented: SecretDigest, of id: PeeringID, pendingStream: SecretDigest
    ) async throws(Refusal) {
        let token = store.state.secrets[id]?.tokens.open.flatMap { $0.digest == presented ? $0 : nil }
        let time = now()
        let isOver = token.map { expiries.isOver($0, at: time) } ?? false
        let command = ExchangeSecret(
            id: id, presented: presented, pendingStream: pendingStream,
            now: token.map { expiries.time(for: $0, at: time) } ?? time)
        let rejection: TokenRejection?
        do throws(Refusal) {
            rejection = try await store.apply(command)
        } catch {
            guard isOver else { throw error }
            rejection = .expired
        }
        guard let rejection else { return }
        throw Refusal(.denied, "invalid peering establishment secret", reason: rejection.rawValue)
    }

    /// An operator takes the token of a peering back.
    ///
    /// - Throws: `notFound` if there is none that could be redeemed.
    func revokeToken(of name: String) async throws(Refusal) {
        let id = store.state.peering(named: name)?.id
        let token = id.flatMap { store.state.secrets[$0]?.tokens.open }
        let time = now()
        let outcome = try await store.apply(
            RevokeToken(name: name, now: token.map { expiries.time(for: $0, at: time) } ?? time))
        guard case .nothingToRevoke(let end) = outcome else { return }
        throw Refusal(
            .notFound,
            "the peering \"\(name)\" has no token that could be redeemed" + (end.map { ": \($0.sentence)" } ?? ""),
            reason: end?.rawValue)
    }
}
