import ConfigCore
import ConfigFiles
import DocumentCore

/// A file with config entries.
enum EntryFile {
    /// The daemon accepts no more.
    private static let maxEntryBytes = 4 << 20

    /// What is wrong is better told here, with the file's name and the line.
    ///
    /// - Returns: at least one entry, and none unless all are right.
    static func read(_ file: String) throws(CommandFailure) -> [ConfigEntry] {
        let name = file == "-" ? "standard input" : file
        let collector = ProblemCollector(file: name)
        let entries: [ConfigEntry]
        do throws(DocumentProblems) {
            let documents = try ConfigFile.readDocuments(file, limits: ConfigLimits(maxFileBytes: maxEntryBytes))
            let found = documents.filter { $0.content != .null }.compactMap { ConfigEntry.decode($0, into: collector) }
            entries = try collector.check(found)
        } catch {
            throw CommandFailure("hawser: \(error)")
        }
        guard !entries.isEmpty else { throw CommandFailure("hawser: \(name) has no entry in it") }
        return entries
    }
}
