/// Names for tests of every way in.
package enum Names {
    package struct Wrong: Sendable, CustomStringConvertible {
        package var name: String
        /// A part of the sentence that refuses it.
        package var words: String

        package var description: String { words }
    }

    /// What no way in takes.
    package static let wrong: [Wrong] = [
        Wrong(name: "a\0b", words: #"must not hold control characters, and "a\u0000b" holds U+0000: write it without"#),
        Wrong(name: "a\nb", words: #"and "a\u000Ab" holds U+000A"#),
        Wrong(name: "\u{1B}[2Ja", words: #"and "\u001B[2Ja" holds U+001B"#),
        Wrong(name: "a\u{7F}", words: #"and "a\u007F" holds U+007F"#),
        Wrong(name: "a\u{85}b", words: #"and "a\u0085b" holds U+0085"#),
        Wrong(name: "a\u{2028}b", words: #"and "a\u2028b" holds U+2028"#),
        Wrong(name: "a\u{FFFD}b", words: "must be UTF-8, and \"a\u{FFFD}b\" holds U+FFFD"),
        Wrong(
            name: String(repeating: "n", count: 400),
            words: " bytes long, and \"\(String(repeating: "n", count: 80))...\" has 400: choose a shorter one"),
        Wrong(name: String(repeating: "é", count: 200), words: "has 400: choose a shorter one"),
    ]

    /// What every way in takes, but for those with rules of their own.
    package static let right = [
        "a", "a/b", "/", "with some spaces", "naïve", "e\u{301}", "日本語", "👩‍👩‍👧", #"back\slash "quote""#, "%00", "\u{A0}",
        String(repeating: "n", count: 255),
    ]
}
