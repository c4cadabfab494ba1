package import IdentityCore

/// A goodbye that the acceptor has not heard yet: the peering is deleted here, and only what it takes to say so is
/// kept. Without it an acceptor that was away at the deletion would hold its side, and what it imported, for ever.
package struct Farewell: Hashable, Sendable {
    /// The peering as it was, marked for deletion.
    package var peering: Peering
    /// What the acceptor knows us by.
    package var streamSecret: SecretText

    package init(peering: Peering, streamSecret: SecretText) {
        self.peering = peering
        self.streamSecret = streamSecret
    }
}
