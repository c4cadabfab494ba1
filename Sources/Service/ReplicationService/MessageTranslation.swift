package import NIOCore
import PeeringWire
import ReplicationCore

// The stream's rules know no protobuf, and the wire knows no rules: here is what each calls the other's things.

extension ResourceKind {
    init?(_ url: ResourceURL) {
        switch url {
        case .exportedService: self = .exportedService
        case .exportedServiceList: self = .exportedServiceList
        case .trustBundle: self = .trustBundle
        case .serverAddresses: self = .serverAddresses
        case .other: return nil
        }
    }

    var url: ResourceURL {
        switch self {
        case .exportedService: .exportedService
        case .exportedServiceList: .exportedServiceList
        case .trustBundle: .trustBundle
        case .serverAddresses: .serverAddresses
        }
    }
}

extension InboundMessage {
    init(_ message: PeerMessage) {
        switch message {
        case .open: self = .open
        case .terminated: self = .terminated
        case .heartbeat: self = .heartbeat
        case .empty: self = .empty
        case .request(let request):
            self = .request(
                InboundRequest(
                    peerID: request.peerID, nonce: request.responseNonce, url: request.url.string,
                    kind: ResourceKind(request.url),
                    error: request.error.map { WireError(code: Int($0.code), message: $0.message) }))
        case .response(let response):
            self = .response(
                InboundResponse(
                    nonce: response.nonce, url: response.url.string, kind: ResourceKind(response.url),
                    resourceID: response.id,
                    operation: response.operation == .upsert ? .upsert : .other(Int(response.operation.rawValue)),
                    hasResource: response.resource != nil))
        }
    }
}

extension WireError {
    init(_ rejection: ResourceRejection) {
        self.init(code: Int(rejection.code), message: rejection.message)
    }
}

extension PeerMessage {
    init(_ message: ControlMessage) {
        switch message {
        case .subscribe(let kind, let peerID):
            self = .request(.subscription(to: kind.url, peerID: peerID))
        case .acknowledge(let nonce, let url):
            self = .request(ResourceRequest(responseNonce: nonce, url: ResourceURL(url)))
        case .refuse(let nonce, let url, let error):
            let rejection = ResourceRejection(code: Int32(truncatingIfNeeded: error.code), message: error.message)
            self = .request(ResourceRequest(responseNonce: nonce, url: ResourceURL(url), error: rejection))
        case .heartbeat: self = .heartbeat
        case .terminated: self = .terminated
        }
    }
}

extension [PeerMessage] {
    /// Encodes the messages behind each other, in one allocation.
    package func encoded(_ allocator: ByteBufferAllocator) -> [ByteBuffer] {
        var sizes: [Int] = []
        sizes.reserveCapacity(count)
        for message in self { sizes.append(message.encodedCount) }
        var buffer = allocator.buffer(capacity: sizes.reduce(0, +))
        for message in self { message.write(into: &buffer) }
        return sizes.compactMap { buffer.readSlice(length: $0) }
    }
}
