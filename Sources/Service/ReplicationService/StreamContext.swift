package import Logging
package import PeeringCore
package import ReplicationCore
package import StateCore

/// What every stream of the daemon works with.
package struct ReplicationEnvironment: Sendable {
    package var store: StateStore
    package var board: StatusBoard
    package var encoder: ResourceEncoder
    package var timing: PeerStreamMachine.Timing
    /// What one peer may have standing here.
    package var importLimits: ImportLimits
    package var logger: Logger
    /// The wall clock, for what is shown.
    package var now: @Sendable () -> Timestamp

    package init(
        store: StateStore, board: StatusBoard, encoder: ResourceEncoder, logger: Logger,
        timing: PeerStreamMachine.Timing = PeerStreamMachine.Timing(), importLimits: ImportLimits = ImportLimits(),
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.store = store
        self.board = board
        self.encoder = encoder
        self.timing = timing
        self.importLimits = importLimits
        self.logger = logger
        self.now = now
    }
}

/// The environment as one stream sees it.
struct StreamContext: Sendable {
    private let environment: ReplicationEnvironment
    let peering: PeeringID
    /// Our name for the peer.
    let peerName: String
    let logger: Logger

    init(_ environment: ReplicationEnvironment, peering: Peering) {
        self.environment = environment
        self.peering = peering.id
        self.peerName = peering.name
        var logger = environment.logger
        logger[metadataKey: "peer"] = "\(peering.name)"
        self.logger = logger
    }

    var store: StateStore { environment.store }
    var board: StatusBoard { environment.board }
    var encoder: ResourceEncoder { environment.encoder }
    var importLimits: ImportLimits { environment.importLimits }
    func now() -> Timestamp { environment.now() }
}
