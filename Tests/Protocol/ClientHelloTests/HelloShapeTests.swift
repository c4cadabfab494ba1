import Testing

@testable import ClientHello

/// Hellos that are taken, whatever else is in them.
struct HelloShapeTests {
    struct Shape: Sendable, CustomTestStringConvertible {
        var name: String
        var bytes: [UInt8]
        var expected: ClientHello

        var testDescription: String { name }

        init(
            _ name: String, _ builder: HelloBuilder, serverName: String? = "a.example", protocols: [String] = [],
            framed: (HelloBuilder) -> [UInt8] = \.bytes
        ) {
            self.name = name
            self.bytes = framed(builder)
            self.expected = ClientHello(serverName: serverName, protocols: protocols)
        }
    }

    private static func with(_ change: (inout HelloBuilder) -> Void) -> HelloBuilder {
        var builder = HelloBuilder(.host("a.example"))
        change(&builder)
        return builder
    }

    static let versions: [Shape] = [0, 1, 2, 3, 4].flatMap { (minor: UInt8) in
        [
            Shape("hello of version 3.\(minor)", with { $0.version = [3, minor] }),
            Shape("record of version 3.\(minor)", with { _ in }) { record($0.message, version: [3, minor]) },
        ]
    }

    static let fields: [Shape] = [
        Shape("no extensions at all", with { $0.extensions = nil }, serverName: nil),
        Shape("an empty list of extensions", with { $0.extensions = [] }, serverName: nil),
        Shape("no session ID", with { $0.sessionID = [] }),
        Shape("a session ID of one byte", with { $0.sessionID = [1] }),
        Shape("one cipher", with { $0.cipherSuites = [0x13, 0x01] }),
        Shape("2,000 ciphers", with { $0.cipherSuites = [UInt8](repeating: 0x13, count: 4_000) }),
        Shape("reserved ciphers of RFC 8701", with { $0.cipherSuites = [0x0a, 0x0a, 0xfa, 0xfa, 0x13, 0x01] }),
        Shape("compression that is no longer used", with { $0.compression = [1, 64, 0] }),
        Shape("255 compression methods", with { $0.compression = [UInt8](repeating: 0, count: 255) }),
    ]

    static let extensions: [Shape] = [
        Shape("no server name", HelloBuilder(.protocols("h2")), serverName: nil, protocols: ["h2"]),
        Shape(
            "reserved extensions around the name",
            HelloBuilder(.grease(0x0a0a), .grease(0x1a1a, 1), .host("a.example"), .grease(0xfafa, 3))),
        Shape("ALPN before the name", HelloBuilder(.protocols("h2"), .host("a.example")), protocols: ["h2"]),
        Shape("an empty extension last", HelloBuilder(.host("a.example"), .earlyData)),
        Shape("padding", HelloBuilder(.padding(200), .host("a.example"), .padding(0))),
        Shape("a session ticket", HelloBuilder(.ticket(192), .host("a.example"), .ticket(0))),
        Shape("a pre-shared key last", HelloBuilder(.host("a.example"), .earlyData, .preSharedKey(300))),
        Shape("extensions twice that are not read here", HelloBuilder(.padding(1), .padding(1), .host("a.example"))),
        Shape("a post-quantum key", HelloBuilder(.keyShare(1_216), .host("a.example"), .protocols("h2")))
            .having(protocols: ["h2"]),
        Shape("keys of more than 4,096 bytes", HelloBuilder(.keyShare(4_200), .host("a.example"))),
        Shape("the outer name of an encrypted hello", HelloBuilder(.encryptedHello(250), .host("a.example"))),
        Shape("an extension of the highest number", HelloBuilder(.grease(0xffff, 5), .host("a.example"))),
    ]

    static let records: [Shape] = [1, 2, 5, 16, 64].map { size in
        Shape("records of \(size) bytes", HelloBuilder(.padding(64), .host("a.example"), .protocols("h2"))) {
            $0.records(of: size)
        }.having(protocols: ["h2"])
    }

    static let all = versions + fields + extensions + records

    @Test("a hello is read, cut everywhere", arguments: all)
    func shape(_ shape: Shape) {
        #expect(hello(shape.bytes) == shape.expected)
    }

    @Test("a hello in two records, cut at each position")
    func twoRecords() {
        let message = HelloBuilder(.host("a.example"), .protocols("h2")).message
        for cut in 1..<message.count {
            let bytes = record(Array(message[..<cut])) + record(Array(message[cut...]), version: [3, 3])
            let expected = ClientHello(serverName: "a.example", protocols: ["h2"])
            #expect(outcome(bytes) == .hello(expected), "cut at \(cut)")
            #expect(outcome(bytes.indices.map { bytes[$0...$0] }) == .hello(expected), "cut at \(cut), single bytes")
        }
    }

    @Test("what follows the hello is not looked at")
    func whatFollows() {
        let bytes = HelloBuilder(.host("a.example")).bytes
        let expected = ClientHelloParser.Outcome.hello(ClientHello(serverName: "a.example"))
        let followers = [
            record([1], type: 20), record([UInt8](repeating: 9, count: 90), type: 23), [0], [22, 3, 3, 0, 0],
            [UInt8](repeating: 0xff, count: 20_000),
        ]
        for follower in followers {
            #expect(outcome(bytes + follower) == expected)
            #expect(outcome([bytes[...], follower[...]]) == expected)
        }
        // In the record of the hello too: a server will see what it is.
        let builder = HelloBuilder(.host("a.example"))
        var parser = ClientHelloParser()
        #expect(parser.receive(record(builder.message + [0, 0, 0, 0]).span) == expected)
        #expect(parser.bytesTaken == bytes.count)
    }

    @Test("empty pieces change nothing")
    func emptyPieces() {
        let bytes = HelloBuilder(.host("a.example")).bytes
        let pieces = bytes.indices.flatMap { [bytes[$0..<$0], bytes[$0...$0], bytes[$0..<$0]] }
        #expect(outcome(pieces) == .hello(ClientHello(serverName: "a.example")))
        #expect(outcome([[]]) == .needsMore)
    }

    @Test("a parser is a value: a copy goes its own way")
    func copies() {
        let start = HelloBuilder(.host("a.example")).bytes.dropLast(7)
        var first = ClientHelloParser()
        #expect(first.receive(Array(start).span) == .needsMore)
        var second = first
        #expect(first.receive(Array("EXAMPLE".utf8).span) == .hello(ClientHello(serverName: "a.example")))
        #expect(second.receive(Array("other-1".utf8).span) == .hello(ClientHello(serverName: "a.other-1")))
    }
}

extension HelloShapeTests.Shape {
    func having(protocols: [String]) -> Self {
        var shape = self
        shape.expected.protocols = protocols
        return shape
    }
}
