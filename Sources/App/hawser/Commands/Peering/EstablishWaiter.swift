import DocumentCore

/// Follows a new peering until it is active and the peer's services are in.
struct EstablishWaiter {
    let client: DaemonClient
    let name: String
    let timeout: Duration

    /// Seconds that one request lets the daemon wait for a change.
    private static let pollSeconds: Int64 = 1
    /// After so many requests without a change the first synchronisation counts as done: a service that is exported
    /// without instances is announced and never arrives.
    private static let quietPolls = 2

    /// Shows each step as it happens.
    func run(_ progress: ProgressLines) async throws {
        var progress = progress
        try progress.done("token accepted, secret exchanged")
        let deadline = ContinuousClock.now + timeout
        var status = PeeringStatus()
        var index: UInt64 = 0
        var isUp = false
        var quiet = 0
        while ContinuousClock.now < deadline {
            let previous = status
            (status, index) = try await poll(index)
            if !isUp, status.state == "ACTIVE" {
                isUp = true
                try progress.done("stream up" + (status.remoteAddress.map { ": connected to \($0)" } ?? ""))
            }
            if !isUp {
                try refuseIfOver(status)
                try progress.update(Self.waiting(status))
                continue
            }
            quiet = status == previous ? quiet + 1 : 0
            let sync = status.syncText
            if status.isSynced || (status.announced != nil && quiet >= Self.quietPolls) {
                try progress.done(sync)
                return
            }
            try progress.update(sync)
        }
        try progress.clear()
        guard isUp else { throw CommandFailure(failure(status)) }
        // The peering stands; only the services take longer than the caller wanted to wait.
        try progress.done(status.syncText + " so far")
    }

    private func poll(_ index: UInt64) async throws(CommandFailure) -> (PeeringStatus, UInt64) {
        let path = APIPath("peering", name).query("index", index == 0 ? nil : "\(index)")
            .query("wait", "\(Self.pollSeconds)s")
        do throws(ClientError) {
            let answer = try await client.get(path, wait: Self.pollSeconds)
            return (PeeringStatus(answer.document), answer.index)
        } catch {
            if error.isNotFound {
                throw CommandFailure("hawser: the peering \(name) was deleted while it was waited for")
            }
            throw error.failure("Error reading peering")
        }
    }

    /// States that nothing comes after.
    private func refuseIfOver(_ status: PeeringStatus) throws(CommandFailure) {
        switch status.state {
        case "DELETING", "TERMINATED": throw CommandFailure(failure(status))
        default: return
        }
    }

    private static func waiting(_ status: PeeringStatus) -> String {
        "waiting for the stream" + (status.lastError.map { ": \($0)" } ?? "")
    }

    private func failure(_ status: PeeringStatus) -> String {
        let reason = status.lastError ?? "no error was reported; `hawser peering read -name \(name)` shows more"
        return "hawser: the peering \(name) is \(status.state) and not ACTIVE: \(reason)"
    }
}

/// What the waiting looks at of a peering's JSON.
struct PeeringStatus: Equatable {
    var state = "UNDEFINED"
    var lastError: String?
    var remoteAddress: String?
    var announced: Int64?
    var received: Int64 = 0

    init() {}

    init(_ document: Document) {
        state = document["State"]?.string ?? state
        guard let details = document["Hawser"] else { return }
        lastError = details["LastError"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        remoteAddress = details["RemoteAddress"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        announced = details["AnnouncedServices"]?.integer
        received = details["ReceivedServices"]?.integer ?? 0
    }

    var isSynced: Bool { announced.map { received >= $0 } ?? false }

    var syncText: String {
        guard let announced else { return "first sync: waiting for the list of services" }
        return "first sync: received \(received) of \(announced) announced services"
    }
}
