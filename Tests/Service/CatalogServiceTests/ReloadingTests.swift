import CatalogCore
import ConfigFiles
import Foundation
import HawserTestKit
import Logging
import StateCore
import Synchronization
import Testing

@testable import CatalogService

@Suite struct ReloadingTests {
    /// No signal is sent here: it would reach every test of the process.
    @Test func theLogTellsWhatAReloadDid() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "hawser-\(UUID().uuidString).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        func write(_ text: String) throws { try Data(text.utf8).write(to: file) }
        try write("service: {name: a, port: 1}")
        let store = try await StateStore(testing: MemoryStorage())
        var loader = ConfigLoader([.file(file.path)])
        let loaded = try loader.load()
        let catalog = FileCatalog(
            store: store, node: Node(name: "n", address: "10.0.0.1"), loader: loader, loaded: loaded)
        try await catalog.apply(loaded)
        let log = LineLog()
        let logger = Logger(label: "test") { _ in log }
        let reload = LoggedReload(logger: logger) { try await catalog.reload() }
        let quiet = LoggedReload(logger: logger, isQuiet: true) { try await catalog.reload() }

        await reload()
        #expect(log.takeLines() == ["info reload: nothing changed"])
        await quiet()
        #expect(log.takeLines().isEmpty)
        try write("service: {name: a, port: 100}")
        await reload()
        #expect(log.takeLines() == ["info reload: service a changed (\(file.path):1:10)"])
        try write("service: {name: a, port: many}")
        await reload()
        let refused = log.takeLines()
        #expect(refused.count == 1)
        #expect(
            refused.first?.hasPrefix(
                "error the reload was refused, the old configuration stays: \(file.path):1:26: service.port: ")
                == true, "\(refused)")
        #expect(store.state.catalog.instances(of: "a").map(\.service.port) == [100])
    }
}

/// Keeps every line with its level.
private struct LineLog: LogHandler {
    private final class Lines: Sendable {
        let list = Mutex<[String]>([])
    }

    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace
    private let lines = Lines()

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { lines.list.withLock { $0.append("\(event.level) \(event.message)") } }

    func takeLines() -> [String] {
        lines.list.withLock { lines in
            defer { lines = [] }
            return lines
        }
    }
}
