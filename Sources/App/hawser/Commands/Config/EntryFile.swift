import ConfigCore
import ConfigFiles
import DocumentCore

/// A file with one config entry.
enum EntryFile {
    /// The daemon accepts no more.
    private static let maxEntryBytes = 4 << 20

    /// Whether the file can be read at all is better told here, with the file's name.
    static func read(_ file: String) throws(CommandFailure) -> Document {
        let documents: [Document]
        do throws(DocumentProblems) {
            documents = try ConfigFile.readDocuments(file, limits: ConfigLimits(maxFileBytes: maxEntryBytes))
        } catch {
            throw CommandFailure("hawser: \(error)")
        }
        guard !documents.isEmpty else { throw CommandFailure("hawser: \(file) has no entry in it") }
        guard documents.count == 1 else {
            throw CommandFailure("hawser: \(file) has \(documents.count) entries in it: give each a file of its own")
        }
        return documents[0]
    }

    /// Also of an entry that is wrong elsewhere.
    static func isExportedServices(_ entry: Document) -> Bool {
        ConfigEntry.decode(entry, into: ProblemCollector())?.kind == .exportedServices
    }

    /// `kind/name`.
    static func label(of entry: Document) -> String {
        func text(_ key: String) -> String? {
            entry.map?.first { $0.key.lowercased() == key }?.value.string
        }
        let kind = text("kind") ?? "?"
        let standard = kind == "mesh" ? "mesh" : kind == "proxy-defaults" ? "global" : "?"
        return "\(kind)/\(text("name") ?? standard)"
    }
}
