import DocumentCore
import Testing

@Suite struct JSONReaderTests {
    /// A text and what it reads as, written again.
    @Test(arguments: [
        ("{}", "{}"), ("[]", "[]"), ("null", "null"), (" true ", "true"), ("false", "false"), ("\"\"", "\"\""),
        ("0", "0"), ("-0", "-0"), ("1.0", "1"), ("1e3", "1000"), ("1E-7", "1e-7"), ("1e+2", "100"),
        ("9223372036854775807", "9223372036854775807"), ("-9223372036854775808", "-9223372036854775808"),
        ("9223372036854775808", "9223372036854776000"), ("18446744073709551616", "18446744073709552000"),
        ("[1, 2 ,\t3\r\n]", "[1,2,3]"), ("{\"b\":1,\"a\":[{}]}", "{\"b\":1,\"a\":[{}]}"),
        (#""\"\\\/\b\f\n\r\t""#, #""\"\\/\b\f\n\r\t""#), (#""\u00e9\u0041""#, "\"éA\""), (#""\ud83d\ude00""#, "\"😀\""),
        (#""\uD834\uDD1Ex""#, "\"𝄞x\""), (#""a\u0000b""#, #""a\u0000b""#), ("\"é😀\"", "\"é😀\""),
        ("\u{FEFF}{}", "{}"),
    ])
    func readsAndWritesBack(text: String, written: String) throws {
        #expect(String(decoding: try JSONReader.read(text).json(), as: UTF8.self) == written)
    }

    @Test func keepsIntegersAndDoublesApart() throws {
        #expect(
            try JSONReader.read("[1, 1.0, -5, 9223372036854775808]").content
                == .list([
                    Document(.integer(1)), Document(.number(1)), Document(.integer(-5)),
                    Document(.number(9_223_372_036_854_775_808)),
                ]))
    }

    /// A text and the whole error.
    @Test(arguments: [
        ("", "1:1: the text is empty"), (" \n ", "2:2: the text is empty"),
        ("{", "1:2: the text ends in the middle of a value"),
        ("[1,\n 2", "2:3: the text ends in the middle of a value"),
        ("\"abc", "1:5: the text ends in the middle of a value"),
        ("tru", "1:4: the text ends in the middle of a value"),
        ("-", "1:2: the text ends in the middle of a value"), ("1.", "1:3: the text ends in the middle of a value"),
        (#""\u12"#, "1:6: the text ends in the middle of a value"),
        ("nul1", "1:1: a value is expected, and only true, false and null go without quotes"),
        ("x", "1:1: \"x\" stands where a value is expected"),
        ("é", "1:1: a character beyond ASCII stands where a value is expected"),
        ("[1,]", "1:4: a comma may not stand before the end of a list"),
        ("{\"a\":1,}", "1:8: a comma may not stand before the end of a map"),
        ("[1 2]", "1:4: \"2\" stands where \",\" or \"]\" is expected"),
        ("{\"a\" 1}", "1:6: \"1\" stands where \":\" is expected"),
        ("{a:1}", "1:2: \"a\" stands where a key in quotes is expected"),
        ("{\"a\":1 \"b\":2}", "1:8: a quote stands where \",\" or \"}\" is expected"),
        ("{} {}", "1:4: \"{\" stands after the end of the document"),
        ("01", "1:1: a number may not start with 0"), ("+1", "1:1: \"+\" stands where a value is expected"),
        (".5", "1:1: \".\" stands where a value is expected"), ("1.x", "1:3: \"x\" stands where a digit is expected"),
        ("1ex", "1:3: \"x\" stands where a digit is expected"), ("1e400", "1:1: this number is too large"),
        ("-1e999", "1:1: this number is too large"),
        ("\"a\nb\"", "1:3: a line break or another control character stands in a string"),
        (#""\x""#, "1:2: an escape of this kind does not exist in JSON; a backslash itself is written \\\\"),
        (#""\u12G4""#, "1:2: four hexadecimal digits must follow \\u"),
        ("\"\\u0\n", "1:2: four hexadecimal digits must follow \\u"),
        ("\"éé\\ud800\"", "1:4: this escape is half of a surrogate pair"),
        ("[1,\n\"éé", "2:4: the text ends in the middle of a value"),
        (#""\ud800""#, "1:2: this escape is half of a surrogate pair"),
        (#""\udc00\ud800""#, "1:2: this escape is half of a surrogate pair"),
        (#""\ud800\u0041""#, "1:2: this escape is half of a surrogate pair"),
        ("{\"a\":1,\n \"b\":2, \"a\":3}", "2:9: the key \"a\" is already at 1:2 of the same map"),
        (#"{"a":1,"\u0061":2}"#, "1:8: the key \"a\" is already at 1:2 of the same map"),
    ])
    func refuses(text: String, error: String) {
        #expect(errorText { try JSONReader.read(text) } == error)
    }

    @Test(arguments: [
        [0x22, 0xFF, 0x22], [0x22, 0xC3, 0x22], [0x22, 0xC0, 0xAF, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
        [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], [0x22, 0x5C, 0x6E, 0x80, 0x22],
    ])
    func refusesWhatIsNotUTF8(bytes: [UInt8]) {
        #expect(errorText { try JSONReader.read(bytes) } == "1:1: this string is not UTF-8")
    }

    @Test func findsDoubleKeysInLargeMaps() {
        let members = (0..<100).map { "\"k\($0)\":0" }.joined(separator: ",\n")
        #expect(
            errorText { try JSONReader.read("{\(members),\n\"k50\":1}") }
                == "101:1: the key \"k50\" is already at 51:1 of the same map")
    }

    @Test func countsColumnsInScalars() throws {
        let document = try JSONReader.read("{\"é😀\": \"\\u00e9é\",\n  \"b\": [1, true]}")
        #expect(document.map?[0].value.position == DocumentPosition(line: 1, column: 8))
        #expect(document.map?[1].keyPosition == DocumentPosition(line: 2, column: 3))
        #expect(document["b"]?.list?[1].position == DocumentPosition(line: 2, column: 12))
        #expect(errorText { try JSONReader.read("[\"é😀\\né\", x]") } == "1:11: \"x\" stands where a value is expected")
    }

    @Test func boundsDepthAndSize() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try JSONReader.read(nested(64))
        #expect(errorText { try JSONReader.read(nested(65)) } == "1:65: maps and lists are nested more than 64 deep")
        // Siblings do not add up.
        _ = try JSONReader.read("[" + Array(repeating: nested(63), count: 100).joined(separator: ",") + "]")
        let small = DocumentLimits(maxBytes: 4, maxDepth: 1)
        _ = try JSONReader.read("[10]", limits: small)
        #expect(
            errorText { try JSONReader.read("[100]", limits: small) }
                == "1:1: the text has 5 bytes, and at most 4 are accepted")
    }

    /// Each beginning of a text that is not the whole is truncated, never a crash and never a value.
    @Test func knowsEveryTruncation() throws {
        let text = Array(#"{"a":[1.5e+3,"x\n\ud83d\ude00é",null,{"b":true}],"c":-0}"#.utf8)
        _ = try JSONReader.read(text)
        for length in 1..<text.count {
            do {
                _ = try JSONReader.read(Array(text[..<length]))
                Issue.record("\(length) bytes were read as a whole")
            } catch {
                #expect(error.code == .truncated || error.code == .encoding, "\(length)")
            }
        }
    }

    @Test func equalityIgnoresPositions() throws {
        #expect(try JSONReader.read("{\"a\":[1]}") == JSONReader.read("\n{ \"a\" : [ 1 ] }"))
        #expect(try JSONReader.read("{\"a\":1,\"b\":2}") != JSONReader.read("{\"b\":2,\"a\":1}"))
    }
}

/// The text of the error that the closure throws.
func errorText(_ body: () throws -> some Any) -> String {
    do {
        _ = try body()
        return "nothing was thrown"
    } catch {
        return "\(error)"
    }
}
