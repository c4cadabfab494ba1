package import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import UnixSignals

/// The reload itself. It returns lines that tell what changed.
package typealias ReloadWork = @Sendable () async throws -> [String]

/// Reloads what was configured on SIGHUP, and logs what that did. Runs until cancelled or a graceful shutdown.
package struct ReloadOnSignal: Service {
    private let reload: LoggedReload

    package init(logger: Logger, work: @escaping ReloadWork) {
        reload = LoggedReload(logger: logger, work: work)
    }

    package func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        for await _ in signals.cancelOnGracefulShutdown() { await reload() }
    }
}

/// Reloads the configuration files when they change, and logs what that did.
package struct ReloadOnChange: Service {
    /// Whoever writes one file is likely to write the next: they are waited for, so that what belongs together is read
    /// together.
    private static let settlingTime = Duration.milliseconds(250)

    private let watch: Int32
    private let reload: LoggedReload

    /// - Parameter watch: see `ConfigWatch.open`; it is closed when `run` ends.
    package init(watch: Int32, logger: Logger, work: @escaping ReloadWork) {
        self.watch = watch
        reload = LoggedReload(logger: logger, isQuiet: true, work: work)
    }

    package func run() async throws {
        let channel = try await NIOPipeBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .takingOwnershipOfDescriptor(input: watch) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, Never>(wrappingChannelSynchronously: channel)
                }
            }
        try await cancelWhenGracefulShutdown {
            try await channel.executeThenClose { changes in
                // What changed after the load and before the watch.
                await reload()
                for try await _ in changes {
                    try await Task.sleep(for: Self.settlingTime)
                    await reload()
                }
            }
        }
    }
}

/// A reload that nobody waits for: what it did goes into the log.
struct LoggedReload {
    let logger: Logger
    /// Nothing is said of one that changed nothing.
    var isQuiet = false
    let work: ReloadWork

    func callAsFunction() async {
        do {
            let lines = try await work()
            if isQuiet, lines == [ReloadReport.nothing] { return }
            for line in lines { logger.info("reload: \(line)") }
        } catch {
            logger.error("the reload was refused, the old configuration stays: \(error)")
        }
    }
}
