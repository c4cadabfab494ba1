import HawserTestKit
import IdentityCore
import PeeringCore
import Testing

@testable import StateCore

/// The life of a secret, step by step (protocol sections 2.2 and 2.4).
@Suite struct SecretLifeTests {
    @Test func aTokenIsExchangedOnceAndItsSecretOpensStreams() async throws {
        let harness = try await Harness()
        try await harness.token()
        #expect(try await harness.open(9) == .wrongSecret)
        try await harness.apply(
            ExchangeSecret(
                id: harness.id, presented: harness.secret(1), pendingStream: harness.secret(2),
                now: Timestamp(seconds: 1)))
        let again = ExchangeSecret(
            id: harness.id, presented: harness.secret(1), pendingStream: harness.secret(3), now: Timestamp(seconds: 1))
        #expect(try await harness.apply(again) == .used)
        #expect(try await harness.open(3) == .wrongSecret)
        guard case .accepted(let peering) = try await harness.open(2) else { throw Refusal(.failed, "not accepted") }
        #expect(peering.remote.datacenter == "dc2")
        let secrets = harness.store.state.secrets[harness.id]
        #expect(secrets?.activeStream == harness.secret(2) && secrets?.pendingStream == nil)
        guard case .accepted = try await harness.open(2) else { throw Refusal(.failed, "not accepted again") }
    }

    @Test func aNewerTokenKillsTheOlderAndLeavesTheStreamSecret() async throws {
        let harness = try await Harness()
        try await harness.token(1)
        try await harness.apply(
            ExchangeSecret(
                id: harness.id, presented: harness.secret(1), pendingStream: harness.secret(2),
                now: Timestamp(seconds: 1)))
        _ = try await harness.open(2)
        try await harness.token(3)
        try await harness.token(4)
        let old = ExchangeSecret(
            id: harness.id, presented: harness.secret(3), pendingStream: harness.secret(5), now: Timestamp(seconds: 1))
        #expect(try await harness.apply(old) == .replaced)
        try await harness.apply(
            ExchangeSecret(
                id: harness.id, presented: harness.secret(4), pendingStream: harness.secret(5),
                now: Timestamp(seconds: 1)))
        // The old secret is valid until the new one is first used.
        guard case .accepted = try await harness.open(2) else { throw Refusal(.failed, "the old one is dead early") }
        guard case .accepted = try await harness.open(5) else { throw Refusal(.failed, "the new one is dead") }
        #expect(try await harness.open(2) == .wrongSecret)
    }

    @Test func aRevokedTokenTakesItsUnopenedSecretWithIt() async throws {
        let harness = try await Harness()
        try await harness.apply(
            GenerateToken(
                name: "island", meta: [:], newID: harness.id, establishment: harness.secret(1),
                terms: TokenTerms(note: "n", uses: 2, createdAt: Timestamp(seconds: 1))))
        let exchange = ExchangeSecret(
            id: harness.id, presented: harness.secret(1), pendingStream: harness.secret(2), now: Timestamp(seconds: 2))
        try await harness.apply(exchange)
        try await harness.apply(RevokeToken(name: "island", now: Timestamp(seconds: 3)))
        #expect(try await harness.open(2) == .wrongSecret)
        #expect(try await harness.apply(exchange) == .revoked)
        let again = RevokeToken(name: "island", now: Timestamp(seconds: 4))
        #expect(try await harness.apply(again) == .nothingToRevoke(.revoked))
        #expect(await harness.refusal(of: RevokeToken(name: "x", now: Timestamp(seconds: 4)))?.code == .notFound)
        // What was before is remembered beyond the next token.
        try await harness.token(3)
        #expect(try await harness.apply(exchange) == .revoked)
    }

    @Test func theTokenOfAnOlderVersionIsTaken() async throws {
        let harness = try await Harness()
        try await harness.token(1)
        let key = "secrets/\(harness.id)"
        let text = #"{"EstablishmentDigest":"\#(harness.secret(1).hex)"}"#
        try await harness.storage.write(key, text, version: 1)
        let store = try await StateStore(testing: harness.storage)
        #expect(store.state.secrets[harness.id]?.tokens.tokens == [IssuedToken(digest: harness.secret(1))])
        _ = try await store.apply(
            ExchangeSecret(
                id: harness.id, presented: harness.secret(1), pendingStream: harness.secret(2),
                now: Timestamp(seconds: 1)))
    }

    @Test func metaOfALaterTokenIsIgnored() async throws {
        let harness = try await Harness()
        try await harness.token()
        try await harness.apply(
            GenerateToken(
                name: "island", meta: ["x": "y"], newID: PeeringID("other"), establishment: harness.secret(2)))
        #expect(harness.store.state.peering(named: "island")?.meta == ["a": "b"])
        #expect(harness.store.state.peering(named: "island")?.id == harness.id)
    }

    @Test func exchangesNeedAPeeringThatIsAlive() async throws {
        let harness = try await Harness()
        let exchange = ExchangeSecret(
            id: harness.id, presented: harness.secret(1), pendingStream: harness.secret(2), now: Timestamp(seconds: 1))
        #expect(try await harness.apply(exchange) == .unknown)
        #expect(try await harness.open(1) == .unknown)
        try await harness.token()
        _ = try await harness.apply(MarkForDeletion(name: "island", now: Timestamp(seconds: 1)))
        #expect(try await harness.apply(exchange) == .unknown)
        #expect(try await harness.open(1) == .deleted(sendTerminated: true))
    }

    @Test func theWrongEndIsNotDialed() async throws {
        let harness = try await Harness()
        try await harness.establish()
        // Only who knows the secret is told so.
        #expect(try await harness.open(1) == .wrongSecret)
        let known = AuthorizeStream(
            id: harness.id, presented: harness.secret(1), presentedText: SecretText("s"), remote: RemoteInfo())
        #expect(try await harness.apply(known) == .wrongEnd)
        let token = GenerateToken(name: "harbor", meta: [:], newID: PeeringID("n"), establishment: harness.secret(1))
        #expect(await harness.refusal(of: token)?.message.contains("there is already an established peering") == true)
    }

    @Test func aPeeringThatIsAcceptedIsNotEstablished() async throws {
        let harness = try await Harness()
        try await harness.token()
        let check = CheckEstablish(name: "island", serverName: "server")
        #expect(await harness.refusal(of: check)?.message.contains("expecting to be dialed") == true)
    }

    @Test func establishingAgainKeepsTheIDAndFresherAddresses() async throws {
        let harness = try await Harness()
        try await harness.establish()
        try await harness.apply(
            ImportBatch(id: harness.id, changes: [.serverAddresses(["10.0.0.9:8503"])]))
        try await harness.establish(keeps: true)
        let peering = harness.store.state.peering(named: "harbor")
        #expect(peering?.id == harness.id && peering?.peerServerAddresses == ["10.0.0.9:8503"])
        try await harness.establish()
        #expect(harness.store.state.peering(named: "harbor")?.peerServerAddresses == ["10.0.0.1:8503"])
    }
}
