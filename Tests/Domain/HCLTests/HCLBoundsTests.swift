import DocumentCore
import HCL
import Testing

/// Texts of which a careless reader takes too much time, memory or stack.
@Suite("Bounds of reading HCL")
struct HCLBoundsTests {
    @Test(arguments: ValidTexts.all)
    func everyPrefixIsReadOrRefused(_ valid: ValidText) {
        let text = Array(valid.text.utf8)
        for end in text.indices {
            let prefix = Array(text[..<end])
            let found = problems(prefix)
            let formatted = try? HCLFormatter.format(prefix)
            #expect((formatted == nil) == !found.isEmpty)
            #expect(!found.contains { $0.isEmpty || $0.utf8.count > 200 }, "\(found)")
        }
    }

    @Test(arguments: [
        "[", "{", "a=[", "a{", "a=[{a=", "a \"b\" ", "a=[[[],", "a{}}", "a={a=b{", "}", "]", "a:{", "a=b[{", "[]{}(",
    ])
    func nestingBombsAreRefused(unit: String) {
        let found = problems(Array(String(repeating: unit, count: 200_000).utf8))
        #expect((1...HCLReader.maxSyntaxErrors).contains(found.count), "\(found.count)")
    }

    @Test(arguments: [
        "a = \"", "a = \"${", "a = \"${{", "a = <<EOF\n", "# ", "/* ", "a = ", "a = [", "a = -", "a = \"\\", "a ", "\"",
    ])
    func whatIsNeverClosedIsReadOnce(start: String) {
        for filler in ["x", "${", "\"x", "\\", "EO", " ", "\n", "1", "é", "/*", "{", "\n\"${"] {
            _ = problems(Array((start + String(repeating: filler, count: 20_000)).utf8))
        }
    }

    @Test func aLongLineIsReadOnce() {
        let tenMegabytes = 10 << 20
        var text = Array("a = \"".utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: tenMegabytes)
        #expect(
            problems(text) == ["1:5: this string is not closed: a quote is expected before the end of the line"])
        text.append(UInt8(ascii: "\""))
        #expect(problems(text, limits: DocumentLimits(maxBytes: tenMegabytes)).count == 1)
        let items = Array("a = [".utf8) + Array(repeatElement(Array("1, ".utf8), count: 100_000).joined())
        #expect(problems(items) == [#"1:5: this "[" is not closed: "]" is expected before the end of the text"#])
    }

    @Test func manyMembersTakeLinearTime() throws {
        let count = 30_000
        let attributes = (0..<count).map { "a\($0) = \($0)\n" }.joined()
        #expect(try HCLReader.read(Array(attributes.utf8)).map?.count == count)
        let blocks = String(repeating: "b { c = 1 }\n", count: count)
        #expect(try HCLReader.read(Array(blocks.utf8))["b"]?.list?.count == count)
        let labels = (0..<count).map { "s \"l\($0)\" {}\n" }.joined()
        #expect(try HCLReader.read(Array(labels.utf8))["s"]?.map?.count == count)
        let duplicates = String(repeating: "a = 1\n", count: count)
        #expect(problems(Array(duplicates.utf8)).count == ProblemCollector.maxKept + 1)
    }
}
