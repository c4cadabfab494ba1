import NIOCore
import TLSEngine
import TLSTestKit
import Testing

func makePair(
    _ client: TLSContext, _ server: TLSContext, name: String = TestCA.serverName, limits: TLSLimits = TLSLimits()
) throws -> TLSPair {
    try TLSPair(
        client: TLSConnection(client: client, serverName: name, limits: limits),
        server: TLSConnection(server: server, limits: limits))
}

@Suite("TLS handshake")
struct HandshakeTests {
    let ca: TestCA

    init() throws { self.ca = try TestCA() }

    @Test(arguments: [1, 2, 3, 5, 7, 64, 1000, Int.max])
    func handshakeCompletesWithAnySplit(piece: Int) throws {
        let pair = try makePair(self.ca.clientContext(), self.ca.serverContext())
        pair.start(piece: piece)
        #expect(pair.seenByClient.isHandshakeCompleted && pair.seenByServer.isHandshakeCompleted)
        #expect(pair.client.isEstablished && pair.server.isEstablished)
        try pair.client.write(ByteBuffer(string: "ping"))
        try pair.client.flush()
        try pair.server.write(ByteBuffer(string: "pong"))
        try pair.server.flush()
        pair.shuttle(piece: piece)
        #expect(pair.seenByServer.plaintext == Array("ping".utf8))
        #expect(pair.seenByClient.plaintext == Array("pong".utf8))
        #expect(pair.seenByClient.failure == nil && pair.seenByServer.failure == nil)
    }

    @Test func sessionSaysWhatWasAgreedOn() throws {
        let pair = try makePair(self.ca.clientContext(), self.ca.serverContext())
        pair.start()
        let client = try #require(pair.client.session)
        let server = try #require(pair.server.session)
        #expect(client.version == .tls13 && server.version == .tls13)
        #expect(client.applicationProtocol == "h2" && server.applicationProtocol == "h2")
        #expect(client.serverName == TestCA.serverName && server.serverName == TestCA.serverName)
        #expect(client.cipher == "TLS_AES_128_GCM_SHA256" && server.cipher == client.cipher)
        #expect(client.peerCertificate?.dnsNames == [TestCA.serverName])
        #expect(server.peerCertificate == nil)
    }

    @Test(arguments: [1, Int.max])
    func tls12Works(piece: Int) throws {
        let client = try self.ca.clientContext { $0.common.versions = .tls12 ... .tls12 }
        let pair = try makePair(client, self.ca.serverContext())
        pair.start(piece: piece)
        #expect(pair.client.session?.version == .tls12)
        #expect(pair.client.session?.cipher == "ECDHE-ECDSA-AES128-GCM-SHA256")
        #expect(pair.client.session?.applicationProtocol == "h2")
        try pair.server.write(ByteBuffer(string: "hello"))
        try pair.server.flush()
        pair.shuttle(piece: piece)
        #expect(pair.seenByClient.plaintext == Array("hello".utf8))
    }

    @Test func versionsBelow12CannotBeConfigured() {
        #expect(throws: TLSError(.invalidInput, "")) {
            _ = try self.ca.clientContext { $0.common.versions = .tls11 ... .tls13 }
        }
    }

    @Test func noCommonVersionIsNamed() throws {
        let client = try self.ca.clientContext { $0.common.versions = .tls12 ... .tls12 }
        let server = try self.ca.serverContext { $0.common.versions = .tls13 ... .tls13 }
        let pair = try makePair(client, server)
        pair.start()
        #expect(pair.seenByServer.failure?.code == .noSharedVersion)
        #expect(pair.seenByServer.failure?.message.contains("offered TLS 1.2 at most, TLS 1.3") == true)
        #expect(pair.seenByClient.failure?.code == .noSharedVersion)
    }

    /// ClientHello of TLS `version`: one cipher, no extensions.
    static func oldClientHello(_ version: TLSVersion) -> ByteBuffer {
        let number = [UInt8(version.rawValue >> 8), UInt8(version.rawValue & 0xff)]
        var body = number + [UInt8](repeating: 7, count: 32) + [0]
        body += [0, 2, 0xc0, 0x09, 1, 0]
        let message = [1, 0, 0, UInt8(body.count)] + body
        return ByteBuffer(bytes: [22, 3, 1, 0, UInt8(message.count)] + message)
    }

    @Test(arguments: [(TLSVersion.tls10, "TLS 1.0"), (.tls11, "TLS 1.1")])
    func oldClientIsRefused(version: TLSVersion, name: String) throws {
        let server = try TLSConnection(server: self.ca.serverContext())
        _ = server.start()
        let failure = server.receive(Self.oldClientHello(version)).failure
        #expect(failure?.code == .noSharedVersion)
        #expect(
            failure?.message == "no shared protocol version: peer offered \(name) at most, TLS 1.2 or newer is needed")
        // The answer is one alert record: fatal, protocol_version.
        let output = try #require(server.takeOutput())
        #expect(output.readableBytes == 7 && output.getInteger(at: 0) == UInt8(21))
        #expect(output.getBytes(at: 5, length: 2) == [2, 70])
    }

    @Test func serverOfOldVersionIsRefused() throws {
        let client = try TLSConnection(client: self.ca.clientContext(), serverName: TestCA.serverName)
        _ = client.start()
        let body: [UInt8] = [3, 2] + [UInt8](repeating: 9, count: 32) + [0, 0xc0, 0x09, 0]
        let message = [2, 0, 0, UInt8(body.count)] + body
        let failure = client.receive(ByteBuffer(bytes: [22, 3, 2, 0, UInt8(message.count)] + message)).failure
        #expect(failure?.code == .noSharedVersion)
    }

    // MARK: - ALPN

    struct ALPNCase: Sendable, CustomTestStringConvertible {
        var client: [String]
        var server: [String] = ["h2"]
        var isRequiredByClient = false
        var isRequiredByServer = false
        var selected: String?
        var clientFails = false
        var serverFails = false
        var testDescription: String { "\(self.client) to \(self.server)" }
    }

    @Test(arguments: [
        ALPNCase(client: ["h2"], selected: "h2"),
        ALPNCase(client: ["http/1.1", "h2"], selected: "h2"),
        ALPNCase(client: ["h2", "a"], server: ["a", "h2"], selected: "a"),
        ALPNCase(client: [], selected: nil),
        ALPNCase(client: ["http/1.1"], selected: nil),
        ALPNCase(client: ["h2"], server: [], selected: nil),
        ALPNCase(client: ["h2"], isRequiredByClient: true, isRequiredByServer: true, selected: "h2"),
        ALPNCase(client: ["h2"], server: [], isRequiredByClient: true, clientFails: true),
        ALPNCase(client: [], isRequiredByServer: true, clientFails: true, serverFails: true),
        ALPNCase(client: ["http/1.1"], isRequiredByServer: true, clientFails: true, serverFails: true),
    ])
    func applicationProtocol(_ row: ALPNCase) throws {
        let client = try self.ca.clientContext {
            $0.common.applicationProtocols = row.client
            $0.common.requiresApplicationProtocol = row.isRequiredByClient
        }
        let server = try self.ca.serverContext {
            $0.common.applicationProtocols = row.server
            $0.common.requiresApplicationProtocol = row.isRequiredByServer
        }
        let pair = try makePair(client, server)
        pair.start()
        #expect((pair.seenByClient.failure?.code == .noSharedALPN) == row.clientFails)
        #expect((pair.seenByServer.failure?.code == .noSharedALPN) == row.serverFails)
        #expect(pair.client.session?.applicationProtocol == row.selected)
        if !row.clientFails { #expect(pair.client.isEstablished) }
    }

    // MARK: - Server names

    @Test(arguments: [
        TestCA.serverName, TestCA.serverName + ".", "SERVER.dc1.Peering.\(TestCA.trustDomain)",
    ])
    func serverNameIsComparedWithoutCaseAndDot(name: String) throws {
        let pair = try makePair(self.ca.clientContext(), self.ca.serverContext(), name: name)
        pair.start()
        #expect(pair.seenByClient.failure == nil)
        #expect(pair.server.session?.serverName == TestCA.serverName)
    }

    @Test func everyNameGetsItsIdentity() throws {
        let identities = try [
            "a.example": self.ca.identity(for: "a.example"), "b.example": self.ca.identity(for: "b.example"),
        ]
        let server = try TLSContext(server: TLSServerSettings { name in name.flatMap { identities[$0] } })
        for name in ["a.example", "b.example", "a.example"] {
            let pair = try makePair(self.ca.clientContext(), server, name: name)
            pair.start()
            #expect(pair.client.session?.peerCertificate?.dnsNames == [name])
        }
    }

    @Test func unknownNameIsRefusedWithAnAlert() throws {
        let pair = try makePair(self.ca.clientContext(), self.ca.serverContext(), name: "other.example")
        pair.start()
        #expect(pair.seenByServer.failure?.code == .unrecognizedServerName)
        #expect(pair.seenByServer.failure?.message == "there is no certificate here for \"other.example\"")
        #expect(pair.seenByClient.failure?.code == .peerAlert)
        #expect(pair.seenByClient.failure?.alert == 112)
        #expect(pair.seenByClient.failure?.message.contains("peer has no certificate for \"other.example\"") == true)
    }

    /// An IP address is never sent as SNI, so this is a client without one.
    @Test func clientWithoutServerName() throws {
        let asked = try makePair(self.ca.clientContext(), self.ca.serverContext(), name: "10.0.0.1")
        asked.start()
        #expect(asked.seenByServer.failure?.code == .unrecognizedServerName)
        #expect(asked.seenByServer.failure?.message.contains("a client that sends no server name") == true)

        let fallback = try self.ca.identity()
        let server = try TLSContext(server: TLSServerSettings { _ in fallback })
        let pair = try makePair(self.ca.clientContext(), server, name: "10.0.0.1")
        pair.start()
        #expect(pair.seenByClient.failure?.code == .certificateNameMismatch)
    }

    @Test(arguments: ["", ".", "a b", "a\0b", "a\nb", String(repeating: "a", count: 300)])
    func unusableServerNameIsRefused(name: String) throws {
        let context = try self.ca.clientContext()
        #expect(throws: TLSError(.invalidInput, "")) { _ = try TLSConnection(client: context, serverName: name) }
    }

    @Test func identityCanBeSwappedWhileConnectionsLive() throws {
        final class Holder: Sendable {
            nonisolated(unsafe) var identity: TLSIdentity
            init(_ identity: TLSIdentity) { unsafe self.identity = identity }
        }
        let old = try self.ca.identity()
        let new = try self.ca.identity()
        let holder = Holder(old)
        let server = try TLSContext(server: TLSServerSettings { _ in unsafe holder.identity })
        let client = try self.ca.clientContext()
        let first = try makePair(client, server)
        first.start()
        unsafe holder.identity = new
        let second = try makePair(client, server)
        second.start()
        #expect(first.client.session?.peerCertificate == old.certificate)
        #expect(second.client.session?.peerCertificate == new.certificate)
        try first.server.write(ByteBuffer(string: "still here"))
        try first.server.flush()
        first.shuttle()
        #expect(first.seenByClient.plaintext == Array("still here".utf8))
    }
}
