package import NIOCore
import SwiftProtobuf

/// Bytes that are not the message they should be: the fault of the peer.
package struct MalformedMessage: Error, Hashable, Sendable, CustomStringConvertible {
    /// What protobuf says, for the log.
    package var cause: String

    package init(cause: String) {
        self.cause = cause
    }

    package var description: String { "The peer sent a message that is not valid protobuf (\(cause))" }
}

extension PeerMessage {
    /// Reads one message: all readable bytes of a buffer, without a gRPC prefix.
    ///
    /// Responses and ACKs as peers send them are read directly; everything else goes through the generated types,
    /// to the same result.
    package init(_ buffer: ByteBuffer) throws(MalformedMessage) {
        do {
            self = try Self.direct(buffer)
        } catch {
            self = try Self.generated(buffer)
        }
    }

    /// The slow way, which understands all of protobuf.
    static func generated(_ buffer: ByteBuffer) throws(MalformedMessage) -> PeerMessage {
        PeerMessage(try WireReplicationMessage(received: buffer))
    }

    /// The fast way.
    static func direct(_ buffer: ByteBuffer) throws(FieldReader.Unusual) -> PeerMessage {
        let bytes = buffer.readableBytesUInt8Span
        var reader = FieldReader(0..<bytes.count)
        guard let field = try reader.next(in: bytes) else { return .empty }
        let range = try field.range()
        guard range.upperBound == bytes.count else { throw FieldReader.Unusual() }
        switch field.number {
        case 2: return .request(try request(bytes, range))
        case 3: return .response(try response(bytes, range, buffer))
        case 4 where range.isEmpty: return .terminated
        case 5 where range.isEmpty: return .heartbeat
        default: throw FieldReader.Unusual()
        }
    }

    private static func request(
        _ bytes: Span<UInt8>, _ range: Range<Int>
    ) throws(FieldReader.Unusual) -> ResourceRequest {
        var request = ResourceRequest(url: .other(""))
        var reader = FieldReader(range)
        var last = 0
        while let field = try reader.next(in: bytes) {
            guard field.number > last else { throw FieldReader.Unusual() }
            last = field.number
            switch field.number {
            case 1: request.peerID = try field.string(in: bytes)
            case 2: request.responseNonce = try field.string(in: bytes)
            case 3: request.url = try url(bytes, field)
            default: throw FieldReader.Unusual()
            }
        }
        return request
    }

    private static func response(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ buffer: ByteBuffer
    ) throws(FieldReader.Unusual) -> ResourceResponse {
        var response = ResourceResponse(
            nonce: "", url: .other(""), id: "", resource: nil, operation: .unspecified)
        var reader = FieldReader(range)
        var last = 0
        while let field = try reader.next(in: bytes) {
            guard field.number > last else { throw FieldReader.Unusual() }
            last = field.number
            switch (field.number, field.content) {
            case (1, _): response.nonce = try field.string(in: bytes)
            case (2, _): response.url = try url(bytes, field)
            case (3, _): response.id = try field.string(in: bytes)
            case (4, .range(let range)): response.resource = try resource(bytes, range, buffer)
            case (5, .varint(let value)):
                response.operation = ResourceOperation(rawValue: Int32(truncatingIfNeeded: value))
            default: throw FieldReader.Unusual()
            }
        }
        return response
    }

    private static func resource(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ buffer: ByteBuffer
    ) throws(FieldReader.Unusual) -> EncodedResource {
        var resource = EncodedResource(typeURL: .other(""), bytes: [])
        var reader = FieldReader(range)
        var last = 0
        while let field = try reader.next(in: bytes) {
            guard field.number > last else { throw FieldReader.Unusual() }
            last = field.number
            switch field.number {
            case 1: resource.typeURL = try url(bytes, field)
            case 2:
                let range = try field.range()
                resource.bytes =
                    buffer.getBytes(at: buffer.readerIndex + range.lowerBound, length: range.count) ?? []
            default: throw FieldReader.Unusual()
            }
        }
        return resource
    }

    /// A type URL; the known ones cost no string.
    private static func url(
        _ bytes: Span<UInt8>, _ field: FieldReader.Field
    ) throws(FieldReader.Unusual) -> ResourceURL {
        let range = try field.range()
        for (url, text) in knownURLs where text.count == range.count {
            if equal(bytes, range, text) { return url }
        }
        return .other(try field.string(in: bytes))
    }

    /// From the end, where the known ones differ.
    private static func equal(_ bytes: Span<UInt8>, _ range: Range<Int>, _ text: [UInt8]) -> Bool {
        var index = text.count
        while index > 0 {
            index -= 1
            if bytes[range.lowerBound + index] != text[index] { return false }
        }
        return true
    }

    private static let knownURLs = ResourceURL.known.map { ($0, Array($0.string.utf8)) }
}

extension PeerMessage {
    /// The same in the generated types' words; without unknown fields, and without the details of a NACK.
    package init(_ message: WireReplicationMessage) {
        switch message.payload {
        case .open(let open):
            let locality = open.remote.hasLocality ? open.remote.locality : nil
            self = .open(
                StreamOpen(
                    peerID: open.peerID, streamSecretID: open.streamSecretID, partition: open.remote.partition,
                    datacenter: open.remote.datacenter, locality: locality))
        case .request(let request):
            let error =
                request.hasError
                ? ResourceRejection(code: request.error.code, message: request.error.message) : nil
            self = .request(
                ResourceRequest(
                    peerID: request.peerID, responseNonce: request.responseNonce,
                    url: ResourceURL(request.resourceURL), error: error))
        case .response(let response):
            let resource =
                response.hasResource
                ? EncodedResource(
                    typeURL: ResourceURL(response.resource.typeURL), bytes: [UInt8](response.resource.value)) : nil
            self = .response(
                ResourceResponse(
                    nonce: response.nonce, url: ResourceURL(response.resourceURL), id: response.resourceID,
                    resource: resource,
                    operation: ResourceOperation(rawValue: Int32(truncatingIfNeeded: response.operation.rawValue))))
        case .terminated: self = .terminated
        case .heartbeat: self = .heartbeat
        case nil: self = .empty
        }
    }
}
