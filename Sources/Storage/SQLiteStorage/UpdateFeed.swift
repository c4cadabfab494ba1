import StateCore
import Synchronization

/// Commits as they happen, for those who follow. The file has one writer, so what it tells is all that there is; it
/// keeps no past.
final class UpdateFeed: Sendable {
    typealias Stream = AsyncThrowingStream<StorageUpdate, any Error>

    /// Updates that a follower may be behind. One that is further behind loads again.
    private static let maxPending = 1_024

    private let followers = Mutex<[UInt64: Stream.Continuation]>([:])
    private let numbers = Mutex<UInt64>(0)

    func follow() -> Stream {
        let number = numbers.withLock { number in
            number += 1
            return number
        }
        let (stream, continuation) = Stream.makeStream(bufferingPolicy: .bufferingOldest(Self.maxPending))
        continuation.onTermination = { [weak self] _ in
            _ = self?.followers.withLock { $0.removeValue(forKey: number) }
        }
        followers.withLock { $0[number] = continuation }
        return stream
    }

    func tell(_ update: StorageUpdate) {
        let all = followers.withLock { $0 }
        for (number, continuation) in all {
            guard case .dropped = continuation.yield(update) else { continue }
            followers.withLock { $0[number] = nil }
            continuation.finish(throwing: Self.behind)
        }
    }

    func end() {
        let all = followers.withLock { followers in
            defer { followers = [:] }
            return followers.values
        }
        for continuation in all { continuation.finish() }
    }

    static let behind = StorageError(
        code: .compacted, message: "The state has changed too much to be followed; load it again.", cause: "")
}
