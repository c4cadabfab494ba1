import NIOCore
import NIOEmbedded
import TLSEngine
import TLSTestKit
import TLSTransport
import Testing

@Suite("TLS handler")
struct TLSHandlerTests {
    let ca: TestCA

    init() throws { self.ca = try TestCA() }

    private func sides(
        name: String = TestCA.serverName, settings: TLSHandlerSettings = TLSHandlerSettings()
    ) throws -> Sides {
        try Sides(
            client: self.ca.clientContext(), server: self.ca.serverContext(), name: name, settings: settings)
    }

    private func established(settings: TLSHandlerSettings = TLSHandlerSettings()) throws -> Sides {
        let sides = try self.sides(settings: settings)
        try sides.connect()
        try #require(sides.client.recorder.session != nil && sides.server.recorder.session != nil)
        return sides
    }

    @Test(arguments: [1, 100, Int.max])
    func completionComesBeforeData(piece: Int) throws {
        let sides = try self.sides()
        let sent = sides.client.send("early")
        try sides.connect(piece: piece)
        _ = sides.server.send("answer")
        try sides.shuttle(piece: piece)
        try sent.wait()
        #expect(sides.client.recorder.facts == [.active, .handshakeCompleted, .read("answer")])
        #expect(sides.server.recorder.facts == [.active, .handshakeCompleted, .read("early")])
        #expect(sides.server.recorder.session?.serverName == TestCA.serverName)
        #expect(sides.client.recorder.session?.applicationProtocol == "h2")
        #expect(sides.client.handler.session == sides.client.recorder.session)
    }

    @Test func handlerAddedToAnActiveChannelStartsAtOnce() throws {
        let channel = EmbeddedChannel()
        try channel.connect(to: SocketAddress(ipAddress: "10.0.0.1", port: 8503)).wait()
        let handler = try TLSHandler(client: self.ca.clientContext(), serverName: TestCA.serverName)
        try channel.pipeline.syncOperations.addHandler(handler)
        #expect(try channel.readOutbound(as: ByteBuffer.self)?.getInteger(at: 0) == UInt8(22))
        _ = try? channel.finish()
    }

    // MARK: - Writing

    @Test func oneWritePerFlush() throws {
        let sides = try self.established()
        let before = sides.client.socket.writes
        var completed = 0
        for _ in 0..<100 {
            let future = sides.client.channel.write(ByteBuffer(string: "x"))
            future.assumeIsolated().whenSuccess { completed += 1 }
        }
        #expect(sides.client.socket.writes == before && completed == 0)
        sides.client.channel.flush()
        #expect(sides.client.socket.writes == before + 1)
        #expect(completed == 100)
        let flushes = sides.client.socket.flushes
        sides.client.channel.flush()
        #expect(sides.client.socket.writes == before + 1 && sides.client.socket.flushes == flushes)
        try sides.shuttle()
        #expect(sides.server.recorder.facts.last == .read(String(repeating: "x", count: 100)))
    }

    @Test func emptyWritesComplete() throws {
        let sides = try self.established()
        try sides.client.channel.writeAndFlush(ByteBuffer()).wait()
    }

    @Test func writesBeforeTheHandshakeAreBounded() throws {
        var settings = TLSHandlerSettings()
        settings.limits.pendingPlaintextBytes = 10
        let sides = try self.sides(settings: settings)
        let fits = sides.client.send("0123456789")
        #expect(throws: TLSError(.pendingWritesTooLarge, "")) { try sides.client.send("x").wait() }
        try sides.connect()
        try fits.wait()
        #expect(sides.server.recorder.facts.last == .read("0123456789"))
    }

    @Test func writesThatNeverLeftFail() throws {
        let sides = try self.sides()
        let flushed = sides.client.send("flushed")
        let unflushed = sides.client.channel.write(ByteBuffer(string: "unflushed"))
        try sides.client.connect()
        try sides.client.drop()
        #expect(throws: TLSError(.closedDuringHandshake, "")) { try flushed.wait() }
        #expect(throws: TLSError(.closedDuringHandshake, "")) { try unflushed.wait() }
    }

    // MARK: - Reading

    @Test func oneReadPerSocketRead() throws {
        let sides = try self.established()
        let events = sides.server.recorder.events.count
        for text in ["a", "b", "c"] { _ = sides.client.send(text) }
        var all = ByteBuffer()
        while var bytes = try sides.client.channel.readOutbound(as: ByteBuffer.self) { all.writeBuffer(&bytes) }
        sides.server.channel.pipeline.fireChannelRead(all)
        sides.server.channel.pipeline.fireChannelReadComplete()
        #expect(sides.server.recorder.events.dropFirst(events) == [.read("abc"), .readComplete])
    }

    @Test func readThatBringsNoPlaintextIsRepeated() throws {
        let sides = try self.established()
        _ = sides.client.send("hello")
        let output = try sides.client.channel.readOutbound(as: ByteBuffer.self)
        var bytes = try #require(output)
        let part = bytes.readSlice(length: 7) ?? ByteBuffer()
        sides.server.channel.read()
        let reads = sides.server.socket.reads
        sides.server.channel.pipeline.fireChannelRead(part)
        sides.server.channel.pipeline.fireChannelReadComplete()
        #expect(sides.server.socket.reads == reads + 1)
        sides.server.channel.pipeline.fireChannelRead(bytes)
        sides.server.channel.pipeline.fireChannelReadComplete()
        #expect(sides.server.socket.reads == reads + 1, "a satisfied read is not repeated")
        #expect(sides.server.recorder.facts.last == .read("hello"))
    }

    // MARK: - Failure

    @Test func refusalReachesBothSides() throws {
        let sides = try self.sides(name: "other.example")
        try sides.connect()
        #expect(sides.server.recorder.facts == [.active, .failed(.unrecognizedServerName), .inactive])
        #expect(sides.client.recorder.facts == [.active, .failed(.peerAlert), .inactive])
        #expect(sides.client.recorder.message.hasSuffix("(peer 10.0.0.1:8503)"))
    }

    @Test func plaintextToTheTLSPort() throws {
        let sides = try self.sides()
        try sides.server.connect()
        sides.server.channel.pipeline.fireChannelRead(ByteBuffer(string: "GET / HTTP/1.1\r\n\r\n"))
        #expect(sides.server.recorder.facts == [.active, .failed(.notTLS), .inactive])
        #expect(sides.server.recorder.message == "peer sent HTTP instead of TLS (peer 10.0.0.1:8503)")
    }

    @Test func slowHandshakeIsCutOff() throws {
        let sides = try self.sides()
        let waiting = sides.server.send("never")
        try sides.server.connect()
        sides.server.channel.embeddedEventLoop.advanceTime(by: .milliseconds(9_999))
        sides.server.channel.pipeline.fireChannelRead(ByteBuffer(bytes: [22]))
        #expect(sides.server.recorder.facts == [.active])
        sides.server.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(sides.server.recorder.facts == [.active, .failed(.handshakeTimeout), .inactive])
        #expect(sides.server.recorder.message == "the TLS handshake was not complete after 10 s (peer 10.0.0.1:8503)")
        #expect(throws: TLSError(.handshakeTimeout, "")) { try waiting.wait() }
    }

    @Test func deadlineEndsWithTheHandshake() throws {
        let sides = try self.established()
        sides.server.channel.embeddedEventLoop.advanceTime(by: .hours(1))
        sides.client.channel.embeddedEventLoop.advanceTime(by: .hours(1))
        #expect(sides.server.channel.isActive && sides.client.channel.isActive)
    }

    @Test func endWithoutCloseNotifyIsReported() throws {
        let sides = try self.established()
        try sides.client.drop()
        #expect(sides.client.recorder.facts == [.active, .handshakeCompleted, .failed(.truncated), .inactive])
    }

    // MARK: - Closing

    @Test func closeSaysGoodbye() throws {
        let sides = try self.established()
        _ = sides.client.send("bye")
        let dropped = sides.client.channel.write(ByteBuffer(string: "unflushed"))
        let closed = sides.client.channel.close()
        try sides.shuttle()
        try closed.wait()
        #expect(throws: ChannelError.outputClosed) { try dropped.wait() }
        #expect(sides.client.recorder.facts == [.active, .handshakeCompleted, .inactive])
        #expect(sides.server.recorder.facts == [.active, .handshakeCompleted, .read("bye"), .inactive])
    }

    @Test func closeWaitsForTheSocketButNotForever() throws {
        for isUnblocked in [true, false] {
            let sides = try self.established()
            sides.client.socket.isBlocked = true
            let closed = sides.client.channel.close()
            let again = sides.client.channel.close()
            #expect(sides.client.channel.isActive && sides.client.socket.closes == [])
            if isUnblocked {
                try sides.client.unblock()
            } else {
                sides.client.channel.embeddedEventLoop.advanceTime(by: .seconds(2))
            }
            sides.client.channel.embeddedEventLoop.run()
            try closed.wait()
            try again.wait()
            #expect(!sides.client.channel.isActive)
            #expect(sides.client.recorder.facts == [.active, .handshakeCompleted, .inactive])
        }
    }

    @Test func closeDuringTheHandshakeIsImmediate() throws {
        let sides = try self.sides()
        try sides.client.connect()
        let closed = sides.client.channel.close()
        sides.client.channel.embeddedEventLoop.run()
        try closed.wait()
        #expect(sides.client.recorder.facts == [.active, .inactive])
    }

    @Test func halfCloseOfTheOutput() throws {
        var settings = TLSHandlerSettings()
        settings.allowsRemoteHalfClosure = true
        let sides = try self.established(settings: settings)
        try sides.client.channel.close(mode: .output).wait()
        #expect(sides.client.socket.closes == [.output])
        #expect(throws: TLSError(.connectionClosed, "")) { try sides.client.send("x").wait() }
        try sides.shuttle()
        #expect(sides.server.recorder.facts.last == .inputClosed)
        // The end of the socket's input is not told a second time, and the answer still arrives.
        sides.server.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        _ = sides.server.send("answer")
        try sides.shuttle()
        #expect(sides.server.recorder.facts == [.active, .handshakeCompleted, .inputClosed])
        #expect(sides.client.recorder.facts.last == .read("answer"))
    }

    @Test func endOfSocketInputWithoutGoodbye() throws {
        let sides = try self.established()
        sides.server.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(sides.server.recorder.facts == [.active, .handshakeCompleted, .failed(.truncated), .inactive])
    }

    @Test func tenMegabytes() throws {
        let sides = try self.established()
        var text = ""
        for index in 0..<64 * 1024 { text += "line \(index % 1000) of it\n" }
        var received = 0
        let events = sides.server.recorder.facts.count
        for _ in 0..<10 {
            _ = sides.client.send(text)
            try sides.shuttle(piece: 10_000)
        }
        for case .read(let part) in sides.server.recorder.facts.dropFirst(events) { received += part.utf8.count }
        #expect(received == 10 * text.utf8.count)
    }
}
