package import IdentityCore

/// Why a token is not taken. The raw values go over the wire, into storage and to clients of the API.
package enum TokenRejection: String, CaseIterable, Sendable {
    /// Its time is over.
    case expired
    /// It was redeemed as often as it may be, or the stream that it was for has been opened.
    case used
    /// An operator took it back.
    case revoked
    /// A newer token of the same peering took its place.
    case replaced
    /// It never was one of this peering, or so long ago that it is forgotten.
    case unknown

    /// What happened, as the end of a sentence.
    package var sentence: String {
        switch self {
        case .expired: "the token has expired"
        case .used: "the token was used already"
        case .revoked: "the token was revoked"
        case .replaced: "a newer token was made in its place"
        case .unknown: "the other cluster does not know the token, or not any more"
        }
    }
}

/// What an operator asks of a new token. As it stands: a token of Consul's, which works once and does not expire.
package struct TokenWish: Hashable, Sendable {
    /// Nil for ever.
    package var lifetime: Duration?
    package var uses: Int
    package var note: String

    package init(lifetime: Duration? = nil, uses: Int = 1, note: String = "") {
        self.lifetime = lifetime
        self.uses = uses
        self.note = note
    }

    package func terms(at now: Timestamp) -> TokenTerms {
        let expiry = lifetime.map { Timestamp(nanoseconds: now.nanoseconds + Int64($0 / .nanoseconds(1))) }
        return TokenTerms(note: note, uses: uses, createdAt: now, expiresAt: expiry)
    }
}

/// What a token was made with.
package struct TokenTerms: Hashable, Sendable {
    /// The operator's own words: for whom it is.
    package var note: String
    package var uses: Int
    /// Nil if nobody noted it.
    package var createdAt: Timestamp?
    /// From then on it is not taken any more; nil for never.
    package var expiresAt: Timestamp?

    package init(note: String = "", uses: Int = 1, createdAt: Timestamp? = nil, expiresAt: Timestamp? = nil) {
        self.note = note
        self.uses = uses
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }
}

/// A token that was handed out, without its secret.
package struct IssuedToken: Hashable, Sendable {
    package var digest: SecretDigest
    package var terms: TokenTerms
    package var redemptions: Int
    /// The last redemption.
    package var redeemedAt: Timestamp?
    /// What ended it; nil while it can be redeemed. An expiry is noted here once somebody has seen it.
    package var end: TokenRejection?
    package var endedAt: Timestamp?

    package init(
        digest: SecretDigest, terms: TokenTerms = TokenTerms(), redemptions: Int = 0, redeemedAt: Timestamp? = nil,
        end: TokenRejection? = nil, endedAt: Timestamp? = nil
    ) {
        self.digest = digest
        self.terms = terms
        self.redemptions = redemptions
        self.redeemedAt = redeemedAt
        self.end = end
        self.endedAt = endedAt
    }

    /// Why it would not be taken now; nil if it would.
    package func rejection(at now: Timestamp) -> TokenRejection? {
        if let end { return end }
        return terms.expiresAt.map { now >= $0 } == true ? .expired : nil
    }

    package func usesLeft(at now: Timestamp) -> Int {
        rejection(at: now) == nil ? max(0, terms.uses - redemptions) : 0
    }

    mutating func end(as rejection: TokenRejection, at time: Timestamp?) {
        end = rejection
        endedAt = time
    }
}

/// The tokens of one peering that is accepted here: at most one, the last, can be redeemed. The others are remembered,
/// so that whoever comes too late is told why.
///
/// A peering has one dialer. Several uses are for that one: a redemption whose answer was lost is done again, and takes
/// the place of the one before. The first stream that is opened proves that an answer arrived, and ends the token.
package struct TokenBook: Hashable, Sendable {
    /// Tokens of one peering that are remembered: who comes with an older one is a stranger.
    package static let maxTokens = 16

    /// The oldest first.
    package private(set) var tokens: [IssuedToken]

    /// - Parameter tokens: as they were stored.
    package init(tokens: [IssuedToken] = []) {
        self.tokens = tokens
    }

    /// The token that can be redeemed, unless its time is over.
    package var open: IssuedToken? { tokens.last.flatMap { $0.end == nil ? $0 : nil } }

    /// A new token takes the place of the one before.
    package mutating func issue(_ digest: SecretDigest, terms: TokenTerms) {
        endOpen { token in
            let expiry = token.terms.expiresAt
            if let expiry, let now = terms.createdAt, expiry <= now {
                token.end(as: .expired, at: expiry)
            } else {
                token.end(as: .replaced, at: terms.createdAt)
            }
        }
        tokens.append(IssuedToken(digest: digest, terms: terms))
        tokens.removeFirst(max(0, tokens.count - Self.maxTokens))
    }

    /// Notes that the time of the token that could be redeemed is over, if it is: a clock that goes back does not bring
    /// it back.
    package mutating func endExpired(at now: Timestamp) {
        guard let expiry = open?.terms.expiresAt, expiry <= now else { return }
        endOpen { $0.end(as: .expired, at: expiry) }
    }

    /// A dialer shows a secret.
    ///
    /// - Returns: why it is not taken; nil if it is. Either has been noted, and is to be stored.
    package mutating func redeem(_ presented: SecretDigest, at now: Timestamp) -> TokenRejection? {
        endExpired(at: now)
        guard let index = tokens.lastIndex(where: { $0.digest == presented }) else { return .unknown }
        if let rejection = tokens[index].rejection(at: now) { return rejection }
        tokens[index].redemptions += 1
        tokens[index].redeemedAt = now
        if tokens[index].redemptions >= tokens[index].terms.uses { tokens[index].end(as: .used, at: now) }
        return nil
    }

    /// The secret that a redemption gave has opened a stream.
    package mutating func streamOpened() {
        endOpen { token in
            if token.redemptions > 0 { token.end(as: .used, at: token.redeemedAt) }
        }
    }

    /// - Returns: the token that this took back; nil if none could be redeemed. An expiry that was seen has been noted.
    package mutating func revoke(at now: Timestamp) -> IssuedToken? {
        endExpired(at: now)
        guard let open else { return nil }
        endOpen { $0.end(as: .revoked, at: now) }
        return open
    }

    private mutating func endOpen(_ change: (inout IssuedToken) -> Void) {
        guard open != nil, let last = tokens.indices.last else { return }
        change(&tokens[last])
    }
}
