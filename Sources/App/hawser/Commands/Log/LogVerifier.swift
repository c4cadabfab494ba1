import IdentityCore

/// Checks that the events of a log are those that were written: their numbers have no gap, each names the SHA-256 of
/// the one before, and the log's head that of the last one.
///
/// A byte that was changed shows one event later, in a hash that does not fit. Whether the event or the hash that the
/// next one names was changed is told by the hash after that.
struct LogVerifier {
    struct Problem: Equatable {
        /// The first event that is wrong.
        var number: UInt64
        var sentence: String
    }

    private let end: LogBounds
    private let digest: ([UInt8]) -> [UInt8]
    /// The first event that was there to check.
    private(set) var first: UInt64
    private var expected: UInt64
    /// Of the event before the expected one; `nil` if that is not kept.
    private var hash: String?
    /// An event whose hash is not the one that the event after it names.
    private var suspect: UInt64?

    /// - Parameters:
    ///   - bounds: what to check; later events are let pass.
    ///   - digest: SHA-256.
    init(_ bounds: LogBounds, digest: @escaping ([UInt8]) -> [UInt8]) {
        end = bounds
        self.digest = digest
        first = bounds.oldest
        expected = bounds.oldest
    }

    static func hash(of line: ArraySlice<UInt8>, _ digest: ([UInt8]) -> [UInt8]) -> String {
        Hex.encode(digest(Array(line)))
    }

    /// How many events were checked.
    var count: UInt64 { expected - first }

    /// - Returns: what is wrong, as soon as it is known.
    mutating func lineReceived(_ bytes: ArraySlice<UInt8>) -> Problem? {
        guard expected < end.next else { return nil }
        let line = LogLine(bytes)
        if let missed = line.missed { return skip(missed) }
        let hash = Self.hash(of: bytes, digest)
        guard let number = line.number else {
            return problem(suspect ?? expected, suspect == nil ? "its line is no event" : Self.changed)
        }
        guard number == expected else { return suspect.map { problem($0, Self.changed) } ?? misplaced(line, number) }
        if let found = link(line) { return found }
        self.hash = hash
        expected += 1
        return nil
    }

    /// All lines were received.
    mutating func ended() -> Problem? {
        guard expected >= end.next, end.oldest < end.next || end.next == 1 else {
            if let suspect { return problem(suspect, Self.changed) }
            let missing = end.oldest < end.next ? expected : end.next - 1
            return Problem(
                number: missing, sentence: "event \(missing) is missing: the log has to end with event \(end.next - 1)")
        }
        guard count > 0 else { return nil }
        if hash == end.hash { return suspect.map { problem($0, Self.changed) } }
        return problem(expected - 1, "its SHA-256 is not the one that the log's head names")
    }

    /// Events that were trimmed while they were to be read.
    private mutating func skip(_ count: UInt64) -> Problem? {
        if let suspect { return problem(suspect, Self.changed) }
        let (sum, isOver) = expected.addingReportingOverflow(count)
        expected = isOver ? end.next : min(sum, end.next)
        first = expected
        hash = nil
        return nil
    }

    /// Checks what an event says of the one before it.
    private mutating func link(_ line: LogLine) -> Problem? {
        guard let hash else {
            guard line.previous.isEmpty == (expected == 1) else {
                return problem(expected, "it does not name the event before it as it should")
            }
            return nil
        }
        let fits = line.previous == hash
        if let suspect {
            // The event between may be the only one that was changed, or the second one.
            return fits
                ? problem(suspect, Self.changed)
                : problem(suspect + 1, "\(Self.changed), and it names another one for event \(suspect)")
        }
        if !fits { suspect = expected - 1 }
        return nil
    }

    private func misplaced(_ line: LogLine, _ number: UInt64) -> Problem {
        if let hash, line.previous == hash { return problem(expected, "it has the number \(number) now") }
        guard number > expected else { return problem(expected, "event \(number) stands in its place") }
        return Problem(number: expected, sentence: "event \(expected) is missing: event \(number) stands in its place")
    }

    private static let changed = "its SHA-256 is not the one that the next event names"

    private func problem(_ number: UInt64, _ reason: String) -> Problem {
        Problem(number: number, sentence: "event \(number) is not what was written: \(reason)")
    }
}
