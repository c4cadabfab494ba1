/// Why the storage refused.
package struct StorageError: Error, Sendable {
    package enum Code: String, CaseIterable, Sendable {
        /// Another process has it open.
        case locked
        /// It is damaged, or not the state of a daemon.
        case corrupt
        /// No space is left.
        case full
        /// It may not be read or written, or its folder is missing.
        case denied
        /// It was written by a newer version of Hawser.
        case newer
        /// Another writer committed in between.
        case conflict
        /// Another writer took over.
        case fenced
        /// The revision to follow from is too old.
        case compacted
        /// It was closed.
        case closed
        /// Anything else.
        case failed
    }

    /// What became of the batch that the error is about.
    package enum Outcome: Hashable, Sendable {
        /// Nothing of it is stored.
        case refused
        /// It may be stored, or may not. Only reading tells.
        case unknown
    }

    package var code: Code
    package var outcome: Outcome
    /// One sentence for operators that names the file and says what to do. It holds local paths: peers and clients of
    /// the API get ``Code/sentence``.
    package var message: String
    /// What the layer below said.
    package var cause: String

    package init(code: Code, outcome: Outcome = .refused, message: String, cause: String) {
        self.code = code
        self.outcome = outcome
        self.message = message
        self.cause = cause
    }
}

extension StorageError: Equatable {
    /// Equal where their codes and outcomes are: texts are for people.
    package static func == (left: StorageError, right: StorageError) -> Bool {
        left.code == right.code && left.outcome == right.outcome
    }
}

extension StorageError.Code {
    /// One sentence for everybody, without paths and details.
    package var sentence: String {
        switch self {
        case .locked: "the state is in use by another process"
        case .corrupt: "the stored state is damaged"
        case .full: "no space is left on the disk of the data directory"
        case .denied: "the data directory cannot be written to"
        case .newer: "the state was written by a newer version of Hawser"
        case .conflict, .fenced: "another daemon has written to the state"
        case .compacted: "the state has changed too much to be followed"
        case .closed: "the daemon is shutting down"
        case .failed: "the disk of the data directory has failed"
        }
    }
}

extension StorageError: CustomStringConvertible {
    package var description: String { cause.isEmpty ? message : "\(message) (\(cause))" }
}
