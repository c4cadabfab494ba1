import DocumentCore

/// One line of the replication log, or of what the daemon says between its lines.
struct LogLine: Equatable {
    let bytes: ArraySlice<UInt8>
    /// `nil` for what is no JSON.
    let document: Document?

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        document = try? JSONReader.read(Array(bytes))
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }
    /// Of an event.
    var number: UInt64? { count("number") }
    /// How many events before the next line are not kept any longer.
    var missed: UInt64? { count("missed") }
    /// SHA-256 of the event before; empty for the first event.
    var previous: String { document?["previous"]?.string ?? "" }

    private func count(_ key: String) -> UInt64? { document?[key]?.unsigned }
}

/// Where the log begins and ends.
struct LogBounds: Equatable {
    /// The first event that is kept.
    var oldest: UInt64
    /// The number that the next event gets.
    var next: UInt64
    /// SHA-256 of the last event; empty before the first.
    var hash: String

    init(oldest: UInt64, next: UInt64, hash: String) {
        self.oldest = oldest
        self.next = next
        self.hash = hash
    }

    /// - Returns: `nil` for an answer that says something else.
    init?(_ answer: Document) {
        guard let oldest = Self.number("Oldest", in: answer), let next = Self.number("Next", in: answer),
            let hash = answer["Hash"]?.string
        else { return nil }
        self.init(oldest: oldest, next: next, hash: hash)
    }

    /// One that an event may have.
    private static func number(_ key: String, in answer: Document) -> UInt64? {
        guard let number = answer[key]?.unsigned, number > 0 else { return nil }
        return number
    }
}

extension DaemonClient {
    func logBounds() async throws(ClientError) -> LogBounds {
        guard let bounds = LogBounds(try await get(APIPath("hawser", "log")).document) else {
            throw ClientError(.malformed, "what \(http.address) says of the replication log cannot be understood")
        }
        return bounds
    }
}
