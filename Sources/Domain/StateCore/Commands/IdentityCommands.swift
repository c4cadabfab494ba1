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
