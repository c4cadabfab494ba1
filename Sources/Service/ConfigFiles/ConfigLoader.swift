import CatalogCore
import ConfigCore
import DocumentCore

/// A place of configuration files, as the command line names it.
package enum ConfigPath: Hashable, Sendable {
    /// `-config-file`.
    case file(String)
    /// `-config-dir`: its `.hcl`, `.json`, `.yaml` and `.yml` files in the order of their names; directories in it are not
    /// entered, hidden files are skipped.
    case directory(String)
}

/// Reads the configuration files again and again, and tells what changed.
///
/// A load is all or nothing: if anything is wrong in any file it throws all that is wrong in all of them, and the
/// next load compares with the last good one. Files that have not changed on the disk are neither read nor parsed
/// again, so that a reload costs one look at each file and then what the changed ones cost.
///
/// A plain value without threads of its own. `load` blocks on the disk: call it from a thread that may.
///
///     var loader = ConfigLoader([.directory("/etc/hawser.d")])
///     let configuration = try loader.load()
///     ... on SIGHUP:
///     let difference = try loader.load().difference
package struct ConfigLoader: Sendable {
    package let paths: [ConfigPath]
    private let limits: ConfigLimits
    /// The newest reading of each file, good or bad.
    private var readings: [String: ParsedFile] = [:]
    /// The files of the last good load.
    private var applied: [String: ParsedFile] = [:]
    private var registrations = OwnerIndex.services
    private var entries = OwnerIndex.entries
    private var readingsMade: UInt64 = 0
    /// The number of files that the last load had to parse.
    package private(set) var parsedCount = 0

    package init(_ paths: [ConfigPath], limits: ConfigLimits = ConfigLimits()) {
        self.paths = paths
        self.limits = limits
    }

    package mutating func load() throws(ConfigLoadError) -> LoadedConfiguration {
        let listing = ConfigListing(paths, limits: limits)
        let files = readFiles(listing)
        var problems = listing.problems + files.flatMap(\.problems)
        let (old, new) = turnover(files)
        let services = registrations.plan(removing: old.map(\.registrations), adding: new.map(\.registrations))
        let entries = self.entries.plan(removing: old.map(\.entries), adding: new.map(\.entries))
        problems += services.problems + entries.problems
        guard problems.isEmpty else { throw ConfigLoadError(problems: problems) }

        registrations.apply(services)
        self.entries.apply(entries)
        for file in old { applied[file.path] = nil }
        for file in new { applied[file.path] = file }
        return LoadedConfiguration(
            agent: files.reduce(AgentConfiguration()) { $0.merging($1.agent) },
            difference: ConfigDifference(registrations: services.difference, entries: entries.difference),
            warnings: files.flatMap(\.warnings), files: files)
    }

    /// The files of the listing, parsed now or before.
    private mutating func readFiles(_ listing: ConfigListing) -> [ParsedFile] {
        parsedCount = 0
        var files: [ParsedFile] = []
        files.reserveCapacity(listing.files.count)
        var kept: [String: ParsedFile] = Dictionary(minimumCapacity: listing.files.count)
        for (path, identity) in listing.files {
            var file = readings[path]
            if file?.identity != identity {
                readingsMade += 1
                parsedCount += 1
                file = ParsedFile.parse(path, identity, reading: readingsMade, limits: limits)
            }
            if let file {
                files.append(file)
                kept[path] = file
            }
        }
        readings = kept
        return files
    }

    /// The files of the last good load that are gone or were read anew, and the files that are new or read anew.
    private func turnover(_ files: [ParsedFile]) -> (old: [ParsedFile], new: [ParsedFile]) {
        let new = files.filter { applied[$0.path]?.reading != $0.reading }
        let old = applied.values.filter { readings[$0.path]?.reading != $0.reading }
        return (old.sorted { $0.path < $1.path }, new)
    }
}

extension ParsedFile {
    /// Reads and decodes one file. Never fails: what is wrong is part of the result.
    static func parse(
        _ path: String, _ identity: ConfigFile.Identity, reading: UInt64, limits: ConfigLimits
    ) -> ParsedFile {
        var file = ParsedFile(path: path, identity: identity, reading: reading)
        do throws(DocumentProblems) {
            let (bytes, identity) = try ConfigFile.readFile(path, limits: limits)
            file.identity = identity
            let format = ConfigFormat(path: path) ?? ConfigFormat(text: bytes)
            file.decode(try ConfigFile.documents(bytes, format, file: path, limits: limits))
        } catch {
            file.problems = error.problems
        }
        return file
    }

    /// Decodes what was read.
    mutating func decode(_ documents: [Document]) {
        let collector = ProblemCollector(file: path)
        var contents = ConfigContents()
        for document in documents { contents.append(ConfigContents.decode(document, into: collector)) }
        agent = contents.agent
        registrations = contents.registrations.map { Sourced($0.value, file: path, position: $0.position) }
        entries = contents.entries.map { Sourced($0.value, file: path, position: $0.position) }
        problems = collector.problems.sorted { $0.position < $1.position }
        warnings = collector.warnings
    }
}
