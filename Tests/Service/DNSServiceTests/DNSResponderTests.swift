import ACLCore
import CatalogCore
import HawserTestKit
import NIOCore
import NIOEmbedded
import NameCore
import StateCore
import Testing

@testable import DNSService

@Suite struct DNSResponderTests {
    private let limits = DNSLimits()

    /// A service of some instances; its names are asked for.
    private func responder(
        instances: Int = 1,
        authorize: @escaping @Sendable () -> Authorizer? = { .unrestricted }
    ) async throws -> DNSResponder {
        let store = try await StateStore(testing: MemoryStorage())
        for number in 0..<instances {
            let service = NodeService(
                id: "\(number)", service: "web", address: "10.0.\(number / 200).\(number % 200)", port: 80)
            _ = try await store.apply(RegisterService(node: "n1", registration: Registration(service: service)))
        }
        return DNSResponder(
            settings: NameSettings(domains: ["consul"], datacenter: "dc1", nodeName: "n1"), store: store,
            authorize: authorize, decodeImported: { _ in [] }, now: { 1_000_000 })
    }

    private func query(_ labels: [String], type: UInt16 = 1, recordClass: UInt16 = 1) -> [UInt8] {
        let name = labels.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        return [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0] + name + [0, 0, UInt8(type), 0, UInt8(recordClass)]
    }

    private let web = ["web", "service", "consul"]

    private func inLengths(_ messages: [[UInt8]]) -> [UInt8] {
        messages.flatMap { [UInt8($0.count >> 8), UInt8($0.count & 0xFF)] + $0 }
    }

    private struct Header: Equatable {
        var flags: UInt16
        var answers: UInt8
        var authorities: UInt8
    }

    private func header(_ answer: [UInt8]?) throws -> Header {
        let answer = try #require(answer)
        #expect(answer.prefix(2) == [0, 7] && answer.count >= 12)
        return Header(flags: UInt16(answer[2]) << 8 | UInt16(answer[3]), answers: answer[7], authorities: answer[9])
    }

    @Test func aTokenThatIsNoneFailsAndOneWithoutRightsSeesNothing() async throws {
        let unknown = try await responder { nil }
        #expect(try header(unknown.answer(query(web), datagramLimit: 512)).flags == 0x8102)
        let nobody = try await responder { Authorizer(rules: ACLRules(), fallback: .deny) }
        #expect(try header(nobody.answer(query(web), datagramLimit: 512)).flags == 0x8503)
    }

    @Test func questionsAreAnsweredByTheirKind() async throws {
        let responder = try await responder()
        func ask(_ bytes: [UInt8]) throws -> Header { try header(responder.answer(bytes, datagramLimit: 512)) }
        #expect(try ask(query(web)) == Header(flags: 0x8500, answers: 1, authorities: 0))
        #expect(try ask(query(web, recordClass: 255)) == Header(flags: 0x8500, answers: 1, authorities: 0))
        #expect(try ask(query(web, type: 28)) == Header(flags: 0x8500, answers: 0, authorities: 1))
        #expect(try ask(query(["web", "node", "consul"])) == Header(flags: 0x8503, answers: 0, authorities: 1))
        #expect(try ask(query(["example", "com"])) == Header(flags: 0x8105, answers: 0, authorities: 0))
        #expect(try ask(query(web, recordClass: 3)) == Header(flags: 0x8105, answers: 0, authorities: 0))
        #expect(try ask(query(["consul"], type: 252)) == Header(flags: 0x8104, answers: 0, authorities: 0))
        #expect(responder.answer(Array(query(web).dropLast()), datagramLimit: 512) == nil)
    }

    @Test func whatFindsNoRoomIsHadOverTCP() async throws {
        let responder = try await responder(instances: 200)
        let datagram = try #require(responder.answer(query(web), datagramLimit: limits.maxDatagramBytes))
        #expect(try header(datagram) == Header(flags: 0x8700, answers: 29, authorities: 0) && datagram.count <= 512)
        let whole = try #require(responder.answer(query(web), datagramLimit: nil))
        #expect(try header(whole) == Header(flags: 0x8500, answers: 200, authorities: 0))
    }

    // MARK: A connection

    private func connection(_ responder: DNSResponder) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(handler: ConnectionHandler(responder: responder, limits: limits))
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        return channel
    }

    private func answers(_ channel: EmbeddedChannel) throws -> [[UInt8]] {
        var answers: [[UInt8]] = []
        while var bytes = try channel.readOutbound(as: ByteBuffer.self) {
            let length = bytes.readInteger(as: UInt16.self)
            #expect(length.map(Int.init) == bytes.readableBytes)
            answers.append(Array(bytes.readableBytesView))
        }
        return answers
    }

    @Test(arguments: [1, 2, 7, 1_000]) func queriesOfAConnectionAreAnsweredInOrder(pieces: Int) async throws {
        let responder = try await responder()
        let channel = try connection(responder)
        let queries = [query(web), query(["x", "consul"]), query(web, type: 28), query(["example", "com"])]
        var rest = inLengths(queries)[...]
        while !rest.isEmpty {
            try channel.writeInbound(ByteBuffer(bytes: rest.prefix(pieces)))
            rest = rest.dropFirst(pieces)
        }
        #expect(try answers(channel) == queries.map { responder.answer($0, datagramLimit: nil) })
        #expect(channel.isActive)
        _ = try channel.finish()
    }

    @Test(arguments: [[0xFF, 0xFF], [0x10, 0x01], [0, 0], [0, 1, 0]] as [[UInt8]])
    func whoSendsSomethingElseIsDisconnected(_ bytes: [UInt8]) async throws {
        let channel = try connection(await responder())
        try channel.writeInbound(ByteBuffer(bytes: inLengths([query(web)]) + bytes))
        #expect(try answers(channel).count == 1 && !channel.isActive)
    }

    @Test func anIdleConnectionIsClosed() async throws {
        let channel = try connection(await responder())
        channel.pipeline.fireUserInboundEventTriggered(IdleStateHandler.IdleStateEvent.all)
        #expect(!channel.isActive)
    }

    /// What the client does not take keeps the rest of its questions waiting.
    @Test func aClientThatTakesNothingIsAnsweredLater() async throws {
        let channel = try connection(await responder())
        channel.isWritable = false
        try channel.writeInbound(ByteBuffer(bytes: inLengths([query(web), query(web)])))
        #expect(try answers(channel).isEmpty)
        channel.isWritable = true
        channel.pipeline.fireChannelWritabilityChanged()
        #expect(try answers(channel).count == 2)
        _ = try channel.finish()
    }

    @Test func oneConnectionTooManyIsNotAdmitted() {
        let counter = ConnectionCounter(limit: 2)
        let channels = (0..<3).map { _ in EmbeddedChannel() }
        #expect(channels.map { counter.admit($0) } == [true, true, false])
        channels[0].close(promise: nil)
        channels[0].embeddedEventLoop.run()
        #expect(counter.admit(channels[2]))
        counter.closeAll()
        for channel in channels { channel.embeddedEventLoop.run() }
        #expect(!channels[1].isActive && !counter.admit(EmbeddedChannel()))
    }
}
