package import ACLCore
package import IdentityCore
import IdentityService
import PeeringCore
import StateCore

/// Makes tokens and policies: gives them IDs and secrets, and keeps of a secret its digest alone.
package struct TokenOffice: Sendable {
    private let control: AccessControl

    package init(_ control: AccessControl) {
        self.control = control
    }

    /// A token with the secret that nobody is told again.
    package struct Issued: Sendable {
        package var token: ACLToken
        package var secret: SecretText
    }

    // MARK: Tokens

    /// The first management token.
    ///
    /// - Parameter secret: empty for one that is made up.
    /// - Throws: `denied` if there was one before, and its index does not stand in the reset file.
    package func bootstrap(secret: SecretText) async throws(Refusal) -> Issued {
        let secret = try uuid(secret, "BootstrapSecret", whose: "Bootstrap")
        let token = try newToken(secret, "Bootstrap Token (Global Management)")
        let isLate = control.store.state.acl.bootstrapIndex != nil
        let command = BootstrapACL(token, resetIndex: isLate ? control.resetFile?.index() : nil)
        let issued = Issued(token: try await control.store.apply(command), secret: secret)
        if isLate { control.resetFile?.remove() }
        return issued
    }

    /// Sees to it that the management token of the configuration is there.
    package func ensureInitialManagement(_ secret: SecretText) async throws(Refusal) {
        let token = try newToken(secret, "Initial Management Token")
        _ = try await control.store.apply(BootstrapACL(token, isConfigured: true))
    }

    package func create(_ request: ACLTokenRequest) async throws(Refusal) -> Issued {
        let secret = try uuid(request.secret, "SecretID", whose: "Token")
        var token = try newToken(secret, request.description)
        let accessorID = try uuid(SecretText(request.accessorID), "AccessorID", whose: "Token")
        token.accessorID = accessorID.reveal().lowercased()
        token.expirationTime = try expiration(of: request, at: token.createTime)
        fill(&token, from: request)
        let command = PutACLToken(token, links: request.policies, isNew: true, now: control.now())
        return Issued(token: try await control.store.apply(command), secret: secret)
    }

    /// Changes what a token gives. Its secret and its life stay what they were.
    package func update(_ request: ACLTokenRequest) async throws(Refusal) -> ACLToken {
        guard let stored = token(request.accessorID) else { throw .aclNotFound }
        let isSame = request.secret.isEmpty || Secrets.digest(of: request.secret.reveal()) == stored.secret
        let isRedacted = request.secret.reveal() == Self.hidden || stored.isAnonymous
        guard isSame || isRedacted else {
            throw Refusal(.invalid, "Changing a token's SecretID is not permitted")
        }
        var token = stored
        token.description = request.description
        fill(&token, from: request)
        return try await control.store.apply(
            PutACLToken(token, links: request.policies, isNew: false, now: control.now()))
    }

    package func delete(token accessorID: String, requester: String) async throws(Refusal) {
        try await control.store.apply(DeleteACLToken(accessorID: accessorID.lowercased(), requester: requester))
    }

    /// A token that is worth something.
    package func token(_ accessorID: String) -> ACLToken? {
        control.store.state.acl.token(accessorID: accessorID.lowercased())
            .flatMap { control.isOver($0) ? nil : $0 }
    }

    /// What stands where a secret would, if it were known still.
    package static let hidden = "<hidden>"

    private func newToken(_ secret: SecretText, _ description: String) throws(Refusal) -> ACLToken {
        ACLToken(
            accessorID: try Secrets.makeID(), secret: Secrets.digest(of: secret.reveal()), description: description,
            createTime: control.now())
    }

    private func fill(_ token: inout ACLToken, from request: ACLTokenRequest) {
        token.serviceIdentities = request.serviceIdentities
        token.nodeIdentities = request.nodeIdentities
        token.isLocal = request.isLocal
    }

    /// Secrets that are too easy to guess are refused with those that are no UUID.
    private func uuid(_ text: SecretText, _ key: String, whose: String) throws(Refusal) -> SecretText {
        guard !text.isEmpty else { return SecretText(try Secrets.makeID()) }
        guard RandomID.isPlausible(text.reveal()) else {
            throw Refusal(.invalid, "Invalid \(whose): \(key) is not a valid UUID")
        }
        return text
    }

    private func expiration(of request: ACLTokenRequest, at now: Timestamp) throws(Refusal) -> Timestamp? {
        guard let ttl = request.expirationTTL, ttl != 0 else { return request.expirationTime }
        guard request.expirationTime == nil else {
            throw Refusal(.invalid, "Token Expiration TTL and Expiration Time cannot both be set")
        }
        let (end, overflow) = now.nanoseconds.addingReportingOverflow(ttl)
        guard ttl > 0, !overflow else { throw Refusal(.invalid, "Token Expiration TTL should be > 0") }
        return Timestamp(nanoseconds: end)
    }

    // MARK: Policies

    /// - Parameter policy: its ID is made up.
    package func create(_ policy: ACLPolicy) async throws(Refusal) -> ACLPolicy {
        var policy = policy
        policy.id = try Secrets.makeID()
        return try await control.store.apply(PutACLPolicy(policy, isNew: true))
    }

    package func update(_ policy: ACLPolicy) async throws(Refusal) -> ACLPolicy {
        try await control.store.apply(PutACLPolicy(policy, isNew: false))
    }

    package func delete(policy id: String) async throws(Refusal) {
        try await control.store.apply(DeleteACLPolicy(id: id))
    }
}
