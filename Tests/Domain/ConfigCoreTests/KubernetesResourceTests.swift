import ConfigCore
import DocumentCore
import Testing

@Suite("Config entries as resources of Kubernetes")
struct KubernetesResourceTests {
    private static let version = #""apiVersion":"consul.hashicorp.com/v1alpha1""#

    private func decode(_ resource: String) throws -> (entry: ConfigEntry?, problems: [String]) {
        let collector = ProblemCollector()
        let contents = ConfigContents.decode(try JSONReader.read("{\(resource)}"), into: collector)
        return (contents.entries.first?.value, collector.problems.map { "\($0.path): \($0.message)" })
    }

    /// A resource, and the entry that it stands for.
    @Test(arguments: [
        (
            #""kind":"Mesh","metadata":{"name":"mesh","labels":{"a":"b"}},"spec":{"peering":{"peerThroughMeshGateways":true}}"#,
            #"{"Kind":"mesh","Peering":{"PeerThroughMeshGateways":true}}"#
        ),
        (#""kind":"Mesh","metadata":{"name":"mesh"},"status":{"conditions":[]}"#, #"{"Kind":"mesh"}"#),
        (
            #""kind":"ProxyDefaults","metadata":{"name":"global"},"spec":{"meshGateway":{"mode":"local"},"config":{"protocol":"http"}}"#,
            #"{"Kind":"proxy-defaults","MeshGateway":{"Mode":"local"},"Config":{"protocol":"http"}}"#
        ),
        (
            #""kind":"ServiceDefaults","metadata":{"name":"web"},"spec":{"protocol":"http","upstreamConfig":{"defaults":{"connectTimeoutMs":5,"passiveHealthCheck":{"interval":"1s"}}}}"#,
            #"{"Kind":"service-defaults","Name":"web","Protocol":"http","UpstreamConfig":{"Defaults":{"ConnectTimeoutMs":5,"PassiveHealthCheck":{"Interval":"1s"}}}}"#
        ),
        (
            #""kind":"ExportedServices","metadata":{"name":"default"},"spec":{"services":[{"name":"web","consumers":[{"peer":"b"}]}]}"#,
            #"{"Kind":"exported-services","Name":"default","Services":[{"Name":"web","Consumers":[{"Peer":"b"}]}]}"#
        ),
        (
            #""kind":"ServiceIntentions","metadata":{"name":"anything"},"spec":{"destination":{"name":"web"},"sources":[{"name":"a","peer":"b","permissions":[{"action":"allow","http":{"pathExact":"/"}}]}]}"#,
            #"{"Kind":"service-intentions","Name":"web","Sources":[{"Name":"a","Peer":"b","Permissions":[{"Action":"allow","HTTP":{"PathExact":"/"}}]}]}"#
        ),
        (
            #""kind":"ServiceResolver","metadata":{"name":"web"},"spec":{"Redirect":{"Service":"api"}}"#,
            #"{"Kind":"service-resolver","Name":"web","Redirect":{"Service":"api"}}"#
        ),
    ])
    func areReadAsTheEntriesTheyMean(resource: String, json: String) throws {
        let found = try decode("\(Self.version),\(resource)")
        #expect(found.problems.isEmpty)
        #expect(found.entry == (try entry(json)))
    }

    @Test(
        arguments: [
            (
                #""apiVersion":"v1","kind":"Mesh","metadata":{"name":"mesh"}"#,
                [#"apiVersion: must be consul.hashicorp.com/v1alpha1, and is "v1""#]
            ),
            (
                "\(version)" + #","kind":"Messh","metadata":{"name":"mesh"}"#,
                ["kind: unknown kind `Messh`; did you mean `Mesh`?"]
            ),
            (
                "\(version)" + #","kind":"Mesh","metadata":{"name":"m"},"spec":{"peeering":{}}"#,
                [
                    #"metadata.name: invalid name ("m"), only "mesh" is supported"#,
                    "spec.peeering: unknown key `peeering`; did you mean `peering`?",
                ]
            ),
            ("\(version)" + #","kind":"Mesh""#, ["metadata: must name the entry"]),
            (
                "\(version)"
                    + #","kind":"ServiceIntentions","metadata":{"name":"x"},"spec":{"sources":[{"name":"a","action":"deny"}]}"#,
                ["spec.destination: must name the service that is called"]
            ),
            (
                "\(version)"
                    + #","kind":"ServiceDefaults","metadata":{"name":"web"},"spec":{"meshGateway":{"mode":"lokal"}}"#,
                [#"spec.meshGateway.mode: must be none, local or remote, and is "lokal""#]
            ),
        ] as [(String, [String])])
    func areRefused(resource: String, expected: [String]) throws {
        #expect(try decode(resource).problems == expected)
    }
}
