import CatalogCore
import ConfigCore
import ConfigFiles
import DocumentCore
import Foundation
import Testing

@Suite("Configuration files in HCL")
struct HCLFileTests {
    private typealias Folder = ConfigLoaderTests.Folder

    @Test func anAgentFile() throws {
        let folder = try Folder()
        try folder.write(
            "agent.hcl",
            """
            node_name = "n" # as the machine
            ports { http = 8501 }
            service {
              name = "web"
              meta { version = "1" }
              check {
                name     = "ready"
                http     = "http://127.0.0.1:80/"
                interval = "10s"
              }
              connect { sidecar_service { proxy {
                upstreams = [{ destination_name = "api" local_bind_port = 9000 }]
              } } }
            }
            service { name = "api" }
            config_entries {
              bootstrap { Kind = "mesh" Peering { PeerThroughMeshGateways = true } }
              bootstrap { Kind = "service-defaults" Name = "web" Protocol = "http" }
            }
            """)
        var loader = ConfigLoader([.directory(folder.path)])
        let loaded = try loader.load()
        #expect(loaded.warnings.isEmpty)
        #expect(loaded.agent.nodeName == "n")
        #expect(loaded.registrations.map(\.value.service.id) == ["web", "web-sidecar-proxy", "api"])
        #expect(loaded.registrations.last?.source == "\(folder.path)/agent.hcl:15:9")
        #expect(loaded.registrations.first?.value.service.meta == ["version": "1"])
        #expect(loaded.entries.map { "\($0.value.key)" } == ["mesh/mesh", "service-defaults/web"])
    }

    @Test func allThatIsWrongInAllFilesIsTold() throws {
        let folder = try Folder()
        try folder.write("a.hcl", "service {\n  name: \"x\"\n  port = 80\n}\nKind = mesh\n")
        try folder.write("b.hcl", "service {\n  name = \"x\"\n  prot = 80\n}\n")
        try folder.write("c.hcl", "datacenter = \"x\"\ndatacenter = \"y\"\n")
        var loader = ConfigLoader([.directory(folder.path)])
        do {
            _ = try loader.load()
            Issue.record("nothing was thrown")
        } catch {
            #expect(
                folder.shown(error.problems) == [
                    #"a.hcl:2:7: ":" stands after the key "name": HCL has "=" between a key and its value"#,
                    "a.hcl:5:8: the word mesh stands where a value is expected: text goes in quotes",
                    "b.hcl:3:3: service.prot: unknown key `prot`; did you mean `port`?",
                    #"c.hcl:2:1: the key "datacenter" is already at 1:1 of the same map"#,
                ])
        }
    }

    /// Consul looks at the first character, whatever the name says.
    @Test(arguments: [
        #"{"Kind": "mesh"}"#, "\u{FEFF} \n{\"Kind\": \"mesh\"}", "Kind = \"mesh\"", "\u{FEFF}Kind = \"mesh\"",
    ])
    func jsonUnderTheNameOfHCL(text: String) throws {
        #expect(try ConfigFile.documents(Array(text.utf8), .hcl).map { $0["Kind"]?.string } == ["mesh"])
    }

    /// The format of standard input.
    @Test(
        arguments: [
            (.json, #" {"a": 1}"#), (.json, "\n[1]"), (.json, "\u{FEFF}{}"), (.hcl, "a = 1"),
            (.hcl, "\n# c: d\n  a = \"b: c\""),
            (.hcl, "a {\n}"), (.hcl, #"service "web: 1" {"#), (.hcl, "// a: b"), (.hcl, "/* a: b */"),
            (.hcl, "\u{FEFF}a=1"),
            (.hcl, #""a:b" = 1"#), (.yaml, "a: 1"), (.yaml, "a: {b: 1}"), (.yaml, "# a = 1\na: b=c"),
            (.yaml, "---\na: 1"),
            (.yaml, "- a = 1: 2"), (.yaml, ""), (.yaml, "'a=b': 1"), (.yaml, "\"a=b\": 1"), (.yaml, "%YAML 1.2"),
            (.yaml, "a"),
        ] as [(ConfigFormat, String)])
    func formatOfAText(format: ConfigFormat, text: String) {
        #expect(ConfigFormat(text: Array(text.utf8)) == format)
    }

    @Test func replacingAFileKeepsWhatItIs() throws {
        let folder = try Folder()
        try folder.write("a.hcl", "a=1\n")
        let path = folder.path + "/a.hcl"
        let files = FileManager.default
        try files.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
        try files.createSymbolicLink(atPath: folder.path + "/link.hcl", withDestinationPath: "a.hcl")
        try ConfigFile.replace(folder.path + "/link.hcl", with: Array("a = 1\n".utf8))
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "a = 1\n")
        #expect(try files.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o640)
        #expect(try ConfigFile.names(inDirectory: folder.path) == [".", "..", "a.hcl", "link.hcl"])
        #expect(throws: DocumentProblems.self) { try ConfigFile.replace(folder.path + "/none.hcl", with: []) }
    }
}
