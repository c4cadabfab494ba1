package import IdentityCore
import PeeringCore

/// First start: writes who the cluster is. Later starts: checks that the data is this cluster's.
package struct EstablishIdentity: Command {
    /// Used only if nothing is stored.
    package var proposed: ClusterIdentity

    package init(proposed: ClusterIdentity) {
        self.proposed = proposed
    }

    package func apply(to transaction: inout Transaction) throws(Refusal) -> ClusterIdentity {
        guard let stored = transaction.state.identity else {
            transaction.put(proposed)
            return proposed
        }
        guard stored.datacenter == proposed.datacenter else {
            throw Refusal(
                .conflict,
                "the data directory belongs to datacenter \"\(stored.datacenter)\", this agent is configured for "
                    + "\"\(proposed.datacenter)\": name the right -data-dir or the right -datacenter")
        }
        return stored
    }
}

/// A new root becomes the active one; the others stay trusted until they are retired.
package struct RotateRoot: Command {
    /// With its key, signed by the root that is active now.
    package var root: CARoot
    /// Unix seconds.
    package var now: Int64

    package init(root: CARoot, now: Int64) {
        self.root = root
        self.now = now
    }

    package func apply(to transaction: inout Transaction) throws(Refusal) -> ClusterIdentity {
        guard var identity = transaction.state.identity,
            let active = identity.roots.firstIndex(where: { $0.id == identity.activeRootID }),
            root.crossCertificate?.signerID == identity.activeRootID
        else {
            throw Refusal(.conflict, "the CA was rotated by somebody else at the same time: look at it and try again")
        }
        guard identity.roots.count < ClusterIdentity.maxRoots else {
            throw Refusal(
                .conflict,
                "\(identity.roots.count) roots are trusted already, and there may be no more: retire the old ones first"
            )
        }
        // Nothing is signed by it any more, so its key need not be kept.
        identity.roots[active].key = nil
        identity.roots[active].rotatedOutAt = now
        identity.roots[active].modifyIndex = transaction.index
        var root = root
        root.createIndex = transaction.index
        root.modifyIndex = transaction.index
        identity.roots.append(root)
        identity.activeRootID = root.id
        transaction.put(identity)
        return identity
    }
}

/// Roots that are not active any more are not trusted any more either.
package struct RetireRoots: Command {
    /// Nil for every one that is not active.
    package var id: String?

    package init(id: String?) {
        self.id = id
    }

    /// - Returns: the identity without them, and how many they were.
    package func apply(to transaction: inout Transaction) throws(Refusal) -> (identity: ClusterIdentity, count: Int) {
        guard var identity = transaction.state.identity else {
            throw Refusal(.unavailable, "CA has not finished initializing")
        }
        let before = identity.roots.count
        if let id {
            guard identity.roots.contains(where: { $0.id == id }) else {
                throw Refusal(.notFound, "there is no root \(id): `hawser ca list` shows them")
            }
            guard id != identity.activeRootID else {
                throw Refusal(.conflict, "root \(id) is the active one: `hawser ca rotate` makes another first")
            }
            identity.roots.removeAll { $0.id == id }
        } else {
            identity.roots.removeAll { $0.id != identity.activeRootID }
        }
        if identity.roots.count != before { transaction.put(identity) }
        return (identity, before - identity.roots.count)
    }
}
