import CatalogCore
package import ConfigCore
package import IdentityCore
package import PeeringCore

/// Everything that the daemon knows, as one value. Copies share their contents; a snapshot never changes.
///
/// It reads as its cluster's part: `state.peerings` is `state.cluster.peerings`.
@dynamicMemberLookup
package struct State: Sendable {
    /// Counts commits that changed something; every changed row carries the index of its commit. It is stored with each
    /// commit and never goes back.
    package internal(set) var index: UInt64 = 0
    private var box = Box(ClusterState())
    /// What this daemon alone knows.
    package internal(set) var local = LocalState()

    package init() {}

    package subscript<Value>(dynamicMember path: KeyPath<ClusterState, Value>) -> Value { box.value[keyPath: path] }

    /// What all daemons of the cluster share.
    package internal(set) var cluster: ClusterState {
        get { box.value }
        _modify {
            if !isKnownUniquelyReferenced(&box) { box = Box(box.value) }
            yield &box.value
        }
    }

    /// The cluster's part behind one reference: readers copy states all the time, and thousands of waiting queries hold
    /// room for one.
    ///
    /// Sendable, since `value` is written by `State.cluster` alone, and only while nobody else holds the box.
    private final class Box: @unchecked Sendable {
        var value: ClusterState

        init(_ value: ClusterState) {
            self.value = value
        }
    }
}

/// What the daemons of a cluster share. Everything in it is stored.
package struct ClusterState: Sendable {
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
    /// Where the replication log ends.
    package internal(set) var log = LogHead()
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

/// What one daemon knows by itself.
package struct LocalState: Sendable {
    /// Whether the configuration files have been applied since the start. Until then the state may hold what earlier
    /// files defined.
    package internal(set) var hasAppliedFiles = false
    /// What the checks of files said before the start, where an older version stored it apart from the services.
    var rememberedHealth = Table<InstanceKey, [HealthCheck]>()

    package init() {}
}

extension State {
    package func peering(named name: String) -> Peering? { cluster.peering(named: name) }
}

/// A config entry with where it came from.
package struct StoredConfigEntry: Hashable, Sendable {
    package var entry: ConfigEntry
    package var source: Source
    /// The node ID of the daemon whose file defines it; empty for one that a client wrote.
    package var owner = ""
    package var createIndex: UInt64
    package var modifyIndex: UInt64
}

/// Indexes of a service name: of the name itself, and of what makes it reachable over the mesh.
struct ServiceIndexes: Hashable, Sendable {
    var create: UInt64
    var modify: UInt64
    var meshModify: UInt64
}
