import DocumentCore
import Testing

@Suite struct JSONWriterTests {
    private func write(_ json: inout JSONWriter) {
        json.object {
            $0.field("ID", "a")
            $0.field("Empty", [String]())
            $0.object("Nothing") { _ in }
            $0.fieldIfNotEmpty("Left", "")
            $0.fieldIfNotEmpty("Left", [String]())
            $0.fieldIfNotEmpty("Left", [String: String]())
            $0.fieldIfNotZero("Left", 0)
            $0.fieldIfTrue("Left", false)
            $0.fieldOrNull("Null", nil as [String]?)
            $0.field("Meta", ["b": "2", "B": "1", "a": "3"])
            $0.list("Items", [1, 2]) { json, item in json.object { $0.field("N", item) } }
            $0.list("Mixed") {
                $0.value(true)
                $0.null()
                $0.value(1.5)
                $0.list { $0.value(UInt64.max) }
            }
            $0.key("Raw")
            $0.verbatim(Array("{\"x\":1}".utf8))
            $0.field("Last", Document(.map([DocumentMember("k", Document(.null))])))
        }
    }

    @Test func writesCompact() {
        var json = JSONWriter()
        write(&json)
        #expect(
            json.text
                == #"{"ID":"a","Empty":[],"Nothing":{},"Null":null,"Meta":{"B":"1","a":"3","b":"2"},"#
                + #""Items":[{"N":1},{"N":2}],"Mixed":[true,null,1.5,[18446744073709551615]],"#
                + #""Raw":{"x":1},"Last":{"k":null}}"#)
    }

    @Test func writesPretty() {
        var json = JSONWriter(style: .pretty)
        json.object {
            $0.field("ID", "a")
            $0.field("Empty", [String]())
            $0.object("Nothing") { _ in }
            $0.list("Items", [1, 2]) { json, item in json.object { $0.field("N", item) } }
        }
        #expect(
            json.text == """
                {
                    "ID": "a",
                    "Empty": [],
                    "Nothing": {},
                    "Items": [
                        {
                            "N": 1
                        },
                        {
                            "N": 2
                        }
                    ]
                }
                """)
    }

    @Test func writesValuesAtTheTop() {
        for (style, expected) in [(JSONWriter.Style.compact, "[]"), (.pretty, "[]")] {
            var json = JSONWriter(style: style)
            json.list([Int]()) { $0.value($1) }
            #expect(json.text == expected)
        }
        var json = JSONWriter(style: .pretty)
        json.value(true)
        #expect(json.text == "true")
    }

    /// Go's encoding/json, with its escaping for HTML.
    @Test(arguments: [
        ("plain é 😀 \u{7F}", "plain é 😀 \u{7F}"), ("a\"b\\c/d", #"a\"b\\c/d"#), ("<a>&", #"\u003ca\u003e\u0026"#),
        ("\n\r\t\u{8}\u{C}\u{0}\u{1F}", #"\n\r\t\b\f\u0000\u001f"#),
        ("\u{2028}\u{2029}\u{2027}", "\\u2028\\u2029\u{2027}"),
    ])
    func escapesAsGo(text: String, escaped: String) throws {
        var json = JSONWriter()
        json.value(text)
        #expect(json.text == "\"\(escaped)\"")
        #expect(try JSONReader.read(json.bytes).string == text)
    }

    /// Go's layout of float64.
    @Test(
        arguments: [
            (0, "0"), (-0.0, "-0"), (1, "1"), (-1, "-1"), (1.5, "1.5"), (100, "100"), (123_456.789, "123456.789"),
            (0.1, "0.1"), (0.000001, "0.000001"), (0.0000012, "0.0000012"), (1e-7, "1e-7"), (1.25e-9, "1.25e-9"),
            (1e20, "100000000000000000000"), (1e21, "1e+21"), (1.5e21, "1.5e+21"), (123e20, "1.23e+22"),
            (-1e-10, "-1e-10"),
            (Double.leastNonzeroMagnitude, "5e-324"), (1.7976931348623157e308, "1.7976931348623157e+308"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1 / 3.0, "0.3333333333333333"), (.infinity, "null"), (-.infinity, "null"), (.nan, "null"),
            (12_345_678_901_234_567_168, "12345678901234567000"),
        ] as [(Double, String)])
    func writesDoublesAsGo(value: Double, written: String) {
        var json = JSONWriter()
        json.value(value)
        #expect(json.text == written)
    }
}
