import HawserTestKit
import IdentityCore
import PeeringCore
import StateCore
import Testing

@testable import PeeringService

/// Peering tokens that are shown too late, while the clock goes back and the disk refuses.
@Suite("Peering tokens that have expired")
struct TokenDeskTests {
    private struct Parts {
        let storage = MemoryStorage()
        let clock = ManualClock()
        let store: StateStore
        let desk: TokenDesk
        let id = PeeringID("0fc3a15c-1d0c-4a8e-9c55-8f2e0a1b2c3d")

        /// A peering with a token that lives for a minute.
        init() async throws {
            store = try await StateStore(testing: storage)
            desk = TokenDesk(store: store, expiries: SeenExpiries(), now: clock.now)
            let terms = TokenWish(lifetime: .seconds(60), uses: 2).terms(at: clock.now())
            _ = try await store.apply(
                GenerateToken(name: "island", meta: [:], newID: id, establishment: Self.secret(1), terms: terms))
        }

        static func secret(_ byte: UInt8) -> SecretDigest { SecretDigest(bytes: Array(repeating: byte, count: 32)) }

        /// Why the token is not taken, `taken` if it is.
        func redeem(_ byte: UInt8 = 1) async -> String? {
            do {
                try await desk.redeem(Self.secret(byte), of: id, pendingStream: Self.secret(2))
                return "taken"
            } catch {
                return error.code == .denied ? error.reason : error.code.rawValue
            }
        }

        func refuseToStore(_ refuses: Bool) {
            storage.usually(refuses ? .refuse(.full) : .done)
        }

        func storedEnd() async throws -> TokenRejection? {
            try await StateStore(testing: storage).state.secrets[id]?.tokens.tokens.last?.end
        }
    }

    @Test func oneThatWasShownTooLateIsOverForGood() async throws {
        let parts = try await Parts()
        #expect(await parts.redeem() == "taken")
        parts.clock.move(seconds: 60)
        #expect(await parts.redeem() == "expired")
        parts.clock.move(seconds: -60)
        #expect(await parts.redeem() == "expired")
        #expect(try await parts.storedEnd() == .expired)
    }

    @Test func whileTheDiskRefusesItIsRefusedAllTheSame() async throws {
        let parts = try await Parts()
        parts.refuseToStore(true)
        // One that is good cannot be taken, and is good later.
        #expect(await parts.redeem() == "failed")
        parts.clock.move(seconds: 60)
        #expect(await parts.redeem() == "expired")
        parts.clock.move(seconds: -60)
        #expect(await parts.redeem() == "expired")
        #expect(try await parts.storedEnd() == nil)
        parts.refuseToStore(false)
        #expect(await parts.redeem() == "expired")
        #expect(try await parts.storedEnd() == .expired)
    }

    @Test func oneThatIsRevokedTooLateIsOverForGood() async throws {
        let parts = try await Parts()
        parts.clock.move(seconds: 60)
        let refusal = await #expect(throws: Refusal.self) { try await parts.desk.revokeToken(of: "island") }
        #expect(refusal?.code == .notFound && refusal?.reason == "expired")
        #expect(
            refusal?.message == "the peering \"island\" has no token that could be redeemed: the token has expired")
        parts.clock.move(seconds: -60)
        #expect(await parts.redeem() == "expired")
        #expect(try await parts.storedEnd() == .expired)
    }

    @Test func othersAreAnsweredAsBefore() async throws {
        let parts = try await Parts()
        #expect(await parts.redeem(9) == "unknown")
        try await parts.desk.revokeToken(of: "island")
        #expect(await parts.redeem() == "revoked")
        let again = await #expect(throws: Refusal.self) { try await parts.desk.revokeToken(of: "island") }
        #expect(again?.reason == "revoked")
        let nobody = await #expect(throws: Refusal.self) { try await parts.desk.revokeToken(of: "nobody") }
        #expect(nobody?.message == "there is no peering \"nobody\"")
    }
}
