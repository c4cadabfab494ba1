package import ReplicationCore

/// How a stream ended.
package enum StreamEnd: Sendable {
    /// The other side deleted its peering. Ours is terminated already.
    case terminatedByPeer
    /// The peering was deleted here; whether the other side has heard it, or knows of no peering anyway.
    case deletedLocally(isHeard: Bool)
    /// The peer ended its side without a goodbye.
    case endedByPeer
    /// The peer broke the rules or fell silent; the status is what it is told.
    case failed(StreamFailure)
    /// The stream broke below us, or the peer ended it with an error.
    case lost(any Error)
    /// A newer stream of the same peering took over.
    case replaced
    /// The daemon stops.
    case shutDown
}

extension StreamEnd {
    /// What to show as the reason of `FAILING`; `nil` for an orderly end.
    package var reason: String? {
        switch self {
        case .terminatedByPeer, .deletedLocally, .shutDown: nil
        case .endedByPeer: "stream ended unexpectedly"
        case .failed(let failure): failure.message
        case .lost(let error): "unexpected error receiving from the stream: \(error)"
        case .replaced: "a newer stream took over"
        }
    }
}
