import CLinux
import Glibc

/// The file of a Unix socket: whose it is, who may connect, and how it comes and goes.
///
/// A server binds to `stagingPath`, in a directory that nobody else may enter, and `publish` moves the socket into its
/// place once its owner and permissions are right: at no moment may somebody connect who should not. The calls block on
/// the file system, shortly; one task makes them in this order.
package struct UnixSocketFile: Hashable, Sendable {
    /// Who may connect, unless the operator says otherwise: the daemon's own user, and root.
    package static let usualMode: UInt32 = 0o600

    package let path: String
    /// Nil leaves the daemon's own.
    private let user: UInt32?
    private let group: UInt32?
    private let mode: UInt32

    /// - Parameters:
    ///   - user: a name or a number; nil for the daemon's own. The same for `group`.
    ///   - mode: permissions.
    package init(path: String, user: String?, group: String?, mode: UInt32?) throws(ListenProblem) {
        self.path = path
        self.mode = mode ?? Self.usualMode
        guard path.hasPrefix("/") else {
            throw ListenProblem("the Unix socket \"\(path)\" has no absolute path: write unix:///run/hawser/http.sock")
        }
        let limit = Int(hawser_unix_path_limit()) - Self.stagedName.utf8.count
        guard path.utf8.count <= limit else {
            throw ListenProblem(
                "the path of the Unix socket \(path) is longer than \(limit) bytes: choose a shorter one")
        }
        self.user = try Self.number(user, "user") { unsafe hawser_user_number($0) }
        self.group = try Self.number(group, "group") { unsafe hawser_group_number($0) }
    }

    private static let stagedName = ".new/s"

    private var stagingDirectory: String { path + ".new" }

    /// Where to bind.
    package var stagingPath: String { path + Self.stagedName }

    /// Makes sure that nobody listens there, and makes room to bind.
    package func prepare() throws(ListenProblem) {
        switch unsafe hawser_is_socket(path) {
        case -Int(ENOENT): break
        case 1: try refuseIfSomebodyListens()
        case 0: throw problem("there is a file that is no socket: move it away, or choose another path")
        case let result: throw problem(result)
        }
        clearStaging()
        let result = unsafe hawser_mkdir(stagingDirectory, 0o700)
        guard result == 0 else { throw problem(result) }
    }

    /// What nobody answers at is left over from a process that was killed.
    private func refuseIfSomebodyListens() throws(ListenProblem) {
        switch unsafe hawser_try_unix(path) {
        case -Int(ECONNREFUSED): return
        case 0, -Int(EAGAIN):
            throw problem("another process listens there. Is another agent running? Set another path if so")
        case let result: throw problem(result)
        }
    }

    /// Puts the bound socket in its place, with its owner and permissions.
    ///
    /// - Returns: what `remove` knows it by.
    package func publish() throws(ListenProblem) -> UInt64 {
        defer { clearStaging() }
        let keep = UInt32.max
        var result = unsafe hawser_lchown(stagingPath, user ?? keep, group ?? keep)
        if result == 0 { result = unsafe hawser_chmod(stagingPath, mode) }
        if result == 0 { result = unsafe hawser_rename(stagingPath, path) }
        guard result == 0 else { throw problem(result) }
        return unsafe hawser_file_number(path)
    }

    /// Takes the file away, unless another has come in its place.
    package func remove(_ number: UInt64) {
        if unsafe hawser_file_number(path) == number { _ = unsafe hawser_unlink(path) }
    }

    private func clearStaging() {
        _ = unsafe hawser_unlink(stagingPath)
        _ = unsafe hawser_rmdir(stagingDirectory)
    }

    private static func number(
        _ text: String?, _ kind: String, _ find: (String) -> Int
    ) throws(ListenProblem) -> UInt32? {
        guard let text else { return nil }
        if let number = UInt32(text) { return number }
        guard let number = UInt32(exactly: find(text)) else {
            throw ListenProblem("unix_sockets.\(kind) cannot be \"\(text)\": this machine knows no such \(kind)")
        }
        return number
    }

    private func problem(_ result: Int) -> ListenProblem {
        let advice =
            switch CInt(clamping: -result) {
            case ENOENT: ": make the directory first"
            case EACCES, EPERM: ": let the daemon's user write to the directory, and give files away if it shall"
            default: ""
            }
        return problem(ListenProblem.words(for: CInt(clamping: -result)) + advice)
    }

    private func problem(_ reason: String) -> ListenProblem {
        ListenProblem("the HTTP API cannot listen on unix://\(path): \(reason)")
    }
}
