/// A message of the peer, as far as the stream's rules look into it. Resources stay encoded beside it.
package enum InboundMessage: Hashable, Sendable {
    case open
    case request(InboundRequest)
    case response(InboundResponse)
    case terminated
    case heartbeat
    /// No payload, or one that is not known: ignored.
    case empty
}

/// A subscription, an acknowledgement or a refusal.
package struct InboundRequest: Hashable, Sendable {
    package var peerID: String
    package var nonce: String
    package var url: String
    /// `nil` for a type URL that is not known.
    package var kind: ResourceKind?
    package var error: WireError?

    package init(peerID: String, nonce: String, url: String, kind: ResourceKind?, error: WireError?) {
        self.peerID = peerID
        self.nonce = nonce
        self.url = url
        self.kind = kind
        self.error = error
    }
}

/// What a peer says about a resource that it did not take.
package struct WireError: Hashable, Sendable {
    package var code: Int
    package var message: String

    package init(code: Int, message: String) {
        self.code = code
        self.message = message
    }
}

/// One resource that the peer sent, without its content.
package struct InboundResponse: Hashable, Sendable {
    package enum Operation: Hashable, Sendable {
        case upsert
        case other(Int)
    }

    package var nonce: String
    package var url: String
    package var kind: ResourceKind?
    package var resourceID: String
    package var operation: Operation
    package var hasResource: Bool

    package init(
        nonce: String, url: String, kind: ResourceKind?, resourceID: String, operation: Operation, hasResource: Bool
    ) {
        self.nonce = nonce
        self.url = url
        self.kind = kind
        self.resourceID = resourceID
        self.operation = operation
        self.hasResource = hasResource
    }
}

/// What we say besides resources. It overtakes resources that wait.
package enum ControlMessage: Hashable, Sendable {
    case subscribe(ResourceKind, peerID: String)
    case acknowledge(nonce: String, url: String)
    case refuse(nonce: String, url: String, WireError)
    case heartbeat
    case terminated
}
