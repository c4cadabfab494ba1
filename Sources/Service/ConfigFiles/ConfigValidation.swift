package import ConfigCore
package import DocumentCore

/// What is to be said of configuration files that nobody loads: all problems and warnings, and what is in them.
///
/// Offline: nothing but the files is looked at. Blocks on the disk.
package struct ConfigValidation: Sendable {
    package private(set) var problems: [DocumentProblem]
    package private(set) var warnings: [DocumentProblem]
    package let fileCount: Int
    package let serviceCount: Int
    package let entryCount: Int
    /// The settings of all files, later ones over earlier ones.
    package let agent: AgentConfiguration

    /// - Parameter paths: files, directories, and `-` for standard input.
    package init(_ paths: [String], limits: ConfigLimits = ConfigLimits()) {
        let listing = ConfigListing(paths.filter { $0 != "-" }.map(ConfigPath.init(fileOrDirectory:)), limits: limits)
        var files = listing.files.map { ParsedFile.parse($0.path, $0.identity, reading: 0, limits: limits) }
        if paths.contains("-") { files.append(.standardInput(limits: limits)) }
        let services = OwnerIndex.services.plan(removing: [], adding: files.map(\.registrations))
        let entries = OwnerIndex.entries.plan(removing: [], adding: files.map(\.entries))
        problems = listing.problems + files.flatMap(\.problems) + services.problems + entries.problems
        warnings = files.flatMap(\.warnings)
        fileCount = files.count
        serviceCount = services.difference.added.count
        entryCount = entries.difference.added.count
        agent = files.reduce(AgentConfiguration()) { $0.merging($1.agent) }
    }
}

extension ConfigPath {
    /// What a path is, is seen on the disk; one that leads nowhere counts as a file, so that its problem is told.
    fileprivate init(fileOrDirectory path: String) {
        let isDirectory = (try? ConfigFile.identity(path))?.isDirectory ?? false
        self = isDirectory ? .directory(path) : .file(path)
    }
}

extension ParsedFile {
    fileprivate static func standardInput(limits: ConfigLimits) -> ParsedFile {
        var file = ParsedFile(path: "standard input")
        do throws(DocumentProblems) {
            file.decode(try ConfigFile.readDocuments("-", limits: limits))
        } catch {
            file.problems = error.problems
        }
        return file
    }
}
