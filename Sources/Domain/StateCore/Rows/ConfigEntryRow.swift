import ConfigCore
import DocumentCore

/// A config entry: written by a client, or defined by a file.
struct ConfigEntryRow: StoredRow {
    static let table = "config"
    static let version: UInt8 = 2
    static let scope = RowScope.cluster

    var entry: StoredConfigEntry

    init(_ entry: StoredConfigEntry) {
        self.entry = entry
    }

    init?(_ stored: StoredBytes) {
        // It was right by the rules of its time: rules that came later must not keep the daemon from starting, and
        // what they refuse is left out.
        guard let document = stored.document,
            // Version 1 is the entry alone.
            let entry = ConfigEntry.decode(
                stored.version == 1 ? document : document["Entry"] ?? document, unknown: .ignore,
                into: ProblemCollector())
        else { return nil }
        let row: StoredConfigEntry? = stored.map { map in
            StoredConfigEntry(
                entry: entry, source: Source(&map), owner: map.string("Owner") ?? "",
                createIndex: map.index("CreateIndex"),
                modifyIndex: map.index("ModifyIndex"))
        }
        guard let row else { return nil }
        self.entry = row
    }

    static func key(of key: ConfigEntryKey) -> RowKey { RowKey(table, key.kind.rawValue, key.name) }

    var key: RowKey { Self.key(of: entry.entry.key) }
    var lastIndex: UInt64 { entry.modifyIndex }

    func insert(into state: inout State, at index: UInt64) -> [StateChange] {
        state.cluster.configEntries[entry.entry.key] = entry
        return [.configEntry(entry.entry.key)]
    }

    static func remove(_ parts: [String], from state: inout State, at index: UInt64) -> [StateChange] {
        guard let kind = parts.first.flatMap(ConfigEntryKind.init(rawValue:)) else { return [] }
        let key = ConfigEntryKey(kind: kind, name: parts.last ?? "")
        state.cluster.configEntries[key] = nil
        return [.configEntry(key)]
    }

    static func rows(of state: State) -> [Self] { state.configEntries.values.map { Self($0) } }

    func encode() -> [UInt8] {
        RowJSON.object {
            entry.source.write(to: &$0)
            $0.fieldIfNotEmpty("Owner", entry.owner)
            $0.field("CreateIndex", entry.createIndex)
            $0.field("ModifyIndex", entry.modifyIndex)
            $0.key("Entry")
            entry.entry.write(to: &$0, createIndex: entry.createIndex, modifyIndex: entry.modifyIndex)
        }
    }
}
