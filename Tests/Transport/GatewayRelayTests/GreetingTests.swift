import ClientHello
import Testing

@testable import GatewayRelay

@Suite struct GreetingTests {
    private let hello = Hello.bytes("a.test")

    private func greeting(header: Bool = false) -> Greeting {
        Greeting(expectsProxyHeader: header, headerLimit: 2_048)
    }

    private func look(_ greeting: inout Greeting, _ bytes: [UInt8]) -> Greeting.Step {
        let span = bytes.span
        return greeting.peeked(span)
    }

    private func name(_ step: Greeting.Step) -> String? {
        if case .hello(let hello) = step { hello.serverName } else { nil }
    }

    private func needsMore(_ step: Greeting.Step) -> Bool {
        if case .needsMore = step { true } else { false }
    }

    /// Every look shows all bytes again, and the parser gets each once.
    @Test func looksAgainAtWhatIsStillThere() {
        for cut in 0..<hello.count {
            var greeting = greeting()
            var step: Greeting.Step
            step = look(&greeting, Array(hello[..<cut]))
            #expect(needsMore(step))
            // Nothing new.
            step = look(&greeting, Array(hello[..<cut]))
            #expect(needsMore(step))
            step = look(&greeting, hello + [1, 2, 3])
            #expect(name(step) == "a.test")
        }
    }

    @Test func theHeaderIsSkippedAndTheHelloFollows() throws {
        let source = try #require(RelayAddress(ip: "192.0.2.1", port: 1))
        let header = ProxyHeader(source: source, destination: source)
        let bytes = header.bytes + hello
        for cut in 0..<header.bytes.count {
            var greeting = greeting(header: true)
            var step: Greeting.Step
            step = look(&greeting, Array(bytes[..<cut]))
            #expect(needsMore(step))
            guard case .skip(let length) = look(&greeting, bytes) else {
                Issue.record("the header was not read")
                continue
            }
            #expect(length == header.bytes.count)
            #expect(greeting.header == header)
            step = look(&greeting, [])
            #expect(needsMore(step))
            step = look(&greeting, Array(bytes[length...]))
            #expect(name(step) == "a.test")
        }
    }

    @Test func refusesTheFirstByteThatIsWrong() {
        var (plain, proxied) = (greeting(), greeting(header: true))
        guard case .refuse(let refusal) = look(&plain, [0x30]),
            case .refuse(.proxyHeader) = look(&proxied, [22])
        else {
            Issue.record("a wrong byte was taken")
            return
        }
        #expect(refusal.code == ClientHelloProblem.Code.notTLS.rawValue)
    }
}

extension RelayRefusal {
    fileprivate static func ~= (pattern: RelayRefusal, value: RelayRefusal) -> Bool { pattern == value }
}
