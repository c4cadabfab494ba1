import Glibc

/// What the API of an importer does with a whole catalog imported.
struct APIResult {
    var requestsPerSecond: Double
    var latency: Spread
    var standingQueries: Int
    /// Bytes of resident memory for one more: a connection at rest, and a blocking query on it.
    var bytesPerConnection: Double
    var bytesPerQuery: Double
    /// From a change's request to the answer of the query that waits for it, while all the others wait.
    var wakeUp: Spread
    /// Answers that others got by that.
    var needlessAnswers: Int
    /// CPU of the daemon for one change, in milliseconds.
    var cpuPerChange: Double

    /// What a change may take to wake who waits for it.
    static let goalMilliseconds = 10.0

    var description: String {
        """
        reads of imported services: \(requestsPerSecond.formatted(0)) requests/s over \(APIMeasurement.connections) \
        connections, \(latency)
        \(standingQueries) blocking queries standing: \((bytesPerQuery / 1_000).formatted(1)) KB each, and \
        \((bytesPerConnection / 1_000).formatted(1)) KB for the connection
          a change wakes the one that it concerns: \(wakeUp)  \
        (x\((wakeUp.p99 / Self.goalMilliseconds).formatted(2)) of the goal of \(Self.goalMilliseconds.formatted(0)) ms)
          others answered by that: \(needlessAnswers); CPU of the daemon for a change: \(cpuPerChange.formatted(2)) ms
        """
    }
}

/// Asks for imported services as fast as the daemon answers, then lets thousands of blocking queries stand and changes
/// a service that one of them waits for, again and again.
struct APIMeasurement {
    let importer: Daemon
    /// How many imported services there are.
    let services: Int

    static let connections = 16
    private let requests = 20_000
    private let queries = 5_000
    private let changes = 200

    func run() throws -> APIResult {
        let (rate, latency) = try throughput()
        let before = try importer.memory("VmRSS")
        var clients = try (0..<queries).map { _ in try HTTPClient(port: importer.httpPort, chunkBytes: 4_096) }
        // One request makes a connection what it is between queries.
        for client in clients { _ = try client.get("/v1/status/leader") }
        let connected = try importer.memory("VmRSS")
        try register(port: 1)
        for (number, client) in clients.enumerated().dropFirst() {
            let path = "/v1/health/service/\(Catalog.name(number % services))?peer=exporter"
            try client.start("GET", "\(path)&index=\(try client.get(path).index)&wait=10m")
        }
        usleep(1_000_000)
        let standing = try importer.memory("VmRSS")
        let waiting = clients.removeFirst()
        let cpuBefore = try importer.cpuSeconds()
        let delays = try wakeUps(of: waiting)
        let cpu = try importer.cpuSeconds() - cpuBefore
        return APIResult(
            requestsPerSecond: rate, latency: latency, standingQueries: queries,
            bytesPerConnection: (connected - before) * 1_000_000 / Double(queries),
            bytesPerQuery: (standing - connected) * 1_000_000 / Double(queries), wakeUp: Spread(delays),
            needlessAnswers: clients.count { $0.hasAnswer }, cpuPerChange: cpu * 1_000 / Double(changes))
    }

    /// Every connection has one request on its way.
    private func throughput() throws -> (Double, Spread) {
        let clients = try (0..<Self.connections).map { _ in try HTTPClient(port: importer.httpPort) }
        var sent = Array(repeating: 0.0, count: clients.count)
        var delays: [Double] = []
        var number = 0
        func send(_ index: Int) throws {
            number += 1
            // A step without a common divisor with the usual sizes: never the same service twice in a row.
            let name = Catalog.name(number * 7_919 % services)
            sent[index] = Clock.now()
            try clients[index].start("GET", "/v1/health/service/\(name)?peer=exporter")
        }
        let start = Clock.now()
        for index in clients.indices { try send(index) }
        while delays.count < requests {
            for index in clients.indices {
                _ = try clients[index].answer()
                delays.append(Clock.now() - sent[index])
                try send(index)
            }
        }
        let seconds = Clock.now() - start
        for client in clients { _ = try client.answer() }
        return (Double(delays.count) / seconds, Spread(delays))
    }

    private func register(port: Int) throws {
        try HTTPClient(port: importer.httpPort).send(
            "PUT", "/v1/agent/service/register", body: #"{"Name":"watched","Port":\#(port)}"#)
    }

    private func wakeUps(of waiting: HTTPClient) throws -> [Double] {
        let writer = try HTTPClient(port: importer.httpPort)
        let path = "/v1/health/service/watched"
        var index = try waiting.get(path).index
        return try (0..<changes).map { number in
            try waiting.start("GET", "\(path)?index=\(index)&wait=10m")
            // It must wait already.
            usleep(5_000)
            let start = Clock.now()
            try writer.start("PUT", "/v1/agent/service/register", body: #"{"Name":"watched","Port":\#(number + 2)}"#)
            index = try waiting.answer().index
            let delay = Clock.now() - start
            _ = try writer.answer()
            return delay
        }
    }
}
