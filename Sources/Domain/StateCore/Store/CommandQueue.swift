import IdentityCore
import Synchronization

/// Commands that wait for the writer, in the order of their calls.
final class CommandQueue: Sendable {
    private struct Record {
        var works: [any Work] = []
        /// The first that waits.
        var head = 0
        var isWriting = false

        mutating func popFirst() -> (any Work)? {
            guard head < works.count else {
                works.removeAll(keepingCapacity: true)
                head = 0
                return nil
            }
            defer { head += 1 }
            return works[head]
        }
    }

    private let record = Mutex(Record())

    var count: Int { record.withLock { $0.works.count - $0.head } }

    /// - Returns: whether the writer rests, and must be started by the caller.
    func append(_ work: any Work) -> Bool {
        record.withLock { record in
            record.works.append(work)
            defer { record.isWriting = true }
            return !record.isWriting
        }
    }

    /// The next command; `nil` lets the writer rest.
    func next() -> (any Work)? {
        record.withLock { record in
            let work = record.popFirst()
            if work == nil { record.isWriting = false }
            return work
        }
    }

    /// The next command, if one waits.
    func takeIfAny() -> (any Work)? { record.withLock { $0.popFirst() } }
}

/// A command of any type in the writer's queue.
protocol Work: AnyObject, Sendable {
    /// Applies the command to the batch, or again to another one.
    func apply(to batch: inout Batch, digest: @escaping EventDigest)
    /// The batch is over: the caller hears what the last `apply` gave.
    func finish()
}

/// A command, its outcome, and the caller that waits for it.
final class Ticket<C: Command>: Work {
    private typealias Answer = Result<C.Outcome, Refusal>
    private typealias Waiter = CheckedContinuation<Answer, Never>

    private enum Progress {
        case waiting(Waiter?)
        case decided(Answer, Waiter?)
        case finished(Answer)

        var waiter: Waiter? {
            switch self {
            case .waiting(let waiter), .decided(_, let waiter): waiter
            case .finished: nil
            }
        }
    }

    private let command: C
    private let progress = Mutex(Progress.waiting(nil))

    init(command: C) {
        self.command = command
    }

    func apply(to batch: inout Batch, digest: @escaping EventDigest) {
        let answer = batch.apply(command, digest: digest)
        progress.withLock { $0 = .decided(answer, $0.waiter) }
    }

    func finish() {
        let (waiter, answer) = progress.withLock { progress in
            guard case .decided(let answer, let waiter) = progress else {
                preconditionFailure("a command is decided before it is finished")
            }
            progress = .finished(answer)
            return (waiter, answer)
        }
        waiter?.resume(returning: answer)
    }

    func outcome() async throws(Refusal) -> C.Outcome {
        let answer = await withCheckedContinuation { (continuation: Waiter) in
            let ready: Answer? = progress.withLock { progress in
                switch progress {
                case .waiting:
                    progress = .waiting(continuation)
                    return nil
                case .decided(let answer, _):
                    progress = .decided(answer, continuation)
                    return nil
                case .finished(let answer):
                    return answer
                }
            }
            if let ready { continuation.resume(returning: ready) }
        }
        return try answer.get()
    }
}
