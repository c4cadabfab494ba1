/// What the formatter does, rule by rule.
enum Layouts {
    static let all: [Layout] = [
        Layout("nothing", "", ""),
        Layout("only a comment", "\n\n # a \n\n\n#b", "# a\n\n#b\n"),
        Layout("the end of the text", "a = 1\n\n\n", "a = 1\n"),
        Layout("a byte order mark goes", "\u{FEFF}a = 1\n", "a = 1\n"),
        Layout("returns stay", "a=1\r\n\r\n\r\nb {\r\nc=1 # x \r\n}", "a = 1\r\n\r\nb {\r\n  c = 1 # x\r\n}\r\n"),
        Layout("returns in a heredoc are no rule", "\n\ra=<<E\r\nx\nE\nb=1\n", "a = <<E\r\nx\nE\nb = 1\n"),
        Layout("returns behind a comment are one", "\na=1 # x\r\nb=2\n", "a = 1 # x\r\nb = 2\r\n"),
        Layout("spaces", "a=1\n  b  =\t2 \nc{}\nd\"x\"y{ }\n", "a = 1\nb = 2\nc {}\nd \"x\" y {}\n"),
        Layout(
            "= below each other", "a = 1\nlonger = 2\nb = [\n1]\nc = 3", "a      = 1\nlonger = 2\nb = [\n  1]\nc = 3\n"),
        Layout("in columns of characters", "ä = 1\nxyz = 2\n\"é\" = 3\n", "ä   = 1\nxyz = 2\n\"é\" = 3\n"),
        Layout(
            "runs end at empty lines, comments and blocks",
            "a = 1\nbb = 2\n\nccc = 3\n# x\ndddd = 4\ne {}\nfffff = 5\n",
            "a  = 1\nbb = 2\n\nccc = 3\n# x\ndddd = 4\ne {}\nfffff = 5\n"),
        Layout(
            "one-line maps are aligned as values", "a = {b=1,c = 2}\nlong = {}\n",
            "a    = { b = 1, c = 2 }\nlong = {}\n"),
        Layout(
            "empty lines", "a = 1\n\n\n\nb {\n\n\nc = 1\n\n\n\nd = 2\n\n}\n", "a = 1\n\nb {\n  c = 1\n\n  d = 2\n}\n"),
        Layout("empty blocks and lists", "a {\n\n}\nb = [\n]\nc = {\n}", "a {}\nb = []\nc = {}\n"),
        Layout(
            "comments at the end of lines", "a = 1 # one\nbb = 22 // two\nc = 3\nd = 4 # four\n",
            "a  = 1  # one\nbb = 22 // two\nc  = 3\nd  = 4 # four\n"),
        Layout("a comment after a brace", "a { # x\nb = 1 # y\n} # z\n", "a { # x\n  b = 1 # y\n} # z\n"),
        Layout(
            "comments in front", "  # x\n    a {\n# y\n  b = 1\n      # z\n}", "# x\na {\n  # y\n  b = 1\n  # z\n}\n"),
        Layout(
            "block comments", "/* x\n  y */ a = 1\nb = /* z */ 2 /* w */\nc = [/* u */1/* v */]\n",
            "/* x\n  y */ a = 1\nb = /* z */ 2 /* w */\nc = [ /* u */ 1 /* v */ ]\n"),
        Layout(
            "a comment between a key and its value", "a = # x\n1\nb # y\n= 2\nc # z\n{ d = 1 }",
            "a = # x\n  1\nb # y\n  = 2\nc # z\n  { d = 1 }\n"),
        Layout("values and braces come up", "a\n=\n1\nb\n{\nc = 1\n}\n", "a = 1\nb {\n  c = 1\n}\n"),
        Layout("one-line blocks stay", "a { b = 1 }\nc \"d\" {e=1}\n", "a { b = 1 }\nc \"d\" { e = 1 }\n"),
        Layout(
            "items of the whole text on lines of their own", "a = 1 b = 2, c {} d = 3", "a = 1\nb = 2,\nc {}\nd = 3\n"),
        Layout(
            "items without a comma on lines of their own", "a { b = 1 c = 2 }\nd = { e = 1, f = 2 }",
            "a {\n  b = 1\n  c = 2\n}\nd = { e = 1, f = 2 }\n"),
        Layout(
            "a block with a line break gets lines throughout", "a { b { c = 1 }\nd = 2, e = 3 }",
            "a {\n  b { c = 1 }\n  d = 2,\n  e = 3\n}\n"),
        Layout("so do blocks around it", "a { b { c = 1 d = 2 } }", "a {\n  b {\n    c = 1\n    d = 2\n  }\n}\n"),
        Layout(
            "lists stay as written", "a = [1,2 , 3,]\nb = [1,\n2\n,3,\n]\n", "a = [1, 2, 3,]\nb = [1,\n  2, 3,\n]\n"),
        Layout(
            "maps in lists", "a = [{\nb = 1\ncc = 2 }, { d = 3 }, {\ne = 4\n}]\n",
            "a = [{\n  b  = 1\n  cc = 2\n}, { d = 3 }, {\n  e = 4\n}]\n"),
        Layout(
            "maps below each other in lists", "a = [\n{ b = 1 },\n{\nc = 2\n}\n]",
            "a = [\n  { b = 1 },\n  {\n    c = 2\n  }\n]\n"),
        Layout("lists in lists", "a = [[\n1\n],[\n2\n]]", "a = [[\n  1\n], [\n  2\n]]\n"),
        Layout(
            "heredocs stay", "a {\nb=<<-EOF\n      x\n\n\n\ty \n      EOF\nc=1\n}\n",
            "a {\n  b = <<-EOF\n      x\n\n\n\ty \n      EOF\n  c = 1\n}\n"),
        Layout("a heredoc in a one-line block", "a { b = <<E\nx\nE\n}", "a {\n  b = <<E\nx\nE\n}\n"),
        Layout(
            "a heredoc in a list", "a = [\n<<E\nx\nE\n,\n1\n]", "a = [\n  <<E\nx\nE\n  ,\n  1\n]\n"),
        Layout(
            "strings stay", "a=\"${ b\n  c }\"  # x\nbb = \"\\u0061  \"",
            "a = \"${ b\n  c }\" # x\nbb = \"\\u0061  \"\n"),
        Layout(
            "what was pasted on one line",
            "service { name = \"web\" port = 80 proxy { upstreams = [ { a = 1 b = 2 }, ] } }",
            """
            service {
              name = "web"
              port = 80
              proxy {
                upstreams = [{
                  a = 1
                  b = 2
                },]
              }
            }

            """),
    ]
}
