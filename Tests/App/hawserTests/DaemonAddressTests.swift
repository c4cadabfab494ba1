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

    @Test(arguments: ["https://x:1", "unix:///run/x", "x:0", "x:70000", ":80", "::1", "x:y", "a/b:1"])
    func isRefused(text: String) {
        #expect(throws: CommandFailure.self) { try DaemonAddress(text) }
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
