import Foundation
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

    @Test func flagsAndFilesThatMakeNoSense() async throws {
        #expect(try await refused(["-bind", "127.0.0.1"]).contains("-data-dir"))
        #expect(try await refused(["-dev", "-config-file", "/does/not/exist.yaml"]).contains("/does/not/exist.yaml"))
        let usage = try await Program.run(["agent", "-http-port", "eighty"])
        #expect(usage.code == 2)
    }
}
