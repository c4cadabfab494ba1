import Testing

@testable import ClientHello

struct ServerNameTests {
    private static func hello(of names: (UInt8, String)...) -> [UInt8] {
        HelloBuilder(.serverNames(names.map { ($0.0, Array($0.1.utf8)) }), .protocols("h2")).bytes
    }

    @Test(
        "names as they are given on",
        arguments: [
            ("a", "a"), ("a.example", "a.example"), ("A.Example", "a.example"), ("a.example.", "a.example"),
            ("A.EXAMPLE.", "a.example"), ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("under_score.a-b.example", "under_score.a-b.example"), ("-a-.example", "-a-.example"),
            ("1.2.3", "1.2.3"), ("1.2.3.4.5", "1.2.3.4.5"), ("1.2.3.4a", "1.2.3.4a"), ("0x7f.1", "0x7f.1"),
            (Recorded.peering, Recorded.peering), ("localhost", "localhost"), ("local_agent", "local_agent"),
            (String(repeating: "l", count: 70) + ".example", String(repeating: "l", count: 70) + ".example"),
        ])
    func taken(_ sent: String, _ expected: String) {
        #expect(
            ClientHelloTests.hello(Self.hello(of: (0, sent)))
                == ClientHello(serverName: expected, protocols: ["h2"]))
    }

    /// Its description is the sentence: control characters do not belong in the output of tests.
    struct Refused: Sendable, CustomTestStringConvertible {
        var sent: String
        var sentence: String
        var testDescription: String { sentence }

        init(_ sent: String, _ sentence: String) {
            self.sent = sent
            self.sentence = "the server name \(sentence)"
        }
    }

    static let badNames = [
        Refused("", "is empty"),
        Refused(".", "has two dots in a row, or starts with one"),
        Refused("..", "has two dots in a row, or starts with one"),
        Refused(".a", "has two dots in a row, or starts with one"),
        Refused("a..b", "has two dots in a row, or starts with one"),
        Refused("a..", "has two dots in a row, or starts with one"),
        Refused("a b", "has a byte that no host name has, 0x20 at position 2"),
        Refused("a\0", "has a byte that no host name has, 0x00 at position 2"),
        Refused("\na", "has a byte that no host name has, 0x0A at position 1"),
        Refused("a\r\nb", "has a byte that no host name has, 0x0D at position 2"),
        Refused("*.example", "has a byte that no host name has, 0x2A at position 1"),
        Refused("a/b", "has a byte that no host name has, 0x2F at position 2"),
        Refused("a:443", "has a byte that no host name has, 0x3A at position 2"),
        Refused("a=b", "has a byte that no host name has, 0x3D at position 2"),
        Refused("\"a\"", "has a byte that no host name has, 0x22 at position 1"),
        Refused("b\u{fc}cher", "has a byte that no host name has, 0xC3 at position 2"),
        Refused("\u{1b}[2J", "has a byte that no host name has, 0x1B at position 1"),
        Refused("a\u{7f}", "has a byte that no host name has, 0x7F at position 2"),
        Refused("192.0.2.1", "is an IP address; a client sends a host name or none"),
        Refused("192.0.2.1.", "is an IP address; a client sends a host name or none"),
        Refused("999.0.0.1", "is an IP address; a client sends a host name or none"),
        Refused("::1", "has a byte that no host name has, 0x3A at position 1"),
        Refused("2001:db8::1", "has a byte that no host name has, 0x3A at position 5"),
        Refused("[::1]", "has a byte that no host name has, 0x5B at position 1"),
    ]

    @Test("names that are refused, with what is said of them", arguments: badNames)
    func refused(_ row: Refused) {
        let problem = problem(Self.hello(of: (0, row.sent)))
        #expect(problem?.code == .badServerName)
        #expect(problem?.message == row.sentence)
    }

    @Test("each byte is a host name's, in lower case, or refused", arguments: UInt8.min...UInt8.max)
    func eachByte(_ byte: UInt8) {
        let bytes = HelloBuilder(.serverNames([(0, [0x61, byte, 0x62])])).bytes
        let legal = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.".utf8.contains(byte)
        if legal {
            let middle = String(decoding: [byte], as: UTF8.self).lowercased()
            #expect(outcome(bytes) == .hello(ClientHello(serverName: "a\(middle)b")))
        } else {
            #expect(outcome(bytes) == .refused(ClientHelloProblem(.badServerName, "")))
        }
    }

    @Test("a name has 255 bytes at most, its last dot included")
    func longNames() {
        let label = String(repeating: "a", count: 50) + "."
        let long = String(repeating: label, count: 5)
        #expect(long.utf8.count == 255)
        #expect(ClientHelloTests.hello(Self.hello(of: (0, long)))?.serverName == String(long.dropLast()))
        #expect(
            problem(Self.hello(of: (0, long + "b")))?.message == "the server name has 256 bytes, and 255 is the most")
        var limits = ClientHelloLimits()
        limits.maxNameBytes = 9
        #expect(outcome(Self.hello(of: (0, "a.example")), limits: limits) != .needsMore)
        #expect(
            outcome(Self.hello(of: (0, "a.example.")), limits: limits)
                == .refused(ClientHelloProblem(.badServerName, "")))
    }

    @Test("of several names the first host counts")
    func severalNames() {
        #expect(ClientHelloTests.hello(Self.hello(of: (0, "a.example"), (0, "b.example")))?.serverName == "a.example")
        #expect(ClientHelloTests.hello(Self.hello(of: (1, "\0other"), (0, "a.example")))?.serverName == "a.example")
        #expect(ClientHelloTests.hello(Self.hello(of: (0, "a.example"), (255, "")))?.serverName == "a.example")
        // Nothing of a second one gets anywhere, so its bytes are not judged.
        #expect(ClientHelloTests.hello(Self.hello(of: (0, "a.example"), (0, "\n")))?.serverName == "a.example")
        let long = String(repeating: "x", count: 300)
        #expect(ClientHelloTests.hello(Self.hello(of: (0, "a.example"), (0, long)))?.serverName == "a.example")
        #expect(problem(Self.hello(of: (0, "a.example"), (0, "")))?.code == .badServerName)
        #expect(problem(Self.hello(of: (0, "\n"), (0, "a.example")))?.code == .badServerName)
    }

    @Test("names of other types only are no host")
    func otherTypes() {
        let hello = ClientHelloTests.hello(Self.hello(of: (1, "a.example"), (7, "")))
        #expect(hello == ClientHello(serverName: nil, protocols: ["h2"]))
    }
}

struct ProtocolNameTests {
    private static func protocols(_ names: [[UInt8]]) -> [String]? {
        hello(HelloBuilder(.protocols(names)).bytes)?.protocols
    }

    @Test("names stay in order, and as they are written")
    func order() {
        let names = ["h2", "http/1.1", "H2", "h2", "aZ09-._~/+:"]
        #expect(Self.protocols(names.map { Array($0.utf8) }) == names)
    }

    @Test(
        "names that cannot stand in a route or a log are left out",
        arguments: [
            [0x0a, 0x0a], [0xfa, 0xfa], [0], [0x68, 0x32, 0], Array("a b".utf8), Array("a\"b".utf8),
            Array("a,b".utf8), Array("a\\b".utf8), Array("h\u{fc}".utf8), [0x1b, 0x5b, 0x32, 0x4a],
        ] as [[UInt8]])
    func leftOut(_ name: [UInt8]) {
        #expect(Self.protocols([name]) == [])
        #expect(Self.protocols([name, Array("h2".utf8), name, Array("acme-tls/1".utf8)]) == ["h2", "acme-tls/1"])
    }

    @Test("16 names are kept, and 512 bytes")
    func bounds() {
        let short = (0..<40).map { Array("p\($0)".utf8) }
        #expect(Self.protocols(short) == (0..<16).map { "p\($0)" })
        let long = [UInt8](repeating: 0x78, count: 255)
        let name = String(decoding: long, as: UTF8.self)
        #expect(Self.protocols([long, long, long, [0x79, 0x79], [0x7a]]) == [name, name, "yy"])
        let unnamed = [[UInt8]](repeating: [0], count: 100)
        #expect(Self.protocols(unnamed + [Array("h2".utf8)]) == ["h2"])
    }
}
