import DocumentCore
import HCL
import Testing

/// A text and the document that it means.
struct ValidText: Sendable, CustomTestStringConvertible {
    var text: String
    var json: String

    init(_ text: String, _ json: String) {
        self.text = text
        self.json = json
    }

    var testDescription: String { text.debugDescription }
}

/// A text that is refused, and what is said of it, each with its place.
struct InvalidText: Sendable, CustomTestStringConvertible {
    var text: String
    var problems: [String]

    init(_ text: String, _ problems: String...) {
        self.text = text
        self.problems = problems
    }

    var testDescription: String { text.debugDescription }
}

/// What is said of a text; empty if it is accepted.
func problems(_ text: [UInt8], limits: DocumentLimits = DocumentLimits()) -> [String] {
    do throws(DocumentProblems) {
        _ = try HCLReader.read(text, limits: limits)
        return []
    } catch {
        return error.problems.map(\.description)
    }
}

@Suite("Reading HCL")
struct HCLReaderTests {
    @Test(arguments: ValidTexts.all)
    func meaning(_ valid: ValidText) throws {
        #expect(try HCLReader.read(Array(valid.text.utf8)) == JSONReader.read(valid.json))
    }

    @Test(arguments: InvalidTexts.all)
    func refusal(_ invalid: InvalidText) {
        #expect(problems(Array(invalid.text.utf8)) == invalid.problems)
    }

    @Test(arguments: InvalidTexts.depth)
    func refusalOfDepth(_ invalid: InvalidText) {
        #expect(problems(Array(invalid.text.utf8), limits: DocumentLimits(maxDepth: 4)) == invalid.problems)
    }

    @Test func acceptsTheDepthOfTheLimit() {
        for text in ["a { b { c {} } }", "a = [[[1]]]", #"a "b" "c" {}"#, #"a = [{ b "c" {} }]"#] {
            let depth = text.contains("\"c\" {} }]") ? 5 : 4
            #expect(problems(Array(text.utf8), limits: DocumentLimits(maxDepth: depth)).isEmpty, "\(text)")
            #expect(!problems(Array(text.utf8), limits: DocumentLimits(maxDepth: depth - 1)).isEmpty, "\(text)")
        }
    }

    @Test func refusesWhatIsNoText() {
        let message = "the text is not UTF-8: this byte is part of no character"
        #expect(problems(Array("a = \"".utf8) + [0xFF, 0x22]) == ["1:6: \(message)"])
        #expect(problems(Array("# é\n".utf8) + [0xE9, 0x20]) == ["2:1: \(message)"])
        #expect(problems(Array("# é é".utf8) + [0xC3]) == ["1:6: \(message)"])
    }

    @Test func refusesWhatIsTooLong() {
        #expect(
            problems(Array("a = 1".utf8), limits: DocumentLimits(maxBytes: 4)) == [
                "1:1: the text has 5 bytes, and at most 4 are accepted"
            ])
    }

    @Test func everythingHasItsPlace() throws {
        let text = """
            # ä
            "größe" = "x" /* ö */ b = [1, { c = true }]
            service "web" "v1" { port = 1 }
            check { id = 1 }
            check { id = 2 }
            text = <<-EOF
              ü
              EOF
            last = 1
            """
        #expect(
            places(try HCLReader.read(Array(text.utf8)), at: "") == [
                "2:1", "größe 2:1 2:11", "b 2:23 2:27", "b[0] 2:28", "b[1] 2:31", "b[1].c 2:33 2:37",
                "service 3:1 3:9", "service.web 3:9 3:15", "service.web.v1 3:15 3:20", "service.web.v1.port 3:22 3:29",
                "check 4:1 4:7", "check[0] 4:7", "check[0].id 4:9 4:14", "check[1] 5:7", "check[1].id 5:9 5:14",
                "text 6:1 6:8", "last 9:1 9:8",
            ])
    }

    /// The place of each value, and before it that of its key.
    private func places(_ document: Document, at path: String, key: String = "") -> [String] {
        let here = ["\(path) \(key) \(document.position)".split(separator: " ").joined(separator: " ")]
        switch document.content {
        case .map(let members):
            return here
                + members.flatMap {
                    places($0.value, at: path.isEmpty ? $0.key : "\(path).\($0.key)", key: "\($0.keyPosition)")
                }
        case .list(let items):
            return here + items.enumerated().flatMap { places($1, at: "\(path)[\($0)]") }
        case .null, .bool, .integer, .number, .string:
            return here
        }
    }

    @Test func problemsNameTheirFileAndKind() {
        let text = Array("a = 1\na = 2\nb = c\n".utf8)
        let error = #expect(throws: DocumentProblems.self) { try HCLReader.read(text, file: "x.hcl") }
        #expect(error?.problems.map(\.code) == [.duplicate, .unreadable])
        #expect(error?.problems.first?.description == #"x.hcl:2:1: the key "a" is already at 1:1 of the same map"#)
    }

    @Test func syntaxErrorsAreBounded() {
        let text = (1...100).map { "a\($0): x\n" }.joined()
        #expect(problems(Array(text.utf8)).count == HCLReader.maxSyntaxErrors)
    }
}
