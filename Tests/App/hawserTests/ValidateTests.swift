import ConfigCore
import DocumentCore
import FoundationEssentials
import HawserTestKit
import Testing

@testable import hawser

@Suite("Files checked without a daemon")
struct ValidateTests {
    /// Runs a command with files in a directory of their own, which `DIR` stands for in what it says.
    private func run(_ line: String, _ files: [(name: String, text: String)], port: Int = 1) async throws -> Outcome {
        let folder = FileManager.default.temporaryDirectory.path() + "hawser-validate-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for (name, text) in files { try text.write(toFile: "\(folder)/\(name)", atomically: false, encoding: .utf8) }
        var outcome = await hawserTests.run(line.replacing("DIR", with: folder), port: port)
        outcome.output = outcome.output.replacing(folder, with: "DIR")
        outcome.errors = outcome.errors.replacing(folder, with: "DIR")
        return outcome
    }

    private let service = "service: {name: web, port: 80}\n"

    @Test func allIsRight() async throws {
        let files = [("a.yaml", service), ("b.json", #"{"Kind":"mesh"}"#)]
        let all = try await run("validate DIR", files)
        #expect(all == Outcome(code: 0, output: "2 files are valid: 1 service, 1 config entry\n", errors: ""))
        let one = try await run("validate DIR/a.yaml", files)
        #expect(one == Outcome(code: 0, output: "1 file is valid: 1 service, 0 config entries\n", errors: ""))
    }

    @Test func namesThatAreNoneStandAtTheirPlace() async throws {
        let outcome = try await run(
            "validate DIR", [("a.yaml", "service: {name: \"we\\0b\", port: 80}\n"), ("b.json", #"{"Kind":"mesh"}"#)])
        #expect(outcome.code == 1)
        #expect(
            outcome.output == #"""
                DIR/a.yaml:1:17: service.name: must not hold control characters, and "we\u0000b" holds U+0000: write it without

                """#)
    }

    @Test func everyProblemAndWarningIsPrinted() async throws {
        let outcome = try await run(
            "validate DIR/a.yaml DIR/b.yaml DIR/c.json",
            [
                ("a.yaml", "server: true\n" + service),
                ("b.yaml", service + "---\nKind: mesh\nPeeering: {}\nTLS: {Incoming: {TLSMinVersion: x}}\n"),
                ("c.json", "{"),
            ])
        #expect(outcome.code == 1 && outcome.errors.isEmpty)
        #expect(
            outcome.output == """
                DIR/b.yaml:4:1: Peeering: unknown key `Peeering`; did you mean `Peering`?
                DIR/b.yaml:5:33: TLS.Incoming.TLSMinVersion: must be TLS_AUTO, TLSv1_0, TLSv1_1, TLSv1_2 or TLSv1_3, and is "x"
                DIR/c.json:1:2: the text ends in the middle of a value
                DIR/b.yaml:1:10: the service ID "web" is already defined at DIR/a.yaml:2:10
                DIR/a.yaml:1:1: warning: server: is not used by hawser

                """)
    }

    @Test func settingsAreCheckedTogether() async throws {
        let outcome = try await run("validate DIR", [("a.yaml", "advertise_addr: 0.0.0.0\n")])
        #expect(outcome.code == 1)
        #expect(outcome.output.hasPrefix("advertise_addr cannot be \"0.0.0.0\": "), "\(outcome.output)")
    }

    @Test func programsGetJSON() async throws {
        let outcome = try await run("validate -format json DIR", [("a.json", #"{"Kind":"mesh","Peeering":1}"#)])
        #expect(outcome.code == 1)
        let answer = try JSONReader.read(outcome.output)
        #expect(answer["Valid"] == Document(.bool(false)))
        let problem = try #require(answer["Problems"]?.list?.first)
        #expect(problem["File"]?.string == "DIR/a.json" && problem["Column"] == Document(.integer(16)))
        #expect(problem["Code"]?.string == "unknownKey" && problem["Path"]?.string == "Peeering")
        #expect(problem["Suggestion"]?.string == "Peering")
    }

    @Test func whatIsNotThereIsTold() async throws {
        let outcome = try await run("validate DIR/none.yaml", [])
        #expect(outcome.code == 1)
        #expect(outcome.output == "DIR/none.yaml: cannot be read: No such file or directory\n")
    }

    /// Nothing of a file is written unless all of it is right.
    @Test func configWriteChecksFirst() async throws {
        let mesh = "apiVersion: consul.hashicorp.com/v1alpha1\nkind: Mesh\nmetadata: {name: mesh}\n"
        try await TestDaemon.run { daemon in
            let bad = "---\nKind: service-defaults\nName: web\nProtocoll: http\n"
            let refused = try await run("config write DIR/e.yaml", [("e.yaml", mesh + bad)], port: daemon.port)
            #expect(refused.code == 1)
            #expect(
                refused.errors
                    == "hawser: DIR/e.yaml:7:1: Protocoll: unknown key `Protocoll`; did you mean `Protocol`?\n")
            let nothing = await hawserTests.run("config list -kind mesh", port: daemon.port)
            #expect(nothing.output.isEmpty)
            let good = "---\nKind: service-defaults\nName: web\nProtocol: http\n"
            let written = try await run("config write DIR/e.yaml", [("e.yaml", mesh + good)], port: daemon.port)
            #expect(
                written.output
                    == "Config entry written: mesh/mesh\nConfig entry written: service-defaults/web\n")
        }
    }

    @Test func schemasArePrinted() async throws {
        let mesh = await hawserTests.run("schema mesh", port: 1)
        #expect(mesh.code == 0 && mesh.output == ConfigSchema.entry(.mesh).text)
        let unknown = await hawserTests.run("schema nothing", port: 1)
        #expect(unknown.code == 2)
        #expect(unknown.errors.hasPrefix("hawser: there is no schema of \"nothing\": it must be agent, service, "))
    }
}
