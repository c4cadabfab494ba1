import ACLCore
import CatalogCore
import ConfigCore
import Foundation
import HawserTestKit
import IdentityCore
import PeeringCore
import Testing

@testable import StateCore

/// Random commands on a storage that refuses, does not know, and crashes: what was acknowledged is there, what was
/// refused is not, the indexes only grow, and the replication log has no gap.
@Suite("The state keeps its word")
struct StorePropertyTests {
    /// Steps of all seeds together. HAWSER_STATE_STEPS=100000 runs more, for some minutes.
    private static let steps = ProcessInfo.processInfo.environment["HAWSER_STATE_STEPS"].flatMap(Int.init) ?? 20_000
    private static let seeds: [UInt64] = (1...20).map { $0 }

    @Test(arguments: seeds)
    func whatWasAcknowledgedIsThere(seed: UInt64) async throws {
        var world = try await World(seed: seed)
        for step in 0..<(Self.steps / Self.seeds.count) {
            guard let problem = try await world.step() else { continue }
            Issue.record("seed \(seed), step \(step): \(problem)")
            return
        }
    }
}

/// A daemon on a faulty disk, and beside it one on a good disk that gets what the first one acknowledged.
private struct World {
    private var random: SeededRandom
    private let disk = MemoryDisk()
    private var storage: MemoryStorage
    private var store: StateStore
    private let twin: StateStore
    private var lastIndex: UInt64 = 0
    /// How far the log has been read.
    private var verified = LogHead()
    private var time: Int64 = 1

    init(seed: UInt64) async throws {
        random = SeededRandom(seed: seed)
        storage = MemoryStorage(disk)
        store = try await StateStore(testing: storage)
        twin = try await StateStore(testing: MemoryStorage())
    }

    /// - Returns: what is wrong.
    mutating func step() async throws -> String? {
        time += 1
        let command = AnyCommand.random(&random, at: Timestamp(seconds: time))
        let fate = fate()
        if let fate { storage.script(fate) }
        let isAcknowledged = await command.apply(to: store)
        storage.clearScript()
        if let problem = try await settle(command, isAcknowledged, fate) { return problem }
        if random.below(25) == 0, let problem = try await restart() { return problem }
        defer { lastIndex = store.state.index }
        return store.state.index < lastIndex ? "the index went from \(lastIndex) to \(store.state.index)" : nil
    }

    private mutating func fate() -> MemoryStorage.Fate? {
        switch random.below(40) {
        case 0, 1: .refuse(.full)
        case 2, 3: .unknown(isStored: random.below(2) == 0)
        case 4: .crash(isStored: random.below(2) == 0)
        default: nil
        }
    }

    /// Brings the twin to where the daemon must be.
    private mutating func settle(
        _ command: AnyCommand, _ isAcknowledged: Bool, _ fate: MemoryStorage.Fate?
    ) async throws -> String? {
        if store.haltError == nil {
            // Refusals by rule are the same at both.
            if isAcknowledged { _ = await command.apply(to: twin) }
            return nil
        }
        guard !isAcknowledged else { return "a command was acknowledged by a store that halted" }
        // The daemon ends. Only the disk knows whether the command was stored.
        if case .crash(let isStored) = fate, isStored { _ = await command.apply(to: twin) }
        return try await restart()
    }

    private mutating func restart() async throws -> String? {
        if store.haltError == nil {
            let differences = StateImage(try await StateStore(testing: MemoryStorage(disk)).state)
                .differences(from: StateImage(store.state))
            guard differences.isEmpty else { return "after a restart: \(differences.joined(separator: "; "))" }
        }
        storage = MemoryStorage(disk)
        store = try await StateStore(testing: storage)
        let lost = differencesFromTwin()
        guard lost.isEmpty else { return "from what was acknowledged: \(lost.joined(separator: "; "))" }
        return try await logProblem()
    }

    /// Indexes differ where one of the two was told of a commit that the other one never saw.
    private func differencesFromTwin() -> [String] {
        let (found, expected) = (Contents(store.state), Contents(twin.state))
        return found.differences(from: expected)
    }

    private mutating func logProblem() async throws -> String? {
        let log = ReplicationLog(store)
        var (next, hash) = (verified.nextNumber, verified.hash)
        while next < log.head.nextNumber {
            let page = try await log.page(from: next, limit: 1_000)
            guard page.trimmed == 0, !page.lines.isEmpty else { return "events \(next) and on are missing" }
            for line in page.lines {
                guard let event = EventCoding.decode(line) else { return "event \(next) cannot be read" }
                guard event.number == next, event.previous == hash else { return "the chain breaks at \(next)" }
                hash = Hex.encode(StateStore.weakDigest(Array(line)))
                next += 1
            }
        }
        verified = LogHead(nextNumber: next, hash: hash)
        return verified == log.head ? nil : "the log does not end where it says"
    }
}

/// What two daemons must agree on that were told the same: everything but indexes.
private struct Contents {
    private var values: [String: String] = [:]

    init(_ state: State) {
        for (key, stored) in state.configEntries { values["config \(key)"] = "\(stored.entry)" }
        for node in state.catalog.nodes.values { values["node \(node.node.name)"] = "\(node.node)" }
        for key in state.catalog.keys {
            values["service \(key)"] = state.catalog.instance(at: key).map { "\($0.registration) \($0.source)" }
        }
        for (check, _) in state.catalog.addedChecks.stored {
            values["check \(check.node) \(check.checkID)"] = "\(check)"
        }
        for (id, peering) in state.peerings { values["peering \(id)"] = "\(peering.name) \(peering.state)" }
        for (id, secrets) in state.secrets { values["secrets \(id)"] = "\(secrets.tokens)" }
        for token in state.acl.storedTokens { values["token \(token.accessorID)"] = "\(token.description)" }
        for (id, imports) in state.imports {
            values["announced \(id)"] = "\(imports.announced ?? [])"
            for (name, service) in imports.services { values["import \(id) \(name)"] = "\(service.payload)" }
        }
        values["log"] = "\(state.log.nextNumber)"
    }

    func differences(from other: Contents) -> [String] {
        Set(values.keys).union(other.values.keys).sorted().filter { values[$0] != other.values[$0] }.map {
            "\($0): \(values[$0] ?? "none"), and not \(other.values[$0] ?? "none")"
        }
    }
}

/// A command of any type.
private struct AnyCommand: Sendable {
    private let run: @Sendable (StateStore) async -> Bool

    init(_ command: some Command) {
        run = { store in
            do throws(Refusal) {
                _ = try await store.apply(command)
                return true
            } catch {
                return false
            }
        }
    }

    /// - Returns: whether it was acknowledged.
    func apply(to store: StateStore) async -> Bool { await run(store) }

    static func random(_ random: inout SeededRandom, at now: Timestamp) -> AnyCommand {
        switch random.below(8) {
        case 0: catalog(&random)
        case 1: health(&random)
        case 2: config(&random)
        case 3: peering(&random, now)
        case 4: imports(&random, now)
        case 5: files(&random)
        case 6: access(&random, now)
        default: AnyCommand(LogExports([exported(&random, now)]))
        }
    }

    private static let names = ["web", "db", "a/b", "a", "b", "caf\u{E9}", "cafe\u{301}", "100%", "%2F"]

    private static func catalog(_ random: inout SeededRandom) -> AnyCommand {
        let (node, id) = (random.one(of: names), random.one(of: names))
        switch random.below(4) {
        case 0: return AnyCommand(DeregisterExternal(ownNode: "own", node: node, target: .node))
        case 1: return AnyCommand(DeregisterExternal(ownNode: "own", node: node, target: .service(id)))
        default:
            let kind: ServiceKind = random.below(3) == 0 ? .connectProxy : .typical
            let proxy = kind == .connectProxy ? ProxyConfiguration(destinationServiceName: random.one(of: names)) : nil
            let service = NodeService(
                kind: kind, id: id, service: random.one(of: names), port: random.below(3), proxy: proxy)
            let check = HealthCheck(node: node, checkID: "c-\(random.below(3))", name: "", status: .passing)
            return AnyCommand(
                RegisterExternal(
                    ownNode: "own", node: Node(name: node, address: "10.0.0.\(random.below(3))"), service: service,
                    checks: random.below(3) == 0 ? [check] : []))
        }
    }

    private static func health(_ random: inout SeededRandom) -> AnyCommand {
        let status = random.one(of: [HealthStatus.passing, .warning, .critical])
        let key = CheckKey(serviceID: random.one(of: ["", "web", "db"]), checkID: "c-\(random.below(3))")
        return AnyCommand(
            RecordHealth(
                node: random.one(of: ["own"] + names), results: [CheckResult(key: key, status: status, output: "")]))
    }

    private static func config(_ random: inout SeededRandom) -> AnyCommand {
        let name = random.one(of: names)
        let spoken = random.one(of: ["http", "tcp", "grpc"])
        if random.below(3) == 0 {
            return AnyCommand(DeleteConfigEntry(key: ConfigEntryKey(kind: .serviceDefaults, name: name)))
        }
        return AnyCommand(
            WriteConfigEntry(
                entry: ConfigEntry(name: name, content: .serviceDefaults(ServiceDefaults(protocol: spoken)))))
    }

    private static func digest(_ byte: Int) -> SecretDigest {
        SecretDigest(bytes: Array(repeating: UInt8(byte), count: 32))
    }

    private static func peering(_ random: inout SeededRandom, _ now: Timestamp) -> AnyCommand {
        let number = random.below(3)
        let (name, id) = ("peer-\(number)", PeeringID("id-\(number)"))
        switch random.below(6) {
        case 0: return AnyCommand(MarkForDeletion(name: name, now: now))
        case 1: return AnyCommand(RemovePeering(id: id, now: now))
        case 2: return AnyCommand(TerminatePeering(id: id, now: now))
        case 3:
            return AnyCommand(
                ExchangeSecret(
                    id: id, presented: digest(random.below(4)), pendingStream: digest(9), now: now))
        default:
            return AnyCommand(
                GenerateToken(name: name, meta: [:], newID: id, establishment: digest(random.below(4))))
        }
    }

    private static func imports(_ random: inout SeededRandom, _ now: Timestamp) -> AnyCommand {
        let changes = (0...random.below(3)).map { _ -> ImportedChange in
            let name = random.one(of: names)
            if random.below(4) == 0 { return .serviceList((0..<random.below(5)).map { names[$0] }) }
            let count = random.below(3)
            return .service(
                name: name, payload: [UInt8(random.below(3)), UInt8(count)], instanceCount: count,
                nodes: [ImportedNode(name: "n", address: "a")])
        }
        return AnyCommand(ImportBatch(id: PeeringID("id-\(random.below(3))"), changes: changes, now: now))
    }

    private static func files(_ random: inout SeededRandom) -> AnyCommand {
        let check = HealthCheck(node: "own", checkID: "c-0", name: "", status: .critical)
        let registrations = (0..<random.below(3)).map { number in
            ApplyFiles.FileRegistration(
                registration: Registration(
                    service: NodeService(id: names[number], service: names[number], port: random.below(2)),
                    checks: [check]), place: "a.yaml:\(random.below(3)):1")
        }
        let entry = ConfigEntry(name: "own", content: .serviceDefaults(ServiceDefaults(protocol: "http")))
        // Every one of these is the reading after a start, or says what is gone: the order of the two must not matter.
        return AnyCommand(
            ApplyFiles(
                node: Node(id: "node-id", name: "own"), registrations: registrations,
                removedServiceIDs: names.prefix(2).filter { name in
                    !registrations.contains { $0.registration.service.id == name }
                }, entries: [.init(entry: entry, place: "b.yaml:1:1")], removedEntries: []))
    }

    private static func access(_ random: inout SeededRandom, _ now: Timestamp) -> AnyCommand {
        let id = "accessor-\(random.below(4))"
        if random.below(3) == 0 { return AnyCommand(DeleteACLToken(accessorID: id, requester: "")) }
        let token = ACLToken(
            accessorID: id, secret: digest(100 + random.below(4)), description: "\(random.below(9))", createTime: now)
        return AnyCommand(PutACLToken(token, links: [], isNew: random.below(2) == 0, now: now))
    }

    private static func exported(_ random: inout SeededRandom, _ now: Timestamp) -> ReplicationEvent {
        ReplicationEvent(
            time: now, peer: "peer-0", direction: .exported, what: .service, name: random.one(of: names), oldCount: 0,
            newCount: random.below(3))
    }
}
