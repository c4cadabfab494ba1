import GRPCWire
import PeeringCore
import PeeringWire
import ReplicationCore
import ReplicationService
import TLSEngine

/// What the end of a dialed stream means: for the next attempt, and for whoever reads the status.
struct DialVerdict: Sendable {
    let failure: DialFailure
    /// For the log and the peering's status: what happened, and what to do if only a person can help.
    let reason: String
    /// Whether the other side has said that there is no such peering, or not with this secret: dialing will not help.
    let isCounterpartGone: Bool
    /// Where a follower says that its leader is.
    let leaderHost: String?

    init(_ end: StreamEnd) {
        let status = end.status
        let gone = status.flatMap(Self.gone)
        isCounterpartGone = gone != nil
        leaderHost = status?.code == .failedPrecondition ? status?.leaderHost : nil
        let text = end.text
        if let gone {
            failure = .refused
            reason = "\(gone) (\(text)). \(Self.advice)"
        } else if end.isUntrusted {
            failure = .refused
            reason =
                "\(text). The CA that signed it is not one that this peering trusts: if the other cluster rotated its CA "
                + "while this one was away, its roots never got here. \(Self.advice)"
        } else {
            failure = end.failure
            reason = text
        }
    }

    private static let advice = "Generate a new token there and redeem it here, or delete this peering"

    /// The answers to an opening that will not change by themselves (protocol section 4.1). The codes alone do not tell:
    /// they also end streams that broke a rule.
    private static func gone(_ status: GRPCStatus) -> String? {
        switch status.code {
        case .invalidArgument where status.message.hasPrefix("initial subscription for unknown PeerID"):
            "the other cluster does not know this peering any more"
        case .aborted where status.message.hasPrefix("peering is marked as deleted"):
            "the other cluster holds this peering for deleted"
        case .permissionDenied where status.message == "invalid peering stream secret":
            "the other cluster does not know the secret of this peering any more"
        case .internal where status.message.hasSuffix("peering must be re-established"):
            "the other cluster has no secret of this peering any more"
        default:
            nil
        }
    }
}

extension StreamEnd {
    /// The status that the acceptor ended the stream with, or that stands for what broke.
    fileprivate var status: GRPCStatus? {
        guard case .lost(let error) = self else { return nil }
        return error as? GRPCStatus
    }

    fileprivate var text: String {
        if case .lost(let error) = self { return "\(error)" }
        return reason ?? "the stream ended"
    }

    fileprivate var isUntrusted: Bool {
        (status?.cause as? TLSError)?.code == .certificateUntrusted
    }

    fileprivate var failure: DialFailure {
        let code: GRPCCode? =
            switch self {
            case .failed(let failure): GRPCCode(rawValue: failure.code.rawValue)
            case .lost: status?.code
            case .terminatedByPeer, .deletedLocally, .endedByPeer, .replaced, .shutDown: nil
            }
        return switch code {
        case .failedPrecondition: .notLeader
        case .resourceExhausted: .overloaded
        case .permissionDenied, .invalidArgument, .aborted: .refused
        default: .other
        }
    }
}

extension GRPCStatus {
    /// The host in the `LeaderAddress` that a follower sends along. Its port is of the servers' own protocol, and of no
    /// use here (observed: 23).
    fileprivate var leaderHost: String? {
        guard let address = LeaderHint.address(inDetails: details) else { return nil }
        return HostPort(address)?.host
    }
}
