import GRPCWire
import IdentityCore
import PeeringCore

/// Why a token was not taken, beside Consul's status: as trailing metadata, which a dialer that does not know it ignores.
/// Only who shows a secret that was valid once gets another word than `unknown`.
enum RejectionTrailer {
    static let name = "hawser-reason"

    /// What the acceptor answers.
    static func status(of refusal: Refusal) -> GRPCStatus {
        var trailers = GRPCMetadata()
        if let reason = refusal.reason { trailers.add(name, reason) }
        return GRPCStatus(.permissionDenied, refusal.message, trailers: trailers)
    }

    /// What the dialer makes of the answer. Words that it does not know are left out: they are the peer's.
    static func refusal(of status: GRPCStatus) -> Refusal {
        let rejection = status.trailers.first(name).flatMap(TokenRejection.init(rawValue:))
        let why = rejection.map { ": \($0.sentence)" } ?? ""
        return Refusal(
            .denied, "a new peering token must be generated: \(status.message)\(why)", reason: rejection?.rawValue)
    }
}
