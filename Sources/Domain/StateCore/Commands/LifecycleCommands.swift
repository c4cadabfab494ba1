package import IdentityCore
package import PeeringCore

/// An operator deletes a peering: its secrets and everything imported are gone at once; the row stays until the
/// other side was told (protocol section 7.3). Deleting what is not there succeeds.
package struct MarkForDeletion: Command {
    package var name: String
    package var now: Timestamp

    package init(name: String, now: Timestamp) {
        self.name = name
        self.now = now
    }

    /// - Returns: the peering to say goodbye to, or `nil` if there is none.
    package func apply(to transaction: inout Transaction) throws(Refusal) -> PeeringID? {
        guard var peering = transaction.state.peering(named: name), peering.state != .deleting else { return nil }
        let secret = peering.isActive ? transaction.state.secrets[peering.id]?.ownStream : nil
        peering.state = .deleting
        peering.deletedAt = now
        peering.meta = [:]
        if let secret { transaction.put(Farewell(peering: peering, streamSecret: secret), for: peering.id) }
        peering.peerCAPEMs = []
        transaction.put(peering)
        transaction.put(nil as PeeringSecrets?, for: peering.id)
        transaction.put(nil as TrustBundle?, for: peering.id)
        transaction.removeImports(of: peering.id, at: now)
        return peering.id
    }
}

/// The last step of a deletion. An acceptor remembers the ID, so that a dialer that was away hears of it.
package struct RemovePeering: Command {
    package var id: PeeringID
    package var now: Timestamp

    package init(id: PeeringID, now: Timestamp) {
        self.id = id
        self.now = now
    }

    package func apply(to transaction: inout Transaction) throws(Refusal) {
        guard let peering = transaction.state.peerings[id], peering.state == .deleting else { return }
        if !peering.dials { transaction.putTombstone(of: id, at: now) }
        transaction.removePeering(id)
    }
}

/// An acceptor has heard of a deletion, or need not hear of it any more.
package struct ForgetFarewell: Command {
    package var id: PeeringID

    package init(id: PeeringID) {
        self.id = id
    }

    package func apply(to transaction: inout Transaction) throws(Refusal) {
        transaction.put(nil as Farewell?, for: id)
    }
}

/// The other side deleted its peering: ours stays, without what was imported, until an operator acts
/// (protocol section 7.4).
package struct TerminatePeering: Command {
    package var id: PeeringID
    package var now: Timestamp

    package init(id: PeeringID, now: Timestamp = .zero) {
        self.id = id
        self.now = now
    }

    package func apply(to transaction: inout Transaction) throws(Refusal) {
        guard var peering = transaction.state.peerings[id], peering.isActive else { return }
        peering.state = .terminated
        transaction.put(peering)
        transaction.put(nil as TrustBundle?, for: id)
        transaction.removeImports(of: id, at: now)
    }
}
