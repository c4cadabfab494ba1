import Dispatch
import Glibc
import Synchronization

/// What one change costs that answers many standing queries alike.
struct WakingResult {
    var queries: Int
    var services: Int
    /// Until the last of them has its answer, and CPU of the daemon meanwhile.
    var seconds: Double
    var cpuSeconds: Double
    var answerKilobytes: Double
    /// Reads of others meanwhile, and before.
    var reads: Spread
    var quietReads: Spread

    static let goalCPUSeconds = 1.0
    static let goalMilliseconds = 50.0

    var description: String {
        """
        \(queries) blocking queries for the names of \(services) services \
        (\(answerKilobytes.formatted(0)) KB each), woken by one change:
          the last has its answer after \(seconds.formatted(2)) s; \
        CPU of the daemon \(cpuSeconds.formatted(2)) s (x\((cpuSeconds / Self.goalCPUSeconds).formatted(2)) of the goal of \
        \(Self.goalCPUSeconds.formatted(0)) s)
          reads of others meanwhile: \(reads) (x\((reads.p99 / Self.goalMilliseconds).formatted(2)) of the goal of \
        \(Self.goalMilliseconds.formatted(0)) ms); before: \(quietReads)
        """
    }
}

/// Lets queries for all names stand, registers one service, and reads another one all the time.
struct WakingMeasurement {
    let program: String

    private let queries = 1_000
    private let services = 4_000
    private let path = "/v1/catalog/services"

    func run() throws -> WakingResult {
        let daemon = try Daemon(
            program: program, name: "woken", datacenter: "dc1",
            configuration: Catalog(services: services, instances: 1).files)
        defer { daemon.remove() }
        let writer = try daemon.client()
        let quiet = try Self.reads(of: daemon.httpPort) { usleep(1_000_000) }.delays
        let clients = try standing(daemon)
        let index = try writer.get(path).index
        for client in clients { try client.start("GET", "\(path)?index=\(index)&wait=10m") }
        usleep(2_000_000)
        let cpuBefore = try daemon.cpuSeconds()
        let start = Clock.now()
        let (bytes, delays) = try Self.reads(of: daemon.httpPort) {
            try writer.send("PUT", "/v1/agent/service/register", body: #"{"Name":"new","Port":1}"#)
            return try Self.answers(of: clients)
        }
        return WakingResult(
            queries: queries, services: services, seconds: Clock.now() - start,
            cpuSeconds: try daemon.cpuSeconds() - cpuBefore,
            answerKilobytes: Double(bytes) / Double(queries) / 1_000, reads: Spread(delays), quietReads: Spread(quiet))
    }

    private func standing(_ daemon: Daemon) throws -> [HTTPClient] {
        try (0..<queries).map { _ in try HTTPClient(port: daemon.httpPort, chunkBytes: 65_536) }
    }

    /// Takes all answers, in the order in which they come.
    ///
    /// - Returns: their bytes.
    private static func answers(of clients: [HTTPClient]) throws -> Int {
        var waiting = clients
        var bytes = 0
        while !waiting.isEmpty {
            let ready = Set(HTTPClient.awaitAnswers(waiting))
            for index in ready { bytes += try waiting[index].answer().body.utf8.count }
            waiting = waiting.enumerated().filter { !ready.contains($0.offset) }.map(\.element)
        }
        return bytes
    }

    /// Reads one service again and again, on a thread of its own, while something else is done.
    ///
    /// - Returns: what that gave, and the seconds that each read took.
    private static func reads<Value>(
        of port: UInt16, during body: () throws -> Value
    ) throws -> (value: Value, delays: [Double]) {
        let reader = Reader(port: port)
        let thread = DispatchGroup()
        DispatchQueue(label: "reader").async(group: thread) { reader.run() }
        let value = Result { try body() }
        reader.stop()
        thread.wait()
        return (try value.get(), try reader.result())
    }
}

/// One who reads while others wait.
private final class Reader: Sendable {
    private let port: UInt16
    private let isStopped = Atomic(false)
    private let outcome = Mutex<Result<[Double], BenchError>>(.success([]))

    init(port: UInt16) {
        self.port = port
    }

    func run() {
        let outcome: Result<[Double], BenchError>
        do { outcome = .success(try delays()) } catch { outcome = .failure(BenchError("\(error)")) }
        self.outcome.withLock { $0 = outcome }
    }

    func stop() { isStopped.store(true, ordering: .relaxed) }

    func result() throws -> [Double] { try outcome.withLock { $0 }.get() }

    private func delays() throws -> [Double] {
        let client = try HTTPClient(port: port)
        var delays: [Double] = []
        repeat {
            let start = Clock.now()
            _ = try client.get("/v1/health/service/\(Catalog.name(1))")
            delays.append(Clock.now() - start)
            // A reader, not a load.
            usleep(1_000)
        } while !isStopped.load(ordering: .relaxed)
        return delays
    }
}
