import Testing

@testable import GatewayRelay

@Suite struct ProxyHeaderTests {
    private static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]

    private func parse(_ bytes: [UInt8], limit: Int = 2_048) -> ProxyHeader.Outcome {
        ProxyHeader.parse(bytes.span, limit: limit)
    }

    private static let ipv4 = signature + [0x21, 0x11, 0, 12, 192, 0, 2, 1, 198, 51, 100, 7, 0x30, 0x39, 0x01, 0xBB]
    private static let ipv6 =
        signature + [0x21, 0x21, 0, 36, 0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [1]
        + [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [2] + [0, 80, 1, 187]

    @Test func readsIPv4() {
        let header = ProxyHeader(
            source: RelayAddress(ip: "192.0.2.1", port: 12_345),
            destination: RelayAddress(ip: "198.51.100.7", port: 443))
        #expect(parse(Self.ipv4) == .header(header, length: 28))
        #expect(header.bytes == Self.ipv4)
    }

    @Test func readsIPv6() {
        let header = ProxyHeader(
            source: RelayAddress(ip: "2001:db8::1", port: 80),
            destination: RelayAddress(ip: "2001:db8::2", port: 443))
        #expect(parse(Self.ipv6) == .header(header, length: 52))
        #expect(header.bytes == Self.ipv6)
    }

    @Test func waitsForEveryByteAndLooksNoFurther() {
        for bytes in [Self.ipv4, Self.ipv6] {
            for count in 0..<bytes.count { #expect(parse(Array(bytes[..<count])) == .needsMore) }
            #expect(parse(bytes) == parse(bytes + [22, 3, 1]))
        }
    }

    @Test func skipsExtensions() {
        let extended = Self.signature + [0x21, 0x11, 0, 17] + Self.ipv4[16...] + [3, 0, 2, 1, 1]
        guard case .header(let header, 33) = parse(extended) else {
            Issue.record("the header was not read")
            return
        }
        #expect(header.source?.port == 12_345)
    }

    @Test(arguments: [[0x20, 0x00], [0x20, 0x11], [0x21, 0x00], [0x21, 0x31]] as [[UInt8]])
    func acceptsHeadersWithoutAnAddressOfUse(kind: [UInt8]) {
        #expect(parse(Self.signature + kind + [0, 3, 1, 2, 3]) == .header(ProxyHeader(), length: 19))
    }

    @Test func aHeaderWithoutAddressesIsLocal() {
        #expect(parse(ProxyHeader().bytes) == .header(ProxyHeader(), length: 16))
    }

    @Test func mixedFamiliesAreSentAsIPv6() throws {
        let source = try #require(RelayAddress(ip: "192.0.2.1", port: 1))
        let destination = try #require(RelayAddress(ip: "2001:db8::2", port: 2))
        let bytes = ProxyHeader(source: source, destination: destination).bytes
        #expect(bytes[13] == 0x21)
        #expect(parse(bytes) == .header(ProxyHeader(source: source, destination: destination), length: 52))
    }

    @Test func refusesEveryWrongByteOfTheSignatureAtOnce() {
        for index in 0..<12 {
            var bytes = Self.ipv4
            bytes[index] ^= 1
            #expect(parse(Array(bytes[...index])) == .invalid)
            #expect(parse(bytes) == .invalid)
        }
    }

    @Test(arguments: [[0x11, 0x11], [0x22, 0x11], [0x21, 0x12], [0x21, 0x41], [0x21, 0x01]] as [[UInt8]])
    func refusesOtherVersionsCommandsAndFamilies(kind: [UInt8]) {
        var bytes = Self.ipv6
        bytes.replaceSubrange(12...13, with: kind)
        #expect(parse(bytes) == .invalid)
    }

    @Test func refusesAddressesThatDoNotFit() {
        var bytes = Self.ipv4
        bytes[15] = 11
        #expect(parse(bytes) == .invalid)
        var longer = Self.ipv6
        longer[15] = 35
        #expect(parse(longer) == .invalid)
    }

    @Test func refusesMoreThanTheLimitBeforeItComes() {
        #expect(parse(Self.signature + [0x21, 0x11, 8, 1]) == .invalid)
        #expect(parse(Self.signature + [0x21, 0x11, 8, 0]) == .needsMore)
        #expect(parse(Self.ipv4, limit: 11) == .invalid)
    }
}
