/// Texts that are refused, with all that is said of them.
enum InvalidTexts {
    static let all = texts + keys + values + numbers + strings + heredocs + brackets + several + duplicates

    /// Texts that are not HCL as a whole.
    static let texts: [InvalidText] = [
        InvalidText(
            #"{"a": 1}"#, #"1:1: the text begins with "{", as JSON does: HCL has no braces around the whole text"#),
        InvalidText(
            "\n# c\n{ a = 1 }", #"3:1: the text begins with "{", as JSON does: HCL has no braces around the whole text"#
        ),
        InvalidText("a = 1\nb\0 = 2", "2:2: a NUL character stands here: the file is no text"),
        InvalidText("[1, 2]", #"1:1: "[" stands here, and a key is expected"#),
        InvalidText(
            "---\na: 1\n", #"1:1: "-" stands here, and a key is expected"#,
            #"2:2: ":" stands after the key "a": HCL has "=" between a key and its value"#),
        InvalidText("<a>1</a>\n", #"1:1: "<" stands here, and a key is expected"#),
        InvalidText("\u{FEFF}a: 1", #"1:2: ":" stands after the key "a": HCL has "=" between a key and its value"#),
        InvalidText("}", #"1:1: this "}" closes nothing: no "{" is open here"#),
        InvalidText("]", #"1:1: this "]" closes nothing: no "[" is open here"#),
        InvalidText("a = 1\n}\nb = 2", #"2:1: this "}" closes nothing: no "{" is open here"#),
        InvalidText("a = 1 }", #"1:7: this "}" closes nothing: no "{" is open here"#),
        InvalidText("= 1", #"1:1: "=" stands here, and a key is expected"#),
        InvalidText("1 = 2", #"1:1: "1" stands here, and a key is expected"#),
        InvalidText(", a = 1", #"1:1: "," stands here, and a key is expected"#),
        InvalidText("a = 1,, b = 2", #"1:7: "," stands here, and a key is expected"#),
    ]

    /// Keys without a value, and values without a key.
    static let keys: [InvalidText] = [
        InvalidText("Kind: mesh\n", #"1:5: ":" stands after the key "Kind": HCL has "=" between a key and its value"#),
        InvalidText(
            #"Kind: "mesh"\#nName: "mesh"\#n"#,
            #"1:5: ":" stands after the key "Kind": HCL has "=" between a key and its value"#,
            #"2:5: ":" stands after the key "Name": HCL has "=" between a key and its value"#),
        InvalidText(#""a": 1"#, #"1:4: ":" stands after the key "a": HCL has "=" between a key and its value"#),
        InvalidText(
            "a: {\n  b = 1\n}\nc: 2\n", #"1:2: ":" stands after the key "a": HCL has "=" between a key and its value"#,
            #"4:2: ":" stands after the key "c": HCL has "=" between a key and its value"#),
        InvalidText("a := 1", #"1:3: ":" stands after the key "a": HCL has "=" between a key and its value"#),
        InvalidText("port 80\n", #"1:6: "=" is missing between the key "port" and its value"#),
        InvalidText(
            #"name "web"\#n"#, #"1:6: "=" is missing between the key "name" and its value, or "{" after a label"#),
        InvalidText("name web\n", #"1:6: "=" is missing between the key "name" and its value, or "{" after a label"#),
        InvalidText(#"tags ["a"]\#n"#, #"1:6: "=" is missing between the key "tags" and its value"#),
        InvalidText("text <<EOF\nx\nEOF\n", #"1:6: "=" is missing between the key "text" and its value"#),
        InvalidText("a", #"1:1: the key "a" has no value: "=" or "{" is expected after it"#),
        InvalidText("a\nb = 1", #"1:1: the key "a" has no value: "=" or "{" is expected after it"#),
        InvalidText(#"a "x" "y""#, #"1:3: "=" is missing between the key "a" and its value, or "{" after a label"#),
        InvalidText("a { b }", #"1:5: the key "b" has no value: "=" or "{" is expected after it"#),
        InvalidText("a { b, c = 1 }", #"1:5: the key "b" has no value: "=" or "{" is expected after it"#),
        InvalidText(
            "foo bar = 1",
            #"1:9: "=" stands after a label: a block has none, and a key of several words goes in quotes"#),
        InvalidText(
            #"service "web" = {}"#,
            #"1:15: "=" stands after a label: a block has none, and a key of several words goes in quotes"#),
        InvalidText("a == 1", #"1:4: "=" stands here, and a value is expected"#),
        InvalidText("a => 1", #"1:4: ">" stands here, and a value is expected"#),
        InvalidText(
            "a => 1\nb = 2\nc => 3\n", #"1:4: ">" stands here, and a value is expected"#,
            #"3:4: ">" stands here, and a value is expected"#),
        InvalidText("a.b.c. = [", #"1:10: this "[" is not closed: "]" is expected before the end of the text"#),
        InvalidText("a b c 5", #"1:7: "5" stands here, and "=" or "{" is expected after the key "a""#),
        InvalidText("'a' = 1", #"1:1: a quote that is not " (U+0027) stands here, and a key is expected"#),
        InvalidText("a ; b = 1", #"1:3: ";" stands here, and "=" or "{" is expected after the key "a""#),
        InvalidText("true\n", #"1:1: the key "true" has no value: "=" or "{" is expected after it"#),
        InvalidText(
            #"service web\#nname = "x"\#n"#,
            #"1:9: "=" is missing between the key "service" and its value, or "{" after a label"#),
        InvalidText(
            #"check = {\#n  http: "x"\#n}\#n"#,
            #"2:7: ":" stands after the key "http": HCL has "=" between a key and its value"#),
        InvalidText("a (1)\n", #"1:3: "(" stands here, and "=" or "{" is expected after the key "a""#),
    ]

    /// Values that are none.
    static let values: [InvalidText] = [
        InvalidText("a =", #"1:3: the value of "a" is missing after "=""#),
        InvalidText("a =\n", #"1:3: the value of "a" is missing after "=""#),
        InvalidText("a =\nb = 1\n", #"1:3: the value of "a" is missing after "=""#),
        InvalidText("a { b = }", #"1:7: the value of "b" is missing after "=""#),
        InvalidText("a =, b = 1", #"1:4: "," stands here, and a value is expected"#),
        InvalidText("name = web\n", "1:8: the word web stands where a value is expected: text goes in quotes"),
        InvalidText("name = web server\n", "1:8: the word web stands where a value is expected: text goes in quotes"),
        InvalidText(
            "name = yes\n", "1:8: the word yes stands where a value is expected: write true or false, or text in quotes"
        ),
        InvalidText(
            "a = null", "1:5: the word null stands where a value is expected: leave the key out, as HCL has no null"),
        InvalidText(
            "a = b.c\nd = e\n", "1:5: the word b.c stands where a value is expected: text goes in quotes",
            "2:5: the word e stands where a value is expected: text goes in quotes"),
        InvalidText("name = 'web'\n", #"1:8: a quote that is not " (U+0027) stands here, and a value is expected"#),
        InvalidText("name = “web”\n", #"1:8: a quote that is not " (U+201C) stands here, and a value is expected"#),
        InvalidText("a = :1", #"1:5: ":" stands here, and a value is expected"#),
        InvalidText("a = (1)", #"1:5: "(" stands here, and a value is expected"#),
        InvalidText(
            #"a = "x" + "y"\#n"#, #"1:9: "+" stands here, and the end of the line is expected after the value of "a""#),
        InvalidText(
            "a = 1 + 2\n", #"1:7: "+" stands here, and the end of the line is expected after the value of "a""#),
        InvalidText(#"a = "x" "y"\#n"#, #"1:9: the key "y" has no value: "=" or "{" is expected after it"#),
        InvalidText(
            #"a = "x": 1"#, #"1:8: ":" stands here, and the end of the line is expected after the value of "a""#),
        InvalidText(
            #"a = "x" 5"#, #"1:9: "5" stands here, and the end of the line is expected after the value of "a""#),
        InvalidText(#"a = file("x")"#, "1:5: the word file stands where a value is expected: text goes in quotes"),
        InvalidText("a = !true", #"1:5: "!" stands here, and a value is expected"#),
        InvalidText("a = @b", #"1:5: "@" stands here, and a value is expected"#),
        InvalidText(
            "a\u{A0}= 1", #"1:2: the character U+00A0 stands here, and "=" or "{" is expected after the key "a""#),
        InvalidText(
            "a = True", "1:5: the word True stands where a value is expected: write true or false, or text in quotes"),
        InvalidText("a = }", #"1:3: the value of "a" is missing after "=""#),
        InvalidText("a = ]", #"1:5: "]" stands here, and a value is expected"#),
        InvalidText("a = {} []", #"1:8: "[" stands here, and the end of the line is expected after the value of "a""#),
        InvalidText("a = -x", #"1:5: "-" stands here, and a value is expected"#),
        InvalidText("a = \u{1}", "1:5: the character U+0001 stands here, and a value is expected"),
    ]

    /// Numbers that are none.
    static let numbers: [InvalidText] = [
        InvalidText("a = 10s", #"1:5: "10s" is no number: put quotes around it"#),
        InvalidText("a = 1.2.3.4", #"1:5: "1.2.3.4" is no number: put quotes around it"#),
        InvalidText(
            "a = 08",
            #"1:5: "08" is no number: the 0 in front makes it octal, so leave that out, or put quotes around it"#),
        InvalidText("a = 0644x", #"1:5: "0644x" is no number: put quotes around it"#),
        InvalidText("a = 0x", #"1:5: "0x" is no number: put quotes around it"#),
        InvalidText("a = 0xg", #"1:5: "0xg" is no number: put quotes around it"#),
        InvalidText("a = 9223372036854775808", #"1:5: "9223372036854775808" does not fit into 64 bits"#),
        InvalidText("a = -9223372036854775809", #"1:5: "-9223372036854775809" does not fit into 64 bits"#),
        InvalidText("a = 0xffffffffffffffff", #"1:5: "0xffffffffffffffff" does not fit into 64 bits"#),
        InvalidText("a = 07777777777777777777777", #"1:5: "07777777777777777777777" does not fit into 64 bits"#),
        InvalidText("a = 1e999", #"1:5: "1e999" is too large for a number"#),
        InvalidText("a = -1e400", #"1:5: "-1e400" is too large for a number"#),
        InvalidText("a = 1e", #"1:5: "1e" is no number: put quotes around it"#),
        InvalidText("a = 1e+", #"1:5: "1e+" is no number: put quotes around it"#),
        InvalidText("a = 1_000", #"1:5: "1_000" is no number: put quotes around it"#),
        InvalidText("a = 1-2", #"1:5: "1-2" is no number: put quotes around it"#),
        InvalidText("a = .", #"1:5: "." stands here, and a value is expected"#),
        InvalidText("a = 5%", #"1:6: "%" stands here, and the end of the line is expected after the value of "a""#),
        InvalidText(
            "a = 8080/tcp", #"1:9: "/" stands here, and the end of the line is expected after the value of "a""#),
        InvalidText("a = 2024-01-02", #"1:5: "2024-01-02" is no number: put quotes around it"#),
        InvalidText("a = +5", #"1:5: "+" stands here, and a value is expected"#),
        InvalidText("a = 1..2", #"1:5: "1..2" is no number: put quotes around it"#),
        InvalidText("a = -0x", #"1:5: "-0x" is no number: put quotes around it"#),
    ]

    /// Strings that are not closed, and escapes that do not exist.
    static let strings: [InvalidText] = [
        InvalidText(#"a = "x"#, "1:5: this string is not closed: a quote is expected before the end of the line"),
        InvalidText(
            #"a = "x\#nb = "y"\#n"#, "1:5: this string is not closed: a quote is expected before the end of the line"),
        InvalidText(
            #"a = "x\#nb = y\#n"#, "1:5: this string is not closed: a quote is expected before the end of the line",
            "2:5: the word y stands where a value is expected: text goes in quotes"),
        InvalidText(
            #""a = 1\#nb = 2\#n"#, "1:1: this string is not closed: a quote is expected before the end of the line"),
        InvalidText(#"a = x"\#nb = 1\#n"#, "1:5: the word x stands where a value is expected: text goes in quotes"),
        InvalidText(#"a = "x\"#, "1:5: this string is not closed: a quote is expected before the end of the line"),
        InvalidText(
            #"a = "x\\#nb = 1"#, "1:5: this string is not closed: a quote is expected before the end of the line"),
        InvalidText(#"a = "\q""#, #"1:6: no escape begins like this: a backslash itself is written \\"#),
        InvalidText(#"a = "C:\dir\new"\#n"#, #"1:8: no escape begins like this: a backslash itself is written \\"#),
        InvalidText(#"a = "\u12""#, "1:6: 4 hexadecimal digits are expected in this escape"),
        InvalidText(#"a = "\u12g4""#, "1:6: 4 hexadecimal digits are expected in this escape"),
        InvalidText(#"a = "\uD800""#, "1:6: this escape is no character of Unicode"),
        InvalidText(#"a = "\U00110000""#, "1:6: this escape is no character of Unicode"),
        InvalidText(#"a = "\x4""#, "1:6: 2 hexadecimal digits are expected in this escape"),
        InvalidText(#"a = "\400""#, #"1:6: this escape is larger than a byte: the largest is \377"#),
        InvalidText(#"a = "\18""#, "1:6: 3 octal digits are expected in this escape"),
        InvalidText(#"a = "\xff""#, "1:5: the escapes of this string make bytes that are not UTF-8"),
        InvalidText(#"a = "\'""#, #"1:6: no escape begins like this: a backslash itself is written \\"#),
        InvalidText(
            #"a = "${x"\#nb = y\#n"#, #"1:6: "${" is not closed: "}" is expected in the same string"#,
            "2:5: the word y stands where a value is expected: text goes in quotes"),
        InvalidText(#"a = "${x\#nb = y\#n"#, #"1:6: "${" is not closed: "}" is expected in the same string"#),
        InvalidText(#"a = "${x{}""#, #"1:6: "${" is not closed: "}" is expected in the same string"#),
        InvalidText(
            #""é" = "ü" "ö"#, "1:11: this string is not closed: a quote is expected before the end of the line"),
        InvalidText(#"a = "äöü\q""#, #"1:9: no escape begins like this: a backslash itself is written \\"#),
        InvalidText(#"a { b = "x }"#, "1:9: this string is not closed: a quote is expected before the end of the line"),
        InvalidText(
            #"a = ["x, "y"]\#n"#,
            #"1:11: "y" stands here, and "," or "]" is expected after an item of the list that begins at 1:5"#),
        InvalidText(#""\q" = 1"#, #"1:2: no escape begins like this: a backslash itself is written \\"#),
        InvalidText(
            #"service "\q" {\#n  a = b\#n}\#n"#, #"1:10: no escape begins like this: a backslash itself is written \\"#),
    ]

    /// Heredocs and comments that are not closed.
    static let heredocs: [InvalidText] = [
        InvalidText(
            "a = <<EOF\nx\n", #"1:5: this heredoc is not closed: a line with "EOF" and nothing else is expected"#),
        InvalidText("a = <<EOF", #"1:5: this heredoc is not closed: a line with "EOF" and nothing else is expected"#),
        InvalidText(
            "a = <<EOF\nx\nEOF2\n", #"1:5: this heredoc is not closed: a line with "EOF" and nothing else is expected"#),
        InvalidText(
            "a = <<EOF\nx\nEOF,\n", #"1:5: this heredoc is not closed: a line with "EOF" and nothing else is expected"#),
        InvalidText(
            "a = <<EOF\nx\nEOF \n", #"1:5: this heredoc is not closed: a line with "EOF" and nothing else is expected"#),
        InvalidText("a = <<\nx\n", #"1:5: a word and the end of the line are expected after "<<""#),
        InvalidText("a = <<-\nx\n", #"1:5: a word and the end of the line are expected after "<<""#),
        InvalidText("a = <<EOF x\nEOF\n", #"1:5: a word and the end of the line are expected after "<<""#),
        InvalidText("a = << EOF\nx\nEOF\n", #"1:5: a word and the end of the line are expected after "<<""#),
        InvalidText(#"a = <<"EOF"\#nx\#nEOF\#n"#, #"1:5: a word and the end of the line are expected after "<<""#),
        InvalidText("a = <EOF", #"1:5: "<" stands here, and a value is expected"#),
        InvalidText("a = 1 /* x", "1:7: this comment is not closed: */ is expected at its end"),
        InvalidText("/*", "1:1: this comment is not closed: */ is expected at its end"),
        InvalidText("/* a\n*\n/", "1:1: this comment is not closed: */ is expected at its end"),
        InvalidText("a = 1 / b", #"1:7: "/" stands here, and the end of the line is expected after the value of "a""#),
        InvalidText("/ a", #"1:1: "/" stands here, and a key is expected"#),
        InvalidText("a = /* x */", #"1:3: the value of "a" is missing after "=""#),
        InvalidText(
            "a = [<<EOF\nx\n", #"1:6: this heredoc is not closed: a line with "EOF" and nothing else is expected"#),
        InvalidText("a /* x", "1:3: this comment is not closed: */ is expected at its end"),
    ]

    /// Brackets that do not pair up.
    static let brackets: [InvalidText] = [
        InvalidText("a {", #"1:3: this "{" is not closed: "}" is expected before the end of the text"#),
        InvalidText("a {\n  b = 1\n", #"1:3: this "{" is not closed: "}" is expected before the end of the text"#),
        InvalidText(
            "a {\n  b {\n    c = 1\n  }\n", #"1:3: this "{" is not closed: "}" is expected before the end of the text"#),
        InvalidText("a = [", #"1:5: this "[" is not closed: "]" is expected before the end of the text"#),
        InvalidText("a = [1, 2", #"1:5: this "[" is not closed: "]" is expected before the end of the text"#),
        InvalidText("a = [1,\n", #"1:5: this "[" is not closed: "]" is expected before the end of the text"#),
        InvalidText("a = [1, 2\nb = 3\n", #"1:5: this "[" is not closed: "]" is expected before the next key"#),
        InvalidText("a = [1,\nb = 3\n", #"1:5: this "[" is not closed: "]" is expected before the next key"#),
        InvalidText(
            "x {\n  a = [1, 2\n  b = 3\n}\n", #"2:7: this "[" is not closed: "]" is expected before the next key"#),
        InvalidText(
            "a = [1 2]",
            #"1:8: "2" stands here, and "," or "]" is expected after an item of the list that begins at 1:5"#),
        InvalidText(
            #"a = ["x"\#n"y"]"#,
            #"2:1: the text "y" stands here, and "," or "]" is expected after an item of the list that begins at 1:5"#),
        InvalidText("a = [1,,2]", #"1:8: "," stands here, and a value is expected"#),
        InvalidText("a = [,]", #"1:6: "," stands here, and a value is expected"#),
        InvalidText(
            "a = [1}", #"1:7: "}" stands here, and "," or "]" is expected after an item of the list that begins at 1:5"#
        ),
        InvalidText(
            "a { b = [1 }",
            #"1:12: "}" stands here, and "," or "]" is expected after an item of the list that begins at 1:9"#),
        InvalidText(
            "a { b = 1 ]", #"1:11: "]" stands here, and the end of the line is expected after the value of "b""#),
        InvalidText(
            "a = [\n  { b = 1 }\n  { c = 2 }\n]\n",
            #"3:3: "{" stands here, and "," or "]" is expected after an item of the list that begins at 1:5"#),
        InvalidText("a = [b]", "1:6: the word b stands where a value is expected: text goes in quotes"),
        InvalidText(
            "a = [b, c]\nd = e\n", "1:6: the word b stands where a value is expected: text goes in quotes",
            "2:5: the word e stands where a value is expected: text goes in quotes"),
        InvalidText("a = [b = 1]", #"1:5: this "[" is not closed: "]" is expected before the next key"#),
        InvalidText("a = [[1, 2]\nb = 1\n", #"1:5: this "[" is not closed: "]" is expected before the next key"#),
        InvalidText("a = {", #"1:5: this "{" is not closed: "}" is expected before the end of the text"#),
        InvalidText("a = { b = 1 ", #"1:5: this "{" is not closed: "}" is expected before the end of the text"#),
        InvalidText(#"a "x" {"#, #"1:7: this "{" is not closed: "}" is expected before the end of the text"#),
        InvalidText("a = [1]]", #"1:8: "]" stands here, and the end of the line is expected after the value of "a""#),
        InvalidText("a = [true\nb = 1\n", #"1:5: this "[" is not closed: "]" is expected before the next key"#),
        InvalidText(
            "a = [1: 2]",
            #"1:7: ":" stands here, and "," or "]" is expected after an item of the list that begins at 1:5"#),
        InvalidText(
            "a = [{ b = c }, d]\n", "1:12: the word c stands where a value is expected: text goes in quotes",
            "1:17: the word d stands where a value is expected: text goes in quotes"),
    ]

    /// Several mistakes in one text, each told once.
    static let several: [InvalidText] = [
        InvalidText(
            "a = b\nc = d\ne = f\n", "1:5: the word b stands where a value is expected: text goes in quotes",
            "2:5: the word d stands where a value is expected: text goes in quotes",
            "3:5: the word f stands where a value is expected: text goes in quotes"),
        InvalidText(
            #"a {\#n  b: 1\#n  c = "x\#n  d = 1\#n}\#ne = f\#n"#,
            #"2:4: ":" stands after the key "b": HCL has "=" between a key and its value"#,
            "3:7: this string is not closed: a quote is expected before the end of the line",
            "6:5: the word f stands where a value is expected: text goes in quotes"),
        InvalidText(
            "a = b {\n  c = d\n}\ne: 1\n", "1:5: the word b stands where a value is expected: text goes in quotes",
            #"4:2: ":" stands after the key "e": HCL has "=" between a key and its value"#),
        InvalidText("a {\n  b = c\n", "2:7: the word c stands where a value is expected: text goes in quotes"),
        InvalidText(
            "a {\n  b = c\n}}\nd = e\n", "2:7: the word c stands where a value is expected: text goes in quotes"),
        InvalidText(
            "a: [\n  1\n]\nb = c\n", #"1:2: ":" stands after the key "a": HCL has "=" between a key and its value"#,
            "4:5: the word c stands where a value is expected: text goes in quotes"),
        InvalidText(
            "a: [\n  1\n}\nb = c\n", #"1:2: ":" stands after the key "a": HCL has "=" between a key and its value"#),
        InvalidText(
            "a = [b,\n  c: 1,\n]\nd = e\n", "1:6: the word b stands where a value is expected: text goes in quotes",
            "4:5: the word e stands where a value is expected: text goes in quotes"),
        InvalidText("a = b } c\nd = e\n", "1:5: the word b stands where a value is expected: text goes in quotes"),
        InvalidText(
            "a { b = c d = e }\nf = g\n", "1:9: the word c stands where a value is expected: text goes in quotes",
            "2:5: the word g stands where a value is expected: text goes in quotes"),
        InvalidText(
            "x { y { z = a } }\nb = c", "1:13: the word a stands where a value is expected: text goes in quotes",
            "2:5: the word c stands where a value is expected: text goes in quotes"),
        InvalidText(
            #"a: "x\#nb = <<EOF\#n"#, #"1:2: ":" stands after the key "a": HCL has "=" between a key and its value"#,
            #"2:5: this heredoc is not closed: a line with "EOF" and nothing else is expected"#),
        InvalidText(
            #"a = b # "\#nc = d /*\#n"#, "1:5: the word b stands where a value is expected: text goes in quotes",
            "2:5: the word d stands where a value is expected: text goes in quotes"),
        InvalidText(
            "a =\nb =\nc = 1\n", #"1:3: the value of "a" is missing after "=""#,
            #"2:3: the value of "b" is missing after "=""#),
        InvalidText(
            "a = b\na = 1\na = 2\n", "1:5: the word b stands where a value is expected: text goes in quotes",
            #"3:1: the key "a" is already at 2:1 of the same map"#),
    ]

    /// Keys that stand twice.
    static let duplicates: [InvalidText] = [
        InvalidText("a = 1\na = 1", #"2:1: the key "a" is already at 1:1 of the same map"#),
        InvalidText(
            "a = 1\nb = 2\na = 3\nb = 4\na = 5\n", #"3:1: the key "a" is already at 1:1 of the same map"#,
            #"4:1: the key "b" is already at 2:1 of the same map"#,
            #"5:1: the key "a" is already at 1:1 of the same map"#),
        InvalidText("a = [1]\na = [2]", #"2:1: the key "a" is already at 1:1 of the same map"#),
        InvalidText("a = 1\na {}", #"2:1: the key "a" is already at 1:1 of the same map"#),
        InvalidText("a {}\na = 1", #"2:1: the key "a" is already at 1:1 of the same map"#),
        InvalidText("a {}\na = [{}]", #"2:1: the key "a" is already at 1:1 of the same map"#),
        InvalidText("a = {}\na = 1\na {}\n", #"2:1: the key "a" is already at 1:1 of the same map"#),
        InvalidText(#"a "x" {}\#na "x" {}"#, #"2:3: a block with the label "x" is already at 1:3"#),
        InvalidText(
            #"a "x" {}\#na "y" {}\#na "x" {}\#na "y" {}\#n"#, #"3:3: a block with the label "x" is already at 1:3"#,
            #"4:3: a block with the label "y" is already at 2:3"#),
        InvalidText(#"a "x" {}\#na {}"#, #"2:1: "a" stands without a label here, and with one at 1:1"#),
        InvalidText(#"a {}\#na "x" {}"#, #"2:1: "a" stands with a label here, and without one at 1:1"#),
        InvalidText(#"a = 1\#na "x" {}"#, #"2:1: the key "a" is already at 1:1 of the same map"#),
        InvalidText(#"a "x" {}\#na = 1"#, #"2:1: "a" stands without a label here, and with one at 1:1"#),
        InvalidText(#"a "x" "y" {}\#na "x" {}"#, #"2:3: "x" stands without a label here, and with one at 1:3"#),
        InvalidText(#"a "x" {}\#na "x" "y" {}"#, #"2:3: "x" stands with a label here, and without one at 1:3"#),
        InvalidText(#"a "x" "y" {}\#na "x" "y" {}"#, #"2:7: a block with the label "y" is already at 1:7"#),
        InvalidText(#"x {\#n  "a" = 1\#n  a = 2\#n}\#n"#, #"3:3: the key "a" is already at 2:3 of the same map"#),
        InvalidText("l = [{ a = 1, a = 2 }]", #"1:15: the key "a" is already at 1:8 of the same map"#),
        InvalidText("ä = 1\nä = 2", #"2:1: the key "ä" is already at 1:1 of the same map"#),
        InvalidText(
            "a = 1\nb: 2\na = 3\n", #"2:2: ":" stands after the key "b": HCL has "=" between a key and its value"#,
            #"3:1: the key "a" is already at 1:1 of the same map"#),
    ]

    /// Nesting beyond a limit of four.
    static let depth: [InvalidText] = [
        InvalidText("a { b { c { d { } } } }", "1:15: maps and lists are nested more than 4 deep"),
        InvalidText("a = [[[[1]]]]", "1:8: maps and lists are nested more than 4 deep"),
        InvalidText(#"a "b" "c" "d" "e" {}"#, "1:19: maps and lists are nested more than 4 deep"),
        InvalidText(#"a "b" { c "d" { e {} } }"#, "1:15: maps and lists are nested more than 4 deep"),
        InvalidText("a = [{ b = [{}] }]", "1:13: maps and lists are nested more than 4 deep"),
        InvalidText("a { b { c { d = [] } } }\ne = f", "1:17: maps and lists are nested more than 4 deep"),
        InvalidText(
            "a {}\na {\n  b {}\n  b {}\n}\n",
            "3:5: maps and lists are nested more than 4 deep: several blocks of one name make a list"),
        InvalidText(
            "a {}\na {\n  b {\n    c = []\n  }\n}\n",
            "4:9: maps and lists are nested more than 4 deep: several blocks of one name make a list"),
    ]
}
