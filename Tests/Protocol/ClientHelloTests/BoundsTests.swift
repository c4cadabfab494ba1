import Testing

@testable import ClientHello

/// What a client can make the parser read, keep and say.
struct BoundsTests {
    private static let tooLong = ClientHelloParser.Outcome.refused(ClientHelloProblem(.tooLong, ""))

    /// A hello of so many bytes on the wire, in one record.
    private static func bytes(of count: Int) -> [UInt8] {
        let start = HelloBuilder(.host("a.example"), .padding(0)).bytes.count
        return HelloBuilder(.host("a.example"), .padding(count - start)).bytes
    }

    @Test("a hello of 16 KiB is read, and of a byte more refused as soon as its length is known")
    func longestHello() {
        let longest = Self.bytes(of: 16_384)
        #expect(longest.count == 16_384)
        #expect(outcome(longest) == .hello(ClientHello(serverName: "a.example")))
        #expect(outcome(longest.indices.map { longest[$0...$0] }) == .hello(ClientHello(serverName: "a.example")))
        let longer = Self.bytes(of: 16_385)
        #expect(outcome([longer.prefix(8)]) == .needsMore)
        #expect(outcome([longer.prefix(9)]) == Self.tooLong)
        #expect(outcome(longer) == Self.tooLong)
        #expect(WholeHello(longest)?.serverName == "a.example")
        #expect(WholeHello(longer) == nil)
    }

    @Test("headers of records count")
    func recordHeaders() {
        // 6 bytes for each of the message.
        let fits = HelloBuilder(.host("a.example"), .padding(2_600)).records(of: 1)
        #expect(fits.count <= 16_384)
        #expect(outcome(fits) == .hello(ClientHello(serverName: "a.example")))
        let padding = HelloBuilder(.host("a.example"), .padding(2_700)).records(of: 1)
        #expect(padding.count > 16_384)
        #expect(outcome(padding) == Self.tooLong)
        #expect(outcome([padding.prefix(16_383)]) == .needsMore)
        #expect(outcome([padding.prefix(16_384)]) == Self.tooLong)
        #expect(outcome(padding.indices.map { padding[$0...$0] }) == Self.tooLong)
    }

    @Test("the limit is the one that was given, wherever the bytes are cut")
    func ownLimit() {
        var limits = ClientHelloLimits()
        let bytes = Self.bytes(of: 200)
        for limit in 0...200 {
            limits.maxBytes = limit
            let expected = limit == 200 ? .hello(ClientHello(serverName: "a.example")) : Self.tooLong
            #expect(outcomeOfAllCuts(bytes, limits: limits) == expected, "limit \(limit)")
            #expect(outcomeOfAllCuts(bytes + bytes, limits: limits) == expected, "limit \(limit), more behind")
        }
    }

    @Test("a record has 16 KiB at most, whatever the limit")
    func longestRecord() {
        var limits = ClientHelloLimits()
        limits.maxBytes = 20_000
        let longest = Self.bytes(of: 5 + 16_384)
        #expect(outcome(longest, limits: limits) == .hello(ClientHello(serverName: "a.example")))
        let longer = Self.bytes(of: 5 + 16_385)
        #expect(outcome(longer, limits: limits) == .refused(ClientHelloProblem(.malformed, "")))
    }

    @Test("a hello that never ends is refused after 16 KiB")
    func endless() {
        var parser = ClientHelloParser()
        let header = record([1]) + record([0, 0x3f])
        #expect(parser.receive(header.span) == .needsMore)
        var sent = header.count
        let drip = record([0x03])
        while parser.outcome == .needsMore, sent < 100_000 {
            _ = parser.receive(drip.span)
            sent += drip.count
        }
        #expect(sent < 16_384 + drip.count)
        #expect(parser.outcome != .needsMore)
    }

    @Test("the state stays within its bound, and the bound is small")
    func memory() {
        #expect(MemoryLayout<ClientHelloParser>.size <= 320)
        #expect(ClientHelloParser.memoryBound() <= 4_096)
        var limits = ClientHelloLimits()
        limits.maxProtocolBytes = 0
        #expect(ClientHelloParser.memoryBound(limits) < ClientHelloParser.memoryBound())
    }

    @Test("a client that stops early is told from one that sent nothing")
    func inputEnded() {
        var silent = ClientHelloParser()
        #expect(words(silent.inputEnded()) == "closed-early: the client sent nothing")
        let bytes = HelloBuilder(.host("a.example")).bytes
        for count in 1..<bytes.count {
            var parser = ClientHelloParser()
            _ = parser.receive(Array(bytes.prefix(count)).span)
            let expected = "closed-early: the client sent \(count) bytes, and its ClientHello was not complete"
            #expect(words(parser.inputEnded()) == expected)
            #expect(words(parser.receive(bytes.span)) == expected, "the end is the end")
        }
        var opening = ClientHelloParser()
        _ = opening.receive(Array("GE".utf8).span)
        #expect(
            words(opening.inputEnded())
                == "closed-early: the client sent 2 bytes, and its ClientHello was not complete")
    }

    @Test("an outcome stays, also over the end of input")
    func outcomeStays() {
        let rows: [([UInt8], ClientHelloParser.Outcome)] = [
            (HelloBuilder(.host("a.example")).bytes, .hello(ClientHello(serverName: "a.example"))),
            (Array("GET / HTTP/1.1\r\n".utf8), .refused(ClientHelloProblem(.plainHTTP, ""))),
        ]
        for (bytes, expected) in rows {
            var parser = ClientHelloParser()
            #expect(parser.receive(bytes.span) == expected)
            #expect(parser.inputEnded() == expected)
            #expect(parser.receive([0, 1, 2].span) == expected)
            #expect(parser.outcome == expected)
        }
    }
}
