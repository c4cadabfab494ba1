import ACLCore
import CatalogCore
import ConfigCore
import DocumentCore
import IdentityCore
import Testing

@Suite struct AgentConfigurationTests {
    private func read(_ text: String) throws -> (contents: ConfigContents, collector: ProblemCollector) {
        let collector = ProblemCollector()
        return (ConfigContents.decode(try JSONReader.read(text), into: collector), collector)
    }

    @Test func readsConsulKeys() throws {
        let found = try read(
            #"""
            {"node_name":"n1","datacenter":"DC2","data_dir":"/d","bind_addr":"10.0.0.1","client_addr":"0.0.0.0",
            "advertise_addr":"1.2.3.4","domain":"consul.","ports":{"http":8080,"grpc_tls":-1,"dns":8600},"log_level":"WARN",
            "log_json":true,"peering":{"enabled":false,"heartbeat_interval":"1s","heartbeat_timeout":"3s",
            "withdraw_limit_percent":40},
            "connect":{"enabled":true},"dev":true,"alt_domain":"example",
            "server":true,"ports_":1}
            """#)
        #expect(found.collector.problems.map(\.description) == ["6:15: ports_: is the same key as \"ports\" at 2:47"])
        #expect(found.collector.warnings.map(\.description) == ["6:1: server: is not used by hawser"])
        let agent = try found.contents.agent.resolved(hostName: "host")
        #expect(
            agent
                == ResolvedAgentConfiguration(
                    nodeName: "n1", datacenter: "dc2", dataDirectory: "/d", bindAddress: "10.0.0.1",
                    clientAddress: "0.0.0.0", advertiseAddress: "1.2.3.4", domain: "consul.", altDomain: "example",
                    httpPort: 8080, grpcTLSPort: -1, dnsPort: 8600, logLevel: .warn, logsJSON: true,
                    isDevelopment: true, peeringEnabled: false,
                    connectEnabled: true, heartbeatInterval: GoDuration(nanoseconds: 1_000_000_000),
                    heartbeatTimeout: GoDuration(nanoseconds: 3_000_000_000), withdrawLimit: 40))
    }

    @Test func readsAccessControl() throws {
        let secret = "11111111-2222-3333-4444-555555555555"
        let found = try read(
            #"""
            {"acl": {"enabled": true, "default_policy": "deny", "down_policy": "extend-cache", "policy_ttl": "30s",
            "tokens": {"initial_management": "\#(secret)", "agent": "a", "default": "d"}}, "audit": {"path": "/a"}}
            """#)
        #expect(found.collector.problems.isEmpty && found.collector.warnings.isEmpty)
        let first = found.contents.agent
        let second = try read(#"{"acl": {"default_policy": "allow"}}"#).contents.agent
        let settings = try first.merging(second).resolved(hostName: "h")
        #expect(settings.acl.isEnabled == true && settings.acl.defaultPolicy == .allow)
        #expect(settings.acl.initialManagement?.reveal() == secret && settings.acl.defaultToken?.reveal() == "d")
        #expect(settings.auditPath == "/a")
        #expect(!"\(settings)".contains(secret))
        let wrong = try read(
            #"{"acl": {"default_policy": "ask", "tokens": {"initial_management": "guess"}}}"#)
        #expect(
            wrong.collector.problems.map(\.description) == [
                #"1:28: acl.default_policy: must be allow or deny, and is "ask""#,
                "1:45: acl.tokens: initial_management must be a UUID, as `uuidgen` makes it",
            ])
    }

    @Test func readsHowLongTheReplicationLogIsKept() throws {
        let first = try read(#"{"replication_log":{"max_age":"48h","max_size_mb":16}}"#)
        let second = try read(#"{"replication_log":{"max_size_mb":32}}"#)
        #expect(first.collector.problems.isEmpty && first.collector.warnings.isEmpty)
        let log = try first.contents.agent.merging(second.contents.agent).resolved(hostName: "h").replicationLog
        #expect(log.maxAge == GoDuration("48h") && log.maxMegabytes == 32)
        let silent = try AgentConfiguration().resolved(hostName: "h").replicationLog
        #expect(silent.maxAge == nil && silent.maxMegabytes == nil)
    }

    @Test func mergesAndResolves() throws {
        let first = try read(#"{"datacenter":"a","ports":{"http":1,"grpc_tls":2},"peering":{"enabled":false}}"#)
            .contents.agent
        let second = try read(#"{"datacenter":"b","ports":{"http":3},"log_level":"err"}"#).contents.agent
        let merged = try first.merging(second).resolved(hostName: "box-1")
        #expect(merged.datacenter == "b" && merged.httpPort == 3 && merged.grpcTLSPort == 2)
        #expect(merged.logLevel == .error && !merged.peeringEnabled && merged.nodeName == "box-1")
        let empty = try AgentConfiguration().resolved(hostName: "h")
        #expect(
            empty
                == ResolvedAgentConfiguration(
                    nodeName: "h", datacenter: "dc1", dataDirectory: nil, bindAddress: "0.0.0.0",
                    clientAddress: "127.0.0.1", advertiseAddress: nil, domain: "consul", httpPort: 8500,
                    grpcTLSPort: 8503, logLevel: .info, logsJSON: false, isDevelopment: false, peeringEnabled: true,
                    connectEnabled: true, heartbeatInterval: GoDuration(nanoseconds: 15_000_000_000),
                    heartbeatTimeout: GoDuration(nanoseconds: 120_000_000_000), withdrawLimit: 25))
    }

    @Test(arguments: [
        (#"{"datacenter":"a b"}"#, #"1:15: datacenter cannot be "a b". Please use only [a-z0-9-_]"#),
        (#"{"datacenter":""}"#, #"1:15: datacenter cannot be "". Please use only [a-z0-9-_]"#),
        (#"{"node_name":""}"#, "1:14: node_name cannot be empty"),
        (
            #"{"node_name":"a/b"}"#,
            #"1:14: node_name cannot be "a/b". Please use only [A-Za-z0-9-_.], and at most 128 of them"#
        ),
        (#"{"log_level":"loud"}"#, #"1:14: log_level: must be one of trace, debug, info, warn, error, and is "loud""#),
        (
            #"{"bind_addr":"{{ GetPrivateIP }}"}"#,
            "1:14: bind_addr: address templates are not read by hawser: write the address itself"
        ),
        (#"{"replication_log":{"max_age":"59s"}}"#, "1:31: replication_log.max_age: must be at least 1m0s, and is 59s"),
        (
            #"{"replication_log":{"max_size_mb":0}}"#,
            "1:35: replication_log.max_size_mb: must be between 1 and 1048576, and is 0"
        ),
        (#"{"ports":{"http":70000}}"#, "1:18: ports.http: must be between -1 and 65535, and is 70000"),
    ])
    func refuses(text: String, problem: String) throws {
        #expect(try read(text).collector.problems.map(\.description) == [problem])
    }

    /// A timeout under two intervals would cut streams that are well.
    @Test(arguments: [
        (#"{"peering":{"heartbeat_interval":"10s","heartbeat_timeout":"19s"}}"#, "10s and 19s"),
        (#"{"peering":{"heartbeat_interval":"1ms"}}"#, "1ms and 2m0s"),
        (#"{"peering":{"heartbeat_interval":"-1s"}}"#, "-1s and 2m0s"),
    ])
    func refusesHeartbeatsThatCannotBeKept(text: String, values: String) throws {
        let agent = try read(text).contents.agent
        let found = try #require(throws: DocumentProblems.self) { try agent.resolved(hostName: "h") }
        #expect(
            found.problems.map(\.message) == [
                "peering.heartbeat_interval must be at least 50ms, and peering.heartbeat_timeout twice that interval or "
                    + "more: they are \(values)"
            ])
    }

    @Test func refusesAHostNameThatIsNoNodeName() {
        #expect(throws: DocumentProblems.self) { try AgentConfiguration().resolved(hostName: "") }
    }

    @Test func readsEntriesAndServicesBesideSettings() throws {
        let found = try read(
            #"""
            {"node_name":"n","config_entries":{"bootstrap":[{"Kind":"mesh"},{"Kind":"service-defaults","Name":"a"},
            {"kind":"nope"}]},"services":{"name":"one"},"service":[{"name":"two"}]}
            """#)
        #expect(found.contents.entries.map { "\($0.value.key)" } == ["mesh/mesh", "service-defaults/a"])
        #expect(found.contents.entries[1].position == DocumentPosition(line: 1, column: 65))
        #expect(found.contents.registrations.map(\.value.service.service) == ["two", "one"])
        #expect(
            found.collector.problems.map(\.description) == [
                "2:9: config_entries.bootstrap[2].kind: unknown kind `nope`; the kinds are exported-services, mesh, "
                    + "proxy-defaults, service-defaults, service-intentions, service-resolver, service-router or "
                    + "service-splitter"
            ])
        #expect(try read(#"{"kind":"mesh"}"#).contents.entries.count == 1)
    }
}
