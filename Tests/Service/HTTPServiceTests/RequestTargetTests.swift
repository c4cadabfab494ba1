import Testing

@testable import HTTPService

@Suite("Request targets")
struct RequestTargetTests {
    @Test(arguments: [
        ("a", "a"), ("%41%2b", "A+"), ("%c3%A9", "é"), ("a+b", "a+b"), ("%", "%"), ("%4", "%4"), ("%zz", "%zz"),
        ("%+2", "%+2"), ("%-0", "%-0"), ("% 1", "% 1"), ("%%41", "%A"), ("%ff", "\u{FFFD}"), ("%00", "\0"),
    ])
    func escapesAreTwoHexadecimalDigits(text: String, decoded: String) {
        #expect(percentDecoded(text[...]) == decoded)
    }

    @Test func theQueryBeginsAtTheFirstQuestionMark() {
        let target = RequestTarget("/v1/a?b=c?d&e&=f&b=g+h&%62=")
        #expect(target.path == "/v1/a")
        #expect(target.query["b"] == "c?d" && target.query.all("b") == ["c?d", "g h"])
        #expect(target.query["e"] == "" && target.query[""] == "f" && !target.query.has("d"))
    }

    @Test func anAccentBehindASeparatorHidesItNot() {
        let target = RequestTarget("/v1/peering/\u{301}?\u{301}a=\u{301}b&\u{301}c")
        #expect(target.query["\u{301}a"] == "\u{301}b" && target.query.has("\u{301}c"))
        #expect(RoutePattern.parts(of: target.path).flatMap(RoutePattern("peering/:name").match) == ["\u{301}"])
    }
}
