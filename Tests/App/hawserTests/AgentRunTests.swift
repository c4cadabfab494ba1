import Foundation
import NIOCore
import NIOPosix
import PeeringCore
import Synchronization
import Testing

@testable import hawser

/// An agent in this process, on free ports of the loopback.
private struct RunningAgent {
    let httpPort: Int
    let peeringPort: Int
    let log: Recorder

    /// Runs an agent for as long as the closure takes; it is cancelled then.
    static func run(_ line: String, _ body: @Sendable (RunningAgent) async throws -> Void) async throws {
        let log = Recorder()
        let (lines, more) = AsyncStream<String>.makeStream()
        let errors = TextOutput(isTerminal: false) { bytes throws(CommandFailure) in
            try log.output().write(String(decoding: bytes, as: UTF8.self))
            more.yield(String(decoding: bytes, as: UTF8.self))
        }
        let surroundings = Surroundings(environment: { _ in nil }, output: Recorder().output(), error: errors)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                // An agent that does not start must not leave the test waiting.
                defer { more.finish() }
                await Surroundings.$current.withValue(surroundings) {
                    _ = await Hawser.run(line.split(separator: " ").map(String.init))
                }
            }
            let start = await lines.first { $0.contains("is up") }
            let agent = RunningAgent(start, log: log)
            defer { group.cancelAll() }
            try await body(#require(agent, "\(log.text)"))
        }
    }

    var trustDomain: String? {
        log.text.split(separator: " ").first { $0.hasPrefix("trust_domain=") }
            .map { String($0.dropFirst("trust_domain=".count).prefix { $0 != "\n" }) }
    }

    private init?(_ start: String?, log: Recorder) {
        func port(_ key: String) -> Int? {
            start?.split(separator: " ").first { $0.hasPrefix("\(key)=") }
                .flatMap { HostPort(String($0.dropFirst(key.count + 1).filter { $0 != "\n" }))?.port }
        }
        guard let http = port("http"), let peering = port("peering") else { return nil }
        self.httpPort = http
        self.peeringPort = peering
        self.log = log
    }
}

@Suite("hawser agent")
struct AgentRunTests {
    private struct Directory {
        let path: String

        init() throws {
            path = FileManager.default.temporaryDirectory.appending(path: "hawser-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }

        func write(_ name: String, _ text: String) throws -> String {
            try Data(text.utf8).write(to: URL(filePath: "\(path)/\(name)"))
            return "\(path)/\(name)"
        }

        func remove() { try? FileManager.default.removeItem(atPath: path) }
    }

    private static let ports = "-bind 127.0.0.1 -http-port 0 -grpc-tls-port 0"

    @Test func servesItsFilesAndReloadsThem() async throws {
        let files = try Directory()
        defer { files.remove() }
        let agentFile = try files.write("agent.yaml", "datacenter: dc7\nserver: true\n")
        _ = try files.write("web.yaml", "service: {name: web, port: 80}\n")
        try await RunningAgent.run("agent -dev \(Self.ports) -config-dir \(files.path)") { agent in
            #expect(agent.log.text.contains("[WARN] agent: \(agentFile):2:1: server: is not used by hawser\n"))
            #expect(agent.log.text.contains("datacenter=dc7"))
            let services = await hawserTests.run("catalog services", port: agent.httpPort)
            #expect(services.output.contains("\nweb   1 "), "\(services)")
            _ = try files.write("api.yaml", "service: {name: api, port: 81}\n")
            let reload = await hawserTests.run("reload", port: agent.httpPort)
            #expect(reload.output.contains("service api added ("), "\(reload)")
            let token = await hawserTests.run("peering generate-token -name dc2", port: agent.httpPort)
            let decoded = try PeeringToken(encoded: token.output.trimmingCharacters(in: .whitespacesAndNewlines))
            #expect(decoded.serverAddresses == ["127.0.0.1:\(agent.peeringPort)"])
            #expect(decoded.serverName.hasPrefix("server.dc7.peering."))
        }
    }

    @Test func whatWasAcknowledgedIsThereAtTheNextStart() async throws {
        let data = try Directory()
        defer { data.remove() }
        let line = "agent \(Self.ports) -data-dir \(data.path)"
        let domain = Mutex("")
        try await RunningAgent.run(line) { agent in
            let token = await hawserTests.run("peering generate-token -name dc2", port: agent.httpPort)
            let text = token.output.trimmingCharacters(in: .whitespacesAndNewlines)
            domain.withLock { $0 = (try? PeeringToken(encoded: text))?.serverName ?? "none" }
        }
        try await RunningAgent.run(line) { agent in
            let list = await hawserTests.run("peering list", port: agent.httpPort)
            #expect(list.output.contains("dc2   PENDING"), "\(list)")
            #expect(domain.withLock { $0 }.hasSuffix(agent.trustDomain ?? "?"))
        }
    }

    @Test(arguments: [
        ("-http-port", "-grpc-tls-port", "the HTTP API"), ("-grpc-tls-port", "-http-port", "the peering port"),
        ("-dns-port", "-grpc-tls-port 0 -http-port", "DNS"),
    ])
    func aPortInUseIsNamedWithItsFlag(flag: String, other: String, name: String) async throws {
        let taken = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(taken.localAddress?.port)
        let outcome = await hawserTests.run("agent -dev \(flag) \(port) \(other) 0", port: 0)
        #expect(outcome.code == 1)
        #expect(
            outcome.errors.contains("hawser: \(name) cannot listen on 127.0.0.1:\(port): the port is in use"),
            "\(outcome.errors)")
        #expect(outcome.errors.contains("Set another \(flag) if so"))
        #expect(!outcome.errors.contains("is up"))
        try await taken.close()
    }

    private static let failures: [(line: String, words: String)] = [
        ("agent", "hawser: data_dir is not set: name a directory with -data-dir, or try it out with -dev\n"),
        ("agent -dev -datacenter a/b", "hawser: the configuration is refused:\ndatacenter cannot be \"a/b\""),
        (
            "agent -dev -config-dir /does/not/exist",
            "hawser: the configuration is refused:\n/does/not/exist: the directory cannot be listed: "
                + "No such file or directory\n"
        ),
        ("agent -dev -config-file /does/not/exist.yaml", "/does/not/exist.yaml: cannot be read: No such file"),
        ("agent -data-dir /does/not/exist", "cannot be opened for writing; check that its directory exists"),
        (
            "agent -dev -http-port 0 -grpc-tls-port 0 -bind 203.0.113.77",
            "this machine has no such address. Set another -bind"
        ),
        ("agent -dev -http-port 0 -grpc-tls-port 0 -client no_host.invalid", "Look at -client"),
    ]

    @Test(arguments: failures)
    func aStartThatCannotBeSaysWhy(line: String, words: String) async {
        let outcome = await hawserTests.run(line, port: 0)
        #expect(outcome.code == 1)
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
    }

    @Test func aBrokenFileIsNamedWithItsLine() async throws {
        let files = try Directory()
        defer { files.remove() }
        let path = try files.write("web.yaml", "service:\n  name: web\n  port: eighty\n")
        let off = try files.write("off.yaml", "connect: {enabled: false}\n")
        let broken = await hawserTests.run("agent -dev -config-file \(path)", port: 0)
        #expect(broken.code == 1 && broken.errors.contains("\(path):3:9: "), "\(broken.errors)")
        let switchedOff = await hawserTests.run("agent -dev -config-file \(off)", port: 0)
        #expect(switchedOff.code == 1 && switchedOff.errors.contains("connect.enabled is false"))
    }
}
