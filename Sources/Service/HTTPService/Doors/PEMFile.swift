import Glibc
import IdentityCore

/// A file of certificates or of a key, as the operator named it.
struct PEMFile {
    /// The key of the configuration that names it.
    let setting: String
    let path: String

    /// A chain of long certificates is a hundredth of it.
    private static let maxBytes = 1 << 20

    /// Reads the file. Blocks on the disk.
    ///
    /// - Returns: the text, and whether others than the file's owner and group may read it.
    func read() throws(Refusal) -> (text: String, isOpenToOthers: Bool) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(errno) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw unreadable(errno) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while bytes.count <= Self.maxBytes {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 { throw unreadable(errno) }
            if count == 0 { return (String(decoding: bytes, as: UTF8.self), status.st_mode & S_IRWXO != 0) }
            bytes += chunk[..<count]
        }
        throw problem("is longer than \(Self.maxBytes) bytes: it is not what it should be")
    }

    /// - Parameter reason: what is wrong with it, and what to do.
    func problem(_ reason: String) -> Refusal { Refusal(.invalid, "\(setting) \(path) \(reason)") }

    private func unreadable(_ code: CInt) -> Refusal {
        switch code {
        case ENOENT: return problem("is not there: put the file there, or correct the path")
        case EACCES: return problem("cannot be read: let the daemon's user read it")
        default:
            // Safe on any thread since glibc 2.32.
            let words = unsafe strerror(code).map { unsafe String(cString: $0).lowercased() }
            return problem("cannot be read: \(words ?? "error \(code)")")
        }
    }
}
