import Foundation
import HTTPService
import HawserTestKit
import IdentityCore
import PeeringCore
import ReplicationCore
import StateCore
import Testing

@testable import hawser

/// What a command line did.
struct Outcome: Equatable {
    var code: Int32
    var output: String
    var errors: String
}

/// Runs a command line in this process against a daemon's port.
func run(_ line: String, port: Int, output: TextOutput? = nil) async -> Outcome {
    let written = Recorder()
    let complaints = Recorder()
    let surroundings = Surroundings(
        environment: { $0 == "HAWSER_HTTP_ADDR" ? "127.0.0.1:\(port)" : nil },
        output: output ?? written.output(), error: complaints.output())
    let code = await Surroundings.$current.withValue(surroundings) {
        await Hawser.run(line.split(separator: " ").map(String.init))
    }
    return Outcome(code: code, output: written.text, errors: complaints.text)
}

@Suite("Commands against a daemon")
struct CommandTests {
    private func digest(_ byte: UInt8) -> SecretDigest { SecretDigest(bytes: Array(repeating: byte, count: 32)) }

    @Test func commandsOfTheCA() async throws {
        try await TestDaemon.run { daemon in
            func root(_ id: String, _ start: Int64) -> CARoot {
                CARoot(
                    id: id, name: "", certificatePEM: "", serialHex: "1", notBefore: start, notAfter: start + 86_400,
                    key: nil)
            }
            var identity = ClusterIdentity(
                trustDomain: TrustDomain(clusterID: "c"), datacenter: "dc1", nodeID: "n",
                roots: [root("aa", 0), root("bb", 86_400)], activeRootID: "bb")
            identity.roots[0].rotatedOutAt = 90_000
            _ = try await daemon.store.apply(EstablishIdentity(proposed: identity))
            let list = await run("ca list", port: daemon.port)
            #expect(
                list.output == """
                    Root  State    From        To          Rotated Out
                    bb    active   1970-01-02  1970-01-03
                    aa    trusted  1970-01-01  1970-01-02  1970-01-02 01:00:00 +0000 UTC

                    """)
            let early = await run("ca retire", port: daemon.port)
            #expect(early.code == 1)
            #expect(
                early.errors
                    == "Error retiring roots of the CA: peers have not confirmed the present roots: dc2\n")
            let active = await run("ca retire -root bb -force", port: daemon.port)
            #expect(active.code == 1 && active.errors.contains("root bb is the active one"))
            let done = await run("ca retire -force", port: daemon.port)
            #expect(done == Outcome(code: 0, output: "Retired: 1. Peers are told.\n", errors: ""))
            let again = await run("ca retire -force", port: daemon.port)
            #expect(again.output == "There is no root to retire.\n")
            let refused = await run("ca rotate", port: daemon.port)
            #expect(refused.errors == "Error rotating the CA: there is no CA here\n")
        }
    }

    @Test func peeringCommands() async throws {
        try await TestDaemon.run { daemon in
            let none = await run("peering list", port: daemon.port)
            #expect(none == Outcome(code: 0, output: "There are no peering connections.\n", errors: ""))
            let token = await run("peering generate-token -name dc2 -meta a=b", port: daemon.port)
            #expect(token == Outcome(code: 0, output: "TOKEN\n", errors: ""))
            let json = await run("peering generate-token -name=dc2 -format=json", port: daemon.port)
            #expect(json.output == "{\"PeeringToken\":\"TOKEN\"}\n")
            #expect(daemon.peerings.calls.first == .init("token", name: "dc2", meta: ["a": "b"]))
            let id = PeeringID("p1")
            _ = try await daemon.store.apply(
                GenerateToken(name: "dc2", meta: [:], newID: id, establishment: digest(1)))
            var status = StreamStatus()
            status.isConnected = true
            status.exportedServices = ["api", "web"]
            daemon.peerings.set(status, of: id)
            let list = await run("peering list", port: daemon.port)
            #expect(list.output.hasSuffix("\ndc2   ACTIVE  0              2\n"), "\(list.output)")
            let exported = await run("peering exported-services -name dc2", port: daemon.port)
            #expect(exported.output == "api\nweb\n")
            let read = await run("peering read -name dc2", port: daemon.port)
            #expect(read.output.hasPrefix("Name:         dc2\n"))
            let deleted = await run("peering delete -name dc2", port: daemon.port)
            #expect(deleted.output == "Successfully submitted peering connection, dc2, for deletion\n")
        }
    }

    @Test func configAndCatalogCommands() async throws {
        try await TestDaemon.run { daemon in
            let services = await run("catalog services", port: daemon.port)
            #expect(services.output == "There are no services.\n")
            let entry = #"{"Kind":"mesh"}"#
            try await HTTPClient(address: DaemonAddress(host: "127.0.0.1", port: daemon.port)).put("/v1/config", entry)
            let list = await run("config list -kind mesh", port: daemon.port)
            #expect(list.output == "mesh\n")
            let read = await run("config read -kind mesh -name mesh", port: daemon.port)
            #expect(read.output.hasPrefix("{\n    \"Kind\": \"mesh\",\n"), "\(read.output)")
            let deleted = await run("config delete -kind mesh -name mesh", port: daemon.port)
            #expect(deleted.output == "Config entry deleted: mesh/mesh\n")
            let reload = await run("reload", port: daemon.port)
            #expect(reload.output == "Configuration reload triggered\n1 service changed: web\n")
        }
    }

    @Test(arguments: [
        ("entry.json", #"{"Kind":"service-defaults","Name":"web","Protocol":"http"}"#),
        ("entry.yaml", "kind: service-defaults\nname: web\nprotocol: http\n"),
        ("entry.hcl", "Kind = \"service-defaults\" Name = \"web\"\nProtocol = \"http\"\n"),
        ("rule", "# c\nKind = \"service-defaults\"\nName = \"web\"\nProtocol = \"http\"\n"),
        ("entry", "Kind: service-defaults\nName: web\nProtocol: http\n"),
    ])
    func configWriteTakesWhatConfigFilesMayBe(name: String, text: String) async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "hawser-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let file = directory.appending(path: name)
        try Data(text.utf8).write(to: file)
        try await TestDaemon.run { daemon in
            let written = await run("config write \(file.path)", port: daemon.port)
            #expect(written == Outcome(code: 0, output: "Config entry written: service-defaults/web\n", errors: ""))
            let read = await run("config read -kind service-defaults -name web", port: daemon.port)
            #expect(read.output.contains("\"Protocol\": \"http\""), "\(read.output)")
        }
    }

    @Test func importedServicesOfAPeer() async throws {
        try await TestDaemon.run { daemon in
            let id = PeeringID("p1")
            _ = try await daemon.store.apply(
                GenerateToken(name: "dc2", meta: [:], newID: id, establishment: digest(1)))
            let change = ImportedChange.service(name: "web", payload: [1], instanceCount: 1)
            _ = try await daemon.store.apply(ImportBatch(id: id, changes: [change]))
            let services = await run("catalog services -peer dc2", port: daemon.port)
            #expect(services.output == "Name  Instances  Passing\nweb   0          0\n")
        }
    }

    private static let failures: [(line: String, code: Int32, errors: String)] = [
        ("peering read -name x", 1, "No peering with name x found.\n"),
        (
            "config read -kind mesh -name mesh", 1,
            "Error reading config entry mesh/mesh: Config entry not found for \"mesh\" / \"mesh\"\n"
        ),
        ("config write /does/not/exist", 1, "hawser: /does/not/exist: cannot be opened: No such file or directory\n"),
        ("peering read", 2, "Error: Missing the required -name flag\n"),
        ("peering list -format=xml", 2, "Error: Invalid format, valid formats are {json|pretty}\n"),
        ("peering establish -name x", 2, "Error: Missing the required -peering-token flag"),
        ("peering establish -name x -peering-token t -wait=soon", 2, "Error: Invalid --wait=soon"),
        ("nonsense", 2, "Error: Unexpected argument 'nonsense'\n"),
        (
            "peering list -http-addr ftp://x", 2,
            "hawser: \"ftp://x\" is not an address of the HTTP API: write host:port, https://host:port or unix:///path\n"
        ),
    ]

    @Test(arguments: failures)
    func failureSentences(line: String, code: Int32, errors: String) async throws {
        try await TestDaemon.run { daemon in
            let outcome = await run(line, port: daemon.port)
            #expect(outcome.code == code)
            #expect(outcome.errors.hasPrefix(errors), "\(outcome.errors)")
            #expect(outcome.output.isEmpty)
        }
    }

    @Test func theDaemonsWordsAreShown() async throws {
        try await TestDaemon.run { daemon in
            daemon.peerings.refuse(with: Refusal(.denied, "invalid peering establishment secret"))
            let outcome = await run("peering establish -name x -peering-token t", port: daemon.port)
            #expect(outcome.code == 1)
            #expect(outcome.errors == "Error establishing peering for x: invalid peering establishment secret\n")
        }
    }

    @Test func noDaemonIsTold() async throws {
        let port = Mutexed(0)
        try await TestDaemon.run { daemon in port.set(daemon.port) }
        let outcome = await run("peering list", port: port.value)
        #expect(outcome.code == 1)
        #expect(
            outcome.errors == """
                hawser: no daemon answers at 127.0.0.1:\(port.value): is `hawser agent` running? \
                Set --http-addr or HAWSER_HTTP_ADDR if it listens elsewhere.

                """)
    }

    @Test func helpIsNoFailure() async {
        let outcome = await run("peering --help", port: 1)
        #expect(outcome.code == 0)
        #expect(outcome.output.contains("generate-token"))
    }
}
