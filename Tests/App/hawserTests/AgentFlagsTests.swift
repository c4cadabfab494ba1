import ArgumentParser
import ConfigCore
import ConfigFiles
import Testing

@testable import hawser

@Suite("Flags of the agent")
struct AgentFlagsTests {
    private func flags(_ line: String) throws -> AgentFlags {
        let words = GoStyleArguments.rewrite(["agent"] + line.split(separator: " ").map(String.init))
        return try #require(try Hawser.parseAsRoot(words) as? AgentCommand).flags
    }

    @Test(arguments: ["-", "--"])
    func everyFlagIsReadWithOneDashOrTwo(dash: String) throws {
        let line = [
            "node n1", "datacenter DC2", "data-dir /d", "bind 10.0.0.1", "client 0.0.0.0", "advertise 1.2.3.4",
            "domain d.", "alt-domain e", "http-port 1", "grpc-tls-port=-1", "dns-port 53", "log-level WARN", "log-json",
            "dev",
        ].map { dash + $0 }.joined(separator: " ")
        var expected = AgentConfiguration()
        expected.nodeName = "n1"
        expected.datacenter = "dc2"
        expected.dataDirectory = "/d"
        expected.bindAddress = "10.0.0.1"
        expected.clientAddress = "0.0.0.0"
        expected.advertiseAddress = "1.2.3.4"
        expected.domain = "d."
        expected.altDomain = "e"
        expected.dnsPort = 53
        expected.httpPort = 1
        expected.grpcTLSPort = -1
        expected.logLevel = .warn
        expected.logsJSON = true
        expected.isDevelopment = true
        #expect(try flags(line).configuration == expected)
    }

    @Test func noFlagSaysNothing() throws {
        #expect(try flags("").configuration == AgentConfiguration())
        #expect(try flags("").paths.isEmpty)
    }

    @Test func filesComeAfterDirectoriesInTheirOrder() throws {
        let paths = try flags("-config-file a.yaml -config-dir x -config-dir y -config-file b.json").paths
        #expect(paths == [.directory("x"), .directory("y"), .file("a.yaml"), .file("b.json")])
    }

    @Test func flagsWinOverFiles() throws {
        var file = AgentConfiguration()
        file.datacenter = "dc1"
        file.httpPort = 1
        file.logsJSON = true
        let settings = try file.merging(try flags("-http-port 2").configuration).resolved(hostName: "h")
        #expect(settings.datacenter == "dc1" && settings.httpPort == 2 && settings.logsJSON)
    }

    private static let wrong: [(line: String, words: String)] = [
        ("agent -http-port 65536", "-http-port=65536: a port is a number from 0 to 65535, or -1 for none"),
        ("agent -grpc-tls-port=-2", "-grpc-tls-port=-2: a port is a number"),
        ("agent -dns-port=-2", "-dns-port=-2: a port is a number"),
        ("agent -http-port eighty", "The value 'eighty' is invalid"),
        ("agent -log-level loud", "-log-level=loud: write trace, debug, info, warn or error"),
        ("agent -nodes n", "Unknown option '--nodes'"),
    ]

    @Test(arguments: wrong)
    func aWrongFlagIsAUsageError(line: String, words: String) async {
        let outcome = await run(line, port: 0)
        #expect(outcome.code == 2)
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
    }
}
