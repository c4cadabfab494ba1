package import ConfigCore
package import PeeringCore

/// One thing that a commit changed, by name. Readers get names, not copies: they look the present value up.
package enum StateChange: Hashable, Sendable {
    /// Roots, datacenter or node ID.
    case identity
    /// A row of the peerings or its secrets.
    case peering(PeeringID)
    /// Which tokens are being redeemed; not stored.
    case establishing
    /// How its stream is doing; not stored.
    case streamStatus(PeeringID)
    case trustBundle(PeeringID)
    case configEntry(ConfigEntryKey)
    /// A service of this cluster, by name.
    case localService(String)
    /// A node of this cluster, by name.
    case localNode(String)
    /// The list of services that a peer exports to us.
    case importedList(PeeringID)
    case importedService(PeeringID, String)
    /// A policy or a token.
    case acl
    /// Events were appended to the replication log.
    case replicationLog
}

/// Which changes a subscription wants to hear of.
package struct StateInterest: OptionSet, Hashable, Sendable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    package static let identity = StateInterest(rawValue: 1 << 0)
    package static let peerings = StateInterest(rawValue: 1 << 1)
    package static let streamStatus = StateInterest(rawValue: 1 << 2)
    package static let trustBundles = StateInterest(rawValue: 1 << 3)
    package static let configEntries = StateInterest(rawValue: 1 << 4)
    package static let localCatalog = StateInterest(rawValue: 1 << 5)
    package static let imports = StateInterest(rawValue: 1 << 6)
    package static let establishing = StateInterest(rawValue: 1 << 7)
    package static let acl = StateInterest(rawValue: 1 << 8)
    package static let replicationLog = StateInterest(rawValue: 1 << 9)
    package static let everything = StateInterest(rawValue: .max)

}

extension StateChange {
    /// The one that it belongs to.
    package var area: StateInterest {
        switch self {
        case .identity: .identity
        case .peering: .peerings
        case .establishing: .establishing
        case .streamStatus: .streamStatus
        case .trustBundle: .trustBundles
        case .configEntry: .configEntries
        case .localService, .localNode: .localCatalog
        case .importedList, .importedService: .imports
        case .acl: .acl
        case .replicationLog: .replicationLog
        }
    }
}

/// What a subscription wants to hear of: whole areas, and single things.
package struct StateTopics: Hashable, Sendable {
    package var areas: StateInterest
    package var things: Set<StateChange>

    package init(areas: StateInterest = [], things: Set<StateChange> = []) {
        self.areas = areas
        self.things = things
    }

    func include(_ change: StateChange) -> Bool { areas.contains(change.area) || things.contains(change) }
}
