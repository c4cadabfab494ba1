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

    func isStill(_ result: QueryResult) -> Bool {
        guard let hash else { return result.index == index }
        return result.contentHash == hash
    }
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
        try await query(request, topics: { _ in StateTopics(areas: interest) }, evaluate)
    }

    /// - Parameter topics: in a state, the changes that can move the result's index: the fewer, the fewer are woken.
    func query(
        _ request: APIRequest, topics: @Sendable (State) -> StateTopics, _ evaluate: Evaluation
    ) async throws(Refusal) -> APIAnswer {
        let known = try KnownResult(request.query)
        let wait = try request.query.seconds("wait")
        guard known.isGiven else { return try evaluateNow(evaluate).answer }
        let deadline = ContinuousClock.now + jittered(wait)
        var following = follow(topics)
        var client: ClientGone?
        var isOver = false
        while true {
            if let answer = try news(evaluate, since: isOver ? nil : known) { return answer }
            let subscription = following.subscription
            let present = if let client { client } else { await request.context.client() }
            client = present
            let outcome = await Waiting.wait(until: deadline, client: present) { _ = await subscription.next() }
            isOver = outcome != .woken
            try request.access.renew()
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
    private func news(_ evaluate: Evaluation, since known: KnownResult?) throws(Refusal) -> APIAnswer? {
        let result = try evaluateNow(evaluate)
        return known?.isStill(result) == true ? nil : result.answer
    }

    private func evaluateNow(_ evaluate: Evaluation) throws(Refusal) -> QueryResult {
        let numbers = indexes.current()
        return try evaluate(dependencies.store.state, numbers)
    }

    private func jittered(_ asked: Duration?) -> Duration {
        let usual = asked == nil || asked == .zero ? .seconds(limits.defaultWaitSeconds) : asked ?? .zero
        let wait = min(usual, .seconds(limits.maxWaitSeconds))
        let most = wait / limits.jitterFraction
        return wait + most * Double.random(in: 0..<1)
    }
}
