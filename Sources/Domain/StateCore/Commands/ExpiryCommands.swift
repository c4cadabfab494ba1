import ACLCore
package import IdentityCore
package import PeeringCore

/// Ends the tokens whose time is over, for good: tokens of access control go, peering tokens are remembered as expired.
/// No clock that goes back makes them valid again.
package struct EndExpiredTokens: Command {
    package var now: Timestamp
    /// What was over at some time before, whatever the clock says now.
    package var seen: Set<SeenExpiries.Item>

    package init(now: Timestamp, seen: Set<SeenExpiries.Item> = []) {
        self.now = now
        self.seen = seen
    }

    /// - Returns: how many there were.
    package func apply(to transaction: inout Transaction) throws(Refusal) -> Int {
        var count = 0
        for token in transaction.state.acl.tokens(where: { isOver(SeenExpiries.Item($0)) }) {
            transaction.removeACLToken(token.accessorID)
            count += 1
        }
        for (id, stored) in transaction.state.secrets {
            guard let open = stored.tokens.open, isOver(SeenExpiries.Item(open)), let expiry = open.terms.expiresAt
            else {
                continue
            }
            var secrets = stored
            secrets.tokens.endExpired(at: max(now, expiry))
            transaction.put(secrets, for: id)
            count += 1
        }
        return count
    }

    private func isOver(_ item: SeenExpiries.Item?) -> Bool {
        item.map { $0.isOver(at: now) || seen.contains($0) } ?? false
    }
}

extension State {
    /// The next time at which the time of a token is over; in the past if that was not stored yet, nil if none expires.
    package var nextTokenExpiry: Timestamp? {
        let access = cluster.acl.tokens(where: { $0.expirationTime != nil }).lazy.compactMap(\.expirationTime).min()
        let peering = cluster.secrets.values.lazy.compactMap { $0.tokens.open?.terms.expiresAt }.min()
        guard let access, let peering else { return access ?? peering }
        return min(access, peering)
    }
}
