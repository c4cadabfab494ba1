import Testing

@testable import hawser

/// A digest that tells lines apart, and no more.
func lineSum(_ bytes: [UInt8]) -> [UInt8] {
    let sum = bytes.reduce(into: UInt32(7)) { $0 = $0 &* 31 &+ UInt32($1) }
    return (0..<4).map { UInt8(truncatingIfNeeded: sum >> (8 * $0)) }
}

/// Lines of a log, each of which names the one before.
struct WrittenLog {
    private(set) var lines: [String] = []
    private(set) var hash = ""

    init(_ count: Int, mark: String = "") {
        for _ in 0..<count { append(mark) }
    }

    mutating func append(_ mark: String = "") {
        let previous = hash.isEmpty ? "" : #","previous":"\#(hash)""#
        let line = #"{"number":\#(lines.count + 1),"name":"s\#(mark)"\#(previous)}"#
        lines.append(line)
        hash = LogVerifier.hash(of: Array(line.utf8)[...], lineSum)
    }

    var bounds: LogBounds { LogBounds(oldest: 1, next: UInt64(lines.count + 1), hash: hash) }
    subscript(number: Int) -> String { lines[number - 1] }
}

extension LogLine {
    init(_ text: String) { self.init(Array(text.utf8)[...]) }
}

@Suite("Following the replication log")
struct LogFollowerTests {
    private static let gone = ClientError(.disconnected, "the daemon closed the connection.")
    private let log = WrittenLog(9)

    private func follower(
        _ start: LogFollower.Start, follows: Bool = true, isFiltered: Bool = false
    ) -> LogFollower {
        LogFollower(LogFollower.Wish(start: start, follows: follows, isFiltered: isFiltered), digest: lineSum)
    }

    /// One that reads from a number on.
    private func reading(from number: UInt64, isFiltered: Bool = false, oldest: UInt64 = 1) -> LogFollower {
        var follower = follower(.number(number), isFiltered: isFiltered)
        #expect(follower.begin() == [.readHead])
        var bounds = log.bounds
        bounds.oldest = oldest
        #expect(follower.headReceived(bounds) == [.connect(.number(number))])
        return follower
    }

    private func numbers(_ actions: [LogFollower.Action]) -> [UInt64] {
        actions.compactMap { action in
            guard case .print(let line) = action else { return nil }
            return line.number
        }
    }

    private func receive(_ line: String, _ follower: inout LogFollower) -> [LogFollower.Action] {
        follower.lineReceived(Array(line.utf8)[...])
    }

    @Test func goesOnWithTheNumberAfterTheLastOne() {
        var follower = reading(from: 3)
        #expect(receive(log[3], &follower) == [.print(LogLine(log[3]))])
        #expect(receive(log[4], &follower) == [.print(LogLine(log[4]))])
        #expect(
            follower.connectionLost(Self.gone, after: .zero) == [
                .complain("the daemon closed the connection; going on with event 5 when it answers"),
                .wait(.milliseconds(100)),
            ])
        #expect(follower.waited() == [.readHead])
        #expect(follower.headReceived(log.bounds) == [.connect(.number(5))])
        #expect(numbers(receive(log[5], &follower)) == [5])
    }

    /// An outage is told once, however long it takes, and every attempt waits longer up to the bound.
    @Test func waitsLongerAndLongerAndNeverGivesUp() {
        var follower = reading(from: 1)
        var waits: [Duration] = []
        var complaints = 0
        for round in 0..<20 {
            for action in follower.connectionLost(Self.gone, after: round % 2 == 0 ? .zero : .seconds(4)) {
                if case .wait(let duration) = action { waits.append(duration) }
                if case .complain = action { complaints += 1 }
            }
            #expect(follower.waited() == [.readHead])
            // A daemon that begins to answer and then fails has not come back.
            if round % 4 == 0 { #expect(follower.headReceived(log.bounds) == [.connect(.number(1))]) }
        }
        let growing: [Duration] = [100, 200, 400, 800, 1600, 3200, 5000].map { .milliseconds($0) }
        #expect(Array(waits.prefix(7)) == growing)
        #expect(waits.dropFirst(6).allSatisfy { $0 == .seconds(5) })
        #expect(complaints == 1)
    }

    @Test(arguments: [true, false])
    func whatFollowsAnAnswerIsAnotherOutage(bringsALine: Bool) {
        var follower = reading(from: 1)
        _ = follower.connectionLost(Self.gone, after: .zero)
        _ = follower.waited()
        _ = follower.headReceived(log.bounds)
        if bringsALine { _ = receive(log[1], &follower) }
        let next = bringsALine ? 2 : 1
        #expect(
            follower.answerEnded(after: bringsALine ? .zero : .seconds(5)) == [
                .complain("the daemon ended its answer; going on with event \(next) when it answers"),
                .wait(.milliseconds(100)),
            ])
        _ = follower.waited()
        #expect(follower.connectionLost(Self.gone, after: .zero) == [.wait(.milliseconds(200))])
    }

    @Test func printsNothingTwiceAndTellsAGap() {
        var follower = reading(from: 1)
        #expect(numbers(receive(log[1], &follower)) == [1])
        #expect(receive(log[1], &follower).isEmpty)
        #expect(
            receive(log[4], &follower) == [
                .complain("events 2 to 3 are missing in the log: `hawser log verify` checks it"),
                .print(LogLine(log[4])),
            ])
        // Of some events only, numbers are left out.
        var filtered = reading(from: 1, isFiltered: true)
        #expect(numbers(receive(log[2], &filtered)) == [2])
        #expect(receive(log[7], &filtered) == [.print(LogLine(log[7]))])
        #expect(
            filtered.connectionLost(Self.gone, after: .zero).first
                == .complain("the daemon closed the connection; going on with event 8 when it answers"))
    }

    private static let missed: [(isFiltered: Bool, oldest: UInt64, count: Int, sentence: String)] = [
        (false, 6, 4, "events 2 to 5 are not kept any longer"),
        (true, 6, 4, "events 2 to 5 are not kept any longer"),
        (false, 3, 1, "event 2 is not kept any longer"),
        // Where other events may have been left out before, nobody knows which they were.
        (true, 1, 4, "4 events are not kept any longer"),
        (true, 1, 1, "1 event is not kept any longer"),
    ]

    @Test(arguments: missed)
    func tellsWhatIsNotKept(isFiltered: Bool, oldest: UInt64, count: Int, sentence: String) {
        var follower = reading(from: 2, isFiltered: isFiltered, oldest: oldest)
        let line = #"{"missed":\#(count)}"#
        #expect(receive(line, &follower) == [.printMissed(LogLine(line), sentence)])
        #expect(receive(log[2 + count], &follower) == [.print(LogLine(log[2 + count]))])
    }

    @Test func whatIsTrimmedInTheMiddleIsToldByItsNumbers() {
        var follower = reading(from: 1)
        _ = receive(log[1], &follower)
        let line = #"{"missed":3}"#
        #expect(
            receive(line, &follower) == [.printMissed(LogLine(line), "events 2 to 4 are not kept any longer")])
        #expect(receive(log[5], &follower) == [.print(LogLine(log[5]))])
    }

    @Test func beginsWithWhatIsThere() {
        var follower = follower(.present)
        #expect(follower.begin() == [.readHead])
        #expect(follower.headReceived(log.bounds) == [.connect(.present)])
        let present = #"{"peer":"dc2","name":"web","present":true,"new":2}"#
        #expect(receive(present, &follower) == [.print(LogLine(present))])
        // The list is whole: events from where the log ended before it.
        #expect(follower.answerEnded(after: .zero) == [.connect(.number(10))])
    }

    @Test func aListThatIsCutOffIsAskedForAgainAndNoEventIsLost() {
        var follower = follower(.present)
        _ = follower.begin()
        _ = follower.headReceived(log.bounds)
        #expect(
            follower.connectionLost(Self.gone, after: .zero) == [
                .complain("the daemon closed the connection; going on when it answers"), .wait(.milliseconds(100)),
            ])
        _ = follower.waited()
        let later = LogBounds(oldest: 1, next: 15, hash: "")
        #expect(follower.headReceived(later) == [.connect(.present)])
        #expect(follower.answerEnded(after: .zero) == [.connect(.number(10))])
    }

    @Test func eventsInTheListAreNotRepeated() {
        var follower = follower(.present)
        _ = follower.begin()
        _ = follower.headReceived(WrittenLog(6).bounds)
        #expect(numbers(receive(log[7], &follower)) == [7])
        #expect(follower.answerEnded(after: .zero) == [.connect(.number(8))])
    }

    @Test func anAgeIsAskedForUntilAnEventCame() {
        var follower = follower(.age(.seconds(60)))
        _ = follower.begin()
        #expect(follower.headReceived(log.bounds) == [.connect(.age(.seconds(60)))])
        _ = follower.connectionLost(Self.gone, after: .zero)
        _ = follower.waited()
        #expect(follower.headReceived(log.bounds) == [.connect(.age(.seconds(60)))])
        // Which events are younger is the daemon's business: gaps are none here.
        #expect(receive(log[4], &follower) == [.print(LogLine(log[4]))])
        #expect(receive(log[6], &follower) == [.print(LogLine(log[6]))])
        _ = follower.connectionLost(Self.gone, after: .zero)
        _ = follower.waited()
        #expect(follower.headReceived(log.bounds) == [.connect(.number(7))])
    }

    @Test(arguments: [LogFollower.Start.present, .number(4), .age(.seconds(1))])
    func endsWithTheLogIfItDoesNotFollow(start: LogFollower.Start) {
        var follower = follower(start, follows: false)
        _ = follower.begin()
        #expect(follower.headReceived(log.bounds).count == 1)
        #expect(follower.answerEnded(after: .zero) == [.finish])
        #expect(follower.connectionLost(Self.gone, after: .zero).isEmpty)
    }

    @Test func aNumberBeyondTheLogIsAnError() {
        var follower = follower(.number(11))
        _ = follower.begin()
        let actions = follower.headReceived(log.bounds)
        #expect(
            actions == [
                .fail(
                    CommandFailure(
                        "hawser: the replication log ends with event 9, and event 11 is the next to read: it is another "
                            + "daemon's log, or was restored from a backup. Go on with -since 10, or see all with "
                            + "-since 1"))
            ])
        #expect(follower.waited().isEmpty && follower.answerEnded(after: .zero).isEmpty)
        var empty = self.follower(.number(2))
        _ = empty.begin()
        guard case .fail(let failure)? = empty.headReceived(WrittenLog(0).bounds).first else {
            Issue.record("an empty log has no event 2")
            return
        }
        #expect(failure.sentence.hasPrefix("hawser: the replication log has no events yet, and event 2"))
        var first = self.follower(.number(0))
        _ = first.begin()
        #expect(first.headReceived(WrittenLog(0).bounds) == [.connect(.number(1))])
    }

    /// A log that was restored and grew again has the numbers, and other events.
    @Test func aLogThatIsAnotherOneIsNoticed() {
        var follower = reading(from: 1)
        for number in 1...3 { _ = receive(log[number], &follower) }
        _ = follower.connectionLost(Self.gone, after: .zero)
        _ = follower.waited()
        let other = WrittenLog(9, mark: "x")
        _ = follower.headReceived(other.bounds)
        guard case .fail(let failure)? = receive(other[4], &follower).first else {
            Issue.record("an event of another log was taken")
            return
        }
        #expect(failure.sentence.hasPrefix("hawser: event 4 does not follow on the one before it"))
    }

    private static let refusals: [(status: Int?, code: ClientError.Code, ends: Bool)] = [
        (nil, .unreachable, false), (nil, .timedOut, false), (nil, .disconnected, false), (nil, .malformed, true),
        (400, .refused(status: 400), true), (403, .refused(status: 403), true), (404, .refused(status: 404), true),
        (500, .refused(status: 500), false), (503, .refused(status: 503), false),
    ]

    @Test(arguments: refusals)
    func aRefusalEndsItAndAnOutageDoesNot(status: Int?, code: ClientError.Code, ends: Bool) {
        let error = ClientError(code, "Permission denied")
        for isReadingHead in [false, true] {
            var follower = reading(from: 1)
            if isReadingHead {
                _ = follower.connectionLost(Self.gone, after: .zero)
                _ = follower.waited()
            }
            let actions = follower.connectionLost(error, after: .zero)
            #expect(actions.contains(.fail(error.failure("Error watching"))) == ends)
            guard case .wait? = actions.last else {
                #expect(ends)
                continue
            }
            #expect(!ends)
        }
        // A daemon that cannot be reached at first is an error at once: the address may be wrong.
        var never = follower(.number(1))
        _ = never.begin()
        #expect(never.connectionLost(error, after: .zero) == [.fail(error.failure("Error watching"))])
    }

    /// What belongs to a connection that is over says nothing.
    @Test func whatComesTooLateIsIgnored() {
        var follower = reading(from: 1)
        #expect(follower.headReceived(log.bounds).isEmpty && follower.waited().isEmpty)
        _ = follower.connectionLost(Self.gone, after: .zero)
        #expect(receive(log[1], &follower).isEmpty)
        #expect(follower.answerEnded(after: .zero).isEmpty && follower.connectionLost(Self.gone, after: .zero).isEmpty)
        #expect(follower.headReceived(log.bounds).isEmpty)
        #expect(follower.waited() == [.readHead])
    }

    /// Cut anywhere, as often as one likes: what is printed is the log.
    @Test(arguments: 0..<200)
    func whateverIsCutTheLogIsPrintedOnce(seed: UInt64) {
        var chance = SeededChance(seed)
        var written = WrittenLog(5)
        var follower = follower(.number(1))
        var printed: [LogLine] = []
        var actions = follower.begin()[...]
        var cuts = 30
        while let action = actions.popFirst(), printed.count < 40 {
            switch action {
            case .readHead where cuts > 0 && chance.next(4) == 0 && !printed.isEmpty:
                cuts -= 1
                actions += follower.connectionLost(Self.gone, after: .zero)
            case .readHead: actions += follower.headReceived(written.bounds)
            case .connect(.number(let first)):
                if chance.next(2) == 0 { written.append() }
                while written.lines.count < 40, chance.next(3) > 0 { written.append() }
                let stop = Int(first) - 1 + chance.next(written.lines.count + 1)
                for line in written.lines.prefix(stop).dropFirst(Int(first) - 1) {
                    for action in receive(line, &follower) {
                        guard case .print(let line) = action else {
                            Issue.record("\(action)")
                            continue
                        }
                        printed.append(line)
                    }
                }
                actions +=
                    chance.next(2) == 0
                    ? follower.answerEnded(after: .zero) : follower.connectionLost(Self.gone, after: .zero)
            case .wait: actions += follower.waited()
            case .complain: break
            case .connect, .print, .printMissed, .finish, .fail: Issue.record("\(action)")
            }
        }
        #expect(printed.map(\.text) == Array(written.lines.prefix(printed.count)))
        #expect(printed.count >= 40)
    }
}

/// Numbers that a seed decides.
struct SeededChance {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    /// Below a bound.
    mutating func next(_ bound: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state % UInt64(bound))
    }
}
