import DocumentCore
package import PeeringCore

/// What one request did, or was kept from doing: who, what, from where, and how it ended. Never a secret.
package struct AuditRecord: Sendable {
    package enum Outcome: String, Sendable {
        case done
        /// They may not.
        case denied
        /// It was wrong, or did not fit what is stored.
        case refused
        /// It was our fault.
        case failed
    }

    package var time: Timestamp
    /// Of the token; empty for none, or one that is not known.
    package var accessorID: String
    package var method: String
    /// Without the query, where secrets may stand.
    package var path: String
    /// `host:port`, or user and process at a Unix socket.
    package var remote: String
    package var status: Int
    package var outcome: Outcome
    /// Of a denial: the answer's sentence.
    package var reason: String

    package init(
        time: Timestamp, accessorID: String, method: String, path: String, remote: String, status: Int,
        reason: String = ""
    ) {
        self.time = time
        self.accessorID = accessorID
        self.method = method
        self.path = path
        self.remote = remote
        self.status = status
        self.reason = reason
        switch status {
        case ..<400: outcome = .done
        case 401, 403: outcome = .denied
        case ..<500: outcome = .refused
        default: outcome = .failed
        }
    }

    /// A client chooses its path: no line may grow beyond this by it.
    static let maxTextCharacters = 1024

    var line: String {
        var json = JSONWriter()
        json.object {
            $0.field("time", time.rfc3339)
            $0.field("accessor", accessorID)
            $0.field("method", String(method.prefix(Self.maxTextCharacters)))
            $0.field("path", String(path.prefix(Self.maxTextCharacters)))
            $0.field("remote", remote)
            $0.field("outcome", outcome.rawValue)
            $0.field("status", status)
            $0.fieldIfNotEmpty("reason", String(reason.prefix(Self.maxTextCharacters)))
        }
        return json.text
    }

    /// Stands where records are missing.
    static func line(lost count: Int, at time: Timestamp) -> String {
        var json = JSONWriter()
        json.object {
            $0.field("time", time.rfc3339)
            $0.field("lost", count)
        }
        return json.text
    }
}
