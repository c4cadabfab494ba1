import DocumentCore
import HCL
import Testing

/// A text and what the formatter makes of it.
struct Layout: Sendable, CustomTestStringConvertible {
    var rule: String
    var text: String
    var formatted: String

    init(_ rule: String, _ text: String, _ formatted: String) {
        self.rule = rule
        self.text = text
        self.formatted = formatted
    }

    var testDescription: String { rule }
}

@Suite("Formatting HCL")
struct HCLFormatterTests {
    private func format(_ text: String) throws -> String {
        String(decoding: try HCLFormatter.format(Array(text.utf8)), as: UTF8.self)
    }

    @Test(arguments: Layouts.all)
    func layout(_ layout: Layout) throws {
        let formatted = try format(layout.text)
        #expect(formatted == layout.formatted)
        #expect(try format(formatted) == formatted)
        #expect(try HCLReader.read(Array(formatted.utf8)) == HCLReader.read(Array(layout.text.utf8)))
    }

    @Test(arguments: ValidTexts.all)
    func formattingKeepsTheMeaningAndIsDoneOnce(_ valid: ValidText) throws {
        let formatted = try format(valid.text)
        #expect(try HCLReader.read(Array(formatted.utf8)) == JSONReader.read(valid.json), "\(formatted)")
        #expect(try format(formatted) == formatted)
        let returns = try format(valid.text.replacing("\r\n", with: "\n").replacing("\n", with: "\r\n"))
        #expect(try format(returns) == returns)
    }

    @Test func whatIsNoHCLIsRefused() {
        let error = #expect(throws: DocumentProblems.self) { try HCLFormatter.format(Array("a: 1".utf8), file: "f") }
        #expect(
            error?.description == #"f:1:2: ":" stands after the key "a": HCL has "=" between a key and its value"#)
    }
}
