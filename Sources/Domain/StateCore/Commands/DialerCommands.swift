package import IdentityCore
package import PeeringCore

/// What a redeemed token says of the acceptor.
package struct AcceptorDescription: Hashable, Sendable {
    package var peerID: String
    package var caPEMs: [String]
    package var serverName: String
    package var serverAddresses: [String]
    package var manualServerAddresses: [String]
    package var remote: RemoteInfo

    package init(
        peerID: String, caPEMs: [String], serverName: String, serverAddresses: [String],
        manualServerAddresses: [String], remote: RemoteInfo
    ) {
        self.peerID = peerID
        self.caPEMs = caPEMs
        self.serverName = serverName
        self.serverAddresses = serverAddresses
        self.manualServerAddresses = manualServerAddresses
        self.remote = remote
    }
}

/// Whether a token may be redeemed under a name (protocol section 1.5, the checks on the leader). Changes nothing.
package struct CheckEstablish: Command {
    package var name: String
    package var serverName: String

    package init(name: String, serverName: String) {
        self.name = name
        self.serverName = serverName
    }

    package func apply(to transaction: inout Transaction) throws(Refusal) {
        if let identity = transaction.state.identity, identity.peeringServerName == serverName {
            throw Refusal(
                .invalid,
                "cannot create a peering within the same cluster \"\(serverName)\". Refer to the `exported-services` "
                    + "documentation if you want to export between partitions without peering")
        }
        guard let peering = transaction.state.peering(named: name) else { return }
        if !peering.dials {
            throw Refusal(
                .conflict,
                "cannot create peering with name: \"\(name)\"; there is an existing peering expecting to be dialed")
        }
        if peering.state == .deleting {
            throw Refusal(.conflict, "failed to write peering: cannot write to peering that is marked for deletion")
        }
    }
}

/// The secret was exchanged: from here on the stream is dialed (protocol section 1.6). Also revives a peering that
/// the other side had ended.
package struct CompleteEstablish: Command {
    package var name: String
    package var meta: [String: String]
    /// Used only for a new peering.
    package var newID: PeeringID
    package var acceptor: AcceptorDescription
    package var streamSecret: SecretText
    /// While a stream is up, the replicated addresses are fresher than the token's.
    package var keepsAddresses: Bool

    package init(
        name: String, meta: [String: String], newID: PeeringID, acceptor: AcceptorDescription,
        streamSecret: SecretText, keepsAddresses: Bool
    ) {
        self.name = name
        self.meta = meta
        self.newID = newID
        self.acceptor = acceptor
        self.streamSecret = streamSecret
        self.keepsAddresses = keepsAddresses
    }

    package func apply(to transaction: inout Transaction) throws(Refusal) -> PeeringID {
        _ = try CheckEstablish(name: name, serverName: acceptor.serverName).apply(to: &transaction)
        let stored = transaction.state.peering(named: name)
        var peering = stored ?? Peering(id: newID, name: name)
        // Addresses of the cluster that was left are of no use.
        let keepsAddresses = keepsAddresses && stored?.peerID == acceptor.peerID
        peering.meta = meta
        peering.state = .establishing
        peering.peerID = acceptor.peerID
        peering.peerCAPEMs = acceptor.caPEMs
        peering.peerServerName = acceptor.serverName
        if !keepsAddresses { peering.peerServerAddresses = acceptor.serverAddresses }
        peering.manualServerAddresses = acceptor.manualServerAddresses
        peering.remote = acceptor.remote
        transaction.put(peering)
        transaction.put(PeeringSecrets(ownStream: streamSecret), for: peering.id)
        return peering.id
    }
}
