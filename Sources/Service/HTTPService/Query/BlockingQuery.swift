import DocumentCore
import IdentityCore
import StateCore

/// What a read found in one snapshot.
struct QueryResult: Sendable {
    /// Moves when the result may have changed.
    var index: UInt64
    /// For what is told apart by what it says rather than by when it changed.
    var contentHash: String?
    var content: Result<@Sendable (inout JSONWriter) -> Void, Refusal>

    init(index: UInt64, _ write: @escaping @Sendable (inout JSONWriter) -> Void) {
        self.index = index
        self.content = .success(write)
    }

    init(index: UInt64, _ refusal: Refusal) {
        self.index = index
        self.content = .failure(refusal)
    }

    var answer: APIAnswer {
        var answer: APIAnswer =
            switch content {
            case .success(let write): .json(write)
            case .failure(let refusal): .refusal(refusal)
            }
        answer.index = index
        answer.contentHash = contentHash
        return answer
    }
}

/// What a client has seen of a result, and does not want to see again.
struct KnownResult: Sendable {
    private let index: UInt64
    private let hash: String?

    init(_ query: RequestQuery) throws(Refusal) {
        index = try query.number("index") ?? 0
        hash = query.text("hash")
    }

    var isGiven: Bool { index > 0 || hash != nil }

    func isStill(_ result: QueryResult) -> Bool { isStill(result.index, result.contentHash) }

    func isStill(_ made: SharedAnswers.Made) -> Bool { isStill(made.index, made.contentHash) }

    private func isStill(_ present: UInt64, _ contentHash: String?) -> Bool {
        guard let hash else { return present == index }
        return contentHash == hash
    }
}

/// One look of a blocking query at the state.
private struct Look {
    let topics: StateTopics
    let isOfCatalog: Bool
    /// Nil if it is answered whatever there is.
    let known: KnownResult?

    func isNews(_ made: SharedAnswers.Made) -> Bool { known.map { !$0.isStill(made) } ?? true }
}

extension APIEnvironment {
    typealias Evaluation = @Sendable (State, QueryIndexes.Numbers) throws(Refusal) -> QueryResult

    /// Answers a read at once, or with `?index=` when the result's index is another one, or the wait is over. What has
    /// a content hash is waited for with `?hash=` likewise.
    ///
    /// An index that is ahead of ours comes from before a restart: it is answered at once, and the client starts
    /// over with ours. Each further look asks anew whether the sender may have it.
    ///
    /// - Parameter interest: changes that can move the result's index.
    func query(
        _ request: APIRequest, interest: StateInterest, _ evaluate: Evaluation
    ) async throws(Refusal) -> APIAnswer {
        try await query(
            request, topics: { _ in StateTopics(areas: interest) }, isOfCatalog: interest.contains(.localCatalog),
            evaluate)
    }

    /// - Parameters:
    ///   - topics: in a state, the changes that can move the result's index: the fewer, the fewer are woken.
    ///   - isOfCatalog: whether it looks at the whole catalog, and so takes long.
    func query(
        _ request: APIRequest, topics: @Sendable (State) -> StateTopics, isOfCatalog: Bool = false,
        _ evaluate: Evaluation
    ) async throws(Refusal) -> APIAnswer {
        let known = try KnownResult(request.query)
        let wait = try request.query.seconds("wait")
        guard known.isGiven else { return try await answerNow(request, isOfCatalog, evaluate) }
        let deadline = ContinuousClock.now + jittered(wait)
        var following = follow(topics)
        var client: ClientGone?
        var isOver = false
        while true {
            let look = Look(topics: following.topics, isOfCatalog: isOfCatalog, known: isOver ? nil : known)
            if let answer = try await news(request, look, evaluate) { return answer }
            let subscription = following.subscription
            let present = if let client { client } else { await request.context.client() }
            client = present
            let outcome = await Waiting.wait(until: deadline, client: present, for: subscription.onNextChange)
            _ = subscription.takePending()
            isOver = outcome != .woken
            if topics(dependencies.store.state) != following.topics { following = follow(topics) }
        }
    }

    /// Subscribes to what a state says, in a state that still says it.
    private func follow(
        _ topics: (State) -> StateTopics
    ) -> (topics: StateTopics, subscription: StateSubscription) {
        while true {
            let wanted = topics(dependencies.store.state)
            let subscription = dependencies.store.subscribe(to: wanted)
            if topics(dependencies.store.state) == wanted { return (wanted, subscription) }
        }
    }

    /// Nil if there are none. A result is not kept while its client waits: thousands may wait.
    ///
    /// Thousands may look at once, too. Each takes a turn, and the turn is over when the connection's event loop has
    /// done what it had to do before: then others' small requests, which take no turn, are not behind all of these.
    private func news(
        _ request: APIRequest, _ look: Look, _ evaluate: Evaluation
    ) async throws(Refusal) -> APIAnswer? {
        let turns = look.isOfCatalog ? answers.catalogQueries : answers.queries
        await turns.take()
        do throws(Refusal) {
            try request.access.renew()
            let made = try await shared(request, look, evaluate)
            guard look.isNews(made) else {
                turns.give()
                return nil
            }
            request.context.afterPresentWork { turns.give() }
            return made.answer
        } catch {
            turns.give()
            throw error
        }
    }

    /// What somebody else made of the same state for the same question, or what the caller makes.
    private func shared(
        _ request: APIRequest, _ look: Look, _ evaluate: Evaluation
    ) async throws(Refusal) -> SharedAnswers.Made {
        let access = request.access
        let question = SharedAnswers.Question(
            method: request.method, path: request.path, query: request.query, rights: access.rights)
        // Before the snapshot is taken that the answer is made of.
        let numbers = indexes.current()
        let version = SharedAnswers.Version(
            numbers: numbers, index: look.topics.things.isEmpty ? nil : dependencies.store.state.index)
        let made = try await answers.answer(to: question, version, isWanted: look.isNews) { () throws(Refusal) in
            if look.isOfCatalog { await answers.catalogReads.take() }
            defer { if look.isOfCatalog { answers.catalogReads.give() } }
            let result = try evaluate(dependencies.store.state, numbers)
            var made = SharedAnswers.Made(
                index: result.index, contentHash: result.contentHash, hasAsked: access.hasAsked,
                hasFiltered: access.hasFiltered)
            if look.isNews(made) {
                made.answer = result.answer.encoded(
                    pretty: request.query.has("pretty"), limit: limits.maxAnswerBytes)
            }
            return made
        }
        access.adopt(hasAsked: made.hasAsked, hasFiltered: made.hasFiltered)
        return made
    }

    /// For one who does not wait for anything: made for nobody else, of what is there at this moment.
    private func answerNow(
        _ request: APIRequest, _ isOfCatalog: Bool, _ evaluate: Evaluation
    ) async throws(Refusal) -> APIAnswer {
        guard isOfCatalog else {
            let numbers = indexes.current()
            return try evaluate(dependencies.store.state, numbers).answer
        }
        await answers.catalogReads.take()
        defer { answers.catalogReads.give() }
        let numbers = indexes.current()
        let result = try evaluate(dependencies.store.state, numbers)
        return result.answer.encoded(
            pretty: request.query.has("pretty"), limit: limits.maxAnswerBytes)
    }

    private var indexes: QueryIndexes { dependencies.indexes }
    private var answers: SharedAnswers { dependencies.answers }

    private func jittered(_ asked: Duration?) -> Duration {
        let usual = asked == nil || asked == .zero ? .seconds(limits.defaultWaitSeconds) : asked ?? .zero
        let wait = min(usual, .seconds(limits.maxWaitSeconds))
        let most = wait / limits.jitterFraction
        return wait + most * Double.random(in: 0..<1)
    }
}
