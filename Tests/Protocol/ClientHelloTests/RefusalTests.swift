import Testing

@testable import ClientHello

/// What is refused, with its code and its sentence.
struct RefusalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var bytes: [UInt8]
        var code: ClientHelloProblem.Code
        var message: String

        var testDescription: String { name }

        init(_ name: String, _ bytes: [UInt8], _ code: ClientHelloProblem.Code, _ message: String) {
            self.name = name
            self.bytes = bytes
            self.code = code
            self.message = message
        }

        /// A hello that is malformed; the sentence is what follows the common start.
        init(_ name: String, _ extensions: HelloExtension..., malformed message: String) {
            var builder = HelloBuilder()
            builder.extensions = extensions
            self.init(name, builder.bytes, .malformed, "the ClientHello is malformed: \(message)")
        }

        init(_ name: String, malformed message: String, _ change: (inout HelloBuilder) -> Void) {
            var builder = HelloBuilder(.host("a.example"))
            change(&builder)
            self.init(name, builder.bytes, .malformed, "the ClientHello is malformed: \(message)")
        }
    }

    private static func text(_ text: String) -> [UInt8] { Array(text.utf8) }

    static let http = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PRI"].map {
        Case(
            "plain \($0)", text("\($0) / HTTP/1.1\r\nHost: a.example\r\n\r\n"), .plainHTTP,
            "the client speaks plain HTTP where TLS is expected: it must use https")
    }

    static let sslv2 = [
        ("2.0", [0x80, 0x2e, 1, 0, 2]), ("2.0 for TLS 1.0", [0x80, 0x67, 1, 3, 1]),
        ("2.0 for SSLv3, long", [0xff, 0xff, 1, 3, 0]),
    ].map {
        Case(
            "hello of SSL \($0.0)", $0.1 + [UInt8](repeating: 0, count: 40), .sslv2,
            "the client sends a hello of SSLv2, which carries no server name: it needs TLS 1.0 or newer")
    }

    static let proxyHeaders = [
        text("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"), text("\r\n\r\n\0\r\nQUIT\n") + [0x21, 0x11, 0, 12],
    ].map {
        Case(
            "PROXY header \($0.count)", $0, .proxyHeader,
            "the connection starts with a PROXY protocol header, which this listener does not take")
    }

    static let otherProtocols = [
        (text("SSH-2.0-OpenSSH\r\n"), "0x53"), (text("get / HTTP/1.1\r\n"), "0x67"), (text("GETS"), "0x47"),
        (text("HTTP/1.1 400\r\n"), "0x48"), (text("PROXIES"), "0x50"), (text("\r\n\r\nEHLO"), "0x0D"), ([0], "0x00"),
        ([0x19, 3, 1], "0x19"), ([0x13], "0x13"), ([0x80, 0x2e, 2], "0x80"), ([0x80, 0x2e, 1, 2], "0x80"),
        ([0x80, 0x2e, 1, 0, 3], "0x80"), ([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "0xFF"),
        (text("OPTIONSX"), "0x4F"),
    ].map {
        Case(
            "no TLS: \($0.0.prefix(12))", $0.0, .notTLS,
            "the client does not speak TLS: its first byte is \($0.1), that of a handshake is 0x16")
    }

    static let records = [
        Case(
            "DTLS", [22, 0xfe, 0xfd, 0, 0], .notTLS,
            "the client does not speak TLS: its second byte is 0xFE, that of a record is 0x03"),
        Case(
            "a record of version 2", [22, 2, 0], .notTLS,
            "the client does not speak TLS: its second byte is 0x02, that of a record is 0x03"),
        Case(
            "an alert's type without its version", [21, 0x15], .notTLS,
            "the client does not speak TLS: its second byte is 0x15, that of a record is 0x03"),
        Case(
            "a change of cipher first", record([1], type: 20), .unexpectedRecord,
            "the client sends a change of cipher where its ClientHello must stand"),
        Case(
            "an alert first", record([2, 40], type: 21), .unexpectedRecord,
            "the client sends an alert where its ClientHello must stand"),
        Case(
            "data first", record([1, 2, 3], type: 23), .unexpectedRecord,
            "the client sends encrypted data where its ClientHello must stand"),
        Case(
            "a heartbeat first", record([1, 0, 1, 7], type: 24), .unexpectedRecord,
            "the client sends a heartbeat where its ClientHello must stand"),
        Case(
            "an alert in between", record([1, 0]) + record([1, 0], type: 21), .unexpectedRecord,
            "the client sends an alert in the middle of its ClientHello"),
        Case(
            "an unknown record in between", record([1]) + record([0], type: 99), .unexpectedRecord,
            "the client sends a record of type 99 in the middle of its ClientHello"),
        Case(
            "HTTP in between", record([1]) + text("GET / HTTP/1.1"), .unexpectedRecord,
            "the client sends a record of type 71 in the middle of its ClientHello"),
        Case(
            "another version in between", record([1]) + record([0], version: [2, 0]), .malformed,
            "the ClientHello is malformed: a record's version is 2.x, and that of TLS is 3.x"),
        Case(
            "an empty record", record([]) + HelloBuilder().bytes, .malformed,
            "the ClientHello is malformed: a record is empty"),
        Case(
            "empty records in a row", record([1, 0]) + record([]) + record([]), .malformed,
            "the ClientHello is malformed: a record is empty"),
        Case(
            "a record that is too long", [22, 3, 1, 0x40, 1], .malformed,
            "the ClientHello is malformed: a record has 16385 bytes, and 16384 is the most"),
    ]

    static let messages = [0, 2, 4, 11, 20, 254].map { (type: UInt8) in
        Case(
            "handshake message \(type)", record([type, 0, 0, 4, 0, 0, 0, 0]), .unexpectedMessage,
            "the first handshake message is of type \(type), and a ClientHello has 1")
    }

    static let fields = [
        Case("an empty message", record([1, 0, 0, 0]), .malformed, lies("a version and a random", 2, 0)),
        Case(
            "a message without room for its random", record([1, 0, 0, 9, 3, 3, 0]), .malformed,
            lies("a version and a random", 32, 7)),
        Case("version 2", malformed: "its version is 2.0, and that of TLS is 3.x") { $0.version = [2, 0] },
        Case("version 254.253", malformed: "its version is 254.253, and that of TLS is 3.x") {
            $0.version = [254, 253]
        },
        Case("a long session ID", malformed: "its session ID has 33 bytes, and 32 is the most") {
            $0.sessionID = [UInt8](repeating: 0, count: 33)
        },
        Case("no ciphers", malformed: "its cipher suites have 0 bytes, and each has two") { $0.cipherSuites = [] },
        Case("half a cipher", malformed: "its cipher suites have 3 bytes, and each has two") {
            $0.cipherSuites = [1, 2, 3]
        },
        Case("no compression method", malformed: "it has no compression method, not even none") {
            $0.compression = []
        },
    ]

    private static func lies(_ what: String, _ count: Int, _ left: Int) -> String {
        "the ClientHello is malformed: \(what) of \(count) bytes does not fit in the \(left) left"
    }

    static let extensions = [
        Case(
            "a byte for an extension", HelloExtension(raw: [0]),
            malformed: "an extension of 2 bytes does not fit in the 1 left"),
        Case(
            "an extension without a length", HelloExtension(raw: [0, 21, 0]),
            malformed: "an extension of 2 bytes does not fit in the 1 left"),
        Case(
            "an extension that reaches further", HelloExtension(raw: [0, 21, 0, 2, 0]),
            malformed: "extension 21 of 2 bytes does not fit in the 1 left"),
        Case(
            "two server name extensions", .host("a.example"), .host("a.example"),
            malformed: "it has two server name extensions"),
        Case("two ALPN extensions", .protocols("h2"), .protocols("h2"), malformed: "it has two ALPN extensions"),
        Case(
            "an empty server name extension", HelloExtension(0, []),
            malformed: "a server name of 2 bytes does not fit in the 0 left"),
        Case("no server names", .serverNames([]), malformed: "its list of server names is empty"),
        Case(
            "a list of names that is shorter", HelloExtension(0, [0, 4, 0, 0, 1, 0x61, 0]),
            malformed: "its list of server names has 4 bytes where 5 are left"),
        Case(
            "a list of names that is longer", HelloExtension(0, [0, 5, 0, 0, 1, 0x61]), .padding(9),
            malformed: "its list of server names has 5 bytes where 4 are left"),
        Case(
            "a name that is longer", HelloExtension(0, [0, 4, 0, 0, 2, 0x61]), .padding(9),
            malformed: "a server name of 2 bytes does not fit in the 1 left"),
        Case(
            "a name without a length", HelloExtension(0, [0, 2, 0, 0]), .padding(9),
            malformed: "a server name of 2 bytes does not fit in the 1 left"),
        Case(
            "another name that is longer", HelloExtension(0, [0, 4, 1, 0, 2, 0x61]), .padding(9),
            malformed: "a server name of 2 bytes does not fit in the 1 left"),
        Case(
            "an empty ALPN extension", HelloExtension(16, []),
            malformed: "the name of a protocol of 2 bytes does not fit in the 0 left"),
        Case("no protocols", .protocols(), malformed: "its list of protocols is empty"),
        Case("an empty protocol", .protocols("h2", ""), malformed: "the name of a protocol is empty"),
        Case(
            "a list of protocols that is longer", HelloExtension(16, [0, 4, 2, 0x68, 0x32]), .padding(9),
            malformed: "its list of protocols has 4 bytes where 3 are left"),
        Case(
            "a protocol that is longer", HelloExtension(16, [0, 3, 3, 0x68, 0x32]), .padding(9),
            malformed: "the name of a protocol of 3 bytes does not fit in the 2 left"),
    ]

    static let all =
        http + sslv2 + proxyHeaders + otherProtocols + records + messages + fields + extensions

    @Test("refused, cut everywhere", arguments: all)
    func refused(_ row: Case) {
        let problem = problem(row.bytes)
        #expect(problem?.code == row.code)
        #expect(problem?.message == row.message)
    }

    @Test("each code is refused by a row, or by a test beside")
    func codes() {
        let covered = Set(Self.all.map(\.code))
        #expect(covered.union([.tooLong, .badServerName, .closedEarly]) == Set(ClientHelloProblem.Code.allCases))
    }

    @Test("each length of a hello, made longer and shorter, is refused or waits")
    func lengthsThatLie() {
        let builder = HelloBuilder(.padding(3), .host("a.example"), .protocols("h2"), .grease(0x0a0a, 1))
        let message = builder.message
        // The length of the message decides where all others must end.
        for (change, code) in [(-1, ClientHelloProblem.Code.malformed), (1, .malformed)] {
            var bytes = message
            bytes[3] = UInt8(Int(bytes[3]) + change)
            #expect(problem(record(bytes + [0]))?.code == code, "message \(change)")
        }
        // The length of the list of extensions stands right before them.
        let extensions = builder.extensions.map { $0.flatMap(\.bytes) } ?? []
        let place = message.count - extensions.count - 1
        for change in [-1, 1, 100] {
            var bytes = message
            bytes[place] = UInt8(Int(bytes[place]) + change)
            #expect(problem(record(bytes))?.code == .malformed, "extensions \(change)")
        }
    }

    @Test("each byte of a hello replaced: a hello or none, as the other reader says")
    func everyByteReplaced() {
        let bytes = HelloBuilder(.host("a.b"), .protocols("h2")).bytes
        for place in bytes.indices {
            // The random, the session ID and the ciphers mean nothing here.
            if (12..<43).contains(place) || (45..<75).contains(place) { continue }
            let near = [bytes[place] &- 1, bytes[place] &+ 1, bytes[place] ^ 0x20]
            for value in [0, 1, 2, 3, 16, 22, 32, 33, 46, 0x7f, 0x80, 0xff] + near {
                var changed = bytes
                changed[place] = value
                let expected = WholeHello(changed).map {
                    ClientHello(serverName: $0.serverName, protocols: $0.protocols)
                }
                let whole = outcome(changed)
                let single = outcome(changed.indices.map { changed[$0...$0] })
                if case .hello(let hello) = whole {
                    #expect(hello == expected, "byte \(place) is \(value)")
                } else {
                    #expect(expected == nil, "byte \(place) is \(value)")
                }
                #expect(words(single) == words(whole), "byte \(place) is \(value)")
            }
        }
    }

    @Test("a refusal comes with the byte that decides")
    func early() {
        let firsts: [([UInt8], Int)] = [
            (Self.text("GET / HTTP/1.1"), 4), (Self.text("PRI * HTTP/2.0"), 4), (Self.text("SSH-2.0"), 1),
            ([0x80, 0x2e, 1, 0, 2, 0, 0], 5), ([22, 0xfe, 0xfd], 2), (record([2, 40], type: 21), 2),
            (record([]), 5), (record([2, 0, 0, 0]), 6), (HelloBuilder(.host("a\nb.example")).bytes, 99),
        ]
        for (bytes, count) in firsts {
            #expect(outcome([bytes.prefix(count - 1)]) == .needsMore, "\(bytes.prefix(6))")
            #expect(outcome([bytes.prefix(count)]) != .needsMore, "\(bytes.prefix(6))")
        }
    }
}
