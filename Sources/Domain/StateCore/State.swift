import CatalogCore
package import ConfigCore
package import IdentityCore
package import PeeringCore

/// A config entry with where it came from.
package struct StoredConfigEntry: Sendable {
    package var entry: ConfigEntry
    package var source: Source
    package var createIndex: UInt64
    package var modifyIndex: UInt64
}

/// Everything that the daemon knows, as one value. Copies share their contents; a snapshot never changes.
package struct State: Sendable {
    /// Counts commits that changed something; every changed row carries the index of its commit.
    package internal(set) var index: UInt64 = 0
    /// Set from the first start on.
    package internal(set) var identity: ClusterIdentity?
    package internal(set) var peerings = Table<PeeringID, Peering>()
    package internal(set) var secrets = Table<PeeringID, PeeringSecrets>()
    package internal(set) var trustBundles = Table<PeeringID, TrustBundle>()
    package internal(set) var configEntries = Table<ConfigEntryKey, StoredConfigEntry>()
    package internal(set) var catalog = LocalCatalog()
    package internal(set) var acl = ACLTables()
    package internal(set) var imports = Table<PeeringID, ImportedCatalog>()
    /// When deleted peerings that were accepted here went, so that a dialer that was away hears of it.
    package internal(set) var tombstones = Table<PeeringID, Timestamp>()
    /// Deleted peerings that were dialed here, whose acceptor has not been told yet.
    package internal(set) var farewells = Table<PeeringID, Farewell>()
    /// What the checks of files said before the start, until the files define them again.
    var rememberedHealth: [InstanceKey: [HealthCheck]] = [:]
    /// Instances of files whose health is stored.
    var healthRows: Set<InstanceKey> = []
    private var peeringIDsByName = Table<String, PeeringID>()

    /// How many deleted peerings are remembered.
    static let maxTombstones = 1_024
    /// How many acceptors may wait to be told.
    static let maxFarewells = 256

    package init() {}

    package func peering(named name: String) -> Peering? {
        peeringIDsByName[name].flatMap { peerings[$0] }
    }

    /// All peerings by name.
    package var sortedPeerings: [Peering] {
        peerings.values.sorted { $0.name < $1.name }
    }

    mutating func put(_ peering: Peering) {
        peerings[peering.id] = peering
        peeringIDsByName[peering.name] = peering.id
    }

    mutating func removePeering(_ id: PeeringID) {
        guard let peering = peerings.removeValue(forKey: id) else { return }
        if peeringIDsByName[peering.name] == id { peeringIDsByName[peering.name] = nil }
    }
}
