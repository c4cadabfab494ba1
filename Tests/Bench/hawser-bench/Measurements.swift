import Glibc

/// A daemon without services or peerings, a moment after its start.
enum IdleMeasurement {
    /// - Returns: resident memory in MB.
    static func run(program: String) throws -> Double {
        let daemon = try Daemon(program: program, name: "idle", datacenter: "dc1", configuration: [:])
        defer { daemon.remove() }
        let client = try daemon.client()
        for _ in 0..<20 { _ = try client.get("/v1/peerings") }
        usleep(1_000_000)
        return try daemon.memory("VmRSS")
    }
}

/// What one size of catalog took.
struct SyncResult {
    var services: Int
    var instances: Int
    var seconds: Double
    var tlsFloorSeconds: Double
    var megabytes: Double
    var cpuExporter: Double
    var cpuImporter: Double
    var rssExporter: Double
    var rssImporter: Double
    var stored: StoredResult
    var standing: StandingResult
    /// Of the largest catalog only.
    var api: APIResult?

    var description: String {
        """
        \(services) services of \(instances) instances (\(megabytes.formatted(1)) MB):
          redeem to all imported and queryable  \(seconds.formatted(3)) s
          the same bytes through plain TLS      \(tlsFloorSeconds.formatted(3)) s  (x\((seconds / tlsFloorSeconds).formatted(1)))
          CPU   exporter \(cpuExporter.formatted(2)) s, importer \(cpuImporter.formatted(2)) s
          RSS   exporter \(rssExporter.formatted(0)) MB, importer \(rssImporter.formatted(0)) MB at the peak
          \(stored)
          one change, from the request to the importer's watch: \(standing.propagation)
          heartbeats while that goes on, early or late by: \(standing.jitter)
        """ + (api.map { "\n" + $0.description } ?? "")
    }
}

/// What a first synchronisation leaves on disk.
struct StoredResult: CustomStringConvertible {
    var exporterMegabytes: Double
    var importerMegabytes: Double
    /// Events in the importer's replication log, and MB that they take; nil for a daemon that does not say.
    var logEvents: Double?
    var logMegabytes: Double?

    /// Copies of what was imported reach the disk a little later than the answers that show them.
    private static let delay: UInt32 = 2_500_000

    static func after(exporter: Daemon, importer: Daemon, _ target: HTTPClient) throws -> StoredResult {
        usleep(delay)
        return StoredResult(
            exporterMegabytes: try exporter.storedMegabytes(), importerMegabytes: try importer.storedMegabytes(),
            logEvents: try target.metric("hawser_replication_log_events"),
            logMegabytes: try target.metric("hawser_replication_log_bytes").map { $0 / 1_000_000 })
    }

    var description: String {
        """
        disk  exporter \(exporterMegabytes.formatted(1)) MB, importer \(importerMegabytes.formatted(1)) MB; its \
        replication log: \(logEvents?.formatted(0) ?? "n/a") events, \(logMegabytes?.formatted(1) ?? "n/a") MB
        """
    }
}

/// Two daemons: one exports a catalog, the other redeems its token.
struct SyncMeasurement {
    let program: String
    let services: Int
    let measuresAPI: Bool
    private let instances = 2

    init(program: String, services: Int, measuresAPI: Bool) {
        self.program = program
        self.services = services
        self.measuresAPI = measuresAPI
    }

    func run() async throws -> SyncResult {
        let exporter = try Daemon(
            program: program, name: "exporter", datacenter: "dc1",
            configuration: Catalog(services: services, instances: instances).files)
        defer { exporter.remove() }
        let importer = try Daemon(program: program, name: "importer", datacenter: "dc2", configuration: [:])
        defer { importer.remove() }
        let (source, target) = (try exporter.client(), try importer.client())
        usleep(500_000)

        let token = try Self.token(of: source)
        let cpuBefore = (try exporter.cpuSeconds(), try importer.cpuSeconds())
        let start = Clock.now()
        try Self.redeem(token, target)
        try Self.waitForImport(of: services, instances: instances, target)
        let seconds = Clock.now() - start
        let cpuAfter = (try exporter.cpuSeconds(), try importer.cpuSeconds())
        let stored = try StoredResult.after(exporter: exporter, importer: importer, target)

        let standing = try StandingMeasurement(source: source, importer: importer).run()
        let bytes = try Catalog(services: services, instances: instances)
            .wireBytes(in: exporter.directory + "/config")
        let floor = try await TLSFloor.seconds(for: bytes)
        let (peakExporter, peakImporter) = (try exporter.memory("VmHWM"), try importer.memory("VmHWM"))
        let api = measuresAPI ? try APIMeasurement(importer: importer, services: services).run() : nil
        return SyncResult(
            services: services, instances: instances, seconds: seconds, tlsFloorSeconds: floor,
            megabytes: Double(bytes) / 1_000_000, cpuExporter: cpuAfter.0 - cpuBefore.0,
            cpuImporter: cpuAfter.1 - cpuBefore.1, rssExporter: peakExporter, rssImporter: peakImporter,
            stored: stored, standing: standing, api: api)
    }

    /// A token for the importer, in the daemon's answer.
    static func token(of exporter: HTTPClient) throws -> String {
        try exporter.send("POST", "/v1/peering/token", body: #"{"PeerName":"importer"}"#)
    }

    static func redeem(_ token: String, _ importer: HTTPClient) throws {
        try importer.send("POST", "/v1/peering/establish", body: token.dropLastBrace + #","PeerName":"exporter"}"#)
    }

    /// Until the importer answers for the service that is sent last with all its instances, and has all the others.
    static func waitForImport(of services: Int, instances: Int, _ client: HTTPClient) throws {
        let last = Catalog.name(services - 1)
        var index = "0"
        while true {
            let answer = try client.get("/v1/health/service/\(last)?peer=exporter&index=\(index)&wait=10s")
            index = answer.index
            guard answer.body.count(of: "\"Node\":{") == instances else { continue }
            let names = try client.get("/v1/catalog/services?peer=exporter").body
            if names.count(of: "\"service-") == services { return }
        }
    }
}

enum Clock {
    /// Seconds since some moment.
    static func now() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

extension String {
    fileprivate func count(of text: String) -> Int {
        let (haystack, needle) = (Array(utf8), Array(text.utf8))
        guard haystack.count >= needle.count else { return 0 }
        var count = 0
        for start in 0...(haystack.count - needle.count) where haystack[start] == needle[0] {
            if haystack[start..<start + needle.count].elementsEqual(needle) { count += 1 }
        }
        return count
    }

    /// A JSON object without its end, to be gone on with.
    fileprivate var dropLastBrace: String {
        String(prefix(upTo: lastIndex(of: "}") ?? endIndex))
    }
}
