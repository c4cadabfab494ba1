import Foundation
import GRPCWire
import IdentityCore
import NIOConcurrencyHelpers
import Testing

/// `kill -9` at every row of protocol section 2.4.
@Suite("Crashes between the steps of the handshake", .serialized)
struct CrashTests {
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

    /// The moment that `establish` returned: the secret is on disk, and the first stream is being opened at best.
    @Test(arguments: [["island"], ["harbor"], ["harbor", "island"]])
    func afterTheDialerHasItOnDiskBeforeItsFirstStream(crashing: [String]) async throws {
        try await Clusters.run { clusters in
            let token = try await clusters.token()
            try await clusters.redeem(token)
            let daemons = [clusters.harbor, clusters.island].filter { crashing.contains($0.name) }
            for daemon in daemons { daemon.stop() }
            for daemon in daemons { try await daemon.start() }
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
            let (winning, losing) = outcomes[0].code == 0 ? (clusters.island, other) : (other, clusters.island)
            #expect(try await losing.succeed("peering", "list") == "There are no peering connections.\n")
            try await eventually("the winner is in") { try await winning.peering("harbor")?.state == "ACTIVE" }
        }
    }

    @Test func ofTwoStreamsWithOnePendingSecretOneStays() async throws {
        try await Clusters.run { clusters in
            let half = try HalfDialer(try await clusters.token())
            let secret = try await half.exchange()
            async let first = half.stream(secret)
            async let second = half.stream(secret)
            let streams = try await [first, second]
            // Both know the secret; the later one takes over, and the earlier one is told so.
            let ends = NIOLockedValueBox<[GRPCStatus]>([])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for stream in streams {
                    group.addTask {
                        let status = await stream.waitForEnd()
                        ends.withLockedValue { $0.append(status) }
                    }
                }
                try await eventually("one stream was ended") { ends.withLockedValue { $0.count } == 1 }
                #expect(
                    ends.withLockedValue { $0 } == [GRPCStatus(.aborted, "a newer stream of this peering took over")])
                #expect(try await clusters.harbor.peering("island")?.state == "ACTIVE")
                group.cancelAll()
            }
            for stream in streams { await stream.close() }
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
