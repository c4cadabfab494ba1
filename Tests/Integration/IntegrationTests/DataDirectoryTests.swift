import Foundation
import Glibc
import Testing

@Suite("Daemons that must not start", .serialized)
struct DataDirectoryTests {
    /// Starts a second daemon with other flags, which must end by itself with one sentence.
    private func refused(_ arguments: [String]) async throws -> String {
        let outcome = try await Program.run(["agent"] + arguments)
        #expect(outcome.code == 1)
        let sentences = outcome.errors.split(separator: "\n").filter { $0.hasPrefix("hawser: ") }
        #expect(sentences.count == 1, "\(outcome.errors)")
        return outcome.errors
    }

    @Test func portsAndDirectoriesInUse() async throws {
        let daemon = try await Daemon("first", datacenter: "dc1")
        defer { daemon.remove() }
        try await daemon.start()
        let other = FileManager.default.temporaryDirectory.appending(path: "hawser-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: other) }
        let locked = try await refused([
            "-data-dir", daemon.dataDirectory.path, "-bind", "127.0.0.1", "-http-port", "0", "-grpc-tls-port", "0",
        ])
        #expect(locked.contains(daemon.dataDirectory.path))
        let http = try await refused([
            "-data-dir", other.path, "-bind", "127.0.0.1", "-http-port", "\(daemon.httpPort)", "-grpc-tls-port", "0",
        ])
        #expect(http.contains("\(daemon.httpPort)"))
        let peering = try await refused([
            "-data-dir", other.path, "-bind", "127.0.0.1", "-http-port", "0", "-grpc-tls-port",
            "\(daemon.peeringPort)",
        ])
        #expect(peering.contains("\(daemon.peeringPort)") && peering.contains("-grpc-tls-port"))
    }

    @Test func dataOfAnotherDatacenterAndDamagedData() async throws {
        let daemon = try await Daemon("first", datacenter: "dc1")
        defer { daemon.remove() }
        try await daemon.start()
        daemon.stop()
        let flags = [
            "-data-dir", daemon.dataDirectory.path, "-bind", "127.0.0.1", "-http-port", "0", "-grpc-tls-port", "0",
        ]
        let foreign = try await refused(flags + ["-datacenter", "dc2"])
        #expect(foreign.contains("belongs to datacenter \"dc1\""))
        let file = daemon.dataDirectory.appending(path: "state.db")
        var bytes = try Data(contentsOf: file)
        for index in bytes.indices.prefix(4_096) { bytes[index] = 0x5A }
        try bytes.write(to: file)
        let damaged = try await refused(flags)
        #expect(damaged.contains("state.db"))
        // It was left as it is.
        #expect(try Data(contentsOf: file) == bytes)
    }

    /// A file that lost its contents is damage, not a first start.
    @Test func anEmptyStateFileIsNotAFirstStart() async throws {
        let daemon = try await Daemon("first", datacenter: "dc1")
        defer { daemon.remove() }
        try FileManager.default.createDirectory(at: daemon.dataDirectory, withIntermediateDirectories: true)
        let file = daemon.dataDirectory.appending(path: "state.db")
        try Data().write(to: file)
        #expect(try await refused(Array(daemon.agentArguments.dropFirst())).contains(file.path))
        #expect(try Data(contentsOf: file).isEmpty)
    }

    @Test func aDirectoryThatCannotBeUsed() async throws {
        let daemon = try await Daemon("first", datacenter: "dc1")
        defer { daemon.remove() }
        // A file in its place, and a parent that is not there: refused to every user, root included.
        try Data("mine".utf8).write(to: daemon.dataDirectory)
        let flags = ["-bind", "127.0.0.1", "-http-port", "0", "-grpc-tls-port", "0"]
        #expect(
            try await refused(flags + ["-data-dir", daemon.dataDirectory.path]).contains(daemon.dataDirectory.path))
        #expect(try Data(contentsOf: daemon.dataDirectory) == Data("mine".utf8))
        let orphan = daemon.configDirectory.appending(path: "missing/data").path
        #expect(try await refused(flags + ["-data-dir", orphan]).contains(orphan))
        try FileManager.default.removeItem(at: daemon.dataDirectory)
        try FileManager.default.createDirectory(
            at: daemon.dataDirectory, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o000])
        // Root reads it all the same.
        guard geteuid() != 0 else { return }
        #expect(
            try await refused(flags + ["-data-dir", daemon.dataDirectory.path]).contains(daemon.dataDirectory.path))
    }

    /// Whoever is refused leaves the one that runs alone.
    @Test func theFirstDaemonGoesOn() async throws {
        let daemon = try await Daemon("first", datacenter: "dc1")
        defer { daemon.remove() }
        try await daemon.start()
        _ = try await refused(Array(daemon.agentArguments.dropFirst()))
        try await daemon.succeed("peering", "generate-token", "-name", "later")
        daemon.stop()
        try await daemon.start()
        #expect(try await daemon.peering("later")?.state == "PENDING")
    }

    @Test func flagsAndFilesThatMakeNoSense() async throws {
        #expect(try await refused(["-bind", "127.0.0.1"]).contains("-data-dir"))
        #expect(try await refused(["-dev", "-config-file", "/does/not/exist.yaml"]).contains("/does/not/exist.yaml"))
        let usage = try await Program.run(["agent", "-http-port", "eighty"])
        #expect(usage.code == 2)
    }
}
