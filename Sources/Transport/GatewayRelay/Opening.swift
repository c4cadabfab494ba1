/// The targets of a connection, tried one after the other.
struct Opening: Sendable {
    let serverName: String?
    let route: String
    private let targets: [RelayAddress]
    private var position = 0

    init(serverName: String?, route: String, targets: [RelayAddress]) {
        self.serverName = serverName
        self.route = route
        self.targets = targets
    }

    /// The one to try now; nil when all have failed.
    var target: RelayAddress? { position < targets.count ? targets[position] : nil }

    mutating func targetFailed() { position += 1 }
}
