import Foundation
import Glibc
import Testing

@Suite("Two daemons, one token", .serialized)
struct PeeringLifeTests {
    @Test func eachGetsWhatTheOtherExportsAndNothingElse() async throws {
        try await Clusters.peered { clusters in
            let web = try await clusters.island.succeed("catalog", "services", "-peer", "harbor", "-format", "json")
            #expect(web.contains("web") && !web.contains("secret"))
        }
    }

    @Test func aChangedFileArrivesWithoutANewStream() async throws {
        try await Clusters.peered { clusters in
            try clusters.harbor.write("more.yaml", "service: {name: web, id: web-3, port: 82}")
            let report = try await clusters.harbor.succeed("reload")
            #expect(report.contains("service web-3 added"))
            try await eventually("island has three instances") {
                try await clusters.island.imported(from: "harbor")["web"] == "3"
            }
            // What is not exported any more goes.
            try clusters.harbor.write(
                "exports.yaml",
                "Kind: exported-services\nName: default\nServices: [{Name: db, Consumers: [{Peer: island}]}]")
            try await clusters.harbor.succeed("reload")
            try await eventually("web is gone at island") {
                try await clusters.island.imported(from: "harbor") == ["db": "1"]
            }
            #expect(clusters.island.log.components(separatedBy: "the stream is up").count == 2)
        }
    }

    @Test func aBrokenFileIsRefusedWholeAndNothingChanges() async throws {
        try await Clusters.peered { clusters in
            try clusters.harbor.write("more.yaml", "service:\n  name: web\n  port: eighty")
            let outcome = try await clusters.harbor.hawser("reload")
            #expect(outcome.code == 1)
            #expect(outcome.errors.contains("more.yaml:3:") && outcome.errors.contains("port"))
            try await clusters.areInStep()
        }
    }

    @Test(arguments: [SIGKILL, SIGTERM])
    func aRestartServesWhatWasKnownAndComesBackByItself(signal: Int32) async throws {
        try await Clusters.peered { clusters in
            // Copies of imported services lag behind by a second.
            try await eventually("the copies are on disk") {
                try await Self.storedImports(of: clusters.island) == 2
            }
            clusters.harbor.stop(signal)
            try await eventually("island notices") {
                try await clusters.island.peering("harbor")?.state == "FAILING"
            }
            clusters.island.stop(signal)
            try await clusters.island.start()
            // The other side is still down.
            #expect(try await clusters.island.imported(from: "harbor") == ["web": "2", "db": "1"])
            try await clusters.harbor.start()
            try await clusters.areInStep()
        }
    }

    /// Rows of imported services in the state file, read by a second connection's eyes.
    private static func storedImports(of daemon: Daemon) async throws -> Int {
        let files = ["state.db", "state.db-wal"].map { daemon.dataDirectory.appending(path: $0) }
        let bytes = files.reduce(into: Data()) { $0 += (try? Data(contentsOf: $1)) ?? Data() }
        return ["/web", "/db"].count { name in
            bytes.range(of: Data("import/".utf8)) != nil && bytes.range(of: Data(name.utf8)) != nil
        }
    }

    @Test(arguments: [true, false])
    func deletionReachesTheOtherSideAndFreesTheName(byAcceptor: Bool) async throws {
        try await Clusters.peered { clusters in
            let (deleter, other) =
                byAcceptor ? (clusters.harbor, clusters.island) : (clusters.island, clusters.harbor)
            try await deleter.succeed("peering", "delete", "-name", other.name)
            try await eventually("the deleter has forgotten it") { try await deleter.peering(other.name) == nil }
            try await eventually("the other side knows") {
                try await other.peering(deleter.name)
                    == Daemon.Listed(state: "TERMINATED", imported: "0", exported: "0")
            }
            #expect(try await other.imported(from: deleter.name).isEmpty)
            // A terminated peering comes back with a new token, or goes by hand.
            if !byAcceptor { try await other.succeed("peering", "delete", "-name", deleter.name) }
            if !byAcceptor {
                try await eventually("the row is gone") { try await other.peering(deleter.name) == nil }
            }
            try await clusters.redeem(try await clusters.token())
            try await clusters.areInStep()
        }
    }

    @Test func aDialerThatWasAwayHearsOfTheDeletion() async throws {
        try await Clusters.peered { clusters in
            clusters.island.stop()
            try await clusters.harbor.succeed("peering", "delete", "-name", "island")
            try await eventually("harbor has forgotten it") { try await clusters.harbor.peering("island") == nil }
            try await clusters.island.start()
            try await eventually("island knows") {
                try await clusters.island.peering("harbor")?.state == "TERMINATED"
            }
        }
    }
}
