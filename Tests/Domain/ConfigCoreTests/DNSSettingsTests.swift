import ConfigCore
import DocumentCore
import Testing

@Suite struct DNSSettingsTests {
    private func read(_ text: String) throws -> (agent: AgentConfiguration, problems: [String], warnings: [String]) {
        let collector = ProblemCollector()
        let contents = ConfigContents.decode(try JSONReader.read(text), into: collector)
        return (contents.agent, collector.problems.map(\.description), collector.warnings.map(\.description))
    }

    @Test func readsConsulsKeysAndPutsLaterFilesOver() throws {
        let first = try read(
            #"""
            {"dns_config":{"only_passing":true,"node_ttl":"5s","service_ttl":{"*":"1s","web":"1m"},"a_record_limit":3,
            "soa":{"refresh":1,"retry":2,"expire":3,"min_ttl":4},"allow_stale":true}}
            """#)
        #expect(first.problems.isEmpty && first.warnings == ["2:54: dns_config.allow_stale: is not used by hawser"])
        let second = try read(#"{"dns_config":{"only_passing":false,"soa":{"min_ttl":9}},"ports":{"dns":53}}"#)
        let resolved = try first.agent.merging(second.agent).resolved(hostName: "h")
        var expected = DNSSettings()
        expected.onlyPassing = false
        expected.nodeTTL = GoDuration(.seconds(5))
        expected.serviceTTL = ["*": GoDuration(.seconds(1)), "web": GoDuration(.seconds(60))]
        expected.addressLimit = 3
        (expected.soaRefresh, expected.soaRetry, expected.soaExpire, expected.soaMinimum) = (1, 2, 3, 9)
        #expect(resolved.dns == expected && resolved.dnsPort == 53)
    }

    @Test(arguments: [
        (
            #"{"dns_config":{"service_ttl":{"web":"soon"}}}"#,
            #"1:30: dns_config.service_ttl: must hold durations such as "10s", and holds "soon" of web"#
        ),
        (
            #"{"dns_config":{"service_ttl":{"web":"-1s"}}}"#,
            #"1:30: dns_config.service_ttl: must hold durations such as "10s", and holds "-1s" of web"#
        ),
        (
            #"{"dns_config":{"node_ttl":"-1s"}}"#,
            "1:27: dns_config.node_ttl: must not be negative, and is -1s"
        ),
        (#"{"ports":{"dns":70000}}"#, "1:17: ports.dns: must be between -1 and 65535, and is 70000"),
    ]) func refuses(text: String, problem: String) throws {
        #expect(try read(text).problems == [problem])
    }

    @Test(arguments: ["", ".", "a..b", "a b", "a/b", "a" + String(repeating: "b", count: 63)])
    func refusesWhatIsNoDomain(_ domain: String) throws {
        for key in ["domain", "alt_domain"] {
            let agent = try read(#"{"\#(key)":"\#(domain)"}"#).agent
            let found = try #require(throws: DocumentProblems.self) { try agent.resolved(hostName: "h") }
            #expect(found.problems.map { $0.message.hasPrefix("\(key) cannot be ") } == [true])
        }
    }
}
