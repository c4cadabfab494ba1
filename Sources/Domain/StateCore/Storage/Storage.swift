/// Where the state survives a crash: rows by key, a stream of events that only grows at its end, and one revision that
/// counts commits.
///
/// The state's single writer is the only one of its process to commit; it calls from its own task, one call at a time.
/// `events`, `watch` and `close` may be called from any task. What every implementation must do is written down as
/// tests, in `Tests/Storage/StorageContract`.
package protocol Storage: Sendable {
    /// Reads everything but the events. Called before the first commit.
    func load() async throws(StorageError) -> StorageContents

    /// Writes the batch whole or not at all, and returns when it is on disk.
    ///
    /// - Returns: the new revision.
    /// - Throws: an error whose ``StorageError/outcome`` says whether the batch may be stored all the same.
    func commit(_ batch: StorageBatch) async throws(StorageError) -> UInt64

    /// What the last commit was. Resolves a commit whose outcome is unknown.
    func position() async throws(StorageError) -> StoragePosition

    /// Everything that is committed after a revision, by whomever, in the order of the commits.
    ///
    /// - Throws: `compacted` if the revision is too old to follow from: load again.
    func watch(from revision: UInt64) async throws(StorageError) -> AsyncThrowingStream<StorageUpdate, any Error>

    /// Events from the one with the given number on, oldest first, as runs that were committed together. The first run
    /// may begin before the number; the first one that is kept does not contain it if it was trimmed.
    ///
    /// - Parameter limit: about how many events to return; at least one run comes if there is one.
    func events(from number: UInt64, limit: Int) async throws(StorageError) -> [StoredEvents]

    /// The first number of the oldest run whose time is not before a moment; `nil` if there is none.
    ///
    /// - Parameter milliseconds: Unix milliseconds.
    func firstEvent(since milliseconds: Int64) async throws(StorageError) -> UInt64?

    /// Lets go of what is open. Later calls fail.
    func close() async throws(StorageError)
}

/// Everything that was stored.
package struct StorageContents: Sendable {
    /// In the order of the keys' bytes.
    package var entries: [(key: String, value: [UInt8])]
    package var position: StoragePosition

    package init(entries: [(key: String, value: [UInt8])], position: StoragePosition) {
        self.entries = entries
        self.position = position
    }
}

/// Where the storage stands.
package struct StoragePosition: Hashable, Sendable {
    /// Counts commits, from 0.
    package var revision: UInt64
    /// The state's index at the last commit.
    package var index: UInt64
    /// Of the last commit, as its batch carried it.
    package var tag: UInt64

    package init(revision: UInt64 = 0, index: UInt64 = 0, tag: UInt64 = 0) {
        self.revision = revision
        self.index = index
        self.tag = tag
    }
}

/// What is written together.
package struct StorageBatch: Sendable {
    /// Later writes of a key win.
    package var writes: [StorageWrite]
    /// Appended to the stream. Numbers go on where the last run ended.
    package var events: StoredEvents?
    /// Which events need not be kept any longer.
    package var retention: EventRetention?
    /// The state's index after this batch.
    package var index: UInt64
    /// The revision that this batch builds on. Another one stored means that somebody else wrote, and nothing is
    /// written.
    package var expecting: UInt64
    /// A number that no other batch has, to recognise this one by if its outcome is unknown.
    package var tag: UInt64
    /// The term of the writer: a writer of an older term than one that has written is refused. 0 where there is only
    /// one writer.
    package var fence: UInt64

    package init(
        writes: [StorageWrite], events: StoredEvents? = nil, retention: EventRetention? = nil, index: UInt64 = 0,
        expecting: UInt64, tag: UInt64 = 0, fence: UInt64 = 0
    ) {
        self.writes = writes
        self.events = events
        self.retention = retention
        self.index = index
        self.expecting = expecting
        self.tag = tag
        self.fence = fence
    }
}

/// One change of a stored row; a `nil` value deletes it.
package struct StorageWrite: Hashable, Sendable {
    /// As ``RowKey/text``, at most `maxKeyBytes` of UTF-8 without NUL; the part before the first slash is the table.
    package var key: String
    package var value: [UInt8]?

    package init(key: String, value: [UInt8]?) {
        self.key = key
        self.value = value
    }

    /// A table and two names of 255 bytes, each of which may be escaped to three times its length.
    package static let maxKeyBytes = 2_048
    /// A peer's resource stays below 50 MiB (protocol section 4.10); the rest is room for what is kept with it.
    package static let maxValueBytes = 64 << 20
}

/// Events that were committed together, as the state wrote them.
package struct StoredEvents: Hashable, Sendable {
    /// The number of the first.
    package var first: UInt64
    package var count: Int
    /// Unix milliseconds of the last.
    package var time: Int64
    package var bytes: [UInt8]

    package init(first: UInt64, count: Int, time: Int64, bytes: [UInt8]) {
        self.first = first
        self.count = count
        self.time = time
        self.bytes = bytes
    }

    /// The number after the last.
    package var next: UInt64 { first + UInt64(count) }
}

/// How long events are kept: until one of the two bounds is passed. Whole runs go, the oldest first; the last run stays.
package struct EventRetention: Hashable, Sendable {
    package var maxBytes: Int
    /// Unix milliseconds: what is older goes.
    package var notBefore: Int64

    package init(maxBytes: Int, notBefore: Int64) {
        self.maxBytes = maxBytes
        self.notBefore = notBefore
    }
}

/// What one commit changed, as the others see it.
package struct StorageUpdate: Sendable {
    package var position: StoragePosition
    package var writes: [StorageWrite]
    package var events: StoredEvents?

    package init(position: StoragePosition, writes: [StorageWrite], events: StoredEvents?) {
        self.position = position
        self.writes = writes
        self.events = events
    }
}
