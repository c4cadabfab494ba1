import HawserTestKit
import NIOConcurrencyHelpers
import StateCore

@testable import ReplicationService

/// Two daemons with two peerings: each accepts one, and dials the other one.
final class ReplicationWorld {
    private var random: SeededRandom
    private let clusters: [TestCluster]
    private var connections: [Connection]
    /// Streams that ended without being cut.
    private let ends = NIOLockedValueBox<[String]>([])
    private var roots = 1

    init(seed: UInt64) async throws {
        random = SeededRandom(seed: seed)
        clusters = [try await TestCluster("east"), try await TestCluster("west")]
        connections = [Connection(acceptor: 0), Connection(acceptor: 1)]
        for (number, connection) in connections.enumerated() {
            let (acceptor, dialer) = (clusters[connection.acceptor], clusters[connection.dialer])
            try await acceptor.accept(number)
            try await dialer.dial(acceptor, number)
        }
        for number in connections.indices { await connect(number) }
    }

    // MARK: Steps

    /// - Returns: what is wrong.
    func step() async throws -> String? {
        for number in clusters.indices where clusters[number].store.haltError != nil { try await restart(number) }
        for number in connections.indices where connections[number].isOver && random.below(3) == 0 {
            await connect(number)
        }
        switch random.below(40) {
        case 0, 1: return try await settle()
        case 2: connections[random.below(connections.count)].link?.cut()
        case 3: try await restart(random.below(clusters.count))
        case 4, 5, 6: fail(at: clusters[random.below(clusters.count)])
        case 7: clusters[random.below(clusters.count)].storage.usually(.refuse(.full))
        case 8: for cluster in clusters { cluster.storage.usually(.done) }
        default: try await change(clusters[random.below(clusters.count)])
        }
        return nil
    }

    private func fail(at cluster: TestCluster) {
        switch random.below(5) {
        case 0: cluster.storage.script(.unknown(isStored: true))
        case 1: cluster.storage.script(.unknown(isStored: false))
        case 2: cluster.storage.script(.crash(isStored: random.below(2) == 0))
        default: cluster.storage.script(.refuse(.full), .done, .refuse(.full))
        }
    }

    private func change(_ cluster: TestCluster) async throws {
        for _ in 0...random.below(3) {
            guard random.below(12) > 0 else {
                roots += 1
                await cluster.changeRoots(newID: "root-\(roots)", isRotation: random.below(3) > 0)
                continue
            }
            await CatalogChange.random(&random, peers: cluster.peerNames).apply(to: cluster.store)
        }
    }

    // MARK: Connections

    /// One peering, seen from both ends.
    private struct Connection {
        /// Numbers of clusters.
        var acceptor: Int
        var link: MemoryLink?
        var tasks: [Task<Void, Never>] = []

        init(acceptor: Int) { self.acceptor = acceptor }

        var dialer: Int { 1 - acceptor }
        var isOver: Bool { link?.isBroken ?? true }

        func cluster(at side: MemoryLink.Side) -> Int { side == .acceptor ? acceptor : dialer }
    }

    /// Opens the stream of a peering, unless it is open. Streams do not overlap, which is the business of whoever
    /// runs them.
    private func connect(_ number: Int, forGood: Bool = false) async {
        guard connections[number].isOver else { return }
        await disconnect(number)
        var limits: [MemoryLink.Side: Int] = [:]
        for side in MemoryLink.Side.allCases where !forGood && random.below(3) > 0 {
            limits[side] = 1 + random.below(random.below(4) == 0 ? 200 : 25)
        }
        let link = MemoryLink(breakingAfter: limits)
        connections[number].link = link
        connections[number].tasks = MemoryLink.Side.allCases.compactMap { side in
            let cluster = clusters[connections[number].cluster(at: side)]
            guard let session = cluster.session(number, side, over: link) else { return nil }
            return Task { [ends] in
                let end = await session.run()
                if !link.isBroken { ends.withLockedValue { $0.append("the stream ended: \(end)") } }
                link.cut()
            }
        }
    }

    private func disconnect(_ number: Int) async {
        connections[number].link?.cut()
        for task in connections[number].tasks { await task.value }
        connections[number].tasks = []
    }

    /// The daemon ends, in the middle of whatever it does, and starts again.
    private func restart(_ number: Int) async throws {
        if random.below(2) == 0 { try await clusters[number].storage.close() }
        for connection in connections.indices { await disconnect(connection) }
        try await clusters[number].reopen()
    }

    func close() async {
        for number in connections.indices { await disconnect(number) }
    }

    // MARK: Rest

    /// Lets all come to rest on sound disks and connections, and looks at it.
    ///
    /// - Returns: what is wrong.
    func settle() async throws -> String? {
        var problems: [String] = []
        // What is refused is sent again after twenty heartbeats at most. If the ends do not agree after thousands, they
        // never will.
        for heartbeats in [1, 25, 250, 4_000] {
            for cluster in clusters { cluster.storage.heal() }
            for number in clusters.indices where clusters[number].store.haltError != nil { try await restart(number) }
            for number in connections.indices {
                connections[number].link?.keep()
                await connect(number, forGood: true)
            }
            for cluster in clusters { try? await cluster.store.settle() }
            problems = await rest(heartbeats: heartbeats)
            if problems.isEmpty { break }
        }
        for cluster in clusters where problems.isEmpty { problems += try await cluster.logProblems() }
        return problems.isEmpty ? nil : problems.joined(separator: "\n")
    }

    private func rest(heartbeats: Int) async -> [String] {
        var problems: [String] = []
        for (number, connection) in connections.enumerated() {
            switch await connection.link?.rest(heartbeats: heartbeats) {
            case .quiet: break
            case .broken, nil: problems.append("stream \(number) broke")
            case .unanswered(let count): problems.append("\(count) responses on stream \(number) have no answer")
            }
        }
        for (number, connection) in connections.enumerated() {
            for side in MemoryLink.Side.allCases {
                let exporter = clusters[connection.cluster(at: side)]
                let importer = clusters[connection.cluster(at: side.other)]
                problems += importer.differences(from: exporter, peering: number, side: side.other)
            }
        }
        return problems + ends.withLockedValue { $0 }
    }
}
