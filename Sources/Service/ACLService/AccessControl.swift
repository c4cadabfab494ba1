package import ACLCore
package import IdentityCore
import IdentityService
package import PeeringCore
package import StateCore

/// What a request shows to say who sends it.
package enum Credential: Hashable, Sendable {
    /// The digest of a secret. What it is compared with are digests too.
    case secret(SecretDigest)
    /// Nothing, or the secret of the anonymous token, which everybody knows.
    case none
    /// Nothing, through a door that only those open who may do everything.
    case trusted

    /// - Parameter secret: nil or empty if none was sent.
    package init(secret: String?, isTrusted: Bool) {
        guard let secret, !secret.isEmpty else {
            self = isTrusted ? .trusted : .none
            return
        }
        self = secret == ACLToken.anonymousSecret ? .none : .secret(Secrets.digest(of: secret))
    }
}

/// Who sends a request, and what they may do at this moment.
package struct Caller: Sendable {
    /// Of their token; empty for those who need none.
    package var accessorID: String
    package var authorizer: Authorizer

    package init(accessorID: String, authorizer: Authorizer) {
        self.accessorID = accessorID
        self.authorizer = authorizer
    }
}

/// Finds out who may do what. A value; any task asks it, as often as it answers.
package struct AccessControl: Sendable {
    /// False lets everybody do everything.
    package let isEnabled: Bool
    /// For what no rule speaks of.
    package let defaultAccess: DefaultAccess
    let store: StateStore
    let datacenter: String
    /// The wall clock.
    package let now: @Sendable () -> Timestamp
    /// What was seen to be over; peering tokens are noted there too.
    package let expiries: SeenExpiries
    /// Taken for the secret of requests that carry none.
    private let defaultToken: SecretDigest?
    /// Nil where nothing is kept on disk.
    let resetFile: BootstrapResetFile?

    package init(
        isEnabled: Bool, defaultAccess: DefaultAccess, defaultToken: SecretText?, store: StateStore,
        datacenter: String, resetFile: BootstrapResetFile? = nil, expiries: SeenExpiries = SeenExpiries(),
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.isEnabled = isEnabled
        self.defaultAccess = isEnabled ? defaultAccess : .allow
        self.defaultToken = defaultToken.map { Secrets.digest(of: $0.reveal()) }
        self.store = store
        self.resetFile = resetFile
        self.datacenter = datacenter
        self.expiries = expiries
        self.now = now
    }

    /// - Throws: `denied` for a secret that is none, or none any more.
    package func caller(with credential: Credential) throws(Refusal) -> Caller {
        guard isEnabled, credential != .trusted else { return Caller(accessorID: "", authorizer: .unrestricted) }
        let tables = store.state.acl
        let token = try token(of: credential, in: tables)
        return Caller(
            accessorID: token.accessorID,
            authorizer: tables.authorizer(of: token, in: datacenter, fallback: defaultAccess))
    }

    private func token(of credential: Credential, in tables: ACLTables) throws(Refusal) -> ACLToken {
        let secret: SecretDigest?
        switch credential {
        case .secret(let digest): secret = digest
        case .none, .trusted: secret = defaultToken
        }
        guard let secret else { return tables.anonymousToken }
        guard let token = tables.token(secret: secret), !isOver(token) else { throw .aclNotFound }
        return token
    }

    /// Whether the time of a token is over, or was seen to be.
    package func isOver(_ token: ACLToken) -> Bool { expiries.isOver(token, at: now()) }
}

extension Refusal {
    /// In the words that clients of Consul match on.
    package static func permissionDenied(_ permission: Permission, accessorID: String) -> Refusal {
        Refusal(
            .denied, "Permission denied: token with AccessorID '\(accessorID)' lacks permission \(permission)")
    }
}
