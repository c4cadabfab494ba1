import ConfigCore
import DocumentCore
import Testing

/// Names in definitions and entries: the rule is `NameRule`'s, and here is where it is asked.
@Suite("Names in definitions and entries")
struct NameTests {
    private static let services: [(text: String, path: String)] = [
        (#"{"name":"NAME"}"#, "services[0].name"),
        (#"{"name":"x","id":"NAME"}"#, "services[0].id"),
        (#"{"name":"x","check":{"id":"NAME","ttl":"10s"}}"#, "services[0].check.id"),
        (#"{"name":"x","checks":[{"check_id":"NAME","ttl":"10s"}]}"#, "services[0].checks[0].check_id"),
        (#"{"name":"x","check":{"alias_service":"NAME"}}"#, "services[0].check.alias_service"),
        (
            #"{"name":"x","port":1,"connect":{"sidecar_service":{"name":"NAME"}}}"#,
            "services[0].connect.sidecar_service.name"
        ),
        (
            #"{"name":"x","kind":"connect-proxy","port":1,"proxy":{"destination_service_name":"NAME"}}"#,
            "services[0].proxy.destination_service_name"
        ),
        (
            #"{"name":"x","kind":"connect-proxy","port":1,"proxy":{"destination_service_name":"y","destination_service_id":"NAME"}}"#,
            "services[0].proxy.destination_service_id"
        ),
        (
            #"{"name":"x","kind":"connect-proxy","port":1,"proxy":{"destination_service_name":"y","upstreams":[{"destination_name":"NAME","local_bind_port":1}]}}"#,
            "services[0].proxy.upstreams[0].destination_name"
        ),
        (
            #"{"name":"x","kind":"connect-proxy","port":1,"proxy":{"destination_service_name":"y","upstreams":[{"destination_name":"z","destination_peer":"NAME","local_bind_port":1}]}}"#,
            "services[0].proxy.upstreams[0].destination_peer"
        ),
    ]

    private static let entries: [(text: String, path: String)] = [
        (#"{"Kind":"service-defaults","Name":"NAME"}"#, "Name"),
        (#"{"Kind":"service-resolver","Name":"NAME"}"#, "Name"),
        (#"{"Kind":"service-intentions","Name":"NAME","Sources":[{"Name":"x","Action":"allow"}]}"#, "Name"),
        (#"{"Kind":"service-intentions","Name":"x","Sources":[{"Name":"NAME","Action":"allow"}]}"#, "Sources[0].Name"),
        (
            #"{"Kind":"service-intentions","Name":"x","Sources":[{"Name":"y","Peer":"NAME","Action":"allow"}]}"#,
            "Sources[0].Peer"
        ),
        (
            #"{"Kind":"exported-services","Name":"default","Services":[{"Name":"NAME","Consumers":[{"Peer":"x"}]}]}"#,
            "Services[0].Name"
        ),
        (
            #"{"Kind":"exported-services","Name":"default","Services":[{"Name":"x","Consumers":[{"Peer":"NAME"}]}]}"#,
            "Services[0].Consumers[0].Peer"
        ),
        (
            #"{"Kind":"service-defaults","Name":"x","UpstreamConfig":{"Overrides":[{"Name":"NAME"}]}}"#,
            "UpstreamConfig.Overrides[0].Name"
        ),
        (
            #"{"apiVersion":"consul.hashicorp.com/v1alpha1","kind":"ServiceDefaults","metadata":{"name":"NAME"}}"#,
            "metadata.name"
        ),
        (
            #"{"apiVersion":"consul.hashicorp.com/v1alpha1","kind":"ServiceIntentions","metadata":{"name":"x"},"spec":{"destination":{"name":"NAME"},"sources":[{"name":"y","action":"allow"}]}}"#,
            "spec.destination.name"
        ),
    ]

    private static let all =
        services.map { (text: #"{"services":[\#($0.text)]}"#, path: $0.path) } + entries
        + [(text: #"{"gateway":{"service":"NAME"}}"#, path: "gateway.service")]

    private func problems(_ text: String, name: String) throws -> [String] {
        let collector = ProblemCollector()
        _ = ConfigContents.decode(
            try JSONReader.read(text.replacing("NAME", with: name)), into: collector)
        return collector.problems.map { $0.path + ": " + $0.message }
    }

    @Test(arguments: all)
    func controlCharactersAreRefused(text: String, path: String) throws {
        #expect(
            try problems(text, name: #"a\u0000b"#) == [
                path + #": must not hold control characters, and "a\u0000b" holds U+0000: write it without"#
            ])
        for name in [#"a\n"#, #"\u001b[1m"#, "\u{7F}", #"\u0085"#, #"a\u2028"#, #"\uFFFD"#] {
            #expect(try problems(text, name: name).map { $0.hasPrefix("\(path): must ") } == [true], "\(name)")
        }
        #expect(
            try problems(text, name: String(repeating: "n", count: 256)).map {
                $0.hasPrefix("\(path): must be at most 255 bytes long, and ")
            } == [true])
    }

    @Test(arguments: all)
    func everythingElseIsTaken(text: String, path: String) throws {
        for name in ["a/b", "a b", "naïve", "e\u{301}", "日本語", "👩‍👩‍👧", String(repeating: "n", count: 255)] {
            #expect(try problems(text, name: name) == [], "\(name)")
        }
    }
}
