import Foundation
import GRPCTransport
import GRPCWire
import IdentityCore
import NIOCore
import NIOPosix
import PeeringCore
import PeeringWire
import ReplicationService
import Testing

@testable import PeeringService

/// `kill -9` at every row of protocol section 2.4.
@Suite("Crashes between the steps of the handshake", .serialized)
struct CrashTests {
    /// A dialer that stops where a real one would have crashed.
    private struct HalfDialer {
        let token: PeeringToken
        private let dialer = PeerDialer(group: .singletonMultiThreadedEventLoopGroup)

        init(_ text: String) throws {
            token = try PeeringToken(encoded: text)
        }

        func exchange() async throws -> SecretText {
            try await SecretExchange(dialer: dialer, settings: PeeringSettings(advertised: [])).redeem(token)
        }

        /// Opens a stream with a secret, and says what came back first: `nil` is a message, the rest a status.
        func open(_ secret: SecretText) async throws -> GRPCStatus? {
            let address = try HostPort(token.serverAddresses[0]).orThrow("an address")
            let connection = try await dialer.connect(
                to: address, roots: token.caPEMs, serverName: token.serverName, timeout: .seconds(20))
            let stream = try connection.openStream(path: PeerStreamMethod.streamResources)
            let open = StreamOpen(peerID: token.peerID, streamSecretID: secret.reveal(), datacenter: "dc3")
            try await stream.write([PeerMessage.open(open)].encoded(ByteBufferAllocator()))
            var status: GRPCStatus?
            do {
                _ = try await stream.next()
            } catch let error as GRPCStatus {
                status = error
            }
            await connection.close()
            return status
        }
    }

    @Test func afterTheTokenWasPrinted() async throws {
        try await Clusters.run { clusters in
            let token = try await clusters.token()
            clusters.harbor.stop()
            try await clusters.harbor.start()
            try await clusters.redeem(token)
            try await clusters.areInStep()
        }
    }

    @Test func afterTheExchangeBeforeTheDialerHasItOnDisk() async throws {
        try await Clusters.run { clusters in
            let token = try await clusters.token()
            _ = try await HalfDialer(token).exchange()
            clusters.harbor.stop()
            try await clusters.harbor.start()
            let outcome = try await clusters.establish(token)
            #expect(outcome.code == 1)
            #expect(
                outcome.errors.contains(
                    "a new peering token must be generated: invalid peering establishment secret"))
            #expect(try await clusters.island.peering("harbor") == nil)
            try await clusters.redeem(try await clusters.token())
            try await clusters.areInStep()
        }
    }

    @Test func afterTheDialerHasItOnDiskBeforeItsFirstStream() async throws {
        try await Clusters.run { clusters in
            let token = try await clusters.token()
            // Nobody is there to be dialed once the secret is exchanged.
            try await clusters.redeem(token)
            clusters.harbor.stop()
            clusters.island.stop()
            try await clusters.island.start()
            try await clusters.harbor.start()
            try await clusters.areInStep()
        }
    }

    @Test func afterTheFirstStreamUsedThePendingSecret() async throws {
        try await Clusters.run { clusters in
            let half = try HalfDialer(try await clusters.token())
            let secret = try await half.exchange()
            #expect(try await half.open(secret) == nil)
            clusters.harbor.stop()
            try await clusters.harbor.start()
            #expect(try await half.open(secret) == nil)
        }
    }

    @Test func oneOfTwoDialersWinsAToken() async throws {
        try await Clusters.run { clusters in
            let other = try await Daemon("other", datacenter: "dc3")
            defer { other.remove() }
            try await other.start()
            let token = try await clusters.token()
            async let first = clusters.establish(token)
            async let second = clusters.establish(token, at: other)
            let outcomes = try await [first, second]
            #expect(outcomes.map(\.code).sorted() == [0, 1])
            let loser = try outcomes.first { $0.code == 1 }.orThrow("a loser")
            #expect(loser.errors.contains("a new peering token must be generated"))
        }
    }

    @Test func aSecretOpensAgainAndTheNewestReplacesIt() async throws {
        try await Clusters.run { clusters in
            let half = try HalfDialer(try await clusters.token())
            let old = try await half.exchange()
            #expect(try await half.open(old) == nil)
            // A new token leaves the old secret valid until the new one is first used.
            let next = try HalfDialer(try await clusters.token())
            let new = try await next.exchange()
            #expect(try await half.open(old) == nil)
            #expect(try await next.open(new) == nil)
            let refused = try await half.open(old)
            #expect(refused?.code == .permissionDenied)
            #expect(refused?.message == "invalid peering stream secret")
        }
    }

    @Test func aNewTokenDoesNotDisturbTheStreamAndKillsTheOlderToken() async throws {
        try await Clusters.peered { clusters in
            let older = try await clusters.token()
            let newer = try await clusters.token()
            let outcome = try await clusters.establish(older)
            #expect(outcome.code == 1 && outcome.errors.contains("a new peering token must be generated"))
            try await clusters.areInStep()
            #expect(clusters.island.log.components(separatedBy: "the stream is up").count == 2)
            try await clusters.redeem(newer)
            try await clusters.areInStep()
        }
    }
}
