/// Reads the replication log over connections that come and go: from a number on, each event once and none left out.
///
/// A machine without a socket or a clock: it hears what became of its requests and returns what to do next. Of the
/// actions that it returns only the last one leads to another event.
struct LogFollower {
    enum Start: Hashable, Sendable {
        /// What is imported now, then events.
        case present
        case number(UInt64)
        case age(Duration)
    }

    struct Wish: Hashable, Sendable {
        var start: Start
        var follows = true
        /// Whether the daemon is asked for some of the events only.
        var isFiltered = false
    }

    struct Limits: Hashable, Sendable {
        /// Before the first attempt to connect again: a daemon that was restarted is back in a moment.
        var firstWait = Duration.milliseconds(100)
        /// Between attempts, which grow from the first one: seldom enough for a daemon that is away for days. An answer
        /// that went on for so long, or brought anything, ends an outage.
        var longestWait = Duration.seconds(5)
    }

    /// What is asked of the daemon in one request.
    enum Stretch: Hashable, Sendable {
        /// What is imported now, to its end.
        case present
        /// Events from this one on.
        case number(UInt64)
        /// Events that were not older than this when the command began.
        case age(Duration)
    }

    enum Action: Equatable {
        /// `headReceived` or `connectionLost` follows.
        case readHead
        /// `lineReceived`, `answerEnded` and `connectionLost` follow.
        case connect(Stretch)
        case print(LogLine)
        /// Events that are not kept any longer: the daemon's line, and a sentence.
        case printMissed(LogLine, String)
        /// Tells the operator something beside the events.
        case complain(String)
        /// `waited` follows.
        case wait(Duration)
        case finish
        case fail(CommandFailure)
    }

    private enum State {
        case idle
        case readingHead
        /// What is imported comes.
        case listing
        case reading(Reading)
        case waiting
        case over
    }

    /// Events come.
    private struct Reading {
        /// The number that the next line has, where that is known: where all events come, or none has come.
        var expected: UInt64?
        /// Whether every event comes.
        var isComplete: Bool
        /// Of the last event before this stretch: the first one must follow on it.
        var seam: ArraySlice<UInt8>?
    }

    private let wish: Wish
    private let limits: Limits
    private let digest: ([UInt8]) -> [UInt8]
    private var state = State.idle
    /// The number to go on with; `nil` as long as no event has been seen.
    private var next: UInt64?
    /// The last event that was seen.
    private var last: ArraySlice<UInt8>?
    /// Where the log ended when the list of what is imported was first asked for: nothing after that is left out.
    private var nextAtStart: UInt64?
    private var nextWait: Duration
    private var wasConnected = false
    private var isOutageTold = false
    /// Whether anything came since the last outage.
    private var hasReceived = false

    /// - Parameter digest: SHA-256.
    init(_ wish: Wish, limits: Limits = Limits(), digest: @escaping ([UInt8]) -> [UInt8]) {
        self.wish = wish
        self.limits = limits
        self.digest = digest
        nextWait = limits.firstWait
        if case .number(let number) = wish.start { next = max(1, number) }
    }

    mutating func begin() -> [Action] {
        state = .readingHead
        return [.readHead]
    }

    mutating func headReceived(_ head: LogBounds) -> [Action] {
        guard case .readingHead = state else { return [] }
        wasConnected = true
        if let next {
            guard head.next >= next else { return fail(Self.tooYoung(head, wanted: next)) }
            return read(from: next, oldest: head.oldest)
        }
        switch wish.start {
        case .number(let number): return read(from: number, oldest: head.oldest)
        case .present:
            nextAtStart = nextAtStart ?? head.next
            state = .listing
            return [.connect(.present)]
        case .age(let age):
            state = .reading(Reading(expected: nil, isComplete: false, seam: nil))
            return [.connect(.age(age))]
        }
    }

    mutating func lineReceived(_ bytes: ArraySlice<UInt8>) -> [Action] {
        let line = LogLine(bytes)
        switch state {
        case .listing:
            hasReceived = true
            if let number = line.number { note(line, number) }
            return [.print(line)]
        case .reading(var reading):
            hasReceived = true
            let actions = read(line, &reading)
            if case .reading = state { state = .reading(reading) }
            return actions
        case .idle, .readingHead, .waiting, .over:
            return []
        }
    }

    /// The answer came to its end in order.
    ///
    /// - Parameter time: for how long it came.
    mutating func answerEnded(after time: Duration) -> [Action] {
        switch state {
        case .listing:
            let first = next ?? nextAtStart ?? 1
            next = first
            return wish.follows ? read(from: first, oldest: 1) : finish()
        case .reading:
            return wish.follows ? goOn(because: "the daemon ended its answer", after: time) : finish()
        case .idle, .readingHead, .waiting, .over:
            return []
        }
    }

    /// The daemon could not be reached, refused, or was gone in the middle.
    ///
    /// - Parameter time: for how long its answer came.
    mutating func connectionLost(_ error: ClientError, after time: Duration) -> [Action] {
        switch state {
        case .readingHead, .listing, .reading:
            guard wish.follows, wasConnected, Self.mayPass(error.code) else {
                return fail(error.failure("Error watching"))
            }
            return goOn(because: error.sentence, after: time)
        case .idle, .waiting, .over:
            return []
        }
    }

    mutating func waited() -> [Action] {
        guard case .waiting = state else { return [] }
        return begin()
    }

    // MARK: Lines

    private mutating func read(_ line: LogLine, _ reading: inout Reading) -> [Action] {
        if let missed = line.missed {
            let sentence = Self.missed(missed, from: reading.expected)
            if let expected = reading.expected { reading.expected = expected + missed }
            reading.seam = nil
            return [.printMissed(line, sentence)]
        }
        guard let number = line.number else { return [.print(line)] }
        // Never twice, whatever the daemon sends.
        if let next, number < next { return [] }
        var actions: [Action] = []
        if number == next, let seam = reading.seam, !follows(line, on: seam) { return fail(Self.otherLog(number)) }
        if reading.isComplete, let expected = reading.expected, number > expected {
            actions.append(.complain(Self.gap(expected, before: number)))
        }
        reading.seam = nil
        reading.expected = reading.isComplete ? number + 1 : nil
        note(line, number)
        return actions + [.print(line)]
    }

    private mutating func note(_ line: LogLine, _ number: UInt64) {
        next = number + 1
        last = line.bytes
    }

    private func follows(_ line: LogLine, on seam: ArraySlice<UInt8>) -> Bool {
        line.previous == LogVerifier.hash(of: seam, digest)
    }

    // MARK: Steps

    private mutating func read(from number: UInt64, oldest: UInt64) -> [Action] {
        // Where only some events come, the first line is known to tell of trimmed ones if there are any.
        let isKnown = !wish.isFiltered || oldest > number
        state = .reading(Reading(expected: isKnown ? number : nil, isComplete: !wish.isFiltered, seam: last))
        return [.connect(.number(number))]
    }

    private mutating func goOn(because reason: String, after time: Duration) -> [Action] {
        state = .waiting
        // A daemon that answers and fails at once, over and over, has not come back.
        if hasReceived || time >= limits.longestWait {
            nextWait = limits.firstWait
            isOutageTold = false
        }
        hasReceived = false
        var actions: [Action] = []
        if !isOutageTold {
            isOutageTold = true
            let place = next.map { "with event \($0) " } ?? ""
            actions.append(
                .complain(
                    "\(reason.last == "." ? String(reason.dropLast()) : reason); going on \(place)when it answers"))
        }
        actions.append(.wait(nextWait))
        nextWait = min(nextWait * 2, limits.longestWait)
        return actions
    }

    private mutating func finish() -> [Action] {
        state = .over
        return [.finish]
    }

    private mutating func fail(_ failure: CommandFailure) -> [Action] {
        state = .over
        return [.fail(failure)]
    }

    /// Whether the same request may be answered later. A refusal of the request itself stays one.
    private static func mayPass(_ code: ClientError.Code) -> Bool {
        switch code {
        case .unreachable, .timedOut, .disconnected: true
        case .malformed: false
        case .refused(let status): status >= 500
        }
    }

    // MARK: Sentences

    private static func missed(_ count: UInt64, from first: UInt64?) -> String {
        guard let first else {
            return count == 1 ? "1 event is not kept any longer" : "\(count) events are not kept any longer"
        }
        return count == 1
            ? "event \(first) is not kept any longer"
            : "events \(first) to \(first + count - 1) are not kept any longer"
    }

    private static func gap(_ first: UInt64, before number: UInt64) -> String {
        let events = first + 1 == number ? "event \(first) is" : "events \(first) to \(number - 1) are"
        return "\(events) missing in the log: `hawser log verify` checks it"
    }

    private static func tooYoung(_ head: LogBounds, wanted: UInt64) -> CommandFailure {
        let end = head.next == 1 ? "has no events yet" : "ends with event \(head.next - 1)"
        return CommandFailure(
            "hawser: the replication log \(end), and event \(wanted) is the next to read: it is another daemon's log, "
                + "or was restored from a backup. Go on with -since \(head.next), or see all with -since 1")
    }

    private static func otherLog(_ number: UInt64) -> CommandFailure {
        CommandFailure(
            "hawser: event \(number) does not follow on the one before it: it is another daemon's log, or was restored "
                + "from a backup. See all with -since 1")
    }
}
