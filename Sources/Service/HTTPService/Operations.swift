package import ACLService
package import CatalogCore
package import GatewayCore
package import IdentityCore
package import Observability
package import PeeringCore
package import ReplicationCore
package import StateCore

/// What the API asks of the peering service. Called from any task, many at a time.
package protocol PeeringOperations: Sendable {
    /// Makes or renews a token.
    ///
    /// - Parameters:
    ///   - externalAddresses: `host:port` to put in instead of the daemon's own; empty for none.
    ///   - wish: how long and how often it may be redeemed.
    /// - Returns: the encoded token, a secret.
    func generateToken(
        name: String, meta: [String: String], externalAddresses: [String], wish: TokenWish
    ) async throws(Refusal) -> String

    /// Takes the token of a peering back.
    ///
    /// - Throws: `notFound` if there is none that could be redeemed.
    func revokeToken(of name: String) async throws(Refusal)

    /// Redeems a token: returns when the stream secret is stored.
    func establish(name: String, token: String, meta: [String: String]) async throws(Refusal)

    /// Marks a peering for deletion. Succeeds for a name that is not there.
    func delete(name: String) async throws(Refusal)

    /// How the peering's stream is doing; nil if there was none since the start.
    func streamStatus(of id: PeeringID) -> StreamStatus?
}

/// What the API asks of whoever looks after the cluster's CA.
package protocol CAOperations: Sendable {
    /// Makes a new active root; the others stay trusted.
    func rotate() async throws(Refusal)

    /// Takes trust from roots that are not active any more.
    ///
    /// - Parameters:
    ///   - id: nil for all of them.
    ///   - isForced: also if peers that have not heard of the active root lose their connection by it.
    /// - Returns: how many there were.
    func retire(_ id: String?, isForced: Bool) async throws(Refusal) -> Int
}

/// What the API asks of whoever runs the checks.
package protocol CheckOperations: Sendable {
    /// An application says how it is. Returns when readers see it.
    ///
    /// - Throws: `notFound` for a check that is not there, `failed` for one without a TTL.
    func hear(_ status: HealthStatus, output: String, of checkID: String) async throws(Refusal)

    /// The latest output of a check, which the catalog may not have yet; nil for one that is not run.
    func output(of check: CheckKey) -> String?
}

/// What the API asks of whoever reads the configuration files.
package protocol ReloadOperation: Sendable {
    /// Reads the files anew.
    ///
    /// - Returns: lines that tell what changed.
    func reload() async throws(Refusal) -> [String]
}

/// Decodes the bytes that a peer sent for one service. Called for each answer on the task of the request.
package typealias ImportedDecoder = @Sendable (_ payload: [UInt8]) -> [ServiceInstance]

/// What the API tells of the agent itself.
package struct AgentDescription: Sendable {
    package var version: String
    package var nodeName: String
    package var nodeID: String
    package var datacenter: String
    /// Address that others reach this agent at.
    package var address: String
    /// Of the peering port, told where Consul tells its server port.
    package var peeringPort: Int

    package init(
        version: String, nodeName: String, nodeID: String, datacenter: String, address: String, peeringPort: Int
    ) {
        self.version = version
        self.nodeName = nodeName
        self.nodeID = nodeID
        self.datacenter = datacenter
        self.address = address
        self.peeringPort = peeringPort
    }
}

/// What the API has to know of exports before they are changed.
package struct ExportMeasures: Sendable {
    /// Bytes that a peer takes in one message.
    package var maxMessageBytes: Int
    /// What a peer may lose at once, in percent of what it sees, without being asked for.
    package var withdrawLimit: Int
    /// Instances of a service, and bytes of the message that carries them; nil if they cannot be encoded.
    package var size: @Sendable (_ service: String, _ state: State) -> (instances: Int, bytes: Int)?

    package init(
        maxMessageBytes: Int, withdrawLimit: Int,
        size: @escaping @Sendable (_ service: String, _ state: State) -> (instances: Int, bytes: Int)?
    ) {
        self.maxMessageBytes = maxMessageBytes
        self.withdrawLimit = withdrawLimit
        self.size = size
    }
}

/// Everything that the routes work with.
package struct HTTPDependencies: Sendable {
    package var store: StateStore
    package var peerings: any PeeringOperations
    package var authority: any CAOperations
    package var reload: any ReloadOperation
    package var checks: any CheckOperations
    package var decodeImported: ImportedDecoder
    /// What gateways have to forward.
    package var gatewayRoutes: @Sendable (State) -> [GatewayCore.Route]
    package var exports: ExportMeasures
    /// What is counted and measured, at the moment of the call.
    package var metrics: @Sendable () -> [Metric]
    package var agent: AgentDescription
    package var access: AccessControl
    package var audit: AuditLog
    /// Of all doors together. The same for the next two.
    let counters = RequestCounters()
    let indexes: QueryIndexes
    let answers: SharedAnswers
    /// The wall clock.
    package var now: @Sendable () -> Timestamp

    package init(
        store: StateStore, peerings: any PeeringOperations, authority: any CAOperations,
        reload: any ReloadOperation, checks: any CheckOperations,
        decodeImported: @escaping ImportedDecoder,
        gatewayRoutes: @escaping @Sendable (State) -> [GatewayCore.Route],
        exports: ExportMeasures, metrics: @escaping @Sendable () -> [Metric], agent: AgentDescription,
        access: AccessControl, audit: AuditLog, answerLimits: AnswerLimits = AnswerLimits(),
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.store = store
        self.indexes = QueryIndexes(store: store)
        self.answers = SharedAnswers(limits: answerLimits)
        self.peerings = peerings
        self.authority = authority
        self.reload = reload
        self.checks = checks
        self.decodeImported = decodeImported
        self.gatewayRoutes = gatewayRoutes
        self.exports = exports
        self.metrics = metrics
        self.agent = agent
        self.access = access
        self.audit = audit
        self.now = now
    }
}
