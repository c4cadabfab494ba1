import Testing

@testable import hawser

@Suite("Where the daemon is")
struct DaemonAddressTests {
    private static let good: [(text: String, host: String, port: Int)] = [
        ("127.0.0.1:8500", "127.0.0.1", 8500), ("http://consul.example:80/", "consul.example", 80),
        ("host", "host", 8500), ("[::1]:99", "::1", 99), ("[::1]", "::1", 8500),
    ]

    @Test(arguments: good)
    func isRead(text: String, host: String, port: Int) throws {
        #expect(try DaemonAddress(text) == DaemonAddress(host: host, port: port))
    }

    @Test(arguments: ["ftp://x:1", "unix://run/x", "https://", "x:0", "x:70000", ":80", "::1", "x:y", "a/b:1"])
    func isRefused(text: String) {
        #expect(throws: CommandFailure.self) { try DaemonAddress(text) }
    }

    @Test func otherDoorsAreRead() throws {
        let secure = try DaemonAddress("https://x:1")
        #expect(secure.isSecure && secure.host == "x" && secure.port == 1 && secure.description == "https://x:1")
        #expect(try DaemonAddress("https://x").port == 8501)
        let socket = try DaemonAddress("unix:///run/x.sock")
        #expect(socket.socketPath == "/run/x.sock" && socket.description == "unix:///run/x.sock")
    }

    @Test(arguments: [
        (["CONSUL_HTTP_SSL": "true"], "https://127.0.0.1:8500"),
        (["CONSUL_HTTP_SSL": "true", "CONSUL_HTTP_ADDR": "h:1"], "https://h:1"),
        (["CONSUL_HTTP_SSL": "true", "CONSUL_HTTP_ADDR": "http://h:1"], "h:1"),
        (["CONSUL_HTTP_SSL": "false", "CONSUL_HTTP_ADDR": "h:1"], "h:1"),
    ])
    func anotherVariableAsksForTLS(environment: [String: String], address: String) throws {
        #expect(try DaemonAddress.resolve(option: nil, environment: { environment[$0] }).description == address)
    }

    @Test func theOptionWinsOverTheEnvironment() throws {
        let environment = ["HAWSER_HTTP_ADDR": "h:1", "CONSUL_HTTP_ADDR": "c:2"]
        #expect(try DaemonAddress.resolve(option: "o:3", environment: { environment[$0] }).host == "o")
        #expect(try DaemonAddress.resolve(option: nil, environment: { environment[$0] }).host == "h")
        let consul = ["HAWSER_HTTP_ADDR": "", "CONSUL_HTTP_ADDR": "c:2"]
        #expect(try DaemonAddress.resolve(option: nil, environment: { consul[$0] }).host == "c")
        #expect(try DaemonAddress.resolve(option: nil, environment: { _ in nil }) == .standard)
    }
}
