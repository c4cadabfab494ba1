import CatalogCore
import IdentityCore
import Logging
import StateCore

/// Writes results into the catalog: all that have gathered in one command, and one command at a time, so that an
/// older result never comes after a newer one.
actor HealthRecorder {
    private let store: StateStore
    private let board: HealthBoard
    private let node: String
    private let logger: Logger
    private var isWriting = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(store: StateStore, board: HealthBoard, node: String, logger: Logger) {
        self.store = store
        self.board = board
        self.node = node
        self.logger = logger
    }

    /// Returns when the results so far are in the catalog.
    ///
    /// - Throws: the storage's refusal; the results are kept for the next time.
    func write() async throws(Refusal) {
        while isWriting {
            await withCheckedContinuation { waiting.append($0) }
        }
        isWriting = true
        defer {
            isWriting = false
            for continuation in waiting { continuation.resume() }
            waiting = []
        }
        let results = board.takeResults()
        guard !results.isEmpty else { return }
        do throws(Refusal) {
            try await store.apply(RecordHealth(node: node, results: results))
        } catch {
            board.putBack(results)
            throw error
        }
        for result in results { note(result) }
    }

    private func note(_ result: CheckResult) {
        let level: Logger.Level = result.status == .passing ? .info : .warning
        logger.log(
            level: level, "check \(result.key.checkID) is \(result.status.rawValue)",
            metadata: ["service": "\(result.key.serviceID)", "output": "\(result.output.prefix(256))"])
    }
}
