import Foundation
import Glibc
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import ProcessTestKit

/// A daemon as a process of its own, with directories that are gone at the end of the test.
final class Daemon: Sendable {
    let name: String
    let httpPort: Int
    let peeringPort: Int
    private let directory: URL
    private let process = NIOLockedValueBox<ChildProcess?>(nil)
    private let arguments: [String]

    /// - Parameter files: the configuration directory.
    init(
        _ name: String, datacenter: String, files: [String: String] = [:], arguments: [String] = []
    ) async throws {
        self.name = name
        httpPort = FreePort.take()
        peeringPort = FreePort.take()
        directory = FileManager.default.temporaryDirectory.appending(path: "hawser-\(name)-\(UUID().uuidString)")
        self.arguments =
            ["-node", name, "-datacenter", datacenter, "-bind", "127.0.0.1", "-log-level", "debug"] + arguments
        try FileManager.default.createDirectory(at: configDirectory, withIntermediateDirectories: true)
        for (name, text) in files { try write(name, text) }
    }

    var configDirectory: URL { directory.appending(path: "config") }
    var dataDirectory: URL { directory.appending(path: "data") }
    private var logFile: TemporaryFile { TemporaryFile(directory.appending(path: "log")) }

    /// Everything that the daemon wrote to standard error so far, over all its lives.
    var log: String { logFile.text }

    func write(_ file: String, _ text: String?) throws {
        let url = configDirectory.appending(path: file)
        if let text {
            try Data(text.utf8).write(to: url)
        } else {
            try FileManager.default.removeItem(at: url)
        }
    }

    // MARK: Life

    var agentArguments: [String] {
        [
            "agent", "-config-dir", configDirectory.path, "-data-dir", dataDirectory.path, "-http-port", "\(httpPort)",
            "-grpc-tls-port", "\(peeringPort)",
        ] + arguments
    }

    /// Starts the daemon and waits until it answers.
    func start() async throws {
        let log = logFile.url.path
        let process = try ChildProcess(try Program.path(), agentArguments, output: log, errors: log)
        self.process.withLockedValue { $0 = process }
        try await eventually("\(name) answers") { try await self.hawser("peering", "list").code == 0 }
    }

    /// Ends it without warning, or in order.
    func stop(_ signal: Int32 = SIGKILL) {
        guard let process = process.withLockedValue({ $0.take() }) else { return }
        process.signal(signal)
        process.wait()
    }

    func remove() {
        stop()
        try? FileManager.default.removeItem(at: directory)
    }

    // MARK: Use

    /// Runs a command against this daemon.
    func hawser(_ arguments: String...) async throws -> Outcome {
        try await Program.run(arguments, environment: ["HAWSER_HTTP_ADDR": "127.0.0.1:\(httpPort)"])
    }

    /// Runs a command that must succeed.
    @discardableResult
    func succeed(_ arguments: String...) async throws -> String {
        let outcome = try await Program.run(
            arguments, environment: ["HAWSER_HTTP_ADDR": "127.0.0.1:\(httpPort)"])
        guard outcome.code == 0 else {
            let line = arguments.joined(separator: " ")
            throw Unexpected("\(name)$ hawser \(line): \(outcome.errors)\(name)'s log ends:\n\(log.suffix(4_000))")
        }
        return outcome.output
    }

    /// The state of a peering as `peering list` shows it: its state, imported and exported services; nil if there is none.
    func peering(_ peer: String) async throws -> Listed? {
        for line in try await succeed("peering", "list").split(separator: "\n").dropFirst() {
            let words = line.split(separator: " ").map(String.init)
            if words.count >= 4, words[0] == peer {
                return Listed(state: words[1], imported: words[2], exported: words[3])
            }
        }
        return nil
    }

    struct Listed: Equatable {
        var state: String
        var imported: String
        var exported: String
    }

    /// Names and instance counts of what a peer exports to this daemon.
    func imported(from peer: String) async throws -> [String: String] {
        var services: [String: String] = [:]
        for line in try await succeed("catalog", "services", "-peer", peer).split(separator: "\n").dropFirst() {
            let words = line.split(separator: " ").map(String.init)
            if words.count >= 2 { services[words[0]] = words[1] }
        }
        return services
    }
}

/// What a test did not expect on its way.
struct Unexpected: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) {
        self.description = description
    }
}

extension Optional {
    func orThrow(_ what: String) throws -> Wrapped {
        guard let self else { throw Unexpected("\(what) is missing") }
        return self
    }
}

/// Looks again and again until something is so. The bound only ends tests that fail.
func eventually(
    _ what: String, _ condition: @Sendable () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < deadline {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(10))
    }
    throw Unexpected("after a minute it is not so that \(what)")
}
