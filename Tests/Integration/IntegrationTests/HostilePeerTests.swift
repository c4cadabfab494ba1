import DocumentCore
import Foundation
import GRPCTransport
import GRPCWire
import IdentityCore
import NIOCore
import PeeringCore
import PeeringWire
import TLSEngine
import Testing

/// Strangers at the peering port of a daemon that has a real peer (protocol section 4.1).
@Suite("Strangers at the peering port", .serialized)
struct HostilePeerTests {
    /// The peering as it was before the strangers came: the same stream, still carrying changes.
    private func isUndisturbed(_ clusters: Clusters) async throws {
        try await clusters.areInStep()
        #expect(clusters.island.log.components(separatedBy: "the stream is up").count == 2)
        try clusters.harbor.write("more.yaml", "service: {name: web, id: web-3, port: 82}")
        try await clusters.harbor.succeed("reload")
        try await eventually("a change still arrives") {
            try await clusters.island.imported(from: "harbor")["web"] == "3"
        }
    }

    /// A token that nobody redeems: it tells strangers all that they may know.
    private func strangersToken(_ clusters: Clusters) async throws -> String {
        try await clusters.harbor.succeed("peering", "generate-token", "-name", "stranger")
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test func whoeverDoesNotSpeakTheProtocolIsClosedWithALoggedReason() async throws {
        try await Clusters.peered { clusters in
            let harbor = clusters.harbor
            let token = try PeeringToken(encoded: try await strangersToken(clusters))
            let tls = Stranger.TLS(roots: token.caPEMs, serverName: token.serverName)
            let before = try harbor.socketCount()
            // Those that say too little are waited for last: they have ten seconds.
            let silent = try await Stranger.connect(to: harbor.peeringPort)
            let slow = try await Stranger.connect(to: harbor.peeringPort)
            try await slow.send([0x16, 0x03, 0x01, 0x02])
            let speechless = try await Stranger.connect(to: harbor.peeringPort, tls: tls)

            let cases: [(bytes: [UInt8], tls: Stranger.TLS?, says: String)] = [
                (Array("GET / HTTP/1.1\r\nHost: harbor\r\n\r\n".utf8), nil, "peer sent HTTP instead of TLS"),
                (Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8), nil, "peer sent HTTP instead of TLS"),
                ([0xC3, 0x28, 0x00, 0x9F, 0x11, 0x77, 0xFE, 0x01, 0x00], nil, "bytes that are not TLS"),
                ([0x16, 0x03, 0x01, 0x00, 0x05, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], nil, "peering port was closed"),
                (Array("GET / HTTP/1.1\r\nHost: harbor\r\n\r\n".utf8), tls, "not HTTP/2 but HTTP/1.1"),
                ([0xC3, 0x28, 0x00, 0x9F], tls, "the client's first bytes are not HTTP/2"),
            ]
            for (bytes, tls, says) in cases {
                let stranger = try await Stranger.connect(to: harbor.peeringPort, tls: tls)
                try await stranger.send(bytes)
                await stranger.waitForClose()
                try await harbor.logs(says, from: stranger.address)
            }

            let misnamed = try await Stranger.connect(
                to: harbor.peeringPort, tls: Stranger.TLS(roots: token.caPEMs, serverName: "server.dc9.peering.nowhere")
            )
            await misnamed.waitForClose()
            #expect((misnamed.failure as? TLSError)?.code == .certificateNameMismatch)
            try await harbor.logs("peer refused the certificate", from: misnamed.address)

            for stranger in [silent, slow, speechless] { await stranger.waitForClose() }
            try await harbor.logs("handshake", from: silent.address)
            try await harbor.logs("handshake", from: slow.address)
            try await harbor.logs("peering port was closed", from: speechless.address)
            try await eventually("no connection is kept") { try harbor.socketCount() <= before }
            try await isUndisturbed(clusters)
        }
    }

    @Test func callsThatBreakTheRulesAreAnsweredAndLogged() async throws {
        try await Clusters.peered { clusters in
            let half = try HalfDialer(try await strangersToken(clusters))
            let unredeemed = half.token.peerID
            let known = try await id(of: "island", at: clusters.harbor)
            func open(_ id: String, _ secret: String = "8e5b9c3a-0000-1111-2222-333344445555") -> [PeerMessage] {
                [.open(StreamOpen(peerID: id, streamSecretID: secret, datacenter: "dc9"))]
            }
            let unknown = "00000000-1111-2222-3333-444444444444"
            let notOpen = "first message when initiating a peering must be: Open"
            let cases: [(messages: [PeerMessage], code: GRPCCode, says: String)] = [
                ([.heartbeat], .invalidArgument, notOpen),
                ([.terminated], .invalidArgument, notOpen),
                ([.request(.subscription(to: .exportedService))], .invalidArgument, notOpen),
                (open(""), .invalidArgument, "initial subscription request must specify a PeerID"),
                (open("me"), .internal, "failed to find PeerID: me"),
                (open(unknown), .invalidArgument, "initial subscription for unknown PeerID: \(unknown)"),
                (open(unredeemed), .permissionDenied, "invalid peering stream secret"),
                (open(known), .permissionDenied, "invalid peering stream secret"),
                (open(known, ""), .permissionDenied, "invalid peering stream secret"),
            ]
            for (messages, code, says) in cases {
                let stream = try RawStream(try await half.connect())
                try await stream.send(messages)
                #expect(await stream.waitForEnd() == GRPCStatus(code, says))
                try await clusters.harbor.logs("a stream was refused: \(says)", from: stream.address)
                await stream.close()
            }
            let garbled = try RawStream(try await half.connect())
            try await garbled.send(raw: [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01])
            #expect(await garbled.waitForEnd() == GRPCStatus(.invalidArgument, notOpen))
            try await clusters.harbor.logs(notOpen, from: garbled.address)
            await garbled.close()
            let astray = try RawStream(try await half.connect(), path: "/grpc.health.v1.Health/Check")
            let says = "invalid permissions to the specified endpoint"
            #expect(await astray.waitForEnd() == GRPCStatus(.permissionDenied, says))
            try await clusters.harbor.logs(says, from: astray.address)
            await astray.close()
            try await isUndisturbed(clusters)
        }
    }

    @Test func secretsAreNotToBeGuessed() async throws {
        try await Clusters.peered { clusters in
            let half = try HalfDialer(try await strangersToken(clusters))
            let denied = GRPCStatus(.permissionDenied, "invalid peering establishment secret")
            let requests: [(id: String, secret: String)] = [
                (half.token.peerID, "8e5b9c3a-0000-1111-2222-333344445555"), (half.token.peerID, ""),
                ("00000000-1111-2222-3333-444444444444", half.token.establishmentSecret.reveal()),
                (try await id(of: "island", at: clusters.harbor), ""),
            ]
            for (id, secret) in requests {
                var request = WireExchangeSecretRequest()
                request.peerID = id
                request.establishmentSecret = secret
                let stream = try RawStream(try await half.connect(), path: PeerStreamMethod.exchangeSecret)
                try await stream.send(raw: try request.deterministicBytes())
                stream.finish()
                #expect(await stream.waitForEnd() == denied)
                try await clusters.harbor.logs("a peering token was not redeemed", from: stream.address)
                await stream.close()
            }
            #expect(!clusters.harbor.log.contains(half.token.establishmentSecret.reveal()))
            // None of it used up the real one.
            _ = try await half.exchange()
            try await isUndisturbed(clusters)
        }
    }

    /// A peer that was let in and then sends what is no message harms its own stream only.
    @Test func aPeerThatTurnsBadEndsItsOwnStream() async throws {
        try await Clusters.peered { clusters in
            let half = try HalfDialer(try await strangersToken(clusters))
            let stream = try await half.stream(try await half.exchange())
            try await eventually("the stranger is in") {
                try await clusters.harbor.peering("stranger")?.state == "ACTIVE"
            }
            try await stream.send(raw: [0x1A, 0x05, 0xFF])
            #expect(await stream.waitForEnd().code == .internal)
            await stream.close()
            try await eventually("harbor tells of it") {
                try await clusters.harbor.peering("stranger")?.state == "FAILING"
            }
            try await isUndisturbed(clusters)
        }
    }

    @Test func theWrongEndIsNotAnswered() async throws {
        try await Clusters.peered { clusters in
            // island dials: whoever knows its own ID of the peering gets no further with it.
            let id = try await id(of: "harbor", at: clusters.island)
            let token = try await clusters.island.succeed("peering", "generate-token", "-name", "stranger")
            let half = try HalfDialer(token)
            let stream = try RawStream(try await half.connect())
            try await stream.send([.open(StreamOpen(peerID: id, streamSecretID: id, datacenter: "dc9"))])
            // Not even that this is the wrong end: only who knows the secret learns that.
            #expect(await stream.waitForEnd() == GRPCStatus(.permissionDenied, "invalid peering stream secret"))
            await stream.close()
            try await clusters.areInStep()
        }
    }

    /// Each leaves 16 KiB of a handshake that never ends.
    @Test func aCrowdLeavesNothingBehind() async throws {
        try await Clusters.peered { clusters in
            let harbor = clusters.harbor
            let hello = [0x16, 0x03, 0x01, 0x3F, 0xFF] + [UInt8](repeating: 1, count: 16_000)
            func crowd(_ count: Int) async throws {
                for _ in 1...count {
                    let stranger = try await Stranger.connect(to: harbor.peeringPort)
                    try await stranger.send(hello)
                    await stranger.close()
                }
            }
            let before = try harbor.socketCount()
            try await crowd(300)
            let memory = try harbor.residentKiB()
            try await crowd(3_000)
            try await eventually("no connection is kept") { try harbor.socketCount() <= before }
            // Kept, it would be 48 MB.
            #expect(try harbor.residentKiB() - memory < 24_000)
            try await isUndisturbed(clusters)
        }
    }

    private func id(of peer: String, at daemon: Daemon) async throws -> String {
        try await (daemon.get("/v1/peering/\(peer)")["ID"]?.string).orThrow("an ID")
    }
}
