package import IdentityCore
package import PeeringCore

/// A new token for a peering that is accepted here: makes the peering or renews its establishment secret
/// (protocol sections 1.3, 1.4, 2.2). An older unused token is dead from here on; a running stream is not disturbed.
package struct GenerateToken: Command {
    package var name: String
    package var meta: [String: String]
    /// Used only for a new peering.
    package var newID: PeeringID
    package var establishment: SecretDigest
    package var terms: TokenTerms

    package init(
        name: String, meta: [String: String], newID: PeeringID, establishment: SecretDigest,
        terms: TokenTerms = TokenTerms()
    ) {
        self.name = name
        self.meta = meta
        self.newID = newID
        self.establishment = establishment
        self.terms = terms
    }

    /// - Returns: the ID that the token carries.
    package func apply(to transaction: inout Transaction) throws(Refusal) -> PeeringID {
        guard var peering = transaction.state.peering(named: name) else {
            transaction.put(Peering(id: newID, name: name, meta: meta))
            var secrets = PeeringSecrets()
            secrets.tokens.issue(establishment, terms: terms)
            transaction.put(secrets, for: newID)
            return newID
        }
        if peering.dials {
            throw Refusal(
                .conflict, "cannot create peering with name: \"\(name)\"; there is already an established peering")
        }
        var secrets = transaction.state.secrets[peering.id] ?? PeeringSecrets()
        switch peering.state {
        case .deleting:
            throw Refusal(.conflict, "failed to write peering: cannot write to peering that is marked for deletion")
        case .terminated:
            // The other side is gone: its old stream secrets must not come back with it.
            peering.state = .pending
            secrets = PeeringSecrets(tokens: secrets.tokens)
            transaction.put(peering)
        case .pending, .establishing:
            break
        }
        secrets.tokens.issue(establishment, terms: terms)
        transaction.put(secrets, for: peering.id)
        return peering.id
    }
}

/// A dialer shows an establishment secret and gets a stream secret, as often as the token allows, which is once if
/// nobody said otherwise (protocol sections 2.2, 2.3). One that comes too late ends the token for good, which is why it
/// is no error: what a command that throws did is dropped.
package struct ExchangeSecret: Command {
    package var id: PeeringID
    package var presented: SecretDigest
    package var pendingStream: SecretDigest
    package var now: Timestamp

    package init(id: PeeringID, presented: SecretDigest, pendingStream: SecretDigest, now: Timestamp) {
        self.id = id
        self.presented = presented
        self.pendingStream = pendingStream
        self.now = now
    }

    /// - Returns: why the token is not taken; nil if it was.
    package func apply(to transaction: inout Transaction) throws(Refusal) -> TokenRejection? {
        guard let peering = transaction.state.peerings[id], peering.isActive, !peering.dials,
            var secrets = transaction.state.secrets[id]
        else { return .unknown }
        let rejection = secrets.tokens.redeem(presented, at: now)
        if rejection == nil { secrets.pendingStream = pendingStream }
        transaction.put(secrets, for: id)
        return rejection
    }
}

/// An operator takes a token back, and with it the stream secret of a redemption that has not opened its stream yet.
package struct RevokeToken: Command {
    package enum Outcome: Hashable, Sendable {
        case revoked
        /// No token could be redeemed, and why not the last one. That it has expired is stored.
        case nothingToRevoke(TokenRejection?)
    }

    package var name: String
    package var now: Timestamp

    package init(name: String, now: Timestamp) {
        self.name = name
        self.now = now
    }

    /// - Throws: `notFound` if there is no such peering.
    package func apply(to transaction: inout Transaction) throws(Refusal) -> Outcome {
        guard let peering = transaction.state.peering(named: name) else {
            throw Refusal(.notFound, "there is no peering \"\(name)\"")
        }
        guard var secrets = transaction.state.secrets[peering.id] else { return .nothingToRevoke(nil) }
        let revoked = secrets.tokens.revoke(at: now)
        if let revoked, revoked.redemptions > 0 { secrets.pendingStream = nil }
        transaction.put(secrets, for: peering.id)
        return revoked == nil ? .nothingToRevoke(secrets.tokens.tokens.last?.end) : .revoked
    }
}

/// A dialer opens a stream: checks in the order of protocol section 4.1, and promotes a pending secret.
package struct AuthorizeStream: Command {
    /// How the opening is answered.
    package enum Outcome: Hashable, Sendable {
        case accepted(Peering)
        /// No such peering: `INVALID_ARGUMENT`.
        case unknown
        /// Deleted here: `Terminated` first if the other side does not know yet, then `ABORTED`.
        case deleted(sendTerminated: Bool)
        /// No secret is stored: `INTERNAL`.
        case notEstablished
        /// `PERMISSION_DENIED`.
        case wrongSecret
        /// This end dials: `INVALID_ARGUMENT`.
        case wrongEnd
    }

    package var id: PeeringID
    package var presented: SecretDigest
    /// The secret itself, for a peering that dials: it keeps its own as it is.
    package var presentedText: SecretText
    package var remote: RemoteInfo

    package init(
        id: PeeringID, presented: SecretDigest, presentedText: SecretText = SecretText(""), remote: RemoteInfo
    ) {
        self.id = id
        self.presented = presented
        self.presentedText = presentedText
        self.remote = remote
    }

    package func apply(to transaction: inout Transaction) throws(Refusal) -> Outcome {
        guard var peering = transaction.state.peerings[id] else {
            return transaction.state.tombstones[id] != nil ? .deleted(sendTerminated: true) : .unknown
        }
        guard peering.isActive else { return .deleted(sendTerminated: peering.state == .deleting) }
        guard var secrets = transaction.state.secrets[id] else { return .notEstablished }
        // Only who knows the secret learns that this is the wrong end.
        if peering.dials { return secrets.ownStream?.matches(presentedText) == true ? .wrongEnd : .wrongSecret }
        if let pending = secrets.pendingStream, pending == presented {
            secrets.activeStream = pending
            secrets.pendingStream = nil
            secrets.tokens.streamOpened()
            transaction.put(secrets, for: id)
            peering.remote = remote
            transaction.put(peering)
            return .accepted(transaction.state.peerings[id] ?? peering)
        }
        guard let active = secrets.activeStream, active == presented else { return .wrongSecret }
        return .accepted(peering)
    }
}
