import ACLCore
import HawserTestKit
import IdentityCore
import PeeringCore
import Testing

@testable import StateCore

/// Tokens whose time is over: once that was seen, no clock brings them back.
@Suite("Expiries that were seen")
struct ExpiryTests {
    private let start = Timestamp(seconds: 1_000_000_000)

    private func time(_ seconds: Int64) -> Timestamp { Timestamp(seconds: start.seconds + seconds) }

    /// A token of access control that lives for a minute, unless it is said otherwise.
    private func accessToken(_ harness: Harness, _ byte: UInt8 = 1, lives seconds: Int64? = 60) -> ACLToken {
        ACLToken(
            accessorID: "accessor-\(byte)", secret: harness.secret(byte), createTime: start,
            expirationTime: seconds.map(time))
    }

    private func put(_ token: ACLToken, into harness: Harness, at seconds: Int64 = 0) async throws {
        try await harness.apply(PutACLToken(token, links: [], isNew: true, now: time(seconds)))
    }

    /// A peering token with the secret 1 that lives for a minute.
    private func peeringToken(_ harness: Harness) async throws {
        try await harness.apply(
            GenerateToken(
                name: "island", meta: [:], newID: harness.id, establishment: harness.secret(1),
                terms: TokenTerms(uses: 2, createdAt: start, expiresAt: time(60))))
    }

    private func exchange(_ harness: Harness, at seconds: Int64) -> ExchangeSecret {
        ExchangeSecret(
            id: harness.id, presented: harness.secret(1), pendingStream: harness.secret(2), now: time(seconds))
    }

    /// What a daemon that starts now would find.
    private func restarted(_ harness: Harness) async throws -> StateStore {
        try await StateStore(testing: harness.storage)
    }

    @Test func aPeeringTokenThatCameTooLateIsOverForGood() async throws {
        let harness = try await Harness()
        try await peeringToken(harness)
        #expect(try await harness.apply(exchange(harness, at: 60)) == .expired)
        #expect(try await harness.apply(exchange(harness, at: 1)) == .expired)
        let later = try await restarted(harness)
        #expect(try await later.apply(exchange(harness, at: 1)) == .expired)
        let token = try #require(later.state.secrets[harness.id]?.tokens.tokens.last)
        #expect(token.end == .expired && token.endedAt == time(60) && token.redemptions == 0)
        #expect(later.state.secrets[harness.id]?.pendingStream == nil)
    }

    @Test func aPeeringTokenThatIsRevokedTooLateIsOverForGood() async throws {
        let harness = try await Harness()
        try await peeringToken(harness)
        let late = RevokeToken(name: "island", now: time(61))
        #expect(try await harness.apply(late) == .nothingToRevoke(.expired))
        #expect(try await restarted(harness).apply(exchange(harness, at: 1)) == .expired)
    }

    @Test func whatIsOverEndsAndTheRestStays() async throws {
        let harness = try await Harness()
        try await peeringToken(harness)
        try await put(accessToken(harness, 1), into: harness)
        try await put(accessToken(harness, 2, lives: 90), into: harness)
        try await put(accessToken(harness, 3, lives: nil), into: harness)
        #expect(harness.store.state.nextTokenExpiry == time(60))
        let index = harness.store.state.index
        #expect(try await harness.apply(EndExpiredTokens(now: time(59))) == 0)
        #expect(harness.store.state.index == index)
        #expect(try await harness.apply(EndExpiredTokens(now: time(60))) == 2)
        #expect(harness.store.state.nextTokenExpiry == time(90))
        #expect(try await harness.apply(EndExpiredTokens(now: time(60))) == 0)
        let later = try await restarted(harness).state
        #expect(later.acl.token(accessorID: "accessor-1") == nil && later.acl.token(secret: harness.secret(1)) == nil)
        #expect(later.acl.token(accessorID: "accessor-2") != nil && later.acl.token(accessorID: "accessor-3") != nil)
        #expect(later.secrets[harness.id]?.tokens.open == nil)
        #expect(try await harness.apply(EndExpiredTokens(now: time(90))) == 1)
        #expect(harness.store.state.nextTokenExpiry == nil)
    }

    @Test func whatWasSeenEndsThoughTheClockIsBack() async throws {
        let harness = try await Harness()
        let expiries = SeenExpiries()
        try await peeringToken(harness)
        try await put(accessToken(harness), into: harness)
        let access = try #require(harness.store.state.acl.token(accessorID: "accessor-1"))
        let peering = try #require(harness.store.state.secrets[harness.id]?.tokens.open)
        #expect(!expiries.isOver(access, at: time(59)) && !expiries.isOver(peering, at: time(59)))
        #expect(expiries.unstored.isEmpty && expiries.time(for: peering, at: time(1)) == time(1))
        #expect(expiries.isOver(access, at: time(60)) && expiries.isOver(peering, at: time(60)))
        // The clock goes back.
        #expect(expiries.isOver(access, at: time(1)) && expiries.isOver(peering, at: time(1)))
        #expect(expiries.time(for: peering, at: time(1)) == time(60))
        let seen = expiries.unstored
        #expect(try await harness.apply(EndExpiredTokens(now: time(1), seen: seen)) == 2)
        expiries.stored(seen)
        #expect(expiries.unstored.isEmpty)
        let later = try await restarted(harness)
        #expect(later.state.acl.token(accessorID: "accessor-1") == nil)
        #expect(try await later.apply(exchange(harness, at: 1)) == .expired)
    }

    /// Its name is free again when it is gone.
    @Test func aNewTokenUnderTheSameNameIsAnother() async throws {
        let harness = try await Harness()
        let expiries = SeenExpiries()
        try await put(accessToken(harness), into: harness)
        #expect(expiries.isOver(accessToken(harness), at: time(60)))
        let next = accessToken(harness, lives: 120)
        try await put(next, into: harness, at: 60)
        #expect(!expiries.isOver(next, at: time(61)))
        #expect(try await harness.apply(EndExpiredTokens(now: time(61), seen: expiries.unstored)) == 0)
        #expect(harness.store.state.acl.token(accessorID: "accessor-1") != nil)
    }

    @Test func aTokenThatDoesNotExpireIsNeverOver() {
        let expiries = SeenExpiries()
        let end = Timestamp(nanoseconds: .max)
        let access = ACLToken(
            accessorID: "a", secret: SecretDigest(bytes: Array(repeating: 1, count: 32)), createTime: start)
        var peering = IssuedToken(digest: access.secret, terms: TokenTerms(expiresAt: time(60)))
        peering.end = .used
        #expect(!expiries.isOver(access, at: end) && !expiries.isOver(peering, at: end) && expiries.unstored.isEmpty)
        #expect(expiries.time(for: peering, at: end) == end)
    }
}
