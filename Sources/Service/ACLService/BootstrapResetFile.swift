import Glibc

/// The file by which whoever owns the machine allows another bootstrap, when the tokens that may do everything are
/// lost: in the data directory, under Consul's name, with the index that a refused bootstrap tells.
package struct BootstrapResetFile: Sendable {
    private let path: String

    /// A number of 64 bits, and a line break or two.
    private static let maxBytes = 32

    package init(dataDirectory: String) {
        path = dataDirectory + "/acl-bootstrap-reset"
    }

    /// - Returns: nil if there is none, or no number in it.
    func index() -> UInt64? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Self.maxBytes)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { return nil }
        let digits = String(decoding: bytes.prefix(count), as: UTF8.self).filter { !$0.isWhitespace }
        return UInt64(digits)
    }

    /// It allows one bootstrap.
    func remove() { unsafe unlink(path) }
}
