import ConfigFiles
import DocumentCore
import Testing

@Suite struct YAMLReaderTests {
    private func read(_ text: String, limits: ConfigLimits = ConfigLimits()) throws(DocumentProblems) -> [Document] {
        try ConfigFile.documents(Array(text.utf8), .yaml, limits: limits)
    }

    /// A text and its documents as JSON.
    @Test(arguments: [
        ("a: 1\nb: [x, 'y', \"z\"]\nc:\n  - d: null\n", [#"{"a":1,"b":["x","y","z"],"c":[{"d":null}]}"#]),
        ("--- \na: 1\n---\nb: 2\n", [#"{"a":1}"#, #"{"b":2}"#]), ("", []), ("# only a comment\n", []),
        (
            "[true, True, false, yes, no, on, ~, null, '', '1', !!str 2]",
            [#"[true,true,false,"yes","no","on",null,null,"","1","2"]"#]
        ),
        (
            "[0, -1, 007, +5, 0x1F, 1_000, 1.5, 1e3, 1., .5, .inf, 9223372036854775807, 1.2.3, 10s, -]",
            [#"[0,-1,"007","+5","0x1F","1_000",1.5,1000,"1.",".5",".inf",9223372036854775807,"1.2.3","10s","-"]"#]
        ),
        ("yes: 1\n12: 2\n", [#"{"yes":1,"12":2}"#]),
        (
            "base: &b {x: 1, y: 2}\nuse: {<<: *b, y: 3}\nagain: *b\n",
            [#"{"base":{"x":1,"y":2},"use":{"y":3,"x":1},"again":{"x":1,"y":2}}"#]
        ),
        ("a: {<<: [{x: 1}, {x: 2, z: 3}]}\n", [#"{"a":{"x":1,"z":3}}"#]),
        ("a: |\n  one\n  two\n", [#"{"a":"one\ntwo\n"}"#]),
        (#"{"json": [1, {"k": "\u00e9"}]}"#, [#"{"json":[1,{"k":"é"}]}"#]),
    ])
    func reads(text: String, written: [String]) throws {
        #expect(try read(text).map { String(decoding: $0.json(), as: UTF8.self) } == written)
    }

    @Test func keepsPositions() throws {
        let document = try #require(try read("service:\n  name: web\n  tags:\n    - é: x\n").first)
        let service = try #require(document["service"])
        #expect(service.position == DocumentPosition(line: 2, column: 3))
        #expect(service.map?[1].keyPosition == DocumentPosition(line: 3, column: 3))
        #expect(service["tags"]?.list?[0]["é"]?.position == DocumentPosition(line: 4, column: 10))
    }

    @Test(arguments: [
        ("a: [1\n", "2:1: did not find expected ',' or ']' (while parsing a flow sequence)"),
        ("a: 1\nb: 2\na: 3\n", "3:1: the key \"a\" stands twice in one map"),
        ("a: *x\n", "1:4: found undefined alias"), ("? [a]\n: 1\n", "1:3: a key must be a single word or text"),
        ("a: {<<: 1}\n", "1:9: only maps can be merged with <<"),
    ])
    func refuses(text: String, error: String) {
        let found = errorText { try read(text) }
        // Which of two equal keys Yams points to differs from run to run.
        #expect(found == error || found == error.replacing("3:1", with: "1:1"))
    }

    @Test func boundsAliasesAndDepth() throws {
        var lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        for level in 1...9 {
            let items = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            lines.append("a\(level): &a\(level) [\(items)]")
        }
        let bomb = lines.joined(separator: "\n")
        #expect(throws: DocumentProblems.self) { try read(bomb) }
        #expect(errorText { try read(bomb) }.hasSuffix("the aliases of this file stand for too many values"))
        let small = ConfigLimits(maxAliasedValues: 2)
        #expect(try read("[&a [1], *a, *a, *a]", limits: small).count == 1)
        let deep = String(repeating: "[", count: 70) + String(repeating: "]", count: 70)
        #expect(errorText { try read(deep) } == "1:65: maps and lists are nested more than 64 deep")
    }

    @Test func refusesWhatIsNotUTF8() {
        #expect(errorText { try ConfigFile.documents([0x61, 0xFF], .yaml) } == "the text is not UTF-8")
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
