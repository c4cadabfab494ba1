package import Logging
import ServiceLifecycle
import UnixSignals

/// Reloads what was configured on SIGHUP, and logs what that did. Runs until cancelled or a graceful shutdown.
package struct ReloadOnSignal: Service {
    private let work: @Sendable () async throws -> [String]
    private let logger: Logger

    /// - Parameter work: the reload itself, which returns lines that tell what changed.
    package init(logger: Logger, work: @escaping @Sendable () async throws -> [String]) {
        self.work = work
        self.logger = logger
    }

    package func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        for await _ in signals.cancelOnGracefulShutdown() { await reload() }
    }

    /// What one signal does.
    func reload() async {
        do {
            for line in try await work() { logger.info("reload: \(line)") }
        } catch {
            logger.error("the reload was refused, the old configuration stays: \(error)")
        }
    }
}
