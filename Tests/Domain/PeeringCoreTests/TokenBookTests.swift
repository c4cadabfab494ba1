import IdentityCore
import Testing

@testable import PeeringCore

/// The tokens of one peering, step by step.
@Suite struct TokenBookTests {
    /// Times are seconds.
    enum Step {
        case issue(UInt8, uses: Int = 1, at: Int64 = 0, until: Int64? = nil)
        case redeem(UInt8, at: Int64 = 1, TokenRejection? = nil)
        case open
        case revoke(at: Int64 = 1, Bool)
        case look(at: Int64)
    }

    static let lives: [(name: String, steps: [Step], ends: [TokenRejection?])] = [
        ("once", [.issue(1), .redeem(1), .redeem(1, .used)], [.used]),
        ("a stranger's secret", [.issue(1), .redeem(9, .unknown), .redeem(1)], [.used]),
        ("none was made", [.redeem(1, .unknown), .open, .revoke(false)], []),
        ("a lost answer", [.issue(1, uses: 2), .redeem(1), .redeem(1), .redeem(1, .used)], [.used]),
        ("a stream ends it", [.issue(1, uses: 9), .redeem(1), .open, .redeem(1, .used)], [.used]),
        (
            "a stream of an older token does not", [.issue(1), .redeem(1), .issue(2), .open, .redeem(2)],
            [.used, .used]
        ),
        ("a newer one", [.issue(1), .issue(2), .redeem(1, .replaced), .redeem(2)], [.replaced, .used]),
        ("a newer one after a use", [.issue(1, uses: 2), .redeem(1), .issue(2)], [.replaced, nil]),
        ("a used one is not replaced", [.issue(1), .redeem(1), .issue(2), .redeem(1, .used)], [.used, nil]),
        ("in time", [.issue(1, until: 10), .redeem(1, at: 9)], [.used]),
        ("too late", [.issue(1, until: 10), .redeem(1, at: 10, .expired), .revoke(at: 10, false)], [.expired]),
        (
            "expired before a newer one", [.issue(1, until: 10), .issue(2, at: 11), .redeem(1, .expired)],
            [.expired, nil]
        ),
        (
            "seen too late, and the clock goes back",
            [.issue(1, uses: 2, until: 10), .redeem(1, at: 10, .expired), .redeem(1, at: 9, .expired)], [.expired]
        ),
        (
            "seen too late with another secret, and the clock goes back",
            [.issue(1, until: 10), .redeem(9, at: 10, .unknown), .redeem(1, at: 9, .expired)], [.expired]
        ),
        (
            "revoked too late, and the clock goes back",
            [.issue(1, until: 10), .revoke(at: 10, false), .revoke(at: 9, false), .redeem(1, at: 9, .expired)],
            [.expired]
        ),
        (
            "looked at in time and too late",
            [
                .issue(1, uses: 2, until: 10), .look(at: 9), .redeem(1, at: 9), .look(at: 10),
                .redeem(1, at: 9, .expired),
            ],
            [.expired]
        ),
        ("used, then looked at", [.issue(1, until: 10), .redeem(1), .look(at: 11), .redeem(1, .used)], [.used]),
        ("revoked", [.issue(1), .revoke(true), .redeem(1, .revoked), .revoke(false)], [.revoked]),
        ("revoked, then a newer one", [.issue(1), .revoke(true), .issue(2), .redeem(1, .revoked)], [.revoked, nil]),
        ("used, then revoked", [.issue(1), .redeem(1), .revoke(false)], [.used]),
        (
            "used in part, then revoked", [.issue(1, uses: 3), .redeem(1), .revoke(true), .redeem(1, .revoked)],
            [.revoked]
        ),
    ]

    @Test(arguments: lives)
    func tokensLive(name: String, steps: [Step], ends: [TokenRejection?]) {
        var book = TokenBook()
        for step in steps {
            switch step {
            case .issue(let byte, let uses, let time, let expiry):
                let terms = TokenTerms(
                    uses: uses, createdAt: Timestamp(seconds: time), expiresAt: expiry.map { Timestamp(seconds: $0) })
                book.issue(secret(byte), terms: terms)
            case .redeem(let byte, let time, let rejection):
                #expect(book.redeem(secret(byte), at: Timestamp(seconds: time)) == rejection, "\(name)")
            case .open:
                book.streamOpened()
            case .look(let time):
                book.endExpired(at: Timestamp(seconds: time))
            case .revoke(let time, let isRevoked):
                #expect((book.revoke(at: Timestamp(seconds: time)) != nil) == isRevoked, "\(name)")
            }
        }
        #expect(book.tokens.map { $0.rejection(at: Timestamp(seconds: 100)) } == ends, "\(name)")
    }

    @Test func theOldestAreForgotten() {
        var book = TokenBook()
        for byte in 0...UInt8(TokenBook.maxTokens) { book.issue(secret(byte), terms: TokenTerms()) }
        #expect(book.tokens.count == TokenBook.maxTokens)
        #expect(book.redeem(secret(0), at: Timestamp(seconds: 1)) == .unknown)
        #expect(book.redeem(secret(1), at: Timestamp(seconds: 1)) == .replaced)
    }

    @Test(arguments: [
        (TokenWish(lifetime: .zero), "TTL must be from 1s to 8760h"),
        (TokenWish(lifetime: .seconds(400 * 86_400)), "TTL must be from 1s to 8760h"),
        (TokenWish(uses: 0), "Uses must be from 1 to 16, and is 0"),
        (TokenWish(uses: 17), "Uses must be from 1 to 16, and is 17"),
        (TokenWish(note: String(repeating: "n", count: 257)), "Note is too long"),
    ])
    func wishesHaveBounds(wish: TokenWish, text: String) {
        let refusal = #expect(throws: Refusal.self) { try PeeringRules.validate(wish) }
        #expect(refusal?.code == .invalid && refusal?.message.contains(text) == true)
    }

    private func secret(_ byte: UInt8) -> SecretDigest { SecretDigest(bytes: Array(repeating: byte, count: 32)) }
}
