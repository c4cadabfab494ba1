import Testing

@testable import hawser

@Suite("Verifying the replication log")
struct LogVerifierTests {
    private static let log = WrittenLog(6)

    private func verify(_ lines: [String], _ bounds: LogBounds = log.bounds) -> (UInt64, String)? {
        var verifier = LogVerifier(bounds, digest: lineSum)
        for line in lines {
            if let problem = verifier.lineReceived(Array(line.utf8)[...]) { return (problem.number, problem.sentence) }
        }
        return verifier.ended().map { ($0.number, $0.sentence) }
    }

    @Test func aWholeLogIsWhole() {
        #expect(verify(Self.log.lines) == nil)
        #expect(verify([], WrittenLog(0).bounds) == nil)
        var trimmed = Self.log.bounds
        trimmed.oldest = 4
        #expect(verify(Array(Self.log.lines.dropFirst(3)), trimmed) == nil)
        // What was written while it was read.
        var earlier = WrittenLog(4).bounds
        earlier.hash = LogVerifier.hash(of: Array(Self.log[4].utf8)[...], lineSum)
        #expect(verify(Self.log.lines, earlier) == nil)
    }

    @Test func countsWhatItSaw() {
        var verifier = LogVerifier(Self.log.bounds, digest: lineSum)
        #expect(verifier.lineReceived(Array(#"{"missed":2}"#.utf8)[...]) == nil)
        for line in Self.log.lines.dropFirst(2) { #expect(verifier.lineReceived(Array(line.utf8)[...]) == nil) }
        #expect(verifier.ended() == nil)
        #expect(verifier.first == 3 && verifier.count == 4)
    }

    /// Every byte of every event, changed: that event is named, whatever the byte stood for.
    @Test(arguments: 1...6)
    func everyChangedByteIsFound(number: Int) {
        let bytes = Array(Self.log[number].utf8)
        for place in bytes.indices {
            var changed = bytes
            changed[place] ^= 1
            var verifier = LogVerifier(Self.log.bounds, digest: lineSum)
            var problem: LogVerifier.Problem?
            for (other, line) in Self.log.lines.enumerated() {
                let line = other + 1 == number ? changed[...] : Array(line.utf8)[...]
                problem = problem ?? verifier.lineReceived(line)
            }
            problem = problem ?? verifier.ended()
            #expect(problem?.number == UInt64(number), "byte \(place) of \(Self.log[number])")
        }
    }

    private static let wrong:
        [(name: String, change: @Sendable (inout [String]) -> Void, number: UInt64, says: String)] = [
            ("one taken out", { $0.remove(at: 2) }, 3, "event 3 is missing: event 4 stands in its place"),
            ("the first taken out", { $0.remove(at: 0) }, 1, "event 1 is missing: event 2 stands in its place"),
            (
                "the last taken out", { $0.removeLast() }, 6,
                "event 6 is missing: the log has to end with event 6"
            ),
            ("all taken out", { $0 = [] }, 1, "event 1 is missing: the log has to end with event 6"),
            (
                "one twice", { $0.insert($0[2], at: 3) }, 4,
                "event 4 is not what was written: event 3 stands in its place"
            ),
            ("two exchanged", { $0.swapAt(2, 3) }, 3, "event 3 is missing: event 4 stands in its place"),
            ("no event", { $0[3] = "no event" }, 4, "event 4 is not what was written: its line is no event"),
            (
                "the last one replaced",
                { $0[5] = $0[5].replacing("\"s\"", with: "\"t\"") }, 6,
                "event 6 is not what was written: its SHA-256 is not the one that the log's head names"
            ),
            (
                "two beside each other replaced",
                {
                    $0[2] = $0[2].replacing("\"s\"", with: "\"t\"")
                    $0[3] = $0[3].replacing("\"s\"", with: "\"t\"")
                }, 4,
                "event 4 is not what was written: its SHA-256 is not the one that the next event names, and it names another "
                    + "one for event 3"
            ),
        ]

    @Test(arguments: wrong.indices)
    func namesTheFirstEventThatIsWrong(index: Int) {
        let row = Self.wrong[index]
        var lines = Self.log.lines
        row.change(&lines)
        let found = verify(lines)
        #expect(found?.0 == row.number, "\(row.name)")
        #expect(found?.1 == row.says, "\(row.name)")
    }

    /// Trimming keeps the last event: a log without any has lost them otherwise.
    @Test func anEmptyLogThatHadEventsIsNotWhole() {
        let found = verify([], LogBounds(oldest: 7, next: 7, hash: Self.log.hash))
        #expect(found?.0 == 6)
    }
}
