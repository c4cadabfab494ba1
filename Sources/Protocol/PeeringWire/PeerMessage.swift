/// One message of the peer stream, with values that are cheap to make and to read.
///
/// It says what a ``WireReplicationMessage`` says, but a resource stays the bytes that it was encoded to, so that
/// sending one to many peers costs one encoding. Written and read by PeerMessage+Encoding and PeerMessage+Decoding.
package enum PeerMessage: Hashable, Sendable {
    case open(StreamOpen)
    case request(ResourceRequest)
    case response(ResourceResponse)
    case terminated
    case heartbeat
    /// A message without content, which a receiver ignores (protocol section 4.5).
    case empty
}

/// The first message of a dialer.
package struct StreamOpen: Hashable, Sendable {
    /// The acceptor's ID of the peering, from the token.
    package var peerID: String
    /// Secret: never log it.
    package var streamSecretID: String
    /// Where the dialer is. Consul sends the message even if all of it is empty, and so do we.
    package var partition: String
    package var datacenter: String
    package var locality: WireLocality?

    package init(
        peerID: String, streamSecretID: String, partition: String = "", datacenter: String = "",
        locality: WireLocality? = nil
    ) {
        self.peerID = peerID
        self.streamSecretID = streamSecretID
        self.partition = partition
        self.datacenter = datacenter
        self.locality = locality
    }
}

extension StreamOpen: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Without the secret, so that no log gets it by accident.
    package var description: String { "StreamOpen(peerID: \(peerID), datacenter: \(datacenter))" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["peerID": peerID, "datacenter": datacenter]) }
}

/// A subscription, an ACK or a NACK.
package struct ResourceRequest: Hashable, Sendable {
    /// Set in a dialer's subscriptions only.
    package var peerID: String
    /// Empty in a subscription.
    package var responseNonce: String
    package var url: ResourceURL
    /// Set in a NACK.
    package var error: ResourceRejection?

    package init(
        peerID: String = "", responseNonce: String = "", url: ResourceURL, error: ResourceRejection? = nil
    ) {
        self.peerID = peerID
        self.responseNonce = responseNonce
        self.url = url
        self.error = error
    }

    /// Asks for all resources of one type. Dialers name the acceptor's peering ID.
    package static func subscription(to url: ResourceURL, peerID: String = "") -> ResourceRequest {
        ResourceRequest(peerID: peerID, url: url)
    }

    /// Says that a response was applied.
    package static func ack(_ response: ResourceResponse) -> ResourceRequest {
        ResourceRequest(responseNonce: response.nonce, url: response.url)
    }

    /// Says that a response was not applied, and why.
    package static func nack(_ response: ResourceResponse, _ error: ResourceRejection) -> ResourceRequest {
        ResourceRequest(responseNonce: response.nonce, url: response.url, error: error)
    }
}

/// The newest state of one resource.
package struct ResourceResponse: Hashable, Sendable {
    /// See ``Nonce``.
    package var nonce: String
    package var url: ResourceURL
    /// See ``ResourceID``.
    package var id: String
    package var resource: EncodedResource?
    package var operation: ResourceOperation

    package init(
        nonce: String, url: ResourceURL, id: String, resource: EncodedResource?, operation: ResourceOperation = .upsert
    ) {
        self.nonce = nonce
        self.url = url
        self.id = id
        self.resource = resource
        self.operation = operation
    }

    /// The response that a sender makes: the bytes of a resource, with its type said twice.
    package static func upsert(
        _ bytes: [UInt8], of url: ResourceURL, id: String, nonce: UInt64
    ) -> ResourceResponse {
        ResourceResponse(
            nonce: Nonce.text(nonce), url: url, id: id, resource: EncodedResource(typeURL: url, bytes: bytes))
    }
}

/// A resource as it travels: `google.protobuf.Any`.
package struct EncodedResource: Hashable, Sendable {
    package var typeURL: ResourceURL
    package var bytes: [UInt8]

    package init(typeURL: ResourceURL, bytes: [UInt8]) {
        self.typeURL = typeURL
        self.bytes = bytes
    }
}

/// What to do with a resource. Numbers beyond the known ones are kept.
package struct ResourceOperation: Hashable, Sendable, RawRepresentable {
    package var rawValue: Int32

    package init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    package static let unspecified = ResourceOperation(rawValue: 0)
    package static let upsert = ResourceOperation(rawValue: 1)
}
