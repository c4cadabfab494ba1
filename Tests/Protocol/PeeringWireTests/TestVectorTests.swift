import NIOCore
import SwiftProtobuf
import Testing

@testable import PeeringWire

/// The vectors of protocol section 13, without their gRPC prefixes.
@Suite("Messages have the protocol's bytes")
struct TestVectorTests {
    private static let peerID = "0fc3a15c-1d0c-4a8e-9c55-8f2e0a1b2c3d"
    private static let listResponse = ResourceResponse.upsert(
        [0x0A, 0x03, 0x77, 0x65, 0x62], of: .exportedServiceList, id: ResourceID.exportedServiceList, nonce: 1)

    static let vectors: [(name: String, message: PeerMessage, hex: String)] = [
        (
            "open",
            .open(
                StreamOpen(
                    peerID: peerID, streamSecretID: "7d4f0d02-33aa-91e1-5c0e-2b8a6c1d9e4f", datacenter: "dc2")),
            "0a530a2430666333613135632d316430632d346138652d396335352d386632653061316232633364122437643466306430322d3333"
                + "61612d393165312d356330652d3262386136633164396534661a051203646332"
        ),
        (
            "dialer subscribes", .request(.subscription(to: .exportedServiceList, peerID: peerID)),
            "12740a2430666333613135632d316430632d346138652d396335352d3866326530613162326333641a4c747970652e676f6f676c65"
                + "617069732e636f6d2f6861736869636f72702e636f6e73756c2e696e7465726e616c2e7065657273747265616d2e4578706f"
                + "72746564536572766963654c697374"
        ),
        (
            "acceptor subscribes", .request(.subscription(to: .exportedServiceList)),
            "124e1a4c747970652e676f6f676c65617069732e636f6d2f6861736869636f72702e636f6e73756c2e696e7465726e616c2e706565"
                + "7273747265616d2e4578706f72746564536572766963654c697374"
        ),
        (
            "response", .response(listResponse),
            "1ac8010a083030303030303031124c747970652e676f6f676c65617069732e636f6d2f6861736869636f72702e636f6e73756c2e69"
                + "6e7465726e616c2e7065657273747265616d2e4578706f72746564536572766963654c6973741a156578706f727465642d73"
                + "6572766963652d6c69737422550a4c747970652e676f6f676c65617069732e636f6d2f6861736869636f72702e636f6e7375"
                + "6c2e696e7465726e616c2e7065657273747265616d2e4578706f72746564536572766963654c69737412050a037765622801"
        ),
        (
            "ACK", .request(.ack(listResponse)),
            "1258120830303030303030311a4c747970652e676f6f676c65617069732e636f6d2f6861736869636f72702e636f6e73756c2e696e"
                + "7465726e616c2e7065657273747265616d2e4578706f72746564536572766963654c697374"
        ),
        (
            "NACK",
            .request(
                .nack(
                    listResponse,
                    ResourceRejection(code: 3, message: "unsupported operation: \"OPERATION_UNSPECIFIED\""))),
            "128c01120830303030303030311a4c747970652e676f6f676c65617069732e636f6d2f6861736869636f72702e636f6e73756c2e69"
                + "6e7465726e616c2e7065657273747265616d2e4578706f72746564536572766963654c6973742a320803122e756e73757070"
                + "6f72746564206f7065726174696f6e3a20224f5045524154494f4e5f554e53504543494649454422"
        ),
        ("terminated", .terminated, "2200"),
        ("heartbeat", .heartbeat, "2a00"),
        ("empty", .empty, ""),
    ]

    @Test(arguments: vectors.indices)
    func `Written by hand, by the generated types, and read both ways`(index: Int) throws {
        let (name, message, hex) = Self.vectors[index]
        let bytes = [UInt8](hex: hex)
        #expect(message.bytes == bytes, "\(name)")
        #expect(message.encodedCount == bytes.count, "\(name)")
        let buffer = ByteBuffer(within: bytes)
        #expect(try PeerMessage(buffer) == message, "\(name)")
        #expect(try PeerMessage.generated(buffer) == message, "\(name)")
        let generated = try WireReplicationMessage(serializedBytes: bytes)
        #expect(try generated.deterministicBytes() == bytes, "\(name)")
    }

    @Test(arguments: [
        (UInt64(1), "00000001"), (0xAB, "000000ab"), (0xFFFF_FFFF, "ffffffff"), (0x1_0000_0000, "100000000"),
    ])
    func `Nonces are at least eight hex digits`(counter: UInt64, text: String) {
        #expect(Nonce.text(counter) == text)
    }

    @Test func `Type URLs and paths are made of the messages' names`() {
        #expect(ResourceURL.exportedService.string == "type.googleapis.com/" + WireExportedService.protoMessageName)
        #expect(
            ResourceURL.exportedServiceList.string == "type.googleapis.com/" + WireExportedServiceList.protoMessageName)
        #expect(ResourceURL.trustBundle.string == "type.googleapis.com/" + WirePeeringTrustBundle.protoMessageName)
        #expect(
            ResourceURL.serverAddresses.string == "type.googleapis.com/" + WirePeeringServerAddresses.protoMessageName)
        for url in ResourceURL.known { #expect(ResourceURL(url.string) == url) }
        #expect(ResourceURL("something") == .other("something"))
    }

    @Test func `The secret of an Open is in no text`() {
        let open = StreamOpen(peerID: "p", streamSecretID: "hunter2")
        var dumped = ""
        dump(PeerMessage.open(open), to: &dumped)
        for text in ["\(open)", "\(PeerMessage.open(open))", String(reflecting: open), dumped] {
            #expect(!text.contains("hunter2"))
        }
    }
}
