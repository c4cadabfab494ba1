package import IdentityCore
package import PeeringCore

/// What a client wants of a token.
package struct ACLTokenRequest: Sendable {
    /// Empty for one that is made up. The same for the secret.
    package var accessorID = ""
    package var secret = SecretText("")
    package var description = ""
    package var policies: [ACLPolicyLink] = []
    package var serviceIdentities: [ACLToken.ServiceIdentity] = []
    package var nodeIdentities: [ACLToken.NodeIdentity] = []
    package var isLocal = false
    package var expirationTime: Timestamp?
    /// Nanoseconds from now.
    package var expirationTTL: Int64?

    package init() {}
}

/// Which policy is meant: by its ID if there is one, else by its name.
package struct ACLPolicyLink: Hashable, Sendable {
    package var id: String
    package var name: String

    package init(id: String = "", name: String = "") {
        self.id = id
        self.name = name
    }
}
