package import NIOCore
package import TLSEngine

/// A root and the identities under it, minted when a test starts, so that no fixture ever expires.
package struct TestCA: Sendable {
    package static let trustDomain = "11111111-2222-3333-4444-555555555555.consul"
    package static let serverName = "server.dc1.peering.\(trustDomain)"
    /// The moment at which all tests happen, seconds since 1970.
    package static let now: Int64 = 1_900_000_000
    package static let day: Int64 = 86_400

    package let issuer: CertificateIssuer
    package var root: X509Certificate { self.issuer.certificate }

    package init(commonName: String = "pri-testtest.consul.ca.11111111.consul") throws {
        self.issuer = try CertificateIssuer.makeRoot(
            commonName: commonName, uri: "spiffe://\(Self.trustDomain)", now: Self.now - 30 * Self.day)
    }

    package func identity(
        for name: String = Self.serverName, now: Int64 = Self.now, lifetime: Int64 = 3 * Self.day
    ) throws -> TLSIdentity {
        try self.issuer.issueIdentity(
            .init(
                dnsNames: [name], uris: ["spiffe://\(Self.trustDomain)/agent/server/dc/dc1"], now: now,
                lifetime: lifetime))
    }

    /// A client context that trusts this root at `TestCA.now`.
    package func clientContext(_ change: (inout TLSClientSettings) -> Void = { _ in }) throws -> TLSContext {
        var settings = TLSClientSettings(roots: [self.root])
        settings.verificationTime = { Self.now }
        change(&settings)
        return try TLSContext(client: settings)
    }

    /// A server context that has one identity for `TestCA.serverName` and none for other names.
    package func serverContext(_ change: (inout TLSServerSettings) -> Void = { _ in }) throws -> TLSContext {
        let identity = try self.identity()
        var settings = TLSServerSettings { name in name == Self.serverName ? identity : nil }
        change(&settings)
        return try TLSContext(server: settings)
    }
}

/// Two connections back to back in memory, and what came out of each.
package final class TLSPair {
    /// What one side has seen so far.
    package struct Seen {
        package var plaintext: [UInt8] = []
        package var isHandshakeCompleted = false
        package var isInputClosed = false
        package var failure: TLSError?
    }

    package let client: TLSConnection
    package let server: TLSConnection
    package private(set) var seenByClient = Seen()
    package private(set) var seenByServer = Seen()

    package init(client: TLSConnection, server: TLSConnection) {
        self.client = client
        self.server = server
    }

    /// Starts both and shuttles until nothing moves.
    package func start(piece: Int = .max) {
        Self.note(self.server.start(), in: &self.seenByServer)
        Self.note(self.client.start(), in: &self.seenByClient)
        self.shuttle(piece: piece)
    }

    /// Moves output to the other side in pieces of at most `piece` bytes, until both sides are silent.
    package func shuttle(piece: Int = .max) {
        while true {
            let toServer = self.client.takeOutput()
            let toClient = self.server.takeOutput()
            if toServer == nil, toClient == nil { return }
            if let toServer { self.deliverToServer(toServer, piece: piece) }
            if let toClient { self.deliverToClient(toClient, piece: piece) }
        }
    }

    package func deliverToServer(_ bytes: ByteBuffer, piece: Int = .max) {
        for part in Self.cut(bytes, piece) { Self.note(self.server.receive(part), in: &self.seenByServer) }
    }

    package func deliverToClient(_ bytes: ByteBuffer, piece: Int = .max) {
        for part in Self.cut(bytes, piece) { Self.note(self.client.receive(part), in: &self.seenByClient) }
    }

    package func endInputOfClient() { Self.note(self.client.receiveEOF(), in: &self.seenByClient) }
    package func endInputOfServer() { Self.note(self.server.receiveEOF(), in: &self.seenByServer) }

    private static func note(_ progress: TLSConnection.Progress, in seen: inout Seen) {
        if progress.isHandshakeCompleted { seen.isHandshakeCompleted = true }
        if let plaintext = progress.plaintext { seen.plaintext.append(contentsOf: plaintext.readableBytesView) }
        if progress.isInputClosed { seen.isInputClosed = true }
        if let failure = progress.failure { seen.failure = failure }
    }

    private static func cut(_ bytes: ByteBuffer, _ piece: Int) -> [ByteBuffer] {
        var bytes = bytes
        var parts: [ByteBuffer] = []
        while let part = bytes.readSlice(length: min(piece, bytes.readableBytes)), part.readableBytes > 0 {
            parts.append(part)
        }
        return parts
    }
}
