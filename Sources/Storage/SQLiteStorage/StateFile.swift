import Glibc
import GRDB
import StateCore

/// The state file as the system sees it: existence, modes, and a birth that no crash can leave half done.
///
/// Nothing here opens a file that is in use: closing it again would drop the locks that SQLite holds in this process.
enum StateFile {
    /// Makes the directory for the owner only, if it is missing.
    static func prepareDirectory(_ directory: String) throws(StorageError) {
        guard unsafe mkdir(directory, 0o700) != 0 else {
            synchronize(directory + "/..")
            return
        }
        guard errno == EEXIST else { throw refusal(of: errno, directory) }
    }

    static func exists(_ path: String) throws(StorageError) -> Bool {
        if unsafe access(path, F_OK) == 0 { return true }
        guard errno == ENOENT else { throw refusal(of: errno, path) }
        return false
    }

    /// Makes an empty state file and gives it its name when it is whole, so that an empty or half-written file is
    /// always damage. If another daemon is first, its file stays.
    static func create(_ path: String, in directory: String) throws(StorageError) {
        let unborn = "\(path).new-\(getpid())"
        unsafe unlink(unborn)
        defer { unsafe unlink(unborn) }
        let descriptor = unsafe Glibc.open(unborn, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw refusal(of: errno, path) }
        Glibc.close(descriptor)
        do {
            try Schema.create(at: unborn)
        } catch {
            throw Refusal.of(error, path: path)
        }
        guard unsafe link(unborn, path) == 0 || errno == EEXIST else { throw refusal(of: errno, path) }
        synchronize(directory)
    }

    /// Takes the file away from everybody but its owner; a restored backup may be open to all.
    static func restrict(_ path: String) throws(StorageError) {
        guard unsafe chmod(path, 0o600) == 0 else { throw refusal(of: errno, path) }
    }

    /// SQLite takes an empty file for a new database; ours is never empty, so it has lost its contents.
    static func refuseEmpty(_ path: String) throws(StorageError) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { throw refusal(of: errno, path) }
        guard status.st_size > 0 else { throw Refusal.corrupt(path, cause: "the file is empty") }
    }

    /// Flushes the names in a directory. File systems that cannot do that keep them anyway.
    private static func synchronize(_ directory: String) {
        let descriptor = unsafe Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        Glibc.close(descriptor)
    }

    private static func refusal(of code: CInt, _ path: String) -> StorageError {
        let cause = unsafe String(cString: strerror(code))
        switch code {
        case ENOSPC, EDQUOT: return Refusal.full(path, cause: cause)
        case EIO: return Refusal.failed(path, cause: cause)
        default: return Refusal.denied(path, cause: cause)
        }
    }
}
