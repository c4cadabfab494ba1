import NIOCore
import TLSEngine
import TLSTestKit
import Testing

@Suite("TLS connection")
struct RecordTests {
    let ca: TestCA

    init() throws { self.ca = try TestCA() }

    private func established() throws -> TLSPair {
        let pair = try makePair(self.ca.clientContext(), self.ca.serverContext())
        pair.start()
        try #require(pair.client.isEstablished && pair.server.isEstablished)
        return pair
    }

    private func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) } }

    // MARK: - Data

    @Test(arguments: [1, 16_383, 16_384, 16_385, 100_000])
    func oneWriteArrivesWhole(count: Int) throws {
        let pair = try self.established()
        let bytes = self.pattern(count)
        try pair.client.write(ByteBuffer(bytes: bytes))
        try pair.client.flush()
        pair.shuttle(piece: 1000)
        #expect(pair.seenByServer.plaintext == bytes)
    }

    @Test func tenMegabytesBothWays() throws {
        let pair = try self.established()
        let bytes = self.pattern(1 << 20)
        for _ in 0..<10 {
            try pair.client.write(ByteBuffer(bytes: bytes))
            try pair.server.write(ByteBuffer(bytes: bytes))
            try pair.client.flush()
            try pair.server.flush()
            pair.shuttle(piece: 65_536)
        }
        #expect(pair.seenByServer.plaintext.count == 10 << 20)
        #expect(pair.seenByServer.plaintext.suffix(1 << 20).elementsEqual(bytes))
        #expect(pair.seenByClient.plaintext == pair.seenByServer.plaintext)
        #expect(pair.seenByClient.failure == nil && pair.seenByServer.failure == nil)
    }

    /// Sizes of the records in `bytes`, without headers.
    private func recordSizes(_ bytes: ByteBuffer?) -> [Int] {
        guard var bytes else { return [] }
        var sizes: [Int] = []
        while let header = bytes.readBytes(length: 5) {
            let size = Int(header[3]) << 8 | Int(header[4])
            sizes.append(size)
            bytes.moveReaderIndex(forwardBy: size)
        }
        return sizes
    }

    @Test(arguments: [
        ([Int](repeating: 50, count: 100), 1),
        ([Int](repeating: 1000, count: 40), 3),
        ([10, 100_000, 10], 7),
        ([16_384, 16_384], 2),
        ([100, 16_384, 100], 2),
        ([0, 0, 5, 0], 1),
        ([40_000, 1], 3),
    ])
    func smallWritesShareRecords(sizes: [Int], records: Int) throws {
        let pair = try self.established()
        let all = self.pattern(sizes.reduce(0, +))
        var rest = ByteBuffer(bytes: all)
        for size in sizes { try pair.client.write(rest.readSlice(length: size) ?? ByteBuffer()) }
        #expect(pair.client.takeOutput() == nil, "nothing is encrypted before the flush")
        try pair.client.flush()
        let output = try #require(pair.client.takeOutput())
        #expect(self.recordSizes(output).count == records)
        pair.deliverToServer(output, piece: 333)
        #expect(pair.seenByServer.plaintext == all)
    }

    @Test func writesBeforeTheHandshakeWaitForIt() throws {
        let pair = try makePair(self.ca.clientContext(), self.ca.serverContext())
        try pair.client.write(ByteBuffer(string: "flushed"))
        try pair.client.flush()
        try pair.client.write(ByteBuffer(string: ", later"))
        pair.start()
        #expect(pair.seenByServer.plaintext == Array("flushed".utf8))
        try pair.client.flush()
        pair.shuttle()
        #expect(pair.seenByServer.plaintext == Array("flushed, later".utf8))
    }

    // MARK: - Ends

    @Test func closeNotifyClosesOneDirection() throws {
        let pair = try self.established()
        try pair.client.write(ByteBuffer(string: "last words"))
        try pair.client.flush()
        pair.client.closeNotify()
        pair.client.closeNotify()
        pair.shuttle(piece: 1)
        #expect(pair.seenByServer.plaintext == Array("last words".utf8))
        #expect(pair.seenByServer.isInputClosed && !pair.seenByClient.isInputClosed)
        #expect(throws: TLSError(.connectionClosed, "")) { try pair.client.write(ByteBuffer(string: "x")) }
        // The other direction goes on.
        try pair.server.write(ByteBuffer(string: "answer"))
        try pair.server.flush()
        pair.server.closeNotify()
        pair.shuttle()
        #expect(pair.seenByClient.plaintext == Array("answer".utf8))
        #expect(pair.seenByClient.isInputClosed)
        pair.endInputOfClient()
        pair.endInputOfServer()
        #expect(pair.seenByClient.failure == nil && pair.seenByServer.failure == nil)
    }

    @Test func endWithoutCloseNotifyIsTruncation() throws {
        let pair = try self.established()
        pair.endInputOfServer()
        #expect(pair.seenByServer.failure?.code == .truncated)
        #expect(pair.server.receive(ByteBuffer(string: "more")).failure == nil, "a failure is told once")
    }

    @Test func endAfterOurOwnCloseNotifyIsNoFailure() throws {
        let pair = try self.established()
        pair.client.closeNotify()
        pair.endInputOfClient()
        #expect(pair.seenByClient.failure == nil)
    }

    @Test func dataAfterCloseNotifyIsIgnored() throws {
        let pair = try self.established()
        pair.client.closeNotify()
        pair.shuttle()
        let progress = pair.server.receive(ByteBuffer(repeating: 0, count: 100_000))
        #expect(progress.failure == nil && progress.plaintext == nil)
    }

    @Test func endDuringHandshake() throws {
        let pair = try makePair(self.ca.clientContext(), self.ca.serverContext())
        _ = pair.client.start()
        pair.endInputOfClient()
        pair.endInputOfServer()
        #expect(pair.seenByClient.failure?.code == .closedDuringHandshake)
        #expect(pair.seenByServer.failure?.code == .closedDuringHandshake)
        #expect(throws: TLSError(.connectionClosed, "")) { try pair.client.write(ByteBuffer(string: "x")) }
    }

    // MARK: - Hostile bytes

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "peer sent HTTP instead of TLS"),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "peer sent HTTP instead of TLS"),
        ("SSH-2.0-OpenSSH_9.2\r\n", "peer sent bytes that are not TLS (they begin with 53 53 48 2d 32)"),
    ])
    func otherProtocolsAtTheServer(text: String, message: String) throws {
        for piece in [1, Int.max] {
            let pair = try makePair(self.ca.clientContext(), self.ca.serverContext())
            _ = pair.server.start()
            pair.deliverToServer(ByteBuffer(string: text), piece: piece)
            #expect(pair.seenByServer.failure?.code == .notTLS)
            #expect(pair.seenByServer.failure?.message == message)
        }
    }

    @Test(arguments: [
        (Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), "peer sent HTTP instead of TLS"),
        ([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100], "peer sent plaintext HTTP/2 instead of TLS"),
        ([UInt8](repeating: 0xff, count: 40), "peer sent bytes that are not TLS (they begin with ff ff ff ff ff)"),
    ])
    func otherProtocolsAtTheClient(bytes: [UInt8], message: String) throws {
        for piece in [1, Int.max] {
            let pair = try makePair(self.ca.clientContext(), self.ca.serverContext())
            _ = pair.client.start()
            pair.deliverToClient(ByteBuffer(bytes: bytes), piece: piece)
            #expect(pair.seenByClient.failure?.code == .notTLS)
            #expect(pair.seenByClient.failure?.message == message)
        }
    }

    @Test func randomBytesNeverCompleteAHandshake() throws {
        let server = try self.ca.serverContext()
        let client = try self.ca.clientContext()
        var random = SystemRandomNumberGenerator()
        for round in 0..<300 {
            let pair = try makePair(client, server)
            _ = pair.client.start()
            var bytes = (0..<Int.random(in: 1...400, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            // Half of them get past the record header.
            if round % 2 == 0 { bytes = [22, 3, 3, 1, 0] + bytes }
            pair.deliverToServer(ByteBuffer(bytes: bytes), piece: 50)
            pair.deliverToClient(ByteBuffer(bytes: bytes), piece: 50)
            pair.endInputOfServer()
            pair.endInputOfClient()
            #expect(pair.seenByServer.failure != nil && pair.seenByClient.failure != nil)
            #expect(!pair.server.isEstablished && !pair.client.isEstablished)
        }
    }

    @Test func damagedRecordIsRefused() throws {
        let pair = try self.established()
        try pair.client.write(ByteBuffer(string: "attack at dawn"))
        try pair.client.flush()
        var output = try #require(pair.client.takeOutput())
        let last = output.writerIndex - 1
        output.setInteger(try #require(output.getInteger(at: last, as: UInt8.self)) ^ 1, at: last)
        pair.deliverToServer(output)
        #expect(pair.seenByServer.failure?.code == .protocolViolation)
        #expect(pair.seenByServer.failure?.message == "peer's bytes were damaged on the way or are not its own")
        #expect(pair.seenByServer.plaintext.isEmpty)
        // The alert reaches the client.
        pair.shuttle()
        #expect(pair.seenByClient.failure?.code == .peerAlert && pair.seenByClient.failure?.alert == 20)
    }

    // MARK: - Limits

    @Test func handshakeThatIsTooLongIsRefused() throws {
        var limits = TLSLimits()
        limits.handshakeBytes = 200
        for piece in [1, Int.max] {
            let pair = try makePair(self.ca.clientContext(), self.ca.serverContext(), limits: limits)
            pair.start(piece: piece)
            #expect(pair.seenByServer.failure?.code == .handshakeTooLarge)
            #expect(pair.seenByServer.failure?.message == "peer sent more than 200 bytes of handshake")
        }
    }

    /// A ClientHello that claims to be long and never ends, in full records.
    @Test func endlessHelloIsRefusedAtTheDefaultLimit() throws {
        let server = try TLSConnection(server: self.ca.serverContext())
        _ = server.start()
        var bytes = ByteBuffer(bytes: [22, 3, 1, 0x40, 0, 1, 1, 0xff, 0])
        bytes.writeRepeatingByte(3, count: 16_384 - 4)
        var failure = server.receive(bytes).failure
        var rounds = 1
        while failure == nil, rounds < 100 {
            var record = ByteBuffer(bytes: [22, 3, 1, 0x40, 0])
            record.writeRepeatingByte(3, count: 16_384)
            failure = server.receive(record).failure
            rounds += 1
        }
        #expect(failure?.code == .handshakeTooLarge)
        #expect(rounds == 4)
    }

    @Test func dataBehindTheHandshakeDoesNotCount() throws {
        let pair = try makePair(self.ca.clientContext(), self.ca.serverContext())
        _ = pair.server.start()
        _ = pair.client.start()
        try pair.client.write(ByteBuffer(repeating: 1, count: 500_000))
        try pair.client.flush()
        pair.deliverToServer(try #require(pair.client.takeOutput()))
        pair.deliverToClient(try #require(pair.server.takeOutput()))
        // Finished and 500,000 bytes in one piece.
        pair.deliverToServer(try #require(pair.client.takeOutput()))
        #expect(pair.seenByServer.failure == nil)
        #expect(pair.seenByServer.plaintext.count == 500_000)
    }

    @Test func writesThatWaitAreBounded() throws {
        var limits = TLSLimits()
        limits.pendingPlaintextBytes = 100
        let pair = try makePair(self.ca.clientContext(), self.ca.serverContext(), limits: limits)
        try pair.client.write(ByteBuffer(repeating: 1, count: 60))
        #expect(throws: TLSError(.pendingWritesTooLarge, "")) {
            try pair.client.write(ByteBuffer(repeating: 2, count: 41))
        }
        try pair.client.write(ByteBuffer(repeating: 3, count: 40))
        try pair.client.flush()
        pair.start()
        #expect(pair.seenByServer.plaintext == [UInt8](repeating: 1, count: 60) + [UInt8](repeating: 3, count: 40))
        try pair.client.write(ByteBuffer(repeating: 4, count: 1000))
    }

    @Test func wrongSideOfAContextIsRefused() throws {
        let client = try self.ca.clientContext()
        let server = try self.ca.serverContext()
        #expect(throws: TLSError(.invalidInput, "")) { _ = try TLSConnection(server: client) }
        #expect(throws: TLSError(.invalidInput, "")) { _ = try TLSConnection(client: server, serverName: "a") }
    }
}
