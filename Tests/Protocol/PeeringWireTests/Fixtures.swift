import Foundation
import NIOCore
import Testing

@testable import PeeringWire

/// One gRPC message of a recording, with where it was found.
struct RecordedMessage: CustomTestStringConvertible, Sendable {
    var file: String
    var line: Int
    var fromDialer: Bool
    var bytes: [UInt8]

    var testDescription: String { "\(file):\(line)" }
}

/// The recordings of a live Consul, from Tests/Fixtures.
enum Recordings {
    /// The streams.
    static let streams = [
        "wire/conn-1", "gw-mesh/wire/conn-4", "gw-plain/wire/conn-4", "gw-plain-tcp/wire/conn-4",
    ].flatMap(messages)
    /// The connections of ExchangeSecret: a request and a response each.
    static let exchanges = [
        "wire/conn-0", "gw-mesh/wire/conn-3", "gw-plain/wire/conn-3", "gw-plain-tcp/wire/conn-3",
    ].flatMap(messages)

    private struct Frame: Decodable {
        struct Message: Decodable {
            var hex: String
        }
        var dir: String
        var grpc: [Message]?
    }

    private static func messages(_ name: String) -> [RecordedMessage] {
        let folder = URL(filePath: #filePath).appending(path: "../../../Fixtures/consul").standardized
        let file = folder.appending(path: "\(name).hex.jsonl")
        let lines = try! String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        return lines.enumerated().flatMap { index, line in
            let frame = try! JSONDecoder().decode(Frame.self, from: Data(line.utf8))
            return (frame.grpc ?? []).map {
                RecordedMessage(
                    file: name, line: index + 1, fromDialer: frame.dir == "C->S", bytes: [UInt8](hex: $0.hex))
            }
        }
    }

    /// The resources of one type in all streams.
    static func resources(of url: ResourceURL) throws -> [(id: String, bytes: [UInt8])] {
        try streams.compactMap { message in
            guard case .response(let response) = try PeerMessage(ByteBuffer(bytes: message.bytes)),
                response.url == url
            else { return nil }
            return response.resource.map { (response.id, $0.bytes) }
        }
    }
}

extension [UInt8] {
    init(hex: String) {
        let digits = Array<Character>(hex)
        self = stride(from: 0, to: digits.count, by: 2).map { UInt8(String(digits[$0...$0 + 1]), radix: 16)! }
    }
}

extension PeerMessage {
    var bytes: [UInt8] {
        var buffer = ByteBuffer()
        write(into: &buffer)
        return Array(buffer.readableBytesView)
    }
}

extension ByteBuffer {
    /// Bytes in the middle of a larger buffer, as they come from a reader.
    init(within bytes: [UInt8]) {
        self.init(bytes: [0xFF, 0xFF, 0xFF] + bytes + [0xFF])
        moveReaderIndex(forwardBy: 3)
        moveWriterIndex(to: writerIndex - 1)
    }
}
