import Testing

@testable import DocumentCore

@Suite("What a name may be")
struct NameRuleTests {
    /// Every scalar there is, at each end and in the middle.
    @Test func controlCharactersAndTheReplacementAreRefused() {
        var mistaken: [UInt32] = []
        for value in UInt32(0)...0x10FFFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let isWrong =
                value < 0x20 || (0x7F...0x9F).contains(value) || [0x2028, 0x2029, 0xFFFD].contains(value)
            for text in [String(scalar), "a\(scalar)", "\(scalar)b", "é\(scalar)é"]
            where (NameRule.problem(of: text) != nil) != isWrong {
                mistaken.append(value)
            }
        }
        #expect(mistaken == [])
    }

    @Test(arguments: ["n", "é", "👩‍👩‍👧"])
    func lengthsAreInBytes(character: String) {
        let count = character.utf8.count
        for limit in [NameRule.maxBytes, NameRule.maxDerivedBytes] {
            let fits = String(repeating: character, count: limit / count)
            #expect(NameRule.problem(of: fits, atMost: limit) == nil)
            let long = fits + character
            #expect(
                NameRule.problem(of: long, atMost: limit)?.hasPrefix("must be at most \(limit) bytes long, and ")
                    == true)
        }
    }

    @Test func theEmptyNameIsNoneOfItsBusiness() { #expect(NameRule.problem(of: "") == nil) }

    @Test func whatIsDerivedFromAGoodNameFits() {
        let longest = String(repeating: "n", count: NameRule.maxBytes)
        for derived in [
            "service:\(longest):20000", "service:\(longest)-sidecar-proxy:2", "\(longest)-sidecar-proxy:overall-check",
            "_service_maintenance:\(longest)",
        ] {
            #expect(NameRule.problem(of: derived, atMost: NameRule.maxDerivedBytes) == nil)
        }
    }

    @Test(arguments: [
        ("plain", "plain"), ("a\0b", #"a\u0000b"#), ("\u{1B}[31m", #"\u001B[31m"#),
        ("\u{9B}\u{2029}", #"\u009B\u2029"#),
        ("é日👩‍👩‍👧", "é日👩‍👩‍👧"), (String(repeating: "x", count: 81), String(repeating: "x", count: 80) + "..."),
    ])
    func textsAreShownWithEscapes(text: String, expected: String) { #expect(shown(text) == expected) }
}
