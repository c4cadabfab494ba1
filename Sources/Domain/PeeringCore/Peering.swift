package import IdentityCore

/// A peering's own ID in this cluster. The acceptor's ID is what its token and the dialer's `Open` carry.
package struct PeeringID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package var description: String { text }
}

/// What is stored of a peering's life (protocol section 7.1). `ACTIVE` and `FAILING` are not stored: they say how
/// the stream is doing now.
package enum StoredState: String, Sendable {
    case pending = "PENDING"
    case establishing = "ESTABLISHING"
    case deleting = "DELETING"
    case terminated = "TERMINATED"
}

/// The other end, as it described itself.
package struct RemoteInfo: Hashable, Sendable {
    package var partition: String
    package var datacenter: String
    package var region: String
    package var zone: String

    package init(partition: String = "", datacenter: String = "", region: String = "", zone: String = "") {
        self.partition = partition
        self.datacenter = datacenter
        self.region = region
        self.zone = zone
    }
}

/// One peering as stored, on either end (protocol sections 7 and 8.2).
package struct Peering: Hashable, Sendable {
    package var id: PeeringID
    /// The local name; the two clusters usually use different ones.
    package var name: String
    package var meta: [String: String]
    package var state: StoredState
    package var deletedAt: Timestamp?
    /// The acceptor's ID of the peering. Empty on the acceptor.
    package var peerID: String
    /// Roots that the acceptor's certificate is verified with; on the acceptor, what the dialer's bundle said.
    package var peerCAPEMs: [String]
    /// SNI and certificate name of the acceptor. Empty on the acceptor.
    package var peerServerName: String
    package var peerServerAddresses: [String]
    /// Addresses that an operator put into the token: they win over the replicated ones for ever.
    package var manualServerAddresses: [String]
    package var remote: RemoteInfo
    package var createIndex: UInt64
    package var modifyIndex: UInt64

    package init(id: PeeringID, name: String, meta: [String: String] = [:], state: StoredState = .pending) {
        self.id = id
        self.name = name
        self.meta = meta
        self.state = state
        self.deletedAt = nil
        self.peerID = ""
        self.peerCAPEMs = []
        self.peerServerName = ""
        self.peerServerAddresses = []
        self.manualServerAddresses = []
        self.remote = RemoteInfo()
        self.createIndex = 0
        self.modifyIndex = 0
    }

    /// Whether this end dials. It never changes for a peering.
    package var dials: Bool { !peerID.isEmpty }

    /// Whether a stream may run: not terminated, and not marked for deletion.
    package var isActive: Bool { state == .pending || state == .establishing }

    /// Where to dial, manual addresses before replicated ones (protocol section 5.4).
    package var addressesToDial: [String] {
        manualServerAddresses.isEmpty ? peerServerAddresses : manualServerAddresses
    }
}

/// The secrets of one peering (protocol section 2). The acceptor only has to recognise them, so it keeps digests.
package struct PeeringSecrets: Hashable, Sendable {
    /// Acceptor: what was handed out to be redeemed.
    package var tokens: TokenBook
    /// Acceptor: handed out, not yet used by an `Open`.
    package var pendingStream: SecretDigest?
    /// Acceptor: what `Open` has to show.
    package var activeStream: SecretDigest?
    /// Dialer: what it shows.
    package var ownStream: SecretText?

    package init(
        tokens: TokenBook = TokenBook(), pendingStream: SecretDigest? = nil, activeStream: SecretDigest? = nil,
        ownStream: SecretText? = nil
    ) {
        self.tokens = tokens
        self.pendingStream = pendingStream
        self.activeStream = activeStream
        self.ownStream = ownStream
    }
}

/// A peer's trust bundle, as imported: what its certificates are verified with.
package struct TrustBundle: Hashable, Sendable {
    package var trustDomain: String
    /// PEM texts, each ending in a newline.
    package var rootPEMs: [String]
    package var exportedPartition: String
    package var createIndex: UInt64
    package var modifyIndex: UInt64

    package init(
        trustDomain: String, rootPEMs: [String], exportedPartition: String = "", createIndex: UInt64 = 0,
        modifyIndex: UInt64 = 0
    ) {
        self.trustDomain = trustDomain
        self.rootPEMs = rootPEMs
        self.exportedPartition = exportedPartition
        self.createIndex = createIndex
        self.modifyIndex = modifyIndex
    }
}
