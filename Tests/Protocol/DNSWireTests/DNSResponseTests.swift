import DNSWire
import Testing

@Suite struct DNSResponseTests {
    private func response(to bytes: [UInt8], _ code: ResponseCode = .success) throws -> DNSResponse {
        guard case .query(let query) = try DNSRequest.read(bytes) else { throw Unexpected() }
        return DNSResponse(code, to: query)
    }

    private struct Unexpected: Error {}

    private func name(_ text: String) -> DomainName {
        DomainName(labels: text.split(separator: ".").map(String.init))!
    }

    @Test func everyKindOfRecordIsReadAsItWasMeant() throws {
        var response = try response(to: Packets.dig)
        response.isAuthoritative = true
        let owner = name("web.service.consul")
        response.answers = [
            .a(0x0A00_0007), .aaaa(0x2001_0db8_0000_0000_0000_0000_0000_0001), .cname(name("www.example.com")),
            .ptr(name("n1.node.dc1.consul")), .ns(name("ns.consul")), .txt(Array("a=b".utf8)), .txt([]),
            .txt([UInt8](repeating: 7, count: 256)),
            .srv(priority: 1, weight: 2, port: 8080, target: name("n1.node.dc1.consul")),
        ].map { DNSRecord(name: owner, timeToLive: 5, data: $0) }
        response.authorities = [
            DNSRecord(
                name: name("consul"), timeToLive: 0,
                data: .soa(
                    StartOfAuthority(
                        server: name("ns.consul"), mailbox: name("postmaster.consul"), serial: 1, refresh: 3_600,
                        retry: 600, expire: 86_400, minimum: 0)))
        ]
        response.additionals = [
            DNSRecord(name: name("n1.node.dc1.consul"), timeToLive: 0, data: .a(0x7F00_0001))
        ]
        let message = try WholeMessage(response.encoded(maxBytes: 4_096))
        #expect(message.id == 0xBEEF && message.flags == 0x8500)
        #expect(message.question?.name == "web.service.consul." && message.question?.type == 33)
        #expect(message.answers.allSatisfy { $0.name == "web.service.consul." && $0.timeToLive == 5 })
        #expect(message.answers.map(\.type) == [1, 28, 5, 12, 2, 16, 16, 16, 33])
        let sevens = [String](repeating: "7", count: 255).joined(separator: " ")
        #expect(
            message.answers.map(\.data) == [
                "10 0 0 7", "32 1 13 184 0 0 0 0 0 0 0 0 0 0 0 1", "www.example.com.", "n1.node.dc1.consul.",
                "ns.consul.", "3 97 61 98", "0", "255 \(sevens) 1 7", "1 2 8080 n1.node.dc1.consul.",
            ])
        #expect(message.authorities.map(\.data) == ["ns.consul. postmaster.consul. 1 3600 600 86400 0"])
        #expect(message.additionals.map(\.name) == ["n1.node.dc1.consul.", "."])
        #expect(message.additionals.last?.recordClass == 1_232)
    }

    @Test func namesArePointedAt() throws {
        var response = try response(to: Packets.libc)
        response.answers = (0..<3).map {
            DNSRecord(name: name("Web.service.consul"), timeToLive: 0, data: .aaaa(UInt128($0)))
        }
        let bytes = response.encoded(maxBytes: 512)
        #expect(bytes.count == Packets.libc.count + 3 * (2 + 10 + 16))
        #expect(Array(bytes[Packets.libc.count...].prefix(2)) == [0xC0, 12])
    }

    @Test func theCaseOfNamesIsKept() throws {
        var response = try response(to: Packets.libc)
        response.answers = [DNSRecord(name: name("web.service.consul"), timeToLive: 0, data: .aaaa(1))]
        let message = try WholeMessage(response.encoded(maxBytes: 512))
        #expect(
            message.question?.name == "Web.service.consul." && message.answers.map(\.name) == ["web.service.consul."])
    }

    @Test func targetsOfServicesAreNotCompressedAndArePointedAt() throws {
        var response = try response(to: Packets.dig)
        let target = name("0a000007.addr.dc1.consul")
        response.answers = [
            DNSRecord(
                name: name("web.service.consul"), timeToLive: 0,
                data: .srv(priority: 1, weight: 1, port: 80, target: target))
        ]
        response.additionals = [DNSRecord(name: target, timeToLive: 0, data: .a(0x0A00_0007))]
        let bytes = response.encoded(maxBytes: 512)
        let question = 12 + 20 + 4
        #expect(bytes.count == question + (12 + 6 + 26) + (2 + 10 + 4) + 11)
    }

    @Test(arguments: [512, 600, 1_232, 4_096]) func whatFindsNoRoomIsLeftOut(_ limit: Int) throws {
        var response = try response(to: Packets.dig)
        let records = (0..<300).map {
            DNSRecord(name: name("web.service.consul"), timeToLive: 0, data: .a(UInt32($0)))
        }
        response.answers = records
        response.authorities = [records[0]]
        response.additionals = [records[0]]
        let bytes = response.encoded(maxBytes: limit)
        let message = try WholeMessage(bytes)
        #expect(message.isTruncated && bytes.count <= limit && bytes.count > limit - 16)
        #expect(message.authorities.isEmpty && message.additionals.map(\.type) == [41])
        #expect(message.answers.map(\.data).last == "0 0 0 \(message.answers.count - 1)" || limit > 4_000)
    }

    @Test func additionalsThatFindNoRoomAreNotMissed() throws {
        var response = try response(to: Packets.libc)
        response.answers = [DNSRecord(name: name("Web.service.consul"), timeToLive: 0, data: .aaaa(1))]
        response.additionals = (0..<100).map {
            DNSRecord(name: name("n\($0).node.consul"), timeToLive: 0, data: .a(UInt32($0)))
        }
        let message = try WholeMessage(response.encoded(maxBytes: 512))
        #expect(!message.isTruncated && message.answers.count == 1 && (10..<100).contains(message.additionals.count))
    }

    /// Names beyond what a pointer reaches are written in full.
    @Test func longMessagesStayReadable() throws {
        var response = try response(to: Packets.dig)
        let targets = (0..<2_000).map { "node-\($0).node.dc1.consul" }
        response.answers = targets.map {
            DNSRecord(
                name: name("web.service.consul"), timeToLive: 0,
                data: .srv(priority: 1, weight: 1, port: 80, target: name($0)))
        }
        let bytes = response.encoded(maxBytes: 65_535)
        let message = try WholeMessage(bytes)
        #expect(message.isTruncated && bytes.count > 65_000)
        #expect(message.answers.map(\.data) == targets.prefix(message.answers.count).map { "1 1 80 \($0)." })
    }

    @Test(arguments: [[""], [String(repeating: "a", count: 64)], [String](repeating: "ab", count: 85)])
    func whatIsNoNameIsNil(_ labels: [String]) {
        #expect(DomainName(labels: labels) == nil)
    }
}
