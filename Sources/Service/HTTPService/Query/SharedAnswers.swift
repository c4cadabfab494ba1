import ACLCore
import IdentityCore
import NIOCore
import NIOPosix
import Observability
import Synchronization

/// Answers of blocking queries, each made and encoded once for all callers that wait for the same: the first one makes it,
/// those who ask meanwhile wait for it, and those who come soon after find it. Its bytes are shared, not copied.
///
/// One for all doors; any task asks. What is kept is bounded in number, bytes and time (`AnswerLimits`).
final class SharedAnswers: Sendable {
    /// What an answer depends on besides the state.
    struct Question: Hashable, Sendable {
        private let method: String
        private let path: Substring
        private let query: [String: [String]]
        private let rights: Authorizer?

        /// How long one waits and who one is makes no other answer, and modes of consistency make none here.
        private static let withoutEffect: Set<String> = [
            "index", "hash", "wait", "token", "stale", "consistent", "cached",
        ]

        init(method: String, path: Substring, query: RequestQuery, rights: Authorizer?) {
            self.method = method
            self.path = path
            self.query = query.values(without: Self.withoutEffect)
            self.rights = rights
        }
    }

    /// Moves whenever another answer may come out.
    struct Version: Hashable, Sendable {
        let numbers: QueryIndexes.Numbers
        /// Of the state, for what has rows of its own among single things.
        let index: UInt64?
    }

    /// What came out.
    struct Made: Sendable {
        var index: UInt64
        var contentHash: String?
        /// Nil if nobody needed it yet: who made it had seen it.
        var answer: APIAnswer?
        var hasAsked: Bool
        var hasFiltered: Bool
    }

    /// Calls the work after some time.
    typealias Timer = @Sendable (Duration, @escaping @Sendable () -> Void) -> Void

    /// Blocking queries that look at the state: those of the whole catalog in a line of their own, so that others do not
    /// wait for them.
    let queries: Turns
    let catalogQueries: Turns
    /// Reads of the whole catalog, blocking or not, that are worked out.
    let catalogReads: Turns
    private let limits: AnswerLimits
    private let now: @Sendable () -> ContinuousClock.Instant
    private let timer: Timer
    private let record = Mutex(Record())

    init(
        limits: AnswerLimits = AnswerLimits(), now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        timer: @escaping Timer = SharedAnswers.onEventLoop
    ) {
        self.limits = limits
        self.now = now
        self.timer = timer
        queries = Turns(limits.queriesAtOnce)
        catalogQueries = Turns(limits.queriesAtOnce)
        catalogReads = Turns(limits.catalogReadsAtOnce)
    }

    static let onEventLoop: Timer = { delay, work in
        MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: TimeAmount(delay), work)
    }

    /// The answer to a question, which somebody made in this version of the state, or the caller makes.
    ///
    /// - Parameters:
    ///   - isWanted: whether the caller gives it out, or has seen it and waits on; then its index is enough.
    ///   - make: a refusal is the caller's own, and nobody else's.
    func answer(
        to question: Question, _ version: Version, isWanted: (Made) -> Bool, make: () async throws(Refusal) -> Made
    ) async throws(Refusal) -> Made {
        while true {
            switch look(for: question, version, isWanted) {
            case .there(let made):
                return made
            case .inTheMaking(let making):
                guard let made = await making.outcome() else { return try await make() }
                let isTaken = isWanted(made)
                guard !isTaken || made.answer != nil else { continue }
                if isTaken { record.withLock { $0.counts.shared += 1 } }
                return made
            case .missing(let making):
                do throws(Refusal) {
                    let made = try await make()
                    finish(making, question, made)
                    return made
                } catch {
                    drop(making, question)
                    throw error
                }
            }
        }
    }

    // MARK: What is kept

    fileprivate struct Record {
        var slots: [Question: Slot] = [:]
        /// Those that are made, the oldest first, and some that are not there any more.
        var order = CircularBuffer<(question: Question, making: Making, time: ContinuousClock.Instant)>()
        var made = 0
        var bytes = 0
        var hasTimer = false
        var counts = Counts()
    }

    fileprivate struct Slot {
        let version: Version
        /// The caller that it was made for; tells it apart from others of the same question.
        let making: Making
        var made: Made?
    }

    private enum Finding {
        case there(Made)
        case inTheMaking(Making)
        case missing(Making)
    }

    private func look(for question: Question, _ version: Version, _ isWanted: (Made) -> Bool) -> Finding {
        let present = now()
        return record.withLock { record in
            record.dropOld(at: present, limits)
            if let slot = record.slots[question], slot.version == version {
                guard let made = slot.made else { return .inTheMaking(slot.making) }
                let isTaken = isWanted(made)
                if !isTaken || made.answer != nil {
                    if isTaken { record.counts.shared += 1 }
                    return .there(made)
                }
            }
            let making = Making()
            record.remove(question)
            record.slots[question] = Slot(version: version, making: making)
            return .missing(making)
        }
    }

    private func finish(_ making: Making, _ question: Question, _ made: Made) {
        let present = now()
        let needsTimer = record.withLock { record in
            if made.answer != nil { record.counts.made += 1 }
            guard record.slots[question]?.making === making else { return false }
            record.slots[question]?.made = made
            record.made += 1
            record.bytes += made.bytes
            record.order.append((question, making, present))
            record.dropOld(at: present, limits)
            defer { record.hasTimer = record.hasTimer || record.made > 0 }
            return !record.hasTimer && record.made > 0
        }
        making.end(with: made)
        if needsTimer { dropLater(after: limits.sharedFor) }
    }

    private func drop(_ making: Making, _ question: Question) {
        record.withLock { record in
            if record.slots[question]?.making === making { record.slots[question] = nil }
        }
        making.end(with: nil)
    }

    private func dropLater(after delay: Duration) {
        timer(delay) { [weak self] in self?.dropNow() }
    }

    private func dropNow() {
        let present = now()
        let rest: Duration? = record.withLock { record in
            record.dropOld(at: present, limits)
            record.hasTimer = record.made > 0
            return record.hasTimer ? record.order.first.map { limits.sharedFor - ($0.time.duration(to: present)) } : nil
        }
        if let rest { dropLater(after: max(rest, .milliseconds(1))) }
    }

    /// How many answers are kept, and their bytes.
    var kept: (answers: Int, bytes: Int) { record.withLock { ($0.made, $0.bytes) } }

    // MARK: What is told of it

    struct Counts: Hashable, Sendable {
        var made = 0
        var shared = 0
    }

    var counts: Counts { record.withLock { $0.counts } }

    var metrics: [Metric] {
        let counts = counts
        return [
            Metric(
                "hawser.http.blocking_answers", .counter,
                "Answers to blocking queries, by whether one was made for it or shared with others",
                [("made", counts.made), ("shared", counts.shared)].filter { $0.1 > 0 }.map { origin, count in
                    Metric.Sample([.init("origin", origin)], Double(count))
                })
        ]
    }

    /// An answer that somebody is making, and those who wait for it.
    fileprivate final class Making: Sendable {
        private struct Record {
            var isOver = false
            var made: Made?
            var waiters: [CheckedContinuation<Made?, Never>] = []
        }

        private let record = Mutex(Record())

        /// - Returns: nil if it was refused.
        func outcome() async -> Made? {
            await withCheckedContinuation { continuation in
                let (isOver, made) = record.withLock { record in
                    if !record.isOver { record.waiters.append(continuation) }
                    return (record.isOver, record.made)
                }
                if isOver { continuation.resume(returning: made) }
            }
        }

        func end(with made: Made?) {
            let waiters = record.withLock { record in
                record.isOver = true
                record.made = made
                defer { record.waiters = [] }
                return record.waiters
            }
            for waiter in waiters { waiter.resume(returning: made) }
        }
    }
}

extension SharedAnswers.Record {
    fileprivate mutating func remove(_ question: SharedAnswers.Question) {
        guard let slot = slots.removeValue(forKey: question), let old = slot.made else { return }
        made -= 1
        bytes -= old.bytes
    }

    /// Those whose time is over, and the oldest while there is too much.
    fileprivate mutating func dropOld(at present: ContinuousClock.Instant, _ limits: AnswerLimits) {
        while let oldest = order.first {
            let isThere = slots[oldest.question]?.making === oldest.making
            let isOld = oldest.time.duration(to: present) >= limits.sharedFor
            let isTooMuch =
                made > limits.sharedAnswers || bytes > limits.sharedBytes || order.count > 2 * limits.sharedAnswers
            guard !isThere || isOld || isTooMuch else { return }
            if isThere { remove(oldest.question) }
            order.removeFirst()
        }
    }
}

extension SharedAnswers.Made {
    fileprivate var bytes: Int { answer?.encodedBytes ?? 0 }
}
