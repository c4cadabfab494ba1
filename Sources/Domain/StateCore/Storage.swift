import IdentityCore

/// One change of a stored entry; a `nil` value deletes it.
package struct StorageWrite: Hashable, Sendable {
    /// `table/rest`, at most `maxKeyBytes` of UTF-8; the part before the first slash is the table.
    package var key: String
    package var value: [UInt8]?

    package init(key: String, value: [UInt8]?) {
        self.key = key
        self.value = value
    }

    /// Keys are made of names: far more than any name of the field has.
    package static let maxKeyBytes = 512
    /// A peer's resource stays below 8 MiB (protocol section 4.10); twice that leaves room for what is kept with it.
    package static let maxValueBytes = 16 << 20

    /// What cannot be stored is the fault of who wants it, and no reason to refuse what others want at the same time.
    ///
    /// - Throws: `invalid`.
    func check() throws(Refusal) {
        guard key.utf8.count <= Self.maxKeyBytes else {
            throw Refusal(
                .invalid,
                "a name is too long to be stored: it may have about \(Self.maxKeyBytes) bytes, and not "
                    + "\(key.utf8.count)")
        }
        guard let count = value?.count, count > Self.maxValueBytes else { return }
        throw Refusal(
            .invalid, "this is too large to be stored as one: it may take \(Self.maxValueBytes) bytes, and not \(count)"
        )
    }
}

/// Everything that was stored, in key order, and the revision of the last commit.
package struct StorageContents: Sendable {
    package var entries: [(key: String, value: [UInt8])]
    package var revision: UInt64

    package init(entries: [(key: String, value: [UInt8])], revision: UInt64) {
        self.entries = entries
        self.revision = revision
    }
}

/// Where the state survives a crash: entries by key, and one revision that counts commits.
///
/// The state's single writer is the only one to commit; it calls from its own task, one call at a time.
package protocol Storage: Sendable {
    /// Reads everything. Called once, before the first commit.
    func load() async throws(StorageError) -> StorageContents

    /// Writes the batch whole or not at all, and returns when it is on disk.
    ///
    /// - Parameter revision: the revision this batch builds on; another one stored means that somebody else
    ///   writes here, and nothing is written.
    /// - Returns: the new revision.
    func commit(_ batch: [StorageWrite], expecting revision: UInt64) async throws(StorageError) -> UInt64
}

/// Why the storage refused.
package struct StorageError: Error, Hashable, Sendable {
    package enum Code: String, Sendable {
        /// Another process has it open.
        case locked
        /// The file is damaged or no database.
        case corrupt
        /// No space is left.
        case full
        /// It may not be read or written, or its folder is missing.
        case denied
        /// It was written by a newer version of Hawser.
        case newer
        /// Another writer committed in between.
        case conflict
        /// Anything else.
        case failed
    }

    package var code: Code
    /// One sentence for people that names the file and says what to do.
    package var message: String
    /// What the layer below said.
    package var cause: String

    package init(code: Code, message: String, cause: String) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package static func == (left: StorageError, right: StorageError) -> Bool { left.code == right.code }
    package func hash(into hasher: inout Hasher) { hasher.combine(code) }
}

extension StorageError: CustomStringConvertible {
    package var description: String { cause.isEmpty ? message : "\(message) (\(cause))" }
}
