import DocumentCore
import Foundation
import Glibc
import Testing

@Suite("Two daemons, one token", .serialized)
struct PeeringLifeTests {
    @Test func eachGetsWhatTheOtherExportsAndNothingElse() async throws {
        try await Clusters.peered { clusters in
            let web = try await clusters.island.succeed("catalog", "services", "-peer", "harbor", "-format", "json")
            #expect(web.contains("web") && !web.contains("secret"))
            let atIsland = try await clusters.island.instances(of: "web", from: "harbor")
            #expect(
                atIsland == [
                    Daemon.Instance(id: "web-1", node: "harbor", port: 80, tags: ["v1"], peer: "harbor"),
                    Daemon.Instance(id: "web-2", node: "harbor", port: 81, tags: [], peer: "harbor"),
                ])
            #expect(
                try await clusters.harbor.instances(of: "api", from: "island") == [
                    Daemon.Instance(id: "api", node: "island", port: 8080, tags: [], peer: "island")
                ])
            #expect(try await clusters.island.instances(of: "secret", from: "harbor").isEmpty)
            // What was imported stays apart from what is local.
            #expect(try await clusters.island.get("/v1/catalog/service/web").list?.isEmpty == true)
        }
    }

    @Test func aWildcardFollowsTheServices() async throws {
        try await Clusters.peered { clusters in
            try clusters.island.write("services.yaml", "services: [{name: cache, port: 6379}, {name: mail, port: 25}]")
            try await clusters.island.succeed("reload")
            try await eventually("harbor has mail, and api no more") {
                try await clusters.harbor.imported(from: "island") == ["cache": "1", "mail": "1"]
            }
            #expect(try await clusters.harbor.instances(of: "api", from: "island").isEmpty)
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

    @Test func aSignalReadsTheFilesToo() async throws {
        try await Clusters.peered { clusters in
            try clusters.harbor.write("more.yaml", "service: {name: web, id: web-3, port: 82}")
            clusters.harbor.hangUp()
            try await eventually("island has three instances") {
                try await clusters.island.imported(from: "harbor")["web"] == "3"
            }
            // A broken file is refused, and the daemon goes on.
            try clusters.harbor.write("more.yaml", "service: {name: web, id: web-3")
            clusters.harbor.hangUp()
            try await eventually("harbor says so") { clusters.harbor.log.contains("the reload was refused") }
            #expect(try await clusters.island.imported(from: "harbor")["web"] == "3")
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
                try await Self.storedImports(of: clusters.island, ["web", "db"]) == 2
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

    /// One side goes and comes back; the other stays up and serves what it has all the while.
    @Test(arguments: [true, false], [SIGKILL, SIGTERM])
    func theOtherSideServesOnAndTheStreamComesBack(restartsAcceptor: Bool, signal: Int32) async throws {
        try await Clusters.peered { clusters in
            let (restarted, other) =
                restartsAcceptor ? (clusters.harbor, clusters.island) : (clusters.island, clusters.harbor)
            let had = try await other.imported(from: restarted.name)
            restarted.stop(signal)
            #expect(restarted.log.contains("the agent has ended in order") == (signal == SIGTERM))
            try await eventually("the other side notices") {
                // Going in order is no failure: then it shows what is stored.
                try await other.peering(restarted.name)?.state != "ACTIVE"
            }
            #expect(try await other.imported(from: restarted.name) == had)
            try await restarted.start()
            try await clusters.areInStep()
            // The stream carries changes again.
            try clusters.harbor.write("more.yaml", "service: {name: web, id: web-3, port: 82}")
            try await clusters.harbor.succeed("reload")
            try await eventually("island has three instances") {
                try await clusters.island.imported(from: "harbor")["web"] == "3"
            }
        }
    }

    @Test func anAcceptorAloneServesWhatWasKnown() async throws {
        try await Clusters.peered { clusters in
            try await eventually("the copies are on disk") {
                try await Self.storedImports(of: clusters.harbor, ["api", "cache"]) == 2
            }
            clusters.island.stop()
            clusters.harbor.stop()
            try await clusters.harbor.start()
            #expect(try await clusters.harbor.imported(from: "island") == ["api": "1", "cache": "1"])
            try await clusters.island.start()
            try await clusters.areInStep()
        }
    }

    /// Rows of imported services in the state file, read past SQLite: the daemon holds its lock.
    private static func storedImports(of daemon: Daemon, _ names: [String]) async throws -> Int {
        let id = try await (daemon.get("/v1/peerings").list?.first?["ID"]?.string).orThrow("an ID")
        let files = ["state.db", "state.db-wal"].map { daemon.dataDirectory.appending(path: $0) }
        let bytes = files.reduce(into: Data()) { $0 += (try? Data(contentsOf: $1)) ?? Data() }
        return names.count { bytes.range(of: Data("import/\(id)/\($0)".utf8)) != nil }
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
            // A terminated peering comes back with a new token, on either end.
            try await clusters.redeem(try await clusters.token())
            try await clusters.areInStep()
        }
    }

    @Test func aTerminatedPeeringGoesByHand() async throws {
        try await Clusters.peered { clusters in
            try await clusters.island.succeed("peering", "delete", "-name", "harbor")
            try await eventually("harbor knows") {
                try await clusters.harbor.peering("island")?.state == "TERMINATED"
            }
            try await clusters.harbor.succeed("peering", "delete", "-name", "island")
            try await eventually("the row is gone") { try await clusters.harbor.peering("island") == nil }
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
