/// A row of one table, as it lies in storage and as it stands in the state.
///
/// One conformance for each table says everything about it. A row takes the same way into the state wherever it comes
/// from: read from disk, written by a command of this daemon, or committed by another one.
protocol StoredRow: Sendable {
    /// First part of the keys. It never changes once it was released.
    static var table: String { get }
    /// Of the encoding: goes up by one when older versions of Hawser could not read it, and `init` goes on reading the
    /// older ones. Version 1 is what was stored before rows had checksums.
    static var version: UInt8 { get }
    /// Whose the rows are.
    static var scope: RowScope { get }

    var key: RowKey { get }

    /// The highest index that the row carries; 0 if it carries none.
    var lastIndex: UInt64 { get }

    func encode() -> [UInt8]

    /// - Returns: `nil` if the bytes cannot be read.
    init?(_ stored: StoredBytes)

    /// Puts the row into the tables with the indexes that it carries.
    ///
    /// - Parameter index: of the commit that the row comes with.
    /// - Returns: what changed for those who wait for it.
    func insert(into state: inout State, at index: UInt64) -> [StateChange]

    /// Takes a row out of the tables.
    ///
    /// - Parameter parts: of its key, without the table.
    static func remove(_ parts: [String], from state: inout State, at index: UInt64) -> [StateChange]

    /// The rows of the table, as they would be stored. For moving a state to another storage, and for tests.
    static func rows(of state: State) -> [Self]
}

/// Who shares a row.
enum RowScope: Hashable, Sendable {
    /// All daemons of the cluster.
    case cluster
    /// One daemon: what it knows from its own files and checks.
    case daemon
}

/// A row's bytes with what is known of them.
struct StoredBytes: Sendable {
    /// As it is stored.
    var key: String
    var version: UInt8
    var body: ArraySlice<UInt8>

    /// Parts of the key, without the table.
    var parts: [String] { RowKey.parts(of: key) }
}

extension StoredRow {
    var lastIndex: UInt64 { 0 }

    /// What the storage keeps.
    var write: StorageWrite {
        StorageWrite(key: key.text, value: RowEnvelope.seal(encode(), version: Self.version, key: key.text))
    }
}

/// All tables, in the order in which their rows are read: later ones may look at what earlier ones put in.
enum StoredTables {
    static let all: [any StoredRow.Type] = [
        IdentityRow.self, PeeringRow.self, SecretsRow.self, TrustBundleRow.self, TombstoneRow.self, FarewellRow.self,
        ConfigEntryRow.self, NodeRow.self, InstanceRow.self, AddedCheckRow.self, RememberedHealthRow.self,
        ServiceIndexRow.self, ImportedCatalogRow.self, AnnouncedRow.self, ImportedServiceRow.self, ACLPolicyRow.self,
        ACLTokenRow.self,
        ACLBootstrapRow.self, LogHeadRow.self,
    ]

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.table, $0) })

    static func named(_ table: some StringProtocol) -> (any StoredRow.Type)? { byName[String(table)] }
}
