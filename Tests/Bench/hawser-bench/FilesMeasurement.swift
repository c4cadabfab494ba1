import ConfigFiles
import Glibc

/// What a service in a file of its own costs.
struct FilesResult {
    var files: Int
    /// Reading and decoding all files.
    var loadSeconds: Double
    /// From the start of the process to the first answer.
    var startSeconds: Double
    /// A reload after one file has changed.
    var reloadSeconds: Double
    /// What the peer was sent because of that.
    var responses: Int

    var description: String {
        """
        \(files) files with a service each, a third of them in HCL, YAML and JSON:
          read and decoded in        \(loadSeconds.formatted(3)) s
          start to the first answer  \(startSeconds.formatted(3)) s
          reload of one changed      \(reloadSeconds.formatted(3)) s, which sends the peer \(responses) of them
        """
    }
}

/// A daemon that exports ten thousand services, each out of a file of its own, and one that imports them.
struct FilesMeasurement {
    let program: String
    private let count = 10_000

    init(program: String) {
        self.program = program
    }

    func run() throws -> FilesResult {
        var files = Dictionary(uniqueKeysWithValues: (0..<count).map { (Self.file($0), Self.text($0, port: 80)) })
        files["exports.json"] = Catalog(services: 0, instances: 0).files["exports.json"]
        let exporter = try Daemon(program: program, name: "exporter", datacenter: "dc1", configuration: files)
        defer { exporter.remove() }
        let spawned = Clock.now()
        let source = try exporter.client()
        let up = Clock.now()
        let importer = try Daemon(program: program, name: "importer", datacenter: "dc2", configuration: [:])
        defer { importer.remove() }
        let target = try importer.client()
        try SyncMeasurement.redeem(try SyncMeasurement.token(of: source), target)
        try waitForImport(target)

        let before = try sent(source)
        let last = count - 1
        try Daemon.write(Self.text(last, port: 81), to: "\(exporter.directory)/config/\(Self.file(last))")
        let start = Clock.now()
        try source.send("PUT", "/v1/agent/reload", body: "")
        let reloaded = Clock.now()
        while try !target.get("/v1/health/service/\(Catalog.name(last))?peer=exporter").body.contains("\"Port\":81") {}
        return FilesResult(
            files: count, loadSeconds: try load(exporter.directory + "/config"), startSeconds: up - spawned,
            reloadSeconds: reloaded - start, responses: try sent(source) - before)
    }

    private func load(_ directory: String) throws -> Double {
        var loader = ConfigLoader([.directory(directory)])
        let start = Clock.now()
        _ = try loader.load()
        return Clock.now() - start
    }

    private func waitForImport(_ client: HTTPClient) throws {
        while try client.get("/v1/peering/exporter").body.number(of: "ReceivedServices") != count { usleep(5_000) }
    }

    private func sent(_ client: HTTPClient) throws -> Int {
        try client.get("/v1/peering/importer").body.number(of: "ResponsesSent") ?? 0
    }

    private static func file(_ number: Int) -> String {
        Catalog.name(number) + [".hcl", ".yaml", ".json"][number % 3]
    }

    private static func text(_ number: Int, port: Int) -> String {
        let name = Catalog.name(number)
        return switch number % 3 {
        case 0:
            """
            service {
              name = "\(name)"
              port = \(port)
              tags = ["v1", "blue"]
              meta { version = "1.2.3", team = "payments" }
              check { name = "alive", ttl = "24h", status = "passing" }
            }

            """
        case 1:
            """
            service:
              name: \(name)
              port: \(port)
              tags: [v1, blue]
              meta: {version: "1.2.3", team: payments}
              check: {name: alive, ttl: 24h, status: passing}

            """
        default:
            """
            {"service": {"name": "\(name)", "port": \(port), "tags": ["v1", "blue"],
            "meta": {"version": "1.2.3", "team": "payments"},
            "check": {"name": "alive", "ttl": "24h", "status": "passing"}}}

            """
        }
    }
}

extension String {
    /// The number that stands behind a key of JSON.
    fileprivate func number(of key: String) -> Int? {
        let mark = "\"\(key)\":"
        let parts = split(separator: mark, maxSplits: 1)
        return parts.count == 2 ? Int(parts[1].prefix { $0.isNumber }) : nil
    }
}
