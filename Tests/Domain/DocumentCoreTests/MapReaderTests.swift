import DocumentCore
import Testing

@Suite struct MapReaderTests {
    private struct Check: Equatable {
        var interval: GoDuration?
        var port: Int?
    }

    /// Reads a small shape with every kind of value and returns what was wrong with it.
    private func problems(_ text: String, unknown: UnknownKeys = .refuse) throws -> (
        problems: [String], warnings: [String]
    ) {
        let collector = ProblemCollector(file: "f.json")
        _ = MapReader.read(try JSONReader.read(text), unknown: unknown, into: collector) { map in
            _ = map.string("PeerName")
            _ = map.bool("Enabled")
            _ = map.integer("Port", in: 0...65535)
            _ = map.stringMap("Meta")
            _ = map.strings("Tags")
            return map.maps("services") { service in
                service.maps("checks") { Check(interval: $0.duration("interval"), port: nil) }
            }
        }
        return (collector.problems.map(\.description), collector.warnings.map(\.description))
    }

    @Test(
        arguments: [
            (#"{"peer_name":"a","ENABLED":"true","port":"80","Meta":[{"a":1}],"tags":"x"}"#, []),
            (#"{"PeerName":null,"Meta":null}"#, []),
            (#"[1]"#, ["f.json:1:1: must be a map, and a list stands here"]),
            (#"{"Enabled":"yes"}"#, ["f.json:1:12: Enabled: must be true or false, and a string stands here"]),
            (#"{"port":65536}"#, ["f.json:1:9: port: must be between 0 and 65535, and is 65536"]),
            (#"{"port":1.5}"#, ["f.json:1:9: port: must be an integer, and a number stands here"]),
            (
                #"{"Meta":{"a":true,"b":[]}}"#,
                [
                    "f.json:1:14: Meta.a: must be a string, and a boolean stands here: put it in quotes",
                    "f.json:1:23: Meta.b: must be a string, and a list stands here",
                ]
            ),
            (#"{"Meta":[1]}"#, ["f.json:1:9: Meta: must be a map of strings, and a list stands here"]),
            (#"{"tags":["a",{}]}"#, ["f.json:1:14: tags[1]: must be a string, and a map stands here"]),
            (#"{"peername":"a","Peer_Name":"b"}"#, [#"f.json:1:17: Peer_Name: is the same key as "peername" at 1:2"#]),
            (
                #"{"services":[{},{"checks":[{"interval":"10"}]}]}"#,
                [
                    #"f.json:1:40: services[1].checks[0].interval: must be a duration such as "10s" or "1h30m", and is "10""#
                ]
            ),
            (
                #"{"services":{"Checks":{"intervall":"10s"}}}"#,
                [
                    #"f.json:1:24: services.Checks.intervall: unknown key `intervall`; did you mean `interval`?"#
                ]
            ),
            (
                #"{"Quite":1,"prot":2}"#,
                [
                    "f.json:1:2: Quite: unknown key `Quite`",
                    "f.json:1:12: prot: unknown key `prot`; did you mean `Port`?",
                ]
            ),
            (
                #"{"a\u001b[31m":1}"#, [#"f.json:1:2: a\u001B[31m: unknown key `a\u001B[31m`"#]
            ),
            (
                #"{"services":{"\#(String(repeating: "x", count: 81))":1}}"#,
                [
                    "f.json:1:14: services.\(String(repeating: "x", count: 80))...: unknown key "
                        + "`\(String(repeating: "x", count: 80))...`"
                ]
            ),
        ] as [(String, [String])])
    func reportsAllProblems(text: String, expected: [String]) throws {
        let found = try problems(text)
        #expect(found.problems == expected)
        #expect(found.warnings.isEmpty)
    }

    @Test func unknownKeysCanBeWarningsOrNothing() throws {
        let warned = try problems(#"{"retry_join":[]}"#, unknown: .warn)
        #expect(warned.problems.isEmpty)
        #expect(warned.warnings == ["f.json:1:2: retry_join: is not used by hawser"])
        let mistyped = try problems(#"{"servicse":[]}"#, unknown: .warn)
        #expect(mistyped.warnings == ["f.json:1:2: servicse: is not used by hawser; did you mean `services`?"])
        let ignored = try problems(#"{"retry_join":[],"services":[{"x":1}]}"#, unknown: .ignore)
        #expect(ignored.problems.isEmpty && ignored.warnings.isEmpty)
    }

    /// The keys of an inner map are not offered for a typo of the outer one, and more than 64 keys work.
    @Test func keepsReadersApart() throws {
        let members = (0..<100).map { "\"k\($0)\":1" }.joined(separator: ",")
        let collector = ProblemCollector()
        _ = MapReader.read(try JSONReader.read("{\"inner\":{\"alpha\":1},\(members),\"alpah\":2}"), into: collector) {
            map in
            _ = map.map("inner") { $0.string("alpha") }
            for index in 0..<99 { _ = map.integer("k\(index)", in: 0...1) }
            return ()
        }
        #expect(collector.problems.map(\.message).filter { !$0.contains("k99") } == ["unknown key `alpah`"])
        #expect(collector.problems.count == 2)
    }

    @Test func boundsWhatIsKept() throws {
        let items = Array(repeating: "{\"x\":1}", count: ProblemCollector.maxKept + 50).joined(separator: ",")
        let collector = ProblemCollector()
        _ = MapReader.read(try JSONReader.read("{\"items\":[\(items)]}"), into: collector) { map in
            map.maps("items") { _ in () }
        }
        #expect(collector.problems.count == ProblemCollector.maxKept + 1)
        #expect(collector.problems.last?.message == "there are more problems than are shown here")
    }

    @Test func printsAsGoMultiError() {
        let problems = [
            DocumentProblem(.unknownKey, at: .none, "invalid config key \"a\""),
            DocumentProblem(.wrongType, at: .none, path: "b", "must be a map"),
        ]
        #expect([problems[0]].goMultiError == "1 error occurred:\n\t* invalid config key \"a\"\n\n")
        #expect(problems.goMultiError == "2 errors occurred:\n\t* invalid config key \"a\"\n\t* b: must be a map\n\n")
    }
}
