import DocumentCore
import Testing

@testable import FilterCore

@Suite("Filters")
struct FilterTests {
    private static let shape = FilterShape.object([
        "Name": .text, "Port": .number, "Native": .boolean, "Tags": .list(.text), "Meta": .map(.text),
        "Addresses": .map(.object(["Port": .number])), "Proxy": .object(["Mode": .text]),
        "Checks": .list(.object(["Status": .text])),
    ])

    private static let thing = """
        {"Name":"web-1","Port":80,"Native":true,"Tags":["v1","prod"],"Meta":{"a.b":"c","rack":"7"},
         "Addresses":{"lan":{"Port":8080}},"Checks":[{"Status":"passing"},{"Status":"critical"}]}
        """

    private func holds(_ text: String) throws -> Bool {
        try Filter(text, over: Self.shape).matches(try JSONReader.read(Self.thing))
    }

    @Test(arguments: [
        #"Name == "web-1""#, "Name == web-1", "Name != web-2", "Port == 80", #"Port == "80""#, "Port != 81",
        "Native == true", "Native != false", "v1 in Tags", #""v1" in Tags"#, "Tags contains v1",
        "Tags not contains v2", #""v2" not in Tags"#, #"Meta["a.b"] == c"#, "Meta.rack == 7", "rack in Meta",
        "Meta contains rack", "shelf not in Meta", "Meta.shelf is empty", "Meta.shelf != x", "Meta is not empty",
        "Meta.shelf not matches x", "Addresses.lan.Port == 8080", #"Name contains "eb""#, #""eb" in Name"#,
        #"Name matches "^web-[0-9]+$""#, "Name matches `w.b`", "Name not matches `^eb`", "Name is not empty",
        "Proxy.Mode is empty", #"Proxy.Mode == """#, "Checks.Status == critical", "Checks.Status != critical",
        "not Port == 81", "not (Port == 81 or Name == x)", "Port == 80 and Name == web-1",
        "Port == 81 or Name == web-1", "Port == 81 and Name == x or Native == true",
        "Native == true or Port == 81 and Name == x", "not not Port == 80", "(((Port == 80)))",
        "\"\u{301}\" not in Tags", "Name != `\u{301}`", "Port\r\n==\u{A0}80",
    ])
    func thisHolds(text: String) throws {
        #expect(try holds(text))
    }

    @Test(arguments: [
        "Name == web-2", "Port == 81", "Native == false", "v2 in Tags", "Tags is empty", "Meta.shelf == x",
        #"Meta.shelf == """#, "Meta.shelf is not empty", "Meta.shelf contains x", "shelf in Meta",
        "Checks.Status == warning", "not Port == 80", "Port == 80 and Name == x", "Name matches `^$`",
        "Proxy.Mode is not empty",
    ])
    func thisDoesNot(text: String) throws {
        #expect(try !holds(text))
    }

    @Test(arguments: [
        ("", 1, "a field"), ("Nothing == 1", 1, #"Selector "Nothing" is not valid"#),
        ("Proxy.Nothing == 1", 1, #"Selector "Proxy.Nothing" is not valid"#),
        ("Name.x == 1", 1, #"Selector "Name.x" is not valid"#), ("Name", 5, "an operator"),
        ("Name ==", 8, "a value"), ("Name = x", 6, "= may not stand here"), ("Port == x", 9, "is a number"),
        ("Native == 1", 11, "true or false"), ("Name == \"x", 9, "has no end"), ("(Port == 80", 12, "or )"),
        ("Port == 80)", 11, "the end"), ("Port == 80 Name == x", 12, "and, or, or the end"),
        ("Port is empty", 1, "cannot be empty"), ("Port matches x", 1, "cannot match a pattern"),
        ("x in Port", 6, "cannot contain a text"), ("Tags == x", 1, "cannot be compared"),
        ("Name matches `(`", 14, "a ( has no )"), ("Meta[rack] == 7", 6, "a key in quotes"),
        ("Name == \"\u{301}\" x", 13, "the end"),
    ])
    func thisIsRefused(text: String, column: Int, words: String) {
        let error = #expect(throws: FilterError.self) { try holds(text) }
        #expect(error?.column == column && error?.message.contains(words) == true, "\(String(describing: error))")
    }

    @Test func lengthAndDepthAreBounded() {
        let deep = String(repeating: "(", count: 65) + "Port == 80" + String(repeating: ")", count: 65)
        #expect(throws: FilterError.self) { try holds(deep) }
        #expect(throws: FilterError.self) { try holds(String(repeating: "not ", count: 65) + "Port == 80") }
        #expect(throws: FilterError.self) { try holds("Name == " + String(repeating: "x", count: 9_000)) }
        #expect(throws: FilterError.self) { try holds("Name matches `(((a{100}){100}){100}`") }
    }
}

@Suite("Patterns in filters")
struct FilterPatternTests {
    private func matches(_ pattern: String, _ text: String) throws -> Bool {
        try FilterPattern(pattern, at: 1, maxSteps: 1_024).matches(text)
    }

    @Test(arguments: [
        ("", "abc"), ("b", "abc"), ("^abc$", "abc"), ("a.c", "abc"), ("a|x", "za"), ("^(ab|cd)+$", "abcdab"),
        ("^a?b$", "b"), ("^a*b$", "aaab"), ("^a{2,3}$", "aaa"), ("^a{2,}$", "aaaa"), ("^a{2}$", "aa"),
        ("^[a-c]+$", "abc"), ("^[^a-c]+$", "xyz"), ("^[]a]$", "]"), ("^[a-]+$", "a-"), (#"^\d+\.\d+$"#, "10.20"),
        (#"^\w+\s\W$"#, "ab !"), (#"\bcat\b"#, "a cat."), ("(?i)^WEB[A-Z]$", "weBx"), ("^(?:a|b|c)$", "c"),
        (#"^[\d_]+$"#, "1_2"), ("a{", "a{"), ("^a+?$", "aaa"), ("^(a*)*$", "aaa"), ("^.$", "ü"), ("^(|a)b$", "ab"),
    ])
    func thisIsFound(pattern: String, text: String) throws {
        #expect(try matches(pattern, text))
    }

    @Test(arguments: [
        ("^b", "abc"), ("c^", "abc"), ("^a{2}$", "aaa"), ("^a{2,3}$", "aaaa"), ("[^a]", "aaa"), ("a.c", "a\nc"),
        (#"\bcat\b"#, "concat"), ("^[a-c]$", "B"), ("^(ab|cd)$", "abcd"), ("x", ""),
    ])
    func thisIsNot(pattern: String, text: String) throws {
        #expect(try !matches(pattern, text))
    }

    @Test(arguments: ["*", "a)", "(a", "[a", #"\"#, #"\q"#, "[b-a]", "(?P<x>a)", "a{2,1}", "a{5000}", #"[\D]"#])
    func thisIsRefused(pattern: String) {
        #expect(throws: FilterError.self) { try matches(pattern, "") }
    }

    /// Takes for ever where ways are tried one after the other.
    @Test func manyWaysAtOnceCostLittle() throws {
        #expect(try !matches("^(a|a|a*)*(a|a)*b$", String(repeating: "a", count: 2_000)))
    }
}
