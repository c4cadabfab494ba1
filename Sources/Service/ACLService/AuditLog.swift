package import Logging
import NIOPosix
package import PeeringCore
import ServiceLifecycle
import Synchronization

/// Writes down every change and every denial, without holding up a request.
///
/// Records wait in a queue of a fixed length for one task that writes them. What does not fit, or meets a disk that is
/// full, is lost; how much is said by a line of its own as soon as lines can be written again, and by the daemon's log
/// when it begins. Requests go on meanwhile: who wants them to stop watches for that line.
package final class AuditLog: Service {
    /// Where the lines go.
    package enum Output: Sendable {
        case file(AuditFile)
        /// The daemon's own log.
        case log
    }

    /// Records that wait at most: some seconds of a busy API, and at most a few megabytes.
    private static let maxWaiting = 4096

    private let output: Output
    private let logger: Logger
    private let now: @Sendable () -> Timestamp
    private let lost = Mutex(0)
    private let waiting: AsyncStream<AuditRecord>
    private let queue: AsyncStream<AuditRecord>.Continuation

    package init(to output: Output, logger: Logger, now: @escaping @Sendable () -> Timestamp) {
        self.output = output
        self.logger = logger
        self.now = now
        (waiting, queue) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.maxWaiting))
    }

    /// Any task calls this; it returns at once.
    package func record(_ record: AuditRecord) {
        guard case .dropped = queue.yield(record) else { return }
        lost.withLock { $0 += 1 }
    }

    /// Writes until a graceful shutdown, and then what waits still.
    package func run() async {
        await withGracefulShutdownHandler {
            var isBroken = false
            for await record in waiting { isBroken = await write(record, isBroken: isBroken) }
        } onGracefulShutdown: {
            self.finish()
        }
    }

    /// Nothing more is taken in.
    func finish() { queue.finish() }

    /// - Returns: whether it could not be written.
    private func write(_ record: AuditRecord, isBroken: Bool) async -> Bool {
        let count = lost.withLock { count in
            defer { count = 0 }
            return count
        }
        var lines = record.line + "\n"
        if count > 0 { lines = AuditRecord.line(lost: count, at: now()) + "\n" + lines }
        guard let problem = await put(lines) else { return false }
        lost.withLock { $0 += count + 1 }
        if !isBroken {
            logger.error(
                "the audit log cannot be written: requests go on, and are counted", metadata: ["cause": "\(problem)"])
        }
        return true
    }

    private func put(_ lines: String) async -> String? {
        switch output {
        case .log:
            for line in lines.split(separator: "\n") { logger.info("\(line)") }
            return nil
        case .file(let file):
            do {
                return try await NIOThreadPool.singleton.runIfActive { file.append(lines) }
            } catch {
                return "\(error)"
            }
        }
    }
}
