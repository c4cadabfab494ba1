import IdentityCore
import Logging
import ServiceLifecycle
import StateCore
import Synchronization

/// Ends the daemon when its state can be stored no more: what it would say from then on, the next start would not know.
/// Started again, it reads what the disk holds.
struct StateGuard: Service {
    let store: StateStore

    func run() async throws {
        await cancelWhenGracefulShutdown { _ = await store.halted() }
        guard let error = store.haltError else { return }
        throw Refusal(
            .failed,
            "the state can be stored no more, and the agent has stopped. \(error.description) What was acknowledged is "
                + "on disk: start the agent again when the disk works")
    }
}

/// Failures of the storage in the log: the first of a kind at once, and then each time that their number has doubled, so
/// that a full disk does not fill another one.
final class StorageFailureLog: Sendable {
    private let logger: Logger
    private let counts = Mutex<[StorageError.Code: UInt64]>([:])

    init(logger: Logger) {
        self.logger = logger
    }

    @Sendable
    func note(_ error: StorageError) {
        let count = counts.withLock { counts in
            counts[error.code, default: 0] += 1
            return counts[error.code] ?? 1
        }
        guard count & (count - 1) == 0 else { return }
        logger.error("\(error)", metadata: count > 1 ? ["failures": "\(count)"] : [:])
    }
}
