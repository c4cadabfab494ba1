import CatalogCore
import ConfigCore
import HawserTestKit
import IdentityCore
import Logging
import PeerStreamTranslation
import PeeringCore
import ReplicationCore
import StateCore

@testable import ReplicationService

/// A daemon as far as replication goes, on a disk that survives it.
final class TestCluster {
    let name: String
    let disk = MemoryDisk()
    private(set) var storage: MemoryStorage
    private(set) var store: StateStore
    private var environment: ReplicationEnvironment
    private var history = ImportHistory()

    /// Where the own peering port is.
    private static let addresses = ReachableAddresses(own: [HostPort(host: "192.0.2.1", port: 8503)])

    init(_ name: String) async throws {
        self.name = name
        storage = MemoryStorage(disk)
        store = try await StateStore(testing: storage)
        environment = Self.environment(over: store)
        _ = try await store.apply(
            EstablishIdentity(
                proposed: ClusterIdentity(
                    trustDomain: TrustDomain(clusterID: name), datacenter: name, nodeID: "node-\(name)",
                    roots: [Self.root("root-0", signer: nil)], activeRootID: "root-0")))
    }

    /// Ends, and reads what is on the disk, as a daemon does that starts.
    func reopen() async throws {
        // What streams said of their ends must not be written beside the new daemon.
        try? await store.settle()
        try? await storage.close()
        storage = MemoryStorage(disk)
        store = try await StateStore(testing: storage)
        environment = Self.environment(over: store)
    }

    private static func environment(over store: StateStore) -> ReplicationEnvironment {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return ReplicationEnvironment(
            store: store, board: StatusBoard(store: store),
            encoder: ResourceEncoder { addresses.inForce(in: $0).map(\.description) }, logger: logger,
            timing: PeerStreamMachine.Timing(heartbeatInterval: .milliseconds(1)), now: { Timestamp(seconds: 1) })
    }

    // MARK: The CA

    func changeRoots(newID: String, isRotation: Bool) async {
        guard isRotation else {
            _ = try? await store.apply(RetireRoots(id: nil))
            return
        }
        let root = Self.root(newID, signer: store.state.identity?.activeRootID)
        _ = try? await store.apply(RotateRoot(root: root, now: 1))
    }

    private static func root(_ id: String, signer: String?) -> CARoot {
        CARoot(
            id: id, name: id, certificatePEM: "\(id)\n", serialHex: "01", notBefore: 0, notAfter: 1,
            key: SecretText("key"), crossCertificate: signer.map { CrossCertificate(signerID: $0, certificatePEM: id) })
    }
}

// MARK: - Peerings

extension TestCluster {
    private static func id(_ peering: Int, _ side: MemoryLink.Side) -> PeeringID {
        PeeringID("\(side)-of-\(peering)")
    }

    /// What this cluster calls its peer in a peering.
    private static func peerName(_ peering: Int, _ side: MemoryLink.Side) -> String { "peer-\(peering)-\(side)" }

    /// All that may stand in an exported-services entry.
    var peerNames: [String] { store.state.peerings.values.map(\.name).sorted() }

    func accept(_ peering: Int) async throws {
        let secret = SecretDigest(bytes: Array(repeating: 1, count: 32))
        _ = try await store.apply(
            GenerateToken(
                name: Self.peerName(peering, .acceptor), meta: [:], newID: Self.id(peering, .acceptor),
                establishment: secret))
    }

    func dial(_ acceptor: TestCluster, _ peering: Int) async throws {
        let description = AcceptorDescription(
            peerID: Self.id(peering, .acceptor).text, caPEMs: ["PEM\n"], serverName: "server.\(acceptor.name)",
            serverAddresses: ["192.0.2.9:8503"], manualServerAddresses: [], remote: RemoteInfo())
        _ = try await store.apply(
            CompleteEstablish(
                name: Self.peerName(peering, .dialer), meta: [:], newID: Self.id(peering, .dialer),
                acceptor: description, streamSecret: SecretText("secret"), keepsAddresses: false))
    }

    func session(_ peering: Int, _ side: MemoryLink.Side, over link: MemoryLink) -> PeerStreamSession? {
        guard let row = store.state.peerings[Self.id(peering, side)] else { return nil }
        let role: PeerStreamMachine.Role =
            side == .acceptor ? .acceptor : .dialer(acceptorID: Self.id(peering, .acceptor).text)
        return PeerStreamSession(
            environment, peering: row, role: role, channel: link.end(side), remoteAddress: nil)
    }
}

// MARK: - What must be true

extension TestCluster {
    /// What this cluster has of a peer, and should not, or not so.
    func differences(from exporter: TestCluster, peering: Int, side: MemoryLink.Side) -> [String] {
        let peer = store.state.peerings[Self.id(peering, side)]
        let expected = PeerView(
            exportedBy: exporter.store.state, to: Self.peerName(peering, side.other),
            addresses: side == .dialer ? Self.addresses : nil)
        let found = PeerView(importedBy: store.state, from: Self.id(peering, side))
        return found.differences(from: expected).map { "\(name), peering \(peering) (\(peer?.name ?? "gone")): \($0)" }
    }

    /// Reads what the replication log got since the last call.
    func logProblems() async throws -> [String] {
        let log = ReplicationLog(store)
        let head = log.head
        while history.head.nextNumber < head.nextNumber {
            let page = try await log.page(from: history.head.nextNumber, limit: 1_000)
            guard page.trimmed == 0, !page.lines.isEmpty else { return ["\(name): events are missing"] }
            for line in page.lines where history.head.nextNumber < head.nextNumber {
                if let problem = history.read(line) { return ["\(name): \(problem)"] }
            }
        }
        guard history.head == head else { return ["\(name): the log does not end where it says"] }
        return store.state.peerings.flatMap { id, peering in
            history.differences(of: peering.name, from: PeerView(importedBy: store.state, from: id))
        }.map { "\(name), the log: \($0)" }
    }
}

extension MemoryStorage {
    /// Nothing fails any more.
    func heal() {
        clearScript()
        usually(.done)
    }
}
