/// Milliseconds, as they are at the middle and at the end.
struct Spread {
    var p50: Double
    var p99: Double

    /// - Parameter seconds: at least one.
    init(_ seconds: [Double]) {
        let sorted = seconds.sorted()
        p50 = sorted[sorted.count / 2] * 1_000
        p99 = sorted[sorted.count * 99 / 100] * 1_000
    }
}

extension Spread: CustomStringConvertible {
    var description: String { "p50 \(p50.formatted(2)) ms, p99 \(p99.formatted(2)) ms" }
}

/// How a stream does with a whole catalog standing.
struct StandingResult {
    var propagation: Spread
    var jitter: Spread
}

/// Registers one service again and again, each time with another port, and waits for each at the importer; meanwhile
/// notes when the importer got heartbeats.
struct StandingMeasurement {
    let source: HTTPClient
    let importer: Daemon

    /// What both daemons are told to keep; real ones beat every 15 s, and a benchmark cannot wait for many of those.
    static let heartbeatMilliseconds = 50

    static let agentFile =
        #"{"peering":{"heartbeat_interval":"\#(heartbeatMilliseconds)ms","heartbeat_timeout":"30s"}}"#

    private let heartbeats = 100
    /// How often the peering is asked for its last heartbeat, in seconds: often enough that none is missed, also while
    /// the importer writes its copies of a first synchronisation and each change waits for a part of that.
    private let secondsPerLook = 0.01

    func run() throws -> StandingResult {
        let watch = try HTTPClient(port: importer.httpPort)
        try watch.stream("/v1/hawser/watch?peer=exporter")
        let client = try HTTPClient(port: importer.httpPort)
        // The first ones warm everything up.
        for port in 0..<50 { try change(port, seenBy: watch) }
        var delays: [Double] = []
        var beats: [Int64] = []
        while beats.count <= heartbeats {
            let lastLook = Clock.now()
            while Clock.now() - lastLook < secondsPerLook {
                let start = Clock.now()
                try change(100 + delays.count % 50_000, seenBy: watch)
                delays.append(Clock.now() - start)
            }
            let beat = try lastHeartbeat(client)
            if beat != beats.last { beats.append(beat) }
        }
        let interval = Double(Self.heartbeatMilliseconds) / 1_000
        let gaps = zip(beats.dropFirst(), beats).map { Double($0 - $1) / 1e9 }
        return StandingResult(
            propagation: Spread(delays), jitter: Spread(gaps.map { abs($0 - interval) }))
    }

    private func change(_ port: Int, seenBy watch: HTTPClient) throws {
        try source.send(
            "PUT", "/v1/agent/service/register",
            body: #"{"Name":"changing","ID":"changing","Port":\#(10_000 + port),"Tags":["n\#(port)"]}"#)
        while true {
            let line = try watch.line()
            if line.contains(#""name":"changing""#), line.contains(#""number":"#) { return }
        }
    }

    /// Nanoseconds since midnight: enough to tell how far two are apart.
    private func lastHeartbeat(_ client: HTTPClient) throws -> Int64 {
        let body = try client.get("/v1/peering/exporter").body
        let key = #""LastHeartbeat":""#
        guard let time = body.firstRange(of: key).map({ body[$0.upperBound...].prefix { $0 != "\"" } }),
            let clock = time.split(separator: "T").last?.dropLast()
        else { return 0 }
        let parts = clock.split(whereSeparator: { $0 == ":" || $0 == "." })
        guard parts.count >= 3, let hours = Int64(parts[0]), let minutes = Int64(parts[1]),
            let seconds = Int64(parts[2])
        else { throw BenchError("no time: \(time)") }
        let digits = parts.count > 3 ? String(parts[3]) : ""
        let fraction = Int64(digits + String(repeating: "0", count: max(0, 9 - digits.count))) ?? 0
        return ((hours * 60 + minutes) * 60 + seconds) * 1_000_000_000 + fraction
    }
}
