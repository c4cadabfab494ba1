import Glibc
package import IdentityCore

/// A file that lines are added to. It is opened for each, so that it may be moved away at any time.
package struct AuditFile: Sendable {
    package let path: String

    /// - Throws: `failed` if it cannot be written: a daemon that shall keep an audit log does not start without it.
    package init(path: String) throws(Refusal) {
        self.path = path
        guard let problem = append("") else { return }
        throw Refusal(.failed, "the audit log \(path) cannot be written: \(problem)")
    }

    /// Adds a text whole, or takes what came of it away again. Blocks as long as the disk does.
    ///
    /// - Returns: why it failed; nil if it did not.
    func append(_ text: String) -> String? {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return Self.reason(errno) }
        defer { close(descriptor) }
        let end = lseek(descriptor, 0, SEEK_END)
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count == 0 || errno != EINTR {
                let problem = Self.reason(errno)
                if end >= 0 { _ = ftruncate(descriptor, end) }
                return problem
            }
        }
        return nil
    }

    private static func reason(_ code: Int32) -> String {
        guard let text = unsafe strerror(code) else { return "error \(code)" }
        return unsafe String(cString: text)
    }
}
