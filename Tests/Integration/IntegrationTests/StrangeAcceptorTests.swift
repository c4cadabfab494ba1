import DocumentCore
import Foundation
import GRPCTransport
import GRPCWire
import IdentityCore
import NIOCore
import NIOPosix
import PeeringCore
import TLSEngine
import TLSTransport
import Testing

/// A dialer that meets an acceptor which is not who the token says.
@Suite("Acceptors that are not who they say", .serialized)
struct StrangeAcceptorTests {
    private static let serverName = "server.dc1.peering.11111111-2222-3333-4444-555555555555.consul"
    private static let day: Int64 = 86_400

    private static func root() throws -> CertificateIssuer {
        try CertificateIssuer.makeRoot(
            commonName: "pri-strange.consul.ca.11111111.consul",
            uri: "spiffe://11111111-2222-3333-4444-555555555555.consul", now: now())
    }

    private static func now() -> Int64 { Int64(Date().timeIntervalSince1970) }

    /// Runs an acceptor with this certificate; `nil` is one without TLS.
    private func withAcceptor(_ identity: TLSIdentity?, _ body: (Int) async throws -> Void) async throws {
        var configuration = GRPCServerConfiguration()
        if let identity {
            let context = try TLSContext(server: TLSServerSettings { _ in identity })
            configuration.security = GRPCSecurity(scheme: "https") { channel, _ in
                try channel.pipeline.syncOperations.addHandler(TLSHandler(server: context))
            }
        }
        let server = try await GRPCServer.bind(host: "127.0.0.1", port: 0, configuration: configuration)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await server.run { _ in throw GRPCStatus(.permissionDenied, "nobody gets as far as this") }
            }
            defer { server.shutdown(grace: .zero) }
            try await body(try (server.localAddress?.port).orThrow("a port"))
        }
    }

    private func token(trusting root: CertificateIssuer, port: Int) -> String {
        PeeringToken(
            caPEMs: [root.certificate.pem], serverAddresses: ["127.0.0.1:\(port)"], serverName: Self.serverName,
            peerID: "0fc3a15c-1d0c-4a8e-9c55-8f2e0a1b2c3d",
            establishmentSecret: SecretText("7d4f0d02-33aa-91e1-5c0e-2b8a6c1d9e4f"),
            remote: RemoteInfo(datacenter: "dc1")
        ).encoded
    }

    @Test func establishFailsWithTheReasonAndStoresNothing() async throws {
        let root = try Self.root()
        let leaf = { (name: String, now: Int64, issuer: CertificateIssuer) throws in
            try issuer.issueIdentity(.init(dnsNames: [name], uris: [], now: now, lifetime: 3 * Self.day))
        }
        let now = Self.now()
        let elsewhere = "server.dc1.peering.99999999-2222-3333-4444-555555555555.consul"
        let cases: [(identity: TLSIdentity?, says: String)] = [
            (try leaf(Self.serverName, now, try Self.root()), "certificate is not signed by a trusted root"),
            (try leaf(elsewhere, now, root), "certificate is for \"\(elsewhere)\", not for \"\(Self.serverName)\""),
            (try leaf(Self.serverName, now - 10 * Self.day, root), "certificate has expired"),
            (try leaf(Self.serverName, now + 10 * Self.day, root), "certificate is not valid yet"),
            (nil, "plaintext HTTP/2 instead of TLS"),
        ]
        let island = try await Daemon("island", datacenter: "dc2")
        defer { island.remove() }
        try await island.start()
        // Each takes the three seconds that redeeming may take: all at once.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, (identity, says)) in cases.enumerated() {
                group.addTask {
                    try await withAcceptor(identity) { port in
                        let outcome = try await island.establish(
                            token(trusting: root, port: port), name: "strange-\(index)")
                        #expect(outcome.code == 1)
                        #expect(outcome.errors.contains(says), "\(outcome.errors)")
                        #expect(outcome.errors.contains("127.0.0.1:\(port)"), "\(outcome.errors)")
                        #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await island.succeed("peering", "list") == "There are no peering connections.\n")
    }

    /// Somebody else sits at the acceptor's address once the peering stands.
    @Test func theReasonIsShownWhileDialing() async throws {
        try await Clusters.peered { clusters in
            clusters.harbor.stop()
            let impostor = try Self.root().issueIdentity(
                .init(dnsNames: [Self.serverName], uris: [], now: Self.now()))
            let context = try TLSContext(server: TLSServerSettings { _ in impostor })
            var configuration = GRPCServerConfiguration()
            configuration.security = GRPCSecurity(scheme: "https") { channel, _ in
                try channel.pipeline.syncOperations.addHandler(TLSHandler(server: context))
            }
            let server = try await GRPCServer.bind(
                host: "127.0.0.1", port: clusters.harbor.peeringPort, configuration: configuration)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await server.run { _ in } }
                defer { server.shutdown(grace: .zero) }
                try await eventually("island says why") {
                    try await clusters.island.get("/v1/peering/harbor")["Hawser"]?["LastError"]?.string?
                        .contains("certificate is not signed by a trusted root") ?? false
                }
            }
            #expect(try await clusters.island.imported(from: "harbor") == ["web": "2", "db": "1"])
            try await clusters.harbor.start()
            try await clusters.areInStep()
        }
    }
}
