/// What writers of the API get when many of them write at once.
struct RegisterResult {
    var registrations: Int
    var seconds: Double
    var latency: Spread
    /// The longest of them, in milliseconds.
    var longest: Double
    /// CPU of the daemon for one, in milliseconds.
    var cpu: Double
    /// How many commands the daemon stored with one flush; nil for a daemon that does not count them.
    var commandsPerCommit: Double?

    /// How many medians the longest may take.
    static let goalMedians = 20.0

    var description: String {
        """
        \(RegisterMeasurement.clients) clients register for \(seconds.formatted(0)) s: \
        \((Double(registrations) / seconds).formatted(0)) a second, \(latency), at most \(longest.formatted(2)) ms \
        (x\((longest / latency.p50).formatted(1)) of the median, of at most x\(Self.goalMedians.formatted(0)))
          commands in a flush: \(commandsPerCommit?.formatted(1) ?? "n/a"); \
        CPU of the daemon for one: \(cpu.formatted(3)) ms
        """
    }
}

/// Clients that each register one new service after another, on nodes of their own.
struct RegisterMeasurement {
    let program: String

    static let clients = 32
    private let seconds = 10.0

    func run() throws -> RegisterResult {
        let daemon = try Daemon(program: program, name: "writing", datacenter: "dc1", configuration: [:])
        defer { daemon.remove() }
        let observer = try daemon.client()
        let countsBefore = try Counts(observer)
        let cpuBefore = try daemon.cpuSeconds()
        let (delays, elapsed) = try load(daemon)
        let cpu = try daemon.cpuSeconds() - cpuBefore
        return RegisterResult(
            registrations: delays.count, seconds: elapsed, latency: Spread(delays),
            longest: (delays.max() ?? 0) * 1_000, cpu: cpu * 1_000 / Double(delays.count),
            commandsPerCommit: try Counts(observer).commandsPerCommit(since: countsBefore))
    }

    /// Every client has one request on its way, until the time is over.
    private func load(_ daemon: Daemon) throws -> (delays: [Double], seconds: Double) {
        let clients = try (0..<Self.clients).map { _ in try HTTPClient(port: daemon.httpPort, chunkBytes: 4_096) }
        var sent = Array(repeating: 0.0, count: clients.count)
        var delays: [Double] = []
        var number = 0
        func send(_ index: Int) throws {
            number += 1
            sent[index] = Clock.now()
            try clients[index].start("PUT", "/v1/catalog/register", body: Self.registration(number))
        }
        let start = Clock.now()
        for index in clients.indices { try send(index) }
        var isOver = false
        var waiting = Set(clients.indices)
        while !waiting.isEmpty {
            for index in HTTPClient.awaitAnswers(clients) where waiting.contains(index) {
                _ = try clients[index].answer()
                delays.append(Clock.now() - sent[index])
                isOver = Clock.now() - start >= seconds
                if isOver { waiting.remove(index) } else { try send(index) }
            }
        }
        return (delays, Clock.now() - start)
    }

    private static func registration(_ number: Int) -> String {
        """
        {"Node":"node-\(number)","Address":"10.0.0.1",\
        "Service":{"ID":"app-\(number)","Service":"app-\(number)","Port":80}}
        """
    }

    /// What the daemon counts of its commits; nil where it does not.
    private struct Counts {
        let commits: Double?
        let commands: Double?

        init(_ client: HTTPClient) throws {
            commits = try client.metric("hawser_state_commits_total")
            commands = try client.metric("hawser_state_commands_total")
        }

        func commandsPerCommit(since before: Counts) -> Double? {
            guard let commits, let commands, commits > before.commits ?? 0 else { return nil }
            return (commands - (before.commands ?? 0)) / (commits - (before.commits ?? 0))
        }
    }
}
