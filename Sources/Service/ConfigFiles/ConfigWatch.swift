package import DocumentCore
import Glibc

/// Watches the directories of configuration files for changes (inotify(7)).
package enum ConfigWatch {
    private static let events = UInt32(
        IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_ATTRIB)

    /// A descriptor that something can be read from after each change. What changed is not worth to be read there: a
    /// load finds it out, and costs little when it was nothing. A directory that goes away and comes back later is not
    /// watched any more.
    ///
    /// - Returns: the caller's to close; reading does not block.
    /// - Throws: if the system cannot watch, such as when its limit of watches is reached.
    package static func open(_ paths: [ConfigPath]) throws(DocumentProblems) -> Int32 {
        let descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        guard descriptor >= 0 else { throw problem(nil) }
        for directory in directories(of: paths) {
            guard unsafe inotify_add_watch(descriptor, directory, events) >= 0 else {
                let problem = problem(directory)
                close(descriptor)
                throw problem
            }
        }
        return descriptor
    }

    /// A file is watched through its directory: editors and deployments put a new one in its place.
    private static func directories(of paths: [ConfigPath]) -> Set<String> {
        Set(
            paths.map { path in
                switch path {
                case .directory(let directory): return directory
                case .file(let file):
                    guard let slash = file.lastIndex(of: "/") else { return "." }
                    return slash == file.startIndex ? "/" : String(file[..<slash])
                }
            })
    }

    private static func problem(_ directory: String?) -> DocumentProblems {
        let reason = unsafe strerror(errno).map { unsafe String(cString: $0) } ?? "error \(errno)"
        return DocumentProblems(problems: [
            DocumentProblem(.unreadable, file: directory, at: .none, "cannot be watched for changes: \(reason)")
        ])
    }
}
