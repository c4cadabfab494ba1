package import PeeringCore

/// How the stream of one peering is doing, since the daemon started (protocol section 7.5).
package struct StreamStatus: Hashable, Sendable {
    package var isConnected = false
    /// Why the last stream or attempt ended; `nil` while connected and after an orderly end.
    package var lastError: String?
    package var lastErrorAt: Timestamp?
    /// The other side has said that it does not know this peering, or not with this secret: only a new token helps.
    package var isCounterpartGone = false
    /// When the present stream came up, or the last one ended.
    package var changedAt: Timestamp?
    /// Names of the last applied list.
    package var importedServices: [String]?
    /// Names of the last list that was sent.
    package var exportedServices: [String]?
    /// Of the last heartbeat that came in.
    package var lastHeartbeat: Timestamp?
    package var lastReceive: Timestamp?
    package var lastSend: Timestamp?
    package var lastAck: Timestamp?
    /// Resources that the peer did not take, with its words.
    package var refusals: [String: String] = [:]
    /// The trust bundle that the peer has taken on the present stream, as a hash of its bytes.
    package var takenBundle: Int?
    /// Where the stream runs to.
    package var remoteAddress: String?
    /// Which way it was dialed; nil at the accepting end.
    package var path: DialedPath?
    /// Responses that came in and went out on the present stream.
    package var received: UInt64 = 0
    package var sentCount: UInt64 = 0
    package var nextAttemptAt: Timestamp?
    package var failedAttempts = 0

    /// How many refused resources are kept by name.
    package static let maxRefusals = 256

    package init() {}

    /// The state to show: the stream's, where there is one to speak of.
    package func shownState(stored: StoredState) -> String {
        switch stored {
        case .deleting, .terminated:
            stored.rawValue
        case .pending, .establishing:
            if isConnected { "ACTIVE" } else if lastError != nil { "FAILING" } else { stored.rawValue }
        }
    }
}
