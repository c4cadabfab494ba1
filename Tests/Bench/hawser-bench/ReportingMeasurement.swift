/// What a report of an application costs that is one of so many instances.
struct ReportingRow {
    var instances: Int
    var latency: Spread
    /// CPU of the daemon for one, in milliseconds.
    var cpu: Double

    var description: String {
        "  \(instances) instances: \(latency), CPU of the daemon \(cpu.formatted(3)) ms"
    }
}

struct ReportingResult {
    var rows: [ReportingRow]

    /// How much more the largest number may cost than the smallest.
    static let goal = 1.5

    var latencyGrowth: Double { growth { $0.latency.p50 } }
    var cpuGrowth: Double { growth { $0.cpu } }

    var description: String {
        """
        a report of a TTL check, among the instances of one service on one node:
        \(rows.map(\.description).joined(separator: "\n"))
          from the fewest to the most: x\(latencyGrowth.formatted(2)), CPU x\(cpuGrowth.formatted(2)) \
        (of at most x\(Self.goal.formatted(1)))
        """
    }

    private func growth(_ value: (ReportingRow) -> Double) -> Double {
        guard let first = rows.first, let last = rows.last else { return 1 }
        return value(last) / max(value(first), 0.000_1)
    }
}

/// Applications that report their health one after the other, each time with another note.
struct ReportingMeasurement {
    let program: String

    private let sizes = [10, 1_000, 3_000]
    private let seconds = 4.0

    func run() throws -> ReportingResult {
        ReportingResult(rows: try sizes.map(row))
    }

    private func row(_ instances: Int) throws -> ReportingRow {
        let daemon = try Daemon(
            program: program, name: "reported", datacenter: "dc1", configuration: ["web.json": Self.file(instances)])
        defer { daemon.remove() }
        let client = try daemon.client()
        // The first ones warm everything up.
        for number in 0..<10 { try Self.report(number, of: instances, to: client) }
        let cpuBefore = try daemon.cpuSeconds()
        let start = Clock.now()
        var delays: [Double] = []
        while Clock.now() - start < seconds {
            let sent = Clock.now()
            try Self.report(10 + delays.count, of: instances, to: client)
            delays.append(Clock.now() - sent)
        }
        let cpu = try daemon.cpuSeconds() - cpuBefore
        return ReportingRow(
            instances: instances, latency: Spread(delays), cpu: cpu * 1_000 / Double(delays.count))
    }

    private static func report(_ number: Int, of instances: Int, to client: HTTPClient) throws {
        // A step without a common divisor with the sizes.
        let instance = number * 7_919 % instances
        try client.send("PUT", "/v1/agent/check/pass/alive-\(instance)?note=\(number)", body: "")
    }

    private static func file(_ instances: Int) -> String {
        let definitions = (0..<instances).map { number in
            """
            {"name":"web","id":"web-\(number)","port":\(1_024 + number),\
            "check":{"check_id":"alive-\(number)","ttl":"24h","status":"passing"}}
            """
        }
        return "{\"services\":[\(definitions.joined(separator: ",\n"))]}"
    }
}
