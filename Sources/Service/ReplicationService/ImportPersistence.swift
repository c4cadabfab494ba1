package import Logging
import ServiceLifecycle
package import StateCore
import IdentityCore

/// Keeps copies of imported services on disk, a little behind the tables, so that a restarted daemon serves the last
/// known state before its peers are back.
package struct ImportPersistence: Service {
    /// How long changes gather before they are written.
    private static let delay = Duration.seconds(1)
    /// Rows in one write, so that durable commands between two writes wait for milliseconds only.
    private static let rowsPerWrite = 512

    private let store: StateStore
    private let logger: Logger
    private let changes: StateSubscription

    /// Changes from now on are kept.
    package init(store: StateStore, logger: Logger) {
        self.store = store
        self.logger = logger
        self.changes = store.subscribe(to: .imports)
    }

    /// Runs until cancelled or a graceful shutdown; what is due then is written first.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while true {
                var due = await changes.next()
                if due.isEmpty { break }
                try? await Task.sleep(for: Self.delay)
                due.formUnion(changes.takePending())
                await write(due)
                if Task.isCancelled { break }
            }
        }
        await write(changes.takePending())
    }

    private func write(_ changes: Set<StateChange>) async {
        let changes = Array(changes)
        for start in stride(from: 0, to: changes.count, by: Self.rowsPerWrite) {
            let chunk = Array(changes[start..<min(start + Self.rowsPerWrite, changes.count)])
            do throws(Refusal) {
                try await store.apply(PersistImports(changes: chunk))
            } catch {
                logger.error(
                    "copies of imported services are not on disk, and will be missing after a restart: \(error)")
            }
        }
    }
}
