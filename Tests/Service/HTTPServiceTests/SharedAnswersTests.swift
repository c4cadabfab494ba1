import ACLCore
import HawserTestKit
import IdentityCore
import NIOCore
import StateCore
import Synchronization
import Testing

@testable import HTTPService

@Suite struct SharedAnswersTests {
    /// Answers under a clock that a test moves, and how often one was made.
    private final class Setting: Sendable {
        private let record = Mutex(0)
        let answers: SharedAnswers
        let clock: Clock
        private let indexes: QueryIndexes

        init(_ limits: AnswerLimits = AnswerLimits()) async throws {
            indexes = QueryIndexes(store: try await StateStore(testing: MemoryStorage()))
            let clock = Clock()
            answers = SharedAnswers(limits: limits, now: { clock.time }, timer: { clock.later($1) })
            self.clock = clock
        }

        final class Clock: Sendable {
            private let record = Mutex((time: ContinuousClock.now, works: [@Sendable () -> Void]()))

            var time: ContinuousClock.Instant { record.withLock { $0.time } }
            func later(_ work: @escaping @Sendable () -> Void) { record.withLock { $0.works.append(work) } }

            /// Passes some time, and does what was to be done then.
            func pass(_ duration: Duration) {
                let works = record.withLock { record in
                    record.time += duration
                    defer { record.works = [] }
                    return record.works
                }
                for work in works { work() }
            }
        }

        var made: Int { record.withLock { $0 } }

        /// Asks, and says what came out.
        @discardableResult
        func ask(
            _ target: String = "/v1/a", method: String = "GET", rights: Authorizer? = nil, version: UInt64 = 1,
            body: String = "text", needsBody: Bool = true, meanwhile: () async -> Void = {}
        ) async throws(Refusal) -> SharedAnswers.Made {
            let target = RequestTarget(target)
            let question = SharedAnswers.Question(
                method: method, path: target.path, query: target.query, rights: rights)
            return try await answers.answer(
                to: question, SharedAnswers.Version(numbers: indexes.current(), index: version),
                isWanted: { _ in needsBody },
                make: { () throws(Refusal) in
                    record.withLock { $0 += 1 }
                    await meanwhile()
                    guard body != "refused" else { throw Refusal(.denied, "no") }
                    let answer = needsBody ? APIAnswer(content: .encoded(ByteBuffer(string: body))) : nil
                    return SharedAnswers.Made(index: version, answer: answer, hasAsked: true, hasFiltered: false)
                })
        }
    }

    private func rules(_ text: String) throws -> Authorizer {
        Authorizer(rules: try ACLRules.read(text), fallback: .deny)
    }

    // MARK: What is shared

    @Test func oneMakesItForAllWhoAskMeanwhile() async throws {
        let setting = try await Setting()
        try await withThrowingTaskGroup(of: UInt64.self) { group in
            for _ in 0..<50 {
                group.addTask { try await setting.ask { for _ in 0..<100 { await Task.yield() } }.index }
            }
            for try await index in group { #expect(index == 1) }
        }
        #expect(setting.made == 1)
        #expect(setting.answers.counts == SharedAnswers.Counts(made: 1, shared: 49))
    }

    @Test func whoComesSoonAfterFindsIt() async throws {
        let setting = try await Setting()
        try await setting.ask(body: "a")
        let found = try await setting.ask(body: "b")
        #expect(setting.made == 1)
        guard case .encoded(let buffer)? = found.answer?.content else { return #expect(Bool(false)) }
        #expect(String(buffer: buffer) == "a")
    }

    /// How long somebody waits and who they are is no other question.
    @Test(arguments: ["index=7", "wait=1m&index=2", "token=x", "stale", "consistent=", "cached", "hash=x"])
    func whatMakesNoOtherAnswerIsNoOtherQuestion(query: String) async throws {
        let setting = try await Setting()
        try await setting.ask("/v1/a?filter=x&tag=b&tag=c")
        try await setting.ask("/v1/a?tag=b&\(query)&tag=c&filter=x")
        #expect(setting.made == 1)
    }

    @Test func whatMakesAnotherAnswerIsAnotherQuestion() async throws {
        let setting = try await Setting()
        let targets = [
            "/v1/a", "/v1/b", "/v1/a?pretty", "/v1/a?filter=x", "/v1/a?filter=y", "/v1/a?filter=x&pretty",
            "/v1/a?tag=b&tag=c", "/v1/a?tag=c&tag=b", "/v1/a?peer=x", "/v1/a?dc=x", "/v1/a?passing", "/v1/a?near=x",
        ]
        for target in targets { try await setting.ask(target) }
        try await setting.ask(method: "HEAD")
        #expect(setting.made == targets.count + 1)
    }

    @Test func onlyThoseWithTheSameRightsShare() async throws {
        let setting = try await Setting()
        let some = try rules(#"service "a" { policy = "read" }"#)
        let others = try rules(#"service "b" { policy = "read" }"#)
        for rights in [nil, some, others, .unrestricted, Authorizer(rules: ACLRules(), fallback: .allow)] {
            try await setting.ask(rights: rights)
        }
        #expect(setting.made == 5)
        try await setting.ask(rights: try rules(#"service "a" { policy = "read" }"#))
        #expect(setting.made == 5)
    }

    @Test func anotherVersionIsMadeAnew() async throws {
        let setting = try await Setting()
        for version: UInt64 in [1, 1, 2, 2, 3] { try await setting.ask(version: version) }
        #expect(setting.made == 3)
        #expect(setting.answers.kept.answers == 1)
    }

    /// Those who ask of an old version while a newer one is made do not take each other's.
    @Test func twoVersionsInTheMakingAreNotMixedUp() async throws {
        let setting = try await Setting()
        let old = try await setting.ask(version: 1, body: "old") {
            let new = try? await setting.ask(version: 2, body: "new")
            #expect(new?.index == 2)
        }
        #expect(old.index == 1)
        #expect(try await setting.ask(version: 2).index == 2)
        #expect(setting.made == 2)
    }

    /// Who has seen it needs no body; one who has not makes it.
    @Test func anIndexAloneIsSharedToo() async throws {
        let setting = try await Setting()
        for _ in 0..<3 { try await setting.ask(needsBody: false) }
        #expect(setting.made == 1 && setting.answers.counts == SharedAnswers.Counts())
        for needsBody in [true, true, false] { try await setting.ask(needsBody: needsBody) }
        #expect(setting.made == 2 && setting.answers.counts == SharedAnswers.Counts(made: 1, shared: 1))
    }

    /// It names who was refused.
    @Test func aRefusalIsNobodyElses() async throws {
        let setting = try await Setting()
        for _ in 0..<2 {
            await #expect(throws: Refusal.self) { try await setting.ask(body: "refused") }
        }
        #expect(setting.made == 2 && setting.answers.kept.answers == 0)
        try await setting.ask()
        #expect(setting.made == 3)
    }

    @Test func whoWaitedForWhatWasRefusedMakesTheirOwn() async throws {
        let setting = try await Setting()
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<10 {
                group.addTask {
                    let body = number == 0 ? "refused" : "text"
                    return (try? await setting.ask(body: body) { for _ in 0..<100 { await Task.yield() } }) != nil
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(outcomes >= 9)
    }

    // MARK: Bounds

    @Test func onlySoManyAreKeptTheNewest() async throws {
        var limits = AnswerLimits()
        limits.sharedAnswers = 3
        let setting = try await Setting(limits)
        for number in 0..<10 { try await setting.ask("/v1/\(number)") }
        #expect(setting.answers.kept.answers == 3)
        try await setting.ask("/v1/9")
        #expect(setting.made == 10)
        try await setting.ask("/v1/0")
        #expect(setting.made == 11)
    }

    @Test func onlySoManyBytesAreKept() async throws {
        var limits = AnswerLimits()
        limits.sharedBytes = 100
        let setting = try await Setting(limits)
        for number in 0..<10 {
            try await setting.ask("/v1/\(number)", body: String(repeating: "x", count: 40))
            #expect(setting.answers.kept.bytes <= 100)
        }
        #expect(setting.answers.kept.answers == 2)
        // What is larger than all is made for each who comes.
        for _ in 0..<2 { try await setting.ask("/v1/large", body: String(repeating: "x", count: 101)) }
        #expect(setting.made == 12 && setting.answers.kept.bytes == 0)
    }

    @Test func itIsLetGoOfSoon() async throws {
        let setting = try await Setting()
        let time = AnswerLimits().sharedFor
        try await setting.ask("/v1/a")
        setting.clock.pass(time / 2)
        try await setting.ask("/v1/b")
        setting.clock.pass(time / 2)
        #expect(setting.answers.kept.answers == 1)
        try await setting.ask("/v1/b")
        #expect(setting.made == 2)
        try await setting.ask("/v1/a")
        #expect(setting.made == 3)
        setting.clock.pass(time)
        #expect(setting.answers.kept == (0, 0))
        // And so is what comes after a rest.
        try await setting.ask("/v1/a")
        setting.clock.pass(time)
        #expect(setting.answers.kept == (0, 0))
    }
}
