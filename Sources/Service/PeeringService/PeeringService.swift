package import IdentityCore
import IdentityService
import GatewayCore
import Logging
package import NIOCore
package import PeeringCore
package import ReplicationCore
package import ReplicationService
package import StateCore
import TLSEngine

/// Peerings as operators handle them: make a token, redeem a token, delete. The streams themselves are run by `server`
/// and `supervisor`. Any task may call any method.
package final class PeeringService: Sendable {
    let environment: ReplicationEnvironment
    private let settings: PeeringSettings
    private let registry = StreamRegistry()
    private let dialer: PeerDialer
    private let desk: TokenDesk
    /// Clusters whose tokens are being redeemed.
    package let establishing = EstablishingTargets()

    package init(
        environment: ReplicationEnvironment, settings: PeeringSettings, expiries: SeenExpiries,
        group: any EventLoopGroup
    ) {
        self.environment = environment
        self.settings = settings
        self.dialer = PeerDialer(group: group)
        self.desk = TokenDesk(store: environment.store, expiries: expiries, now: environment.now)
    }

    /// Dials and removes what the state asks for.
    package var supervisor: PeeringSupervisor {
        PeeringSupervisor(environment: environment, registry: registry, settings: settings, dialer: dialer)
    }

    /// Answers dialers at the port.
    package func server(on listener: PeeringListener) -> PeeringServer {
        let endpoint = PeerStreamEndpoint(
            environment: environment, desk: desk, registry: registry, settings: settings)
        return PeeringServer(listener: listener, endpoint: endpoint)
    }

    package func streamStatus(of id: PeeringID) -> StreamStatus? {
        environment.board.status(of: id)
    }

    /// Names of the peers that would not trust this cluster's certificates if only the active root were left, as far as
    /// we know: those that have not taken the present trust bundle on a stream that stands.
    package func peersWithoutPresentRoots() -> [String] {
        let state = environment.store.state
        let present = environment.encoder.trustBundleHash(in: state)
        return state.sortedPeerings.filter { peering in
            guard peering.isActive else { return false }
            let status = environment.board.status(of: peering.id)
            return status?.isConnected != true || status?.takenBundle != present
        }
        .map(\.name)
    }

    // MARK: Acceptor

    /// Makes or renews the token of a peering that is accepted here (protocol sections 1.1 to 1.4).
    ///
    /// - Parameters:
    ///   - externalAddresses: `host:port` that dialers try instead of the daemon's own.
    ///   - wish: how long and how often it may be redeemed.
    /// - Returns: the encoded token: a secret.
    package func generateToken(
        name: String, meta: [String: String], externalAddresses: [String], wish: TokenWish
    ) async throws(Refusal) -> String {
        try PeeringRules.validateName(name)
        try PeeringRules.validateMeta(meta)
        try PeeringRules.validate(wish)
        try Self.validate(externalAddresses: externalAddresses)
        let addresses = try addresses(besides: externalAddresses)
        guard let identity = environment.store.state.identity else {
            throw Refusal(.unavailable, "CA has not finished initializing")
        }
        let secret = try Secrets.makeID()
        let terms = wish.terms(at: environment.now())
        let id = try await environment.store.apply(
            GenerateToken(
                name: name, meta: meta, newID: PeeringID(try Secrets.makeID()),
                establishment: Secrets.digest(of: secret), terms: terms))
        environment.logger.info("a peering token was made", metadata: ["peer": "\(name)"])
        return PeeringToken(
            caPEMs: identity.rootPEMs, manualServerAddresses: externalAddresses,
            serverAddresses: addresses.map(\.description), serverName: identity.peeringServerName,
            peerID: id.text, establishmentSecret: SecretText(secret),
            remote: RemoteInfo(datacenter: identity.datacenter), expiresAt: terms.expiresAt
        ).encoded
    }

    /// Takes the token of a peering back, if it can still be redeemed.
    package func revokeToken(of name: String) async throws(Refusal) {
        try await desk.revokeToken(of: name)
        environment.logger.info("the peering token was revoked", metadata: ["peer": "\(name)"])
    }

    private static func validate(externalAddresses: [String]) throws(Refusal) {
        for text in externalAddresses {
            guard let address = HostPort(text), !address.host.isEmpty else {
                throw Refusal(.invalid, "\(text) is not a valid peering server address")
            }
            if case .nobody(let reason) = address.reach {
                throw Refusal(.invalid, "\(text) is not a valid peering server address: it \(reason)")
            }
        }
    }

    /// What the token says of where to dial (protocol section 1.2). A token that leads nowhere would be found out by
    /// somebody else, later: it is refused, unless external addresses lead somewhere.
    private func addresses(besides externalAddresses: [String]) throws(Refusal) -> [HostPort] {
        let state = environment.store.state
        let addresses = settings.addresses.inForce(in: state)
        let throughGateways = state.peersThroughMeshGateways
        guard addresses.isEmpty else {
            let reasons = addresses.compactMap(\.whyNobodyReachesIt)
            guard externalAddresses.isEmpty, reasons.count == addresses.count else { return addresses }
            throw Refusal(
                .unavailable,
                throughGateways
                    ? "no mesh gateway has a WAN address that peers can dial: \(reasons[0]). Register it with another"
                    : "peers cannot dial this server: \(reasons[0]). Set advertise_addr to another")
        }
        if throughGateways {
            throw Refusal(
                .unavailable,
                "servers are configured to PeerThroughMeshGateways, but no mesh gateway instances are registered")
        }
        guard !externalAddresses.isEmpty else {
            throw Refusal(.unavailable, "TLS for gRPC must be enabled when generating peering tokens")
        }
        return []
    }

    // MARK: Dialer

    /// Redeems a token (protocol sections 1.5 and 1.6). Nothing changes here unless the acceptor took it; when this
    /// returns, the stream secret is on disk and the stream is being dialed.
    package func establish(name: String, token text: String, meta: [String: String]) async throws(Refusal) {
        try PeeringRules.validateName(name)
        let token = try PeeringToken(encoded: text)
        try Self.validate(token.caPEMs)
        try PeeringRules.validateMeta(meta)
        try await environment.store.apply(CheckEstablish(name: name, serverName: token.serverName))
        try await dropFarewells(to: token.peerID)
        let target = DialTarget(serverName: token.serverName, addresses: token.addressesToDial)
        // Gateways know the way from before the exchange until the stored peering says it.
        let number = establishing.add(target)
        environment.store.announce(.establishing)
        defer {
            establishing.remove(number)
            environment.store.announce(.establishing)
        }
        let gateways = DialPlan(for: target.addresses, in: environment.store.state).gateways
        let secret = try await SecretExchange(dialer: dialer, settings: settings).redeem(token, gateways: gateways)
        let previous = environment.store.state.peering(named: name)
        let id = try await environment.store.apply(
            CompleteEstablish(
                name: name, meta: meta, newID: PeeringID(try Secrets.makeID()),
                acceptor: AcceptorDescription(token), streamSecret: secret,
                keepsAddresses: previous.map { registry.isConnected($0.id) } ?? false))
        // A running stream goes on, unless it runs to somebody else.
        if let previous, previous.peerID != token.peerID { registry.end(id, .replaced) }
        environment.logger.info("a peering token was redeemed", metadata: ["peer": "\(name)"])
    }

    /// A goodbye from an earlier life must not end the acceptor's peering that this token is of.
    private func dropFarewells(to peerID: String) async throws(Refusal) {
        for farewell in environment.store.state.farewells.values where farewell.peering.peerID == peerID {
            try await environment.store.apply(ForgetFarewell(id: farewell.peering.id))
            await registry.waitForEnd(of: farewell.peering.id)
        }
    }

    private static func validate(_ certificates: [String]) throws(Refusal) {
        for text in certificates {
            if let problem = problem(ofFirstBlock: text) {
                throw Refusal(.invalid, "peering token invalid CA: \(problem)")
            }
            do throws(TLSError) {
                _ = try X509Certificate.parsePEM(text)
            } catch {
                throw Refusal(.invalid, "peering token invalid CA: \(error)")
            }
        }
    }

    /// Only the first PEM block counts (protocol section 1.5).
    private static func problem(ofFirstBlock text: String) -> String? {
        let begin = "-----BEGIN "
        let lines = text.split(whereSeparator: \.isNewline)
        guard let line = lines.first(where: { $0.hasPrefix(begin) && $0.hasSuffix("-----") }),
            lines.contains(where: { $0.hasPrefix("-----END ") })
        else { return "no PEM-encoded data found" }
        return line == "-----BEGIN CERTIFICATE-----" ? nil : "first PEM-block should be CERTIFICATE type"
    }

    // MARK: Both

    /// Deletes a peering: its secrets and what it imported are gone when this returns, the row when the other side
    /// was told. Succeeds for a name that is not there.
    package func delete(name: String) async throws(Refusal) {
        let id = try await environment.store.apply(MarkForDeletion(name: name.lowercased(), now: environment.now()))
        if id != nil { environment.logger.info("the peering is being deleted", metadata: ["peer": "\(name)"]) }
    }
}

extension AcceptorDescription {
    init(_ token: PeeringToken) {
        self.init(
            peerID: token.peerID, caPEMs: token.caPEMs, serverName: token.serverName,
            serverAddresses: token.serverAddresses, manualServerAddresses: token.manualServerAddresses,
            remote: token.remote)
    }
}
