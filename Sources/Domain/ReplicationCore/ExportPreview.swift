import ConfigCore
import PeeringCore
package import StateCore

/// What one peer sees of this cluster's services, and what it would see if the exports were others.
package struct ExportPreview: Hashable, Sendable {
    package enum Change: String, Sendable {
        case stays, gained, lost
    }

    package struct Service: Hashable, Sendable {
        package var name: String
        package var change: Change
    }

    package let peer: String
    /// By name.
    package let services: [Service]

    /// - Parameters:
    ///   - peer: the name that this cluster gave to it. There need not be such a peering yet.
    ///   - next: the state as it would be; see `State.assuming`.
    package init(for peer: String, now state: State, next: State) {
        self.peer = peer
        let before = ExportPlan(peerName: peer, state: state).listed
        let after = ExportPlan(peerName: peer, state: next).listed
        services = before.union(after).sorted().map { name in
            let change: Change = !before.contains(name) ? .gained : after.contains(name) ? .stays : .lost
            return Service(name: name, change: change)
        }
    }

    package func count(_ change: Change) -> Int { services.count { $0.change == change } }

    /// How much of what the peer sees it would lose, in whole percent, rounded up: a loss is never shown as none.
    package var lostPercent: Int {
        let (lost, seen) = (count(.lost), count(.lost) + count(.stays))
        return seen == 0 ? 0 : (lost * 100 + seen - 1) / seen
    }

    /// The peers that some entry of either state names, or that there is a peering with.
    package static func peers(now state: State, next: State) -> [String] {
        var names = Set(state.peerings.values.filter(\.isActive).map(\.name))
        for stored in [state, next].flatMap({ $0.configEntries.values }) {
            guard case .exportedServices(let services) = stored.entry.content else { continue }
            for service in services { names.formUnion(service.peers) }
        }
        return names.sorted()
    }
}
