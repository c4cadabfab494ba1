package import ACLCore
import ACLService
package import CatalogCore
import GatewayCore
package import HTTPService
import HealthService
package import IdentityCore
import Logging
import NIOPosix
package import Observability
package import PeeringCore
package import ReplicationCore
import ServiceLifecycle
package import StateCore
import Synchronization

/// Peering operations that a test scripts, and that remember what they were asked.
package final class ScriptedPeerings: PeeringOperations {
    package struct Call: Hashable, Sendable {
        package var operation: String
        package var name: String
        package var meta: [String: String] = [:]
        package var token = ""
        package var addresses: [String] = []
        package var wish = TokenWish()

        package init(
            _ operation: String, name: String, meta: [String: String] = [:], token: String = "",
            addresses: [String] = [], wish: TokenWish = TokenWish()
        ) {
            self.operation = operation
            self.name = name
            self.meta = meta
            self.token = token
            self.addresses = addresses
            self.wish = wish
        }
    }

    private struct Record {
        var calls: [Call] = []
        var refusal: Refusal?
        var statuses: [PeeringID: StreamStatus] = [:]
        var onEstablish: (@Sendable () async -> Void)?
    }

    private let record = Mutex(Record())

    package init() {}

    package var calls: [Call] { record.withLock { $0.calls } }

    /// What every operation fails with until it is set to nil again.
    package func refuse(with refusal: Refusal?) { record.withLock { $0.refusal = refusal } }

    package func set(_ status: StreamStatus, of id: PeeringID) { record.withLock { $0.statuses[id] = status } }

    /// Runs while a peering is being established.
    package func onEstablish(_ work: @escaping @Sendable () async -> Void) {
        record.withLock { $0.onEstablish = work }
    }

    package func generateToken(
        name: String, meta: [String: String], externalAddresses: [String], wish: TokenWish
    ) async throws(Refusal) -> String {
        try note(Call("token", name: name, meta: meta, addresses: externalAddresses, wish: wish))
        return "TOKEN"
    }

    package func establish(name: String, token: String, meta: [String: String]) async throws(Refusal) {
        try note(Call("establish", name: name, meta: meta, token: token))
        await record.withLock { $0.onEstablish }?()
    }

    package func delete(name: String) async throws(Refusal) {
        try note(Call("delete", name: name))
    }

    package func revokeToken(of name: String) async throws(Refusal) {
        try note(Call("revoke", name: name))
    }

    package func streamStatus(of id: PeeringID) -> StreamStatus? { record.withLock { $0.statuses[id] } }

    private func note(_ call: Call) throws(Refusal) {
        let refusal = record.withLock { record in
            record.calls.append(call)
            return record.refusal
        }
        if let refusal { throw refusal }
    }
}

/// A CA whose roots are retired as they are asked for; rotation is the identity service's business.
private struct StoreAuthority: CAOperations {
    let store: StateStore

    func rotate() async throws(Refusal) {
        throw Refusal(.unavailable, "there is no CA here")
    }

    func retire(_ id: String?, isForced: Bool) async throws(Refusal) -> Int {
        guard isForced else { throw Refusal(.conflict, "peers have not confirmed the present roots: dc2") }
        return try await store.apply(RetireRoots(id: id)).count
    }
}

/// The checks' rules without anyone who runs them.
private struct RestingChecks: CheckOperations {
    let health: HealthService

    func hear(_ status: HealthStatus, output: String, of checkID: String) async throws(Refusal) {
        try await health.hear(status, output: output, of: checkID)
    }

    func output(of check: CheckKey) -> String? { health.output(of: check) }
}

/// Reloads nothing and says so.
private struct FixedReload: ReloadOperation {
    func reload() async throws(Refusal) -> [String] { ["1 service changed: web"] }
}

/// The HTTP API on a free port of the loopback, over a real state store in memory.
package struct TestDaemon: Sendable {
    package let store: StateStore
    package let peerings: ScriptedPeerings
    package let port: Int
    /// The secret of a token that may do everything; of use while access is controlled.
    package static let managementSecret = "11111111-2222-3333-4444-555555555555"
    package let dependencies: HTTPDependencies
    private let shutdown: @Sendable () async -> Void

    /// What imported payloads stand for: a payload's bytes are a key of this table.
    package typealias Payloads = [String: [ServiceInstance]]

    package static let agent = AgentDescription(
        version: "0.0.0-test", nodeName: "node-1", nodeID: "7595a7a4-51d9-a74d-8b10-48ae0bae83c4", datacenter: "dc1",
        address: "127.0.0.1", peeringPort: 8503)

    /// The time that it is, unless a test says another.
    @Sendable
    package static func start() -> Timestamp { Timestamp(seconds: 1_000_000_000) }

    /// Appends to the replication log.
    package func append(_ event: ReplicationEvent) async throws { try await store.apply(LogExports([event])) }

    /// Ends the daemon as a signal would.
    package func shutDown() async { await shutdown() }

    /// Runs a daemon for as long as the closure takes.
    ///
    /// - Parameters:
    ///   - access: what holds where no rule does; nil for no access control.
    ///   - auditPath: the audit log's file.
    package static func run(
        payloads: Payloads = [:], limits: HTTPLimits = HTTPLimits(), answerLimits: AnswerLimits = AnswerLimits(),
        metrics: [Metric] = [],
        door: HTTPDoor = .plain(host: "127.0.0.1", port: 0),
        access: DefaultAccess? = nil, auditPath: String? = nil, now: @escaping @Sendable () -> Timestamp = start,
        _ body: @Sendable (TestDaemon) async throws -> Void
    ) async throws {
        let store = try await StateStore(testing: MemoryStorage())
        let peerings = ScriptedPeerings()
        let (ports, listening) = AsyncStream<Int>.makeStream()
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let control = AccessControl(
            isEnabled: access != nil, defaultAccess: access ?? .allow, defaultToken: nil, store: store,
            datacenter: agent.datacenter, now: now)
        if access != nil { try await TokenOffice(control).ensureInitialManagement(SecretText(managementSecret)) }
        let audit = AuditLog(
            to: try auditPath.map { .file(try AuditFile(path: $0)) } ?? .log, logger: logger, now: now)
        let dependencies = HTTPDependencies(
            store: store, peerings: peerings, authority: StoreAuthority(store: store), reload: FixedReload(),
            checks: RestingChecks(
                health: HealthService(
                    store: store, node: agent.nodeName, group: .singletonMultiThreadedEventLoopGroup,
                    logger: logger)),
            decodeImported: { payloads[String(decoding: $0, as: UTF8.self)] ?? [] },
            gatewayRoutes: {
                GatewayPlan.routes(
                    of: $0, servers: [HostPort(host: "127.0.0.1", port: 8503)], establishing: [DialTarget]())
            },
            exports: ExportMeasures(maxMessageBytes: 1000, withdrawLimit: 25) { name, state in
                let count = state.catalog.services[name]?.instances.count ?? 0
                return (count, count * 400)
            }, metrics: { metrics }, agent: agent,
            access: control, audit: audit, answerLimits: answerLimits, now: now)
        let service = HTTPService(
            door: door, dependencies: dependencies,
            limits: limits, logger: logger, onListening: { listening.yield($0) })
        let expiry = ExpiryService(store: store, expiries: control.expiries, logger: logger, now: now)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [audit, expiry, service], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                // A daemon that cannot start must not leave the test waiting for its port.
                defer { listening.finish() }
                try await group.run()
            }
            var iterator = ports.makeAsyncIterator()
            if let port = await iterator.next() {
                let daemon = TestDaemon(
                    store: store, peerings: peerings, port: port, dependencies: dependencies,
                    shutdown: { await group.triggerGracefulShutdown() })
                do {
                    try await body(daemon)
                } catch {
                    await group.triggerGracefulShutdown()
                    throw error
                }
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }
}
