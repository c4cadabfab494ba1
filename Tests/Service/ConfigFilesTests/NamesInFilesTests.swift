import ConfigCore
import ConfigFiles
import DocumentCore
import HawserTestKit
import Testing

/// Names in files of each format: refused at their place.
@Suite("Names in files")
struct NamesInFilesTests {
    private typealias Folder = ConfigLoaderTests.Folder

    /// A file that defines a service with an ID, before and behind it.
    private static let files: [(name: String, before: String, after: String, place: String)] = [
        ("a.hcl", "service {\n  name = \"web\"\n  id = \"", "\"\n}\n", "a.hcl:3:8: service.id: "),
        ("a.json", "{\"service\": {\"name\": \"web\",\n \"id\": \"", "\"}}", "a.json:2:8: service.id: "),
        ("a.yaml", "service:\n  name: web\n  id: \"", "\"\n", "a.yaml:3:7: service.id: "),
        (
            "b.json", "{\"Kind\": \"service-defaults\",\n \"Name\": \"", "\"}", "b.json:2:10: Name: "
        ),
        ("b.yaml", "Kind: service-defaults\nName: \"", "\"\n", "b.yaml:2:7: Name: "),
        ("b.hcl", "Kind = \"service-defaults\"\nName = \"", "\"\n", "b.hcl:2:8: Name: "),
    ]

    /// A name as a string of the three formats writes it: they have these escapes in common.
    private func escaped(_ name: String) -> String {
        name.unicodeScalars.map { scalar in
            if scalar == "\"" || scalar == "\\" { return "\\\(scalar)" }
            guard scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) || scalar == "\u{2028}" else {
                return String(scalar)
            }
            let digits = String(scalar.value, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }.joined()
    }

    private func problems(_ file: String, _ text: String) throws -> [String] {
        let folder = try Folder()
        try folder.write(file, text)
        var loader = ConfigLoader([.directory(folder.path)])
        do {
            _ = try loader.load()
            return []
        } catch {
            return folder.shown(error.problems)
        }
    }

    @Test(arguments: files)
    func wrongOnesAreRefusedAtTheirPlace(name: String, before: String, after: String, place: String) throws {
        for wrong in Names.wrong {
            let found = try problems(name, before + escaped(wrong.name) + after)
            #expect(found.count == 1 && found[0].hasPrefix(place) && found[0].contains(wrong.words), "\(found)")
        }
    }

    @Test(arguments: files)
    func rightOnesAreTaken(name: String, before: String, after: String, place: String) throws {
        for right in Names.right {
            #expect(try problems(name, before + escaped(right) + after) == [], "\(right)")
        }
    }
}
