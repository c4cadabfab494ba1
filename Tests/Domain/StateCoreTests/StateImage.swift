import CatalogCore

@testable import StateCore

/// Everything of a state that must be the same after a restart: its index, every row as it would be stored, and the
/// indexes of names, which are worked out from rows.
struct StateImage: Equatable, CustomStringConvertible {
    var index: UInt64
    var rows: [String: [UInt8]]
    var names: [String: [UInt64]]

    init(_ state: State) {
        index = state.index
        rows = [:]
        for table in StoredTables.all {
            for row in table.rows(of: state) as [any StoredRow] { rows[row.key.text] = row.encode() }
        }
        names = [:]
        for (name, service) in state.catalog.services {
            names["service \(name)"] = [service.createIndex, service.modifyIndex]
        }
        for (name, mesh) in state.catalog.meshServices { names["mesh \(name)"] = [mesh.modifyIndex] }
        for (id, imports) in state.imports { names["imports \(id)"] = [imports.modifyIndex, UInt64(imports.bytes)] }
    }

    var description: String {
        let rows = rows.sorted { $0.key < $1.key }.map { "\($0.key): \(String(decoding: $0.value, as: UTF8.self))" }
        return (["index \(index)"] + rows + names.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" })
            .joined(separator: "\n")
    }

    /// What is another in the other one; for people.
    func differences(from other: StateImage) -> [String] {
        var found = index == other.index ? [] : ["index \(index), and not \(other.index)"]
        for key in Set(rows.keys).union(other.rows.keys).sorted() where rows[key] != other.rows[key] {
            found.append("\(key): \(Self.text(rows[key])), and not \(Self.text(other.rows[key]))")
        }
        for key in Set(names.keys).union(other.names.keys).sorted() where names[key] != other.names[key] {
            found.append("\(key): \(names[key] ?? []), and not \(other.names[key] ?? [])")
        }
        return found
    }

    private static func text(_ bytes: [UInt8]?) -> String {
        bytes.map { String(decoding: $0, as: UTF8.self) } ?? "none"
    }
}
