import DocumentCore

/// The files that the paths of the command line lead to, in the order in which they are read.
struct ConfigListing {
    private(set) var files: [(path: String, identity: ConfigFile.Identity)] = []
    private(set) var problems: [DocumentProblem] = []
    private let limits: ConfigLimits
    /// A file that is named twice, or is also in a directory that is named, is read once.
    private var seen: Set<[UInt64]> = []

    init(_ paths: [ConfigPath], limits: ConfigLimits) {
        self.limits = limits
        for path in paths {
            switch path {
            case .file(let path): addFile(path)
            case .directory(let path): addDirectory(path)
            }
        }
        if files.count > limits.maxFiles {
            problems.append(
                DocumentProblem(
                    .invalid, at: .none,
                    "there are \(files.count) configuration files, and at most \(limits.maxFiles) are read"))
            files.removeSubrange(limits.maxFiles...)
        }
    }

    private mutating func addFile(_ path: String) {
        do {
            let identity = try ConfigFile.identity(path)
            guard ConfigFormat(path: path) != nil else {
                let reason = "the name of a file must end in .hcl, .json, .yaml or .yml"
                return problems.append(DocumentProblem(.unreadable, file: path, at: .none, reason))
            }
            add(path, identity)
        } catch {
            problems.append(DocumentProblem(error, file: path))
        }
    }

    private mutating func addDirectory(_ directory: String) {
        let names: [String]
        do {
            names = try ConfigFile.names(inDirectory: directory)
        } catch {
            problems.append(DocumentProblem(error, file: directory))
            return
        }
        for name in names where !name.hasPrefix(".") {
            let path = directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
            guard ConfigFormat(path: name) != nil else { continue }
            // A file that went away since it was listed is not there: no problem.
            guard let identity = try? ConfigFile.identity(path), identity.isRegular else { continue }
            add(path, identity)
        }
    }

    private mutating func add(_ path: String, _ identity: ConfigFile.Identity) {
        guard seen.insert([identity.device, identity.inode]).inserted else { return }
        files.append((path, identity))
    }
}
