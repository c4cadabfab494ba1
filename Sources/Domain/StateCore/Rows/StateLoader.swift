import CatalogCore
import IdentityCore

/// Builds the tables from stored rows.
enum StateLoader {
    struct Loaded {
        var state: State
        /// Rows that older versions stored otherwise, as this version stores them.
        var rewrites: [StorageWrite] = []
        /// What operators should know, a sentence each.
        var notices: [String] = []
    }

    private struct Read {
        var stored: StoredBytes
        var row: any StoredRow
    }

    /// - Throws: `newer` or `corrupt`, with the row's key. Nothing is dropped silently: a daemon that cannot read its
    ///   state must not start without it.
    static func load(_ contents: StorageContents) throws(StorageError) -> Loaded {
        var loaded = Loaded(state: State())
        var rows: [String: [Read]] = [:]
        var index = contents.position.index
        for (key, value) in contents.entries {
            guard let read = try read(key, value, &loaded) else { continue }
            index = max(index, read.row.lastIndex)
            rows[type(of: read.row).table, default: []].append(read)
        }
        loaded.state.index = index
        for table in StoredTables.all {
            for read in rows[table.table] ?? [] { _ = read.row.insert(into: &loaded.state, at: index) }
        }
        adoptOwnNodes(of: (rows[InstanceRow.table] ?? []) + (rows[AddedCheckRow.table] ?? []), &loaded)
        return loaded
    }

    /// - Returns: `nil` for a row that was left out, with a notice.
    private static func read(
        _ key: String, _ value: [UInt8], _ loaded: inout Loaded
    ) throws(StorageError) -> Read? {
        let (stored, row) = try decode(key, value)
        let canonical = row.key
        do throws(Refusal) {
            try canonical.check()
        } catch {
            // Versions that did not check names stored some that no daemon could start with.
            loaded.notices.append("the stored row \(canonical.text) was removed: \(error.message)")
            loaded.rewrites.append(StorageWrite(key: key, value: nil))
            return nil
        }
        let isOlder = stored.version < type(of: row).version
        if canonical.text != key { loaded.rewrites.append(StorageWrite(key: key, value: nil)) }
        if isOlder || canonical.text != key { loaded.rewrites.append(row.write) }
        return Read(stored: stored, row: row)
    }

    /// One row with the checks of its table, version and checksum.
    static func decode(_ key: String, _ value: [UInt8]) throws(StorageError) -> (StoredBytes, any StoredRow) {
        // What a newer version stores may have another form, too.
        guard let type = StoredTables.named(RowKey.table(of: key)) else {
            throw newer(key, "this version knows no table \"\(RowKey.table(of: key))\"")
        }
        guard let opened = RowEnvelope.open(value, key: key) else { throw damaged(key, "the checksum is wrong") }
        guard opened.version <= type.version else {
            throw newer(key, "its version is \(opened.version), and this version reads up to \(type.version)")
        }
        let stored = StoredBytes(key: key, version: opened.version, body: opened.body)
        guard let row = type.init(stored) else { throw damaged(key, "unreadable") }
        return (stored, row)
    }

    private static func damaged(_ key: String, _ cause: String) -> StorageError {
        StorageError(
            code: .corrupt,
            message: "the stored row \"\(key)\" is damaged: restore the data directory from a backup", cause: cause)
    }

    private static func newer(_ key: String, _ cause: String) -> StorageError {
        StorageError(
            code: .newer,
            message: "the stored row \"\(key)\" was written by a newer version of Hawser: start that version",
            cause: cause)
    }

    /// With rows of version 1 the daemon's own node was not stored: what stood on a node that is not stored was its.
    private static func adoptOwnNodes(of rows: [Read], _ loaded: inout Loaded) {
        let names = rows.compactMap { read -> String? in
            guard read.stored.version == 1 else { return nil }
            return (read.row as? InstanceRow)?.instance.key.node ?? (read.row as? AddedCheckRow)?.check.node
        }
        for name in Set(names).sorted() where loaded.state.catalog.nodes[name] == nil {
            let node = LocalNode(
                node: Node(id: loaded.state.identity?.nodeID ?? "", name: name), isExternal: false,
                createIndex: loaded.state.index, modifyIndex: loaded.state.index)
            let row = NodeRow(node)
            _ = row.insert(into: &loaded.state, at: loaded.state.index)
            loaded.rewrites.append(row.write)
        }
    }

    // MARK: What another daemon committed

    /// Brings the tables to what a commit says.
    static func absorb(_ update: StorageUpdate, into state: inout State) throws(StorageError) -> [StateChange] {
        var changes: [StateChange] = []
        let index = max(update.position.index, state.index)
        for write in update.writes {
            if let value = write.value {
                changes += try decode(write.key, value).1.insert(into: &state, at: index)
            } else if let type = StoredTables.named(RowKey.table(of: write.key)) {
                changes += type.remove(RowKey.parts(of: write.key), from: &state, at: index)
            }
        }
        if update.events != nil { changes.append(.replicationLog) }
        state.index = index
        return changes
    }
}
