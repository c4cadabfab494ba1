import DNSWire
import Testing

@Suite struct DNSRequestTests {
    private func query(_ bytes: [UInt8]) throws -> DNSQuery {
        guard case .query(let query) = try DNSRequest.read(bytes) else { throw Unexpected() }
        return query
    }

    private struct Unexpected: Error {}

    private func malformation(_ bytes: [UInt8]) -> DNSMalformation? {
        do throws(DNSMalformation) {
            _ = try DNSRequest.read(bytes)
            return nil
        } catch {
            return error
        }
    }

    private func refusal(_ bytes: [UInt8]) throws -> WholeMessage {
        guard case .refused(let response) = try DNSRequest.read(bytes) else { throw Unexpected() }
        return try WholeMessage(response.encoded(maxBytes: 512))
    }

    @Test func clientsQueriesAreRead() throws {
        let dig = try query(Packets.dig)
        #expect(dig.question.name.labels == ["web", "service", "consul"])
        #expect(dig.question.type == .srv && dig.question.recordClass == .internet)
        #expect(dig.datagramBytes(atMost: 4_096) == 1_232 && dig.datagramBytes(atMost: 600) == 600)
        let libc = try query(Packets.libc)
        #expect(libc.question.name.labels == ["Web", "service", "consul"] && libc.question.type == .aaaa)
        #expect(libc.datagramBytes(atMost: 4_096) == 512)
        #expect(try query(Packets.transfer).question.type == .ixfr)
    }

    @Test(arguments: Packets.all) func everyPrefixIsCutShort(_ bytes: [UInt8]) {
        for count in bytes.indices { #expect(malformation(Array(bytes.prefix(count))) == .cutShort) }
        #expect(malformation(bytes + [0]) == .trailingBytes)
    }

    @Test(arguments: [
        ("0001 8100 0001 0000 0000 0000 00 0001 0001", DNSMalformation.isResponse),
        ("0001 0000 0001 0000 0000 0000 40'a' 00 0001 0001", .badLabel),
        ("0001 0000 0001 0000 0000 0000 80'a' 00 0001 0001", .badLabel),
        // At itself, at its own label, forward, at the header.
        ("0001 0000 0001 0000 0000 0000 c00c 0001 0001", .badPointer),
        ("0001 0000 0001 0000 0000 0000 01'a' c00c 0001 0001", .badPointer),
        ("0001 0000 0001 0000 0000 0000 c00e 0001 0001", .badPointer),
        ("0001 0000 0001 0000 0000 0000 c000 0001 0001", .badPointer),
        // Two that point at each other.
        ("0001 0000 0001 0001 0000 0000 00 0001 0001 c013 c011 0001 0001 00000000 0000", .badPointer),
    ]) func whatIsNoMessageIsDropped(_ text: String, _ expected: DNSMalformation) {
        #expect(malformation(packet(text)) == expected)
    }

    @Test func namesHaveALimit() throws {
        func bytes(_ labels: [Int]) -> [UInt8] {
            let name = labels.flatMap { [UInt8($0)] + [UInt8](repeating: 0x61, count: $0) }
            return packet("0001 0000 0001 0000 0000 0000") + name + packet("00 0001 0001")
        }
        #expect(try query(bytes([63, 63, 63, 61])).question.name.labels.map(\.utf8.count) == [63, 63, 63, 61])
        #expect(malformation(bytes([63, 63, 63, 62])) == .nameTooLong)
        #expect(try query(bytes([Int](repeating: 1, count: 127))).question.name.labels.count == 127)
        #expect(malformation(bytes([Int](repeating: 1, count: 128))) == .nameTooLong)
    }

    /// A hundred records whose names each point at the one before.
    @Test func chainsOfPointersEnd() throws {
        var bytes = packet("0001 0000 0001 0000 0000 0064 01'a' 00 0001 0001")
        var previous = 12
        for _ in 0..<100 {
            let place = bytes.count
            bytes += [0xC0 | UInt8(previous >> 8), UInt8(previous & 0xFF)] + packet("0001 0001 00000000 0000")
            previous = place
        }
        #expect(try query(bytes).question.name.labels == ["a"])
    }

    @Test func whatIsNotUTF8IsReplaced() throws {
        let name = try query(packet("0001 0000 0001 0000 0000 0000 01 ff 01'a' 00 0001 0001")).question.name
        #expect(name.labels == ["\u{FFFD}", "a"])
    }

    @Test(arguments: [
        // IQUERY, STATUS, UPDATE, and one that means nothing yet; their bodies are not looked at.
        ("0009 0900 0000 0001 0000 0000 ffff", 4, 0x8900),
        ("0009 1000 0000 0000 0000 0000", 4, 0x9000),
        ("0009 2900 0001 0000 0000 0000", 4, 0xA900),
        ("0009 7800 0001 0000 0000 0000", 4, 0xF800),
        // No question, and two.
        ("0009 0100 0000 0000 0000 0000", 1, 0x8100),
        ("0009 0110 0002 0000 0000 0000 00 0001 0001 00 001c 0001", 1, 0x8110),
        // OPT twice, and with a name.
        ("0009 0000 0001 0000 0000 0002 00 0001 0001 00 0029 0200 00000000 0000 00 0029 0200 00000000 0000", 1, 0x8000),
        ("0009 0000 0001 0000 0000 0001 00 0001 0001 01'a' 00 0029 0200 00000000 0000", 1, 0x8000),
    ]) func someMessagesAreRefused(_ text: String, code: Int, flags: Int) throws {
        let answer = try refusal(packet(text))
        #expect(answer.id == 9 && answer.code == code && answer.flags & ~0xF == flags && answer.question == nil)
    }

    @Test func aLaterVersionOfEDNSIsToldOurs() throws {
        let answer = try refusal(packet("0009 0000 0001 0000 0000 0001 01'a' 00 0001 0001 00 0029 0200 00010000 0000"))
        #expect(answer.question?.name == "a." && answer.code == 0)
        // The upper bits of BADVERS, and version 0.
        #expect(answer.additionals.map(\.timeToLive) == [0x0100_0000] && answer.additionals.map(\.type) == [41])
    }
}
