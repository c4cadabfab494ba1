package import NIOCore

// Written by hand, because going through the generated types copies each resource three times and allocates for it.
// Fields go out in the order of their numbers, as Go sends them (protocol section 3.5); a test compares the bytes
// with what the generated types make.

extension PeerMessage {
    /// The number of bytes that ``write(into:)`` writes: what a gRPC frame has to announce.
    package var encodedCount: Int {
        switch self {
        case .open(let open): FieldSize.message(open.encodedCount)
        case .request(let request): FieldSize.message(request.encodedCount)
        case .response(let response): FieldSize.message(response.encodedCount)
        case .terminated, .heartbeat: 2
        case .empty: 0
        }
    }

    /// Appends the message as protobuf, without a gRPC prefix.
    package func write(into buffer: inout ByteBuffer) {
        switch self {
        case .open(let open):
            buffer.writeHeader(of: 1, count: open.encodedCount)
            open.write(into: &buffer)
        case .request(let request):
            buffer.writeHeader(of: 2, count: request.encodedCount)
            request.write(into: &buffer)
        case .response(let response):
            let count = response.encodedCount
            buffer.reserveCapacity(minimumWritableBytes: FieldSize.message(count))
            buffer.writeHeader(of: 3, count: count)
            response.write(into: &buffer)
        case .terminated:
            buffer.writeHeader(of: 4, count: 0)
        case .heartbeat:
            buffer.writeHeader(of: 5, count: 0)
        case .empty:
            break
        }
    }
}

extension StreamOpen {
    private var localityCount: Int? {
        locality.map { FieldSize.string($0.region) + FieldSize.string($0.zone) }
    }

    private var remoteCount: Int {
        FieldSize.string(partition) + FieldSize.string(datacenter) + (localityCount.map(FieldSize.message) ?? 0)
    }

    fileprivate var encodedCount: Int {
        FieldSize.string(peerID) + FieldSize.string(streamSecretID) + FieldSize.message(remoteCount)
    }

    fileprivate func write(into buffer: inout ByteBuffer) {
        buffer.writeField(1, peerID)
        buffer.writeField(2, streamSecretID)
        buffer.writeHeader(of: 3, count: remoteCount)
        buffer.writeField(1, partition)
        buffer.writeField(2, datacenter)
        if let locality, let localityCount {
            buffer.writeHeader(of: 3, count: localityCount)
            buffer.writeField(1, locality.region)
            buffer.writeField(2, locality.zone)
        }
    }
}

extension ResourceRequest {
    fileprivate var encodedCount: Int {
        FieldSize.string(peerID) + FieldSize.string(responseNonce) + FieldSize.string(url.string)
            + (error.map { FieldSize.message($0.encodedCount) } ?? 0)
    }

    fileprivate func write(into buffer: inout ByteBuffer) {
        buffer.writeField(1, peerID)
        buffer.writeField(2, responseNonce)
        buffer.writeField(3, url.string)
        if let error {
            buffer.writeHeader(of: 5, count: error.encodedCount)
            buffer.writeField(1, error.code)
            buffer.writeField(2, error.message)
        }
    }
}

extension ResourceRejection {
    fileprivate var encodedCount: Int { FieldSize.number(code) + FieldSize.string(message) }
}

extension ResourceResponse {
    fileprivate var encodedCount: Int {
        FieldSize.string(nonce) + FieldSize.string(url.string) + FieldSize.string(id)
            + (resource.map { FieldSize.message($0.encodedCount) } ?? 0) + FieldSize.number(operation.rawValue)
    }

    fileprivate func write(into buffer: inout ByteBuffer) {
        buffer.writeField(1, nonce)
        buffer.writeField(2, url.string)
        buffer.writeField(3, id)
        if let resource {
            buffer.writeHeader(of: 4, count: resource.encodedCount)
            buffer.writeField(1, resource.typeURL.string)
            buffer.writeField(2, resource.bytes)
        }
        buffer.writeField(5, operation.rawValue)
    }
}

extension EncodedResource {
    fileprivate var encodedCount: Int { FieldSize.string(typeURL.string) + FieldSize.bytes(bytes) }
}
