import IdentityCore
package import Logging
import ServiceLifecycle
import UnixSignals

/// Reloads the configuration files on SIGHUP, and logs what that did. Runs until cancelled or a graceful shutdown.
package struct ReloadOnSignal: Service {
    private let catalog: FileCatalog
    private let logger: Logger

    package init(catalog: FileCatalog, logger: Logger) {
        self.catalog = catalog
        self.logger = logger
    }

    package func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        for await _ in signals.cancelOnGracefulShutdown() { await reload() }
    }

    /// What one signal does.
    func reload() async {
        do throws(Refusal) {
            for line in try await catalog.reload() { logger.info("reload: \(line)") }
        } catch {
            logger.error("the reload was refused, the old configuration stays: \(error.message)")
        }
    }
}
