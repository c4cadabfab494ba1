import Foundation
import Testing

@testable import ClientHello

/// What real clients sent (Tests/Fixtures/clienthello).
struct Recorded: Sendable, CustomTestStringConvertible {
    var name: String
    var bytes: [UInt8]
    var expected: ClientHello
    /// Bytes of the hello, without what was sent after it.
    var length: Int

    var testDescription: String { name }

    init(_ name: String, _ serverName: String?, _ protocols: [String] = [], of length: Int? = nil) {
        self.name = name
        self.bytes = Self.read(name)
        self.expected = ClientHello(serverName: serverName, protocols: protocols)
        self.length = length ?? bytes.count
    }

    static func read(_ name: String) -> [UInt8] {
        let folder = URL(filePath: #filePath).appending(path: "../../../Fixtures/clienthello").standardized
        let text = try! String(contentsOf: folder.appending(path: "\(name).hex"), encoding: .utf8)
        let digits = text.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    static let peering = "server.dc1.peering.b21fce03-616f-3108-a433-c0aae66ec9ef.consul"

    static let all = [
        Recorded("openssl-tls13", "web.example.com", ["h2", "http/1.1"]),
        Recorded("openssl-tls12", "web.example.com"),
        Recorded("openssl-tls11", "old.example.com"),
        Recorded("openssl-tls10", "old.example.com"),
        Recorded("openssl-all-ciphers", "web.example.com"),
        Recorded("openssl-no-name", nil),
        Recorded("openssl-mixed-case-dot", "web.example.com"),
        Recorded("openssl-ticket", "resumed.example.com"),
        Recorded("openssl-early-data", "resumed.example.com", of: 424),
        Recorded("openssl-4k", "long.example.com", longList),
        Recorded("openssl-records-of-512", "cut.example.com", longList),
        Recorded("python", "web.example.com", ["h2"]),
        Recorded("python-no-alpn", "web.example.com"),
        Recorded("curl", "web.example.com", ["h2", "http/1.1"]),
        Recorded("go-grpc", Self.peering, ["h2"]),
        Recorded("go-grpc-classic", Self.peering, ["h2"]),
        Recorded("go-address", nil, ["h2"]),
        Recorded("go-dot", "web.example.com", ["h2"]),
        Recorded("go-ech", "outer.example.com", ["h2"]),
        Recorded("grpcio", Self.peering, ["h2"]),
        Recorded("chrome", "web.example.com", ["h2", "http/1.1"]),
        Recorded("firefox", "web.example.com", ["h2", "http/1.1"]),
        Recorded("safari", "web.example.com", ["h2", "http/1.1"]),
    ]

    /// As many of the long list as are kept: 15 of 34 bytes, within 512.
    private static let longList = (100..<115).map { "protocol-number-0\($0 % 100 / 10)\($0 % 10)-of-a-long-list" }
}

struct RecordedHelloTests {
    @Test("the hello of a real client, cut everywhere", arguments: Recorded.all)
    func recorded(_ recorded: Recorded) {
        #expect(hello(Array(recorded.bytes.prefix(recorded.length))) == recorded.expected)
    }

    @Test("bytes of the hello are counted to its end", arguments: Recorded.all)
    func length(_ recorded: Recorded) {
        var parser = ClientHelloParser()
        #expect(parser.receive(recorded.bytes.span) == .hello(recorded.expected))
        #expect(parser.bytesTaken == recorded.length)
    }

    @Test("a recorded hello in other records", arguments: Recorded.all, [1, 2, 3, 7, 100, 1_000])
    func recordsAnew(_ recorded: Recorded, size: Int) throws {
        let message = try #require(Self.message(recorded.bytes))
        let bytes = stride(from: 0, to: message.count, by: size).flatMap {
            record(Array(message[$0..<min($0 + size, message.count)]))
        }
        guard bytes.count <= ClientHelloLimits().maxBytes else {
            #expect(outcome(bytes) == .refused(ClientHelloProblem(.tooLong, "")))
            return
        }
        #expect(outcome(bytes) == .hello(recorded.expected))
        #expect(outcome(bytes.indices.map { bytes[$0...$0] }) == .hello(recorded.expected))
    }

    /// The handshake message in the first records.
    private static func message(_ bytes: [UInt8]) -> [UInt8]? {
        var payload: [UInt8] = []
        var position = 0
        while position < bytes.count, bytes[position] == 22 {
            let count = Int(bytes[position + 3]) << 8 | Int(bytes[position + 4])
            payload += bytes[(position + 5)..<(position + 5 + count)]
            position += 5 + count
        }
        let count = payload[1...3].reduce(0) { $0 << 8 | Int($1) }
        return count + 4 == payload.count ? payload : nil
    }

    @Test("real clients that are refused")
    func refused() {
        #expect(problem(Recorded.read("openssl-address"))?.code == .badServerName)
        #expect(problem(Recorded.read("curl-plain-http"))?.code == .plainHTTP)
        #expect(problem(Recorded.read("curl-plain-http2"))?.code == .plainHTTP)
    }

    @Test("sizes and forms that the recordings are there for")
    func forms() {
        #expect(Recorded.read("openssl-4k").count > 4_096)
        for name in ["go-grpc", "grpcio", "chrome", "firefox", "safari"] {
            #expect(Recorded.read(name).count > 1_400, "\(name) has a post-quantum key")
        }
        let cut = Recorded.read("openssl-records-of-512")
        #expect(Array(cut[0..<5]) == [22, 3, 1, 2, 0])
        #expect(Array(cut[517..<520]) == [22, 3, 1], "a second record")
        #expect(Recorded.read("openssl-early-data").dropFirst(424).first != nil, "bytes after the hello")
    }
}
