import ConfigCore
import DocumentCore
import Testing

@testable import hawser

@Suite("Addresses among the agent's settings")
struct AddressSettingsTests {
    private func checked(
        bind: String? = nil, client: String? = nil, advertise: String? = nil
    ) throws(DocumentProblems) -> ResolvedAgentConfiguration {
        var configuration = AgentConfiguration()
        configuration.bindAddress = bind
        configuration.clientAddress = client
        configuration.advertiseAddress = advertise
        return try configuration.resolved(hostName: "h").withCheckedAddresses()
    }

    @Test func defaultsPass() throws {
        let settings = try checked()
        #expect(settings.bindAddress == "0.0.0.0" && settings.clientAddress == "127.0.0.1")
        #expect(settings.advertiseAddress == nil)
    }

    @Test(arguments: [
        "10.0.0.1", "2001:db8::1", "fe80::1%eth0", "localhost", "node-1.example.com", "a_b.example.", "0.net", "xn--a",
    ])
    func whatIsAnAddressPasses(host: String) throws {
        let settings = try checked(bind: host, client: host, advertise: host)
        #expect(settings.bindAddress == host && settings.clientAddress == host && settings.advertiseAddress == host)
    }

    @Test func bracketsAreTakenOff() throws {
        let settings = try checked(bind: "[::]", client: " [::1]  127.0.0.1 ", advertise: "[2001:db8::1]")
        #expect(settings.bindAddress == "::" && settings.clientAddress == "::1 127.0.0.1")
        #expect(settings.advertiseAddress == "2001:db8::1")
    }

    private static let template = "{{ GetPrivateIP }}"
    private static let noHost = "write an IP address or the name of a host, without a port"
    private static let wrong: [(host: String, words: String)] = [
        ("", "write an IP address or the name of a host, or leave it out"),
        (template, "address templates are not read by hawser. Write the address itself"),
        ("unix:///run/hawser.sock", "only addresses.http may name a Unix socket. Write an IP address"),
        ("10.0.0.1:8503", noHost), ("300.0.0.1", noHost), ("10.0.0", noHost), ("a..b", noHost), ("a b", noHost),
        (".", noHost), ("10.0.0.1%eth0", noHost), ("fe80::1%", noHost), ("http://a", noHost),
        (String(repeating: "a", count: 254), noHost),
    ]

    @Test(arguments: wrong)
    func whatIsNoneIsRefusedUnderItsKey(host: String, words: String) {
        let bind = #expect(throws: DocumentProblems.self) { _ = try checked(bind: host) }
        #expect(bind?.description == "bind_addr cannot be \(quoted(host)): \(words)")
        let advertise = #expect(throws: DocumentProblems.self) { _ = try checked(advertise: host) }
        #expect(advertise?.description == "advertise_addr cannot be \(quoted(host)): \(words)")
    }

    @Test(arguments: ["0.0.0.0", "::", "[::]"])
    func everyAddressIsNoneToAdvertise(host: String) {
        let problems = #expect(throws: DocumentProblems.self) { _ = try checked(advertise: host) }
        #expect(problems?.description.contains("peers reach the daemon there") == true)
    }

    @Test func eachAddressOfClientsIsChecked() {
        let one = #expect(throws: DocumentProblems.self) { _ = try checked(client: "127.0.0.1 1.2.3") }
        #expect(one?.description == "client_addr cannot be \"1.2.3\": \(Self.noHost)")
        let template = #expect(throws: DocumentProblems.self) { _ = try checked(client: Self.template) }
        #expect(template?.description.hasPrefix("client_addr cannot be \"\(Self.template)\": address temp") == true)
        let none = #expect(throws: DocumentProblems.self) { _ = try checked(client: " ") }
        #expect(none?.description.hasPrefix("client_addr cannot be empty") == true)
    }

    @Test func allProblemsAreToldAtOnce() {
        let problems = #expect(throws: DocumentProblems.self) { _ = try checked(bind: "", client: "", advertise: "::") }
        #expect(problems?.problems.count == 3)
    }
}
