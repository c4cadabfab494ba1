import DocumentCore
import Foundation
import Glibc
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import ProcessTestKit

@testable import hawser

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
        try await eventually("\(name) answers") {
            guard self.process.withLockedValue({ $0?.isRunning ?? false }) else {
                throw Unexpected("\(self.name) ended instead of starting: \(self.log.suffix(2_000))")
            }
            return try await self.hawser("peering", "list").code == 0
        }
    }

    /// Ends it without warning, or in order.
    func stop(_ signal: Int32 = SIGKILL) {
        guard let process = process.withLockedValue({ $0.take() }) else { return }
        process.signal(signal)
        process.wait()
    }

    /// Asks it to read its files again.
    func hangUp() {
        process.withLockedValue { $0 }?.signal(SIGHUP)
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

    /// What the HTTP API answers.
    ///
    /// - Parameter target: path and query.
    func get(_ target: String) async throws -> Document {
        let client = HTTPClient(address: DaemonAddress(host: "127.0.0.1", port: httpPort))
        let answer = try await client.send(ClientRequest(method: .get, target: target, seconds: 60))
        guard answer.status == 200 else {
            throw Unexpected(
                "\(name) answers \(answer.status) to \(target): \(String(decoding: answer.body, as: UTF8.self))")
        }
        return try JSONReader.read(answer.body)
    }

    /// Instances that a peer exports, by `/v1/health/service`, in the order of their IDs.
    func instances(of service: String, from peer: String) async throws -> [Instance] {
        let entries = try await get("/v1/health/service/\(service)?peer=\(peer)").list ?? []
        return entries.map { entry in
            let service = entry["Service"]
            return Instance(
                id: service?["ID"]?.string ?? "", node: entry["Node"]?["Node"]?.string ?? "",
                port: service?["Port"]?.integer ?? 0,
                tags: (service?["Tags"]?.list ?? []).compactMap(\.string), peer: service?["PeerName"]?.string ?? "")
        }
        .sorted { $0.id < $1.id }
    }

    struct Instance: Equatable {
        var id: String
        var node: String
        var port: Int64
        var tags: [String]
        var peer: String
    }

    // MARK: The process as the system sees it

    /// Open sockets.
    func socketCount() throws -> Int {
        let path = "/proc/\(try processID())/fd"
        let files = FileManager.default
        return try files.contentsOfDirectory(atPath: path).count { name in
            // A descriptor may be gone by now.
            (try? files.destinationOfSymbolicLink(atPath: "\(path)/\(name)"))?.hasPrefix("socket:") ?? false
        }
    }

    /// Resident memory in KiB.
    func residentKiB() throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(try processID())/status", encoding: .utf8)
        let line = try status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }.orThrow("VmRSS")
        return try line.split(separator: " ").compactMap { Int($0) }.first.orThrow("the number of VmRSS")
    }

    private func processID() throws -> Int32 {
        try process.withLockedValue { $0?.id }.orThrow("the process")
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
