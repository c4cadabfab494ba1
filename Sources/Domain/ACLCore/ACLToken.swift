import DocumentCore
package import IdentityCore
package import PeeringCore

/// What lets its bearer do what its policies and identities give.
package struct ACLToken: Hashable, Sendable {
    /// The rights of a service and its sidecar.
    package struct ServiceIdentity: Hashable, Sendable {
        package var serviceName: String
        /// Where it holds; empty for everywhere.
        package var datacenters: [String]

        package init(serviceName: String, datacenters: [String] = []) {
            self.serviceName = serviceName
            self.datacenters = datacenters
        }
    }

    /// The rights of an agent over its node.
    package struct NodeIdentity: Hashable, Sendable {
        package var nodeName: String
        package var datacenter: String

        package init(nodeName: String, datacenter: String) {
            self.nodeName = nodeName
            self.datacenter = datacenter
        }
    }

    /// Its name, which is no secret.
    package var accessorID: String
    /// Of the secret, which is not kept.
    package var secret: SecretDigest
    package var description: String
    package var policyIDs: [String]
    package var serviceIdentities: [ServiceIdentity]
    package var nodeIdentities: [NodeIdentity]
    /// Consul keeps local tokens to one datacenter; here it is only remembered.
    package var isLocal: Bool
    package var createTime: Timestamp
    /// From when it is worth nothing; nil for never.
    package var expirationTime: Timestamp?
    package var createIndex: UInt64 = 0
    package var modifyIndex: UInt64 = 0

    package init(
        accessorID: String, secret: SecretDigest, description: String = "", policyIDs: [String] = [],
        serviceIdentities: [ServiceIdentity] = [], nodeIdentities: [NodeIdentity] = [], isLocal: Bool = false,
        createTime: Timestamp, expirationTime: Timestamp? = nil
    ) {
        self.accessorID = accessorID
        self.secret = secret
        self.description = description
        self.policyIDs = policyIDs
        self.serviceIdentities = serviceIdentities
        self.nodeIdentities = nodeIdentities
        self.isLocal = isLocal
        self.createTime = createTime
        self.expirationTime = expirationTime
    }

    /// The token of those who send none.
    package static let anonymousID = "00000000-0000-0000-0000-000000000002"
    /// Its secret, which is none.
    package static let anonymousSecret = "anonymous"

    package var isAnonymous: Bool { accessorID == Self.anonymousID }

    package func isExpired(at now: Timestamp) -> Bool { expirationTime.map { $0 <= now } ?? false }

    /// - Throws: `invalid`, in Consul's words where clients know them.
    package func check(_ limits: ACLLimits = ACLLimits()) throws(Refusal) {
        guard policyIDs.count + serviceIdentities.count + nodeIdentities.count <= limits.maxLinks else {
            throw Refusal(.invalid, "a token has at most \(limits.maxLinks) policies and identities")
        }
        guard description.utf8.count <= limits.maxDescriptionBytes else {
            throw Refusal(.invalid, "the Description is longer than \(limits.maxDescriptionBytes) bytes")
        }
        for identity in serviceIdentities where !Self.isIdentityName(identity.serviceName, limits) {
            throw Refusal(
                .invalid,
                "Service identity \(quoted(identity.serviceName)) has an invalid name. Only lowercase alphanumeric "
                    + "characters, '-' and '_' are allowed")
        }
        for identity in nodeIdentities where !Self.isIdentityName(identity.nodeName, limits) {
            throw Refusal(
                .invalid,
                "Node identity \(quoted(identity.nodeName)) has an invalid name. Only lowercase alphanumeric "
                    + "characters, '-' and '_' are allowed")
        }
        if nodeIdentities.contains(where: { $0.datacenter.isEmpty }) {
            throw Refusal(.invalid, "Node identity is missing the datacenter field on this token")
        }
    }

    /// - Throws: `invalid` if a new token would live too short or too long.
    package func checkLife(_ limits: ACLLimits = ACLLimits()) throws(Refusal) {
        guard let expirationTime else { return }
        let seconds = expirationTime.seconds - createTime.seconds
        guard seconds >= limits.minLifeSeconds else {
            throw Refusal(.invalid, "ExpirationTime cannot be less than 1m0s in the future (was \(seconds)s)")
        }
        guard seconds <= limits.maxLifeSeconds else {
            throw Refusal(.invalid, "ExpirationTime cannot be more than 24h0m0s in the future (was \(seconds)s)")
        }
    }

    private static func isIdentityName(_ name: String, _ limits: ACLLimits) -> Bool {
        guard !name.isEmpty, name.utf8.count <= limits.maxNameBytes * 2, name.first != "-", name.last != "-" else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }

    /// Its identities, as the policies that they stand for.
    package var identityPolicies: [ACLPolicy] {
        serviceIdentities.map {
            .synthetic($0.serviceName, ACLRules(ofService: $0.serviceName), datacenters: $0.datacenters)
        }
            + nodeIdentities.map {
                .synthetic($0.nodeName, ACLRules(ofNode: $0.nodeName), datacenters: [$0.datacenter])
            }
    }

    /// All that it gives in a datacenter.
    ///
    /// - Parameter policies: those of its policies that there are.
    package func rules(with policies: [ACLPolicy], in datacenter: String) -> ACLRules {
        var rules = ACLRules()
        for policy in policies where policy.holds(in: datacenter) { rules.merge(policy.rules) }
        for identity in serviceIdentities
        where identity.datacenters.isEmpty || identity.datacenters.contains(datacenter) {
            rules.merge(ACLRules(ofService: identity.serviceName))
        }
        for identity in nodeIdentities where identity.datacenter == datacenter {
            rules.merge(ACLRules(ofNode: identity.nodeName))
        }
        return rules
    }
}
