package import ACLCore
import IdentityCore
package import PeeringCore
import Synchronization

/// The expiries that this process has seen. A token that was seen to be over is over, whatever the clock says later.
///
/// The clock of a machine goes back: its owner sets it, a virtual machine wakes up, a daemon starts before the time is
/// known. So whoever looks at the expiry of a token asks here, and `EndExpiredTokens` stores what was seen. Until that
/// is on disk, and while the disk refuses, it holds for the life of the process. Any task may call any method.
package final class SeenExpiries: Sendable {
    /// One expiry of one token: a token that is made under the same name later has another.
    package struct Item: Hashable, Sendable {
        private enum Subject: Hashable {
            case acl(accessorID: String)
            case peering(SecretDigest)
        }

        private let subject: Subject
        private let expiry: Timestamp

        /// - Returns: nil for a token that does not expire.
        init?(_ token: ACLToken) {
            guard let expiry = token.expirationTime else { return nil }
            (subject, self.expiry) = (.acl(accessorID: token.accessorID), expiry)
        }

        /// - Returns: nil for a token that does not expire, or has ended.
        init?(_ token: IssuedToken) {
            guard token.end == nil, let expiry = token.terms.expiresAt else { return nil }
            (subject, self.expiry) = (.peering(token.digest), expiry)
        }

        func isOver(at now: Timestamp) -> Bool { expiry <= now }
    }

    /// As many as there are tokens with an expiry, for as long as the disk refuses.
    private let items = Mutex<Set<Item>>([])
    private let bell: AsyncStream<Void>.Continuation
    /// That there is something to store. One task reads.
    package let news: AsyncStream<Void>

    package init() {
        (news, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// What was seen and is not known to be stored.
    package var unstored: Set<Item> { items.withLock { $0 } }

    /// Whether the time of a token is over, or was seen to be; what is seen now is noted.
    package func isOver(_ token: ACLToken, at now: Timestamp) -> Bool {
        Item(token).map { isOver($0, at: now) } ?? false
    }

    /// The same for a peering token that has not ended otherwise.
    package func isOver(_ token: IssuedToken, at now: Timestamp) -> Bool {
        Item(token).map { isOver($0, at: now) } ?? false
    }

    /// The time that counts for a peering token: that of the clock, unless it went back behind an expiry that was seen.
    package func time(for token: IssuedToken, at now: Timestamp) -> Timestamp {
        guard isOver(token, at: now), let expiry = token.terms.expiresAt else { return now }
        return max(now, expiry)
    }

    private func isOver(_ item: Item, at now: Timestamp) -> Bool {
        guard item.isOver(at: now) else { return items.withLock { $0.contains(item) } }
        if items.withLock({ $0.insert(item).inserted }) { bell.yield() }
        return true
    }

    /// The state says it from here on.
    package func stored(_ items: Set<Item>) { self.items.withLock { $0.subtract(items) } }
}
