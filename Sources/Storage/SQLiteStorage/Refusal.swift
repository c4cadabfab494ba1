import GRDB
import StateCore

/// The sentences for people, and which error of SQLite or of the system gets which.
enum Refusal {
    static func of(_ error: any Error, path: String) -> StorageError {
        guard let error = error as? DatabaseError else {
            return failed(path, cause: String(describing: error))
        }
        // Never the statement's arguments: values are secrets.
        let cause = "SQLite \(error.extendedResultCode.rawValue): \(error.message ?? "no text")"
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return locked(path, cause: cause)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            return corrupt(path, cause: cause)
        case .SQLITE_FULL:
            return full(path, cause: cause)
        case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
            return denied(path, cause: cause)
        case .SQLITE_ERROR where error.message?.hasPrefix("no such table") == true:
            return corrupt(path, cause: cause)
        default:
            return failed(path, cause: cause)
        }
    }

    /// Whether a commit that failed so may be on disk all the same: its frames may have been written, and only the flush
    /// failed. A full disk is known: what does not fit is not there.
    static func isUnknown(_ error: DatabaseError) -> Bool {
        switch error.resultCode {
        case .SQLITE_FULL, .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_CONSTRAINT, .SQLITE_TOOBIG, .SQLITE_NOMEM: false
        default: true
        }
    }

    static func locked(_ path: String, cause: String) -> StorageError {
        StorageError(
            code: .locked,
            message: "The state file \(path) is in use by another process; stop the other Hawser, "
                + "or give this one a data directory of its own.",
            cause: cause)
    }

    static func corrupt(_ path: String, cause: String) -> StorageError {
        StorageError(
            code: .corrupt,
            message: "The state file \(path) is damaged or not one of Hawser's; restore it from a backup, "
                + "or move it away to start empty.",
            cause: cause)
    }

    static func full(_ path: String, cause: String) -> StorageError {
        StorageError(
            code: .full,
            message: "No space is left for the state file \(path); free some on its disk.",
            cause: cause)
    }

    static func denied(_ path: String, cause: String) -> StorageError {
        StorageError(
            code: .denied,
            message: "The state file \(path) cannot be opened for writing; check that its directory exists "
                + "and that Hawser's user owns it.",
            cause: cause)
    }

    static func failed(_ path: String, cause: String) -> StorageError {
        StorageError(
            code: .failed,
            message: "The state file \(path) could not be read or written; check the disk and the system's log.",
            cause: cause)
    }
}
