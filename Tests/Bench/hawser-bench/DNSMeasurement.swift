/// Questions of one kind.
struct DNSRow: CustomStringConvertible {
    var queriesPerSecond: Double
    /// CPU of the daemon for one, in milliseconds.
    var cpu: Double

    var description: String { "\(queriesPerSecond.formatted(0)) a second, CPU \(cpu.formatted(3)) ms each" }
}

/// How many questions a daemon answers that has a whole catalog, or has imported one.
struct DNSResult {
    var instances: Int
    var services: Int
    var addresses: DNSRow
    var ownNames: DNSRow
    var foreignNames: DNSRow
    var unknownNodes: DNSRow

    /// What part of the rate of A the slowest PTR must reach.
    static let goal = 0.5

    /// The slower of the two kinds of PTR against A.
    var reverseShare: Double {
        min(ownNames.queriesPerSecond, foreignNames.queriesPerSecond) / addresses.queriesPerSecond
    }

    var description: String {
        """
        DNS with \(instances) instances:
          A of a service                 \(addresses)
          PTR of an instance             \(ownNames)
          PTR of a foreign address       \(foreignNames)
          the slower PTR against A: x\(reverseShare.formatted(2)) (of at least x\(Self.goal.formatted(1)))
        DNS with \(services) imported services:
          A of an unknown node of the peer  \(unknownNodes)
        """
    }
}

/// Asks the exporter of a catalog for services and addresses, and its importer for nodes that the peer does not have.
struct DNSMeasurement {
    let program: String

    private let services = 10_000
    private let instances = 2
    private let seconds = 3.0
    /// Questions on their way at once.
    private let window = 16

    func run() throws -> DNSResult {
        let exporter = try Daemon(
            program: program, name: "exporter", datacenter: "dc1", hasDNS: true,
            configuration: Catalog(services: services, instances: instances).files)
        defer { exporter.remove() }
        let importer = try Daemon(
            program: program, name: "importer", datacenter: "dc2", hasDNS: true, configuration: [:])
        defer { importer.remove() }
        let (source, target) = (try exporter.client(), try importer.client())
        try SyncMeasurement.redeem(try SyncMeasurement.token(of: source), target)
        try SyncMeasurement.waitForImport(of: services, instances: instances, target)
        let addresses = try rate(exporter, .a, mustAnswer: true) { "\(Catalog.name($0)).service.consul" }
        let own = try rate(exporter, .ptr, mustAnswer: true) { "1.\($0 & 255).\($0 >> 8 & 255).10.in-addr.arpa" }
        let foreign = try rate(exporter, .ptr) { "\($0 & 255).\($0 >> 8 & 255).113.203.in-addr.arpa" }
        let unknown = try rate(importer, .a) { "unknown-\($0).node.exporter.peer.consul" }
        return DNSResult(
            instances: services * instances, services: services, addresses: addresses, ownNames: own,
            foreignNames: foreign, unknownNodes: unknown)
    }

    /// - Parameter mustAnswer: whether each answer must have a record.
    private func rate(
        _ daemon: Daemon, _ type: DNSClient.QueryType, mustAnswer: Bool = false, name: (Int) -> String
    ) throws -> DNSRow {
        let client = try DNSClient(port: daemon.dnsPort)
        var asked = 0
        func ask() throws {
            asked += 1
            // A step without a common divisor with the number of services.
            try client.ask(name(asked * 7_919 % services), type)
        }
        let cpuBefore = try daemon.cpuSeconds()
        let start = Clock.now()
        for _ in 0..<window { try ask() }
        var answered = 0
        while Clock.now() - start < seconds {
            let answer = try client.answer()
            guard !mustAnswer || answer.records > 0 else {
                throw BenchError("DNS has no record for a name that exists: code \(answer.code)")
            }
            answered += 1
            try ask()
        }
        let elapsed = Clock.now() - start
        let cpu = try daemon.cpuSeconds() - cpuBefore
        return DNSRow(queriesPerSecond: Double(answered) / elapsed, cpu: cpu * 1_000 / Double(answered))
    }
}
