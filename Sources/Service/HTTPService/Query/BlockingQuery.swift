import DocumentCore
import IdentityCore
import StateCore

/// What a read found in one snapshot.
struct QueryResult: Sendable {
    /// Moves when the result may have changed.
    var index: UInt64
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
        return answer
    }
}

extension APIEnvironment {
    typealias Evaluation = @Sendable (State, QueryIndexes.Numbers) throws(Refusal) -> QueryResult

    /// Answers a read at once, or with `?index=` when the result's index is another one, or the wait is over.
    ///
    /// An index that is ahead of ours comes from before a restart: it is answered at once, and the client starts
    /// over with ours. Each further look asks anew whether the sender may have it.
    ///
    /// - Parameter interest: changes that can move the result's index.
    func query(
        _ request: APIRequest, interest: StateInterest, _ evaluate: Evaluation
    ) async throws(Refusal) -> APIAnswer {
        let known = try request.query.number("index") ?? 0
        let wait = try request.query.seconds("wait")
        guard known > 0 else { return try evaluateNow(evaluate).answer }
        let deadline = ContinuousClock.now + jittered(wait)
        let subscription = dependencies.store.subscribe(to: interest)
        var result = try evaluateNow(evaluate)
        guard result.index == known else { return result.answer }
        let client = await request.context.client()
        while result.index == known {
            let outcome = await Waiting.wait(until: deadline, client: client) { _ = await subscription.next() }
            try request.access.renew()
            result = try evaluateNow(evaluate)
            guard outcome == .woken else { break }
        }
        return result.answer
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
