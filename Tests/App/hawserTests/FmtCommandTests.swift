import Foundation
import Testing

@testable import hawser

@Suite("Formatting files")
struct FmtCommandTests {
    private static let crooked = "a=1\nservice \"web\" {\nport=80 }\n"
    private static let straight = "a = 1\nservice \"web\" {\n  port = 80\n}\n"

    /// A directory with files, removed when the test is done. Its name has no spaces.
    private func withFolder(_ files: [String: String], _ body: (String) async -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "hawser-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder.appending(path: "sub"), withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in files { try Data(text.utf8).write(to: folder.appending(path: name)) }
        await body(folder.path)
    }

    private func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

    @Test func filesOfADirectoryAreFormattedInPlace() async throws {
        let files = [
            "b.hcl": Self.crooked, "a.hcl": Self.crooked, "done.hcl": Self.straight, "x.json": "{}",
            ".hidden.hcl": "a=1",
            "sub/c.hcl": Self.crooked,
        ]
        try await withFolder(files) { folder in
            let first = await run("fmt \(folder) \(folder)/a.hcl", port: 0)
            #expect(first == Outcome(code: 0, output: "\(folder)/a.hcl\n\(folder)/b.hcl\n", errors: ""))
            #expect(text("\(folder)/a.hcl") == Self.straight)
            #expect(text("\(folder)/b.hcl") == Self.straight)
            #expect(text("\(folder)/.hidden.hcl") == "a=1")
            #expect(text("\(folder)/sub/c.hcl") == Self.crooked)
            let again = await run("fmt \(folder)", port: 0)
            #expect(again == Outcome(code: 0, output: "", errors: ""))
        }
    }

    @Test func checkChangesNothing() async throws {
        try await withFolder(["a.hcl": Self.crooked, "b.hcl": Self.straight]) { folder in
            let found = await run("fmt -check \(folder)", port: 0)
            #expect(found == Outcome(code: 3, output: "\(folder)/a.hcl\n", errors: ""))
            #expect(text("\(folder)/a.hcl") == Self.crooked)
            let none = await run("fmt --check \(folder)/b.hcl", port: 0)
            #expect(none == Outcome(code: 0, output: "", errors: ""))
        }
    }

    @Test func anErrorLeavesItsFileAndStopsNoOther() async throws {
        try await withFolder(["a.hcl": "x: 1\ny = z\n", "b.hcl": Self.crooked]) { folder in
            let outcome = await run("fmt \(folder) \(folder)/none.hcl", port: 0)
            #expect(outcome.code == 1 && outcome.output == "\(folder)/b.hcl\n")
            #expect(
                outcome.errors == """
                    \(folder)/a.hcl:1:2: ":" stands after the key "x": HCL has "=" between a key and its value
                    \(folder)/a.hcl:2:5: the word z stands where a value is expected: text goes in quotes
                    hawser: \(folder)/none.hcl cannot be read: no such file or directory

                    """)
            #expect(text("\(folder)/a.hcl") == "x: 1\ny = z\n")
            let check = await run("fmt -check \(folder)", port: 0)
            #expect(check.code == 1)
        }
    }
}
