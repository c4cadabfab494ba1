import NIOCore
import SwiftProtobuf
import Testing

@testable import PeeringWire

@Suite("The fast way agrees with the generated types")
struct EnvelopeTests {
    /// Every combination of present and absent parts, with sizes around the steps of a varint.
    static let messages: [PeerMessage] = {
        var messages: [PeerMessage] = [.terminated, .heartbeat, .empty]
        let texts = ["", "x", String(repeating: "é", count: 64), String(repeating: "y", count: 20_000)]
        let urls: [ResourceURL] = [.exportedService, .trustBundle, .other(""), .other("nothing/known")]
        let resources: [EncodedResource?] =
            [nil, EncodedResource(typeURL: .other(""), bytes: [])]
            + [1, 51, 52, 127, 128, 16_383, 16_384].map {
                EncodedResource(typeURL: .exportedService, bytes: Array(repeating: 7, count: $0))
            }
        let errors: [ResourceRejection?] = [
            nil, ResourceRejection(code: 0, message: ""), .noContent, ResourceRejection(code: -1, message: "x"),
        ]
        for text in texts {
            for url in urls {
                for resource in resources {
                    for operation in [Int32(0), 1, 2, 200, -1] {
                        messages.append(
                            .response(
                                ResourceResponse(
                                    nonce: text, url: url, id: text, resource: resource,
                                    operation: ResourceOperation(rawValue: operation))))
                    }
                }
                for error in errors {
                    messages.append(
                        .request(ResourceRequest(peerID: text, responseNonce: text, url: url, error: error)))
                }
            }
            messages.append(.open(StreamOpen(peerID: text, streamSecretID: "s", partition: text)))
            var locality = WireLocality()
            messages.append(.open(StreamOpen(peerID: "", streamSecretID: text, datacenter: text, locality: locality)))
            locality.region = text
            locality.zone = "z"
            messages.append(.open(StreamOpen(peerID: "", streamSecretID: "", locality: locality)))
        }
        return messages
    }()

    @Test func `Every message is written as the generated types write it`() throws {
        for message in Self.messages {
            let bytes = message.bytes
            #expect(bytes.count == message.encodedCount)
            #expect(try message.generated.deterministicBytes() == bytes)
        }
    }

    @Test func `Every message is read as the generated types read it`() throws {
        for message in Self.messages {
            let buffer = ByteBuffer(within: message.bytes)
            #expect(try PeerMessage(buffer) == message)
            #expect(try PeerMessage.generated(buffer) == message)
        }
    }

    @Test func `A message that was cut or changed anywhere is read by both ways alike, or by the slow one only`() throws
    {
        let response = PeerMessage.response(
            .upsert([1, 2, 3], of: .exportedService, id: "web", nonce: 7)
        ).bytes
        let ack = PeerMessage.request(ResourceRequest(peerID: "p", responseNonce: "00000007", url: .trustBundle)).bytes
        var fast = 0
        for original in [response, ack] {
            var variants = original.indices.map { Array(original[..<$0]) }
            for index in original.indices {
                for change in [UInt8(1), 2, 4, 8, 16, 32, 64, 128, 255] {
                    var bytes = original
                    bytes[index] ^= change
                    variants.append(bytes)
                }
            }
            for bytes in variants {
                let buffer = ByteBuffer(within: bytes)
                guard let direct = try? PeerMessage.direct(buffer) else { continue }
                fast += 1
                #expect(try PeerMessage.generated(buffer) == direct)
            }
        }
        #expect(fast > 100)
    }

    @Test(arguments: [
        ("a payload twice: the parts are merged", "1a050a03616161" + "1a041a026964"),
        ("another payload after the first: the last wins", "1a050a03616161" + "2a00"),
        ("fields out of order", "1a0b1a02696428010a03616161"),
        ("a field twice", "1a0a0a036161610a03626262"),
        ("an unknown field inside", "1a080a03616161980601"),
        ("an unknown field outside", "980601" + "1a050a03616161"),
        ("an unknown group", "1a0b0a03616161" + "9b0608019c06"),
        ("content in a heartbeat", "2a0398060a"),
    ])
    func `Unusual messages are understood`(name: String, hex: String) throws {
        let buffer = ByteBuffer(bytes: [UInt8](hex: hex))
        #expect(throws: FieldReader.Unusual.self) { try PeerMessage.direct(buffer) }
        let read = try PeerMessage(buffer)
        if hex.hasSuffix("2a00") || hex.hasPrefix("2a") {
            #expect(read == .heartbeat)
        } else {
            guard case .response(let response) = read else {
                Issue.record("\(name): \(read)")
                return
            }
            #expect(["aaa", "bbb"].contains(response.nonce), "\(name)")
        }
    }

    @Test(arguments: [
        ("cut", "1a050a0361"), ("a tag without a value", "1a"),
        ("a number of eleven bytes", "08ffffffffffffffffffff01"),
        ("field number 0", "0200"), ("a nonce that is not UTF-8", "1a030a01ff"), ("a wrong wire type", "0f"),
        ("a length beyond all", "1affffffffffffffff7f"),
    ])
    func `Malformed messages are refused`(name: String, hex: String) {
        #expect(throws: MalformedMessage.self, "\(name)") { try PeerMessage(ByteBuffer(bytes: [UInt8](hex: hex))) }
    }
}

extension PeerMessage {
    /// The same in the generated types' words.
    var generated: WireReplicationMessage {
        var message = WireReplicationMessage()
        switch self {
        case .open(let open):
            message.open.peerID = open.peerID
            message.open.streamSecretID = open.streamSecretID
            message.open.remote.partition = open.partition
            message.open.remote.datacenter = open.datacenter
            if let locality = open.locality { message.open.remote.locality = locality }
        case .request(let request):
            message.request.peerID = request.peerID
            message.request.responseNonce = request.responseNonce
            message.request.resourceURL = request.url.string
            if let error = request.error {
                message.request.error.code = error.code
                message.request.error.message = error.message
            }
        case .response(let response):
            message.response.nonce = response.nonce
            message.response.resourceURL = response.url.string
            message.response.resourceID = response.id
            if let resource = response.resource {
                message.response.resource.typeURL = resource.typeURL.string
                message.response.resource.value.append(contentsOf: resource.bytes)
            }
            message.response.operation = WireOperation(rawValue: Int(response.operation.rawValue)) ?? .unspecified
        case .terminated: message.terminated = .init()
        case .heartbeat: message.heartbeat = .init()
        case .empty: break
        }
        return message
    }
}
