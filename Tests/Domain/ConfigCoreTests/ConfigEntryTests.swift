import ConfigCore
import DocumentCore
import Testing

@Suite struct ConfigEntryTests {
    private func decode(_ text: String) throws(DocumentProblems) -> ConfigEntry {
        try ConfigEntry.decode(json: Array(text.utf8))
    }

    /// An entry as it comes, and as it is written for row 5 that was changed at 7.
    @Test(arguments: [
        (
            #"{"kind":"exported-services","name":"default","services":[{"name":"web","consumers":[{"peer_name":"b"},{"Peer":"c"}]},{"Name":"*","Namespace":"default","Consumers":[{"PEER":"d"}]}],"Meta":{"a.b/c":"1"},"CreateIndex":1,"Hash":9}"#,
            #"{"Kind":"exported-services","Name":"default","Services":[{"Name":"web","Consumers":[{"Peer":"b"},{"Peer":"c"}]},{"Name":"*","Consumers":[{"Peer":"d"}]}],"Meta":{"a.b/c":"1"},"CreateIndex":5,"ModifyIndex":7}"#
        ),
        (
            #"{"Kind":"exported-services","Name":"default","Services":[]}"#,
            #"{"Kind":"exported-services","Name":"default","Services":[],"CreateIndex":5,"ModifyIndex":7}"#
        ),
        (
            #"{"Kind":"mesh","Peering":{"peer_through_mesh_gateways":true},"TLS":{"Incoming":{"TLSMinVersion":"TLSv1_2"}}}"#,
            #"{"Kind":"mesh","TransparentProxy":{"MeshDestinationsOnly":false},"TLS":{"Incoming":{"TLSMinVersion":"TLSv1_2"}},"Peering":{"PeerThroughMeshGateways":true},"CreateIndex":5,"ModifyIndex":7}"#
        ),
        (
            #"{"Kind":"service-defaults","Name":"web","Protocol":"HTTP","MeshGateway":{"Mode":"local"},"UpstreamConfig":{"Overrides":[{"Name":"x","Limits":{"MaxConnections":1.5}}]},"Partition":"default"}"#,
            #"{"Kind":"service-defaults","Name":"web","Protocol":"http","MeshGateway":{"Mode":"local"},"UpstreamConfig":{"Overrides":[{"Name":"x","Limits":{"MaxConnections":1.5}}]},"CreateIndex":5,"ModifyIndex":7}"#
        ),
        (
            #"{"Kind":"proxy-defaults","Config":{"protocol":"GRPC","x":[1,null]},"Mode":"direct"}"#,
            #"{"Kind":"proxy-defaults","Name":"global","Config":{"protocol":"GRPC","x":[1,null]},"Mode":"direct","CreateIndex":5,"ModifyIndex":7}"#
        ),
        (
            #"{"Kind":"service-resolver","Name":"web","Redirect":{"Service":"api"}}"#,
            #"{"Kind":"service-resolver","Name":"web","Redirect":{"Service":"api"},"CreateIndex":5,"ModifyIndex":7}"#
        ),
        (
            #"{"Kind":"service-intentions","Name":"*","Sources":[{"Name":"web","Peer":"b","Action":"allow"}]}"#,
            #"{"Kind":"service-intentions","Name":"*","Sources":[{"Name":"web","Peer":"b","Action":"allow"}],"CreateIndex":5,"ModifyIndex":7}"#
        ),
        (
            #"{"Kind":"service-router","Name":"web"}"#,
            #"{"Kind":"service-router","Name":"web","CreateIndex":5,"ModifyIndex":7}"#
        ),
        (
            #"{"Kind":"service-splitter","Name":"web","Splits":[{"Weight":100}]}"#,
            #"{"Kind":"service-splitter","Name":"web","Splits":[{"Weight":100}],"CreateIndex":5,"ModifyIndex":7}"#
        ),
    ])
    func decodesAndEncodes(text: String, written: String) throws {
        let entry = try decode(text)
        let json = entry.json(createIndex: 5, modifyIndex: 7)
        #expect(String(decoding: json, as: UTF8.self) == written)
        #expect(try ConfigEntry.decode(json: json) == entry)
    }

    /// A body and all that is wrong with it, in Consul's words where clients match on them.
    @Test(
        arguments: [
            ("{}", ["1:1: Payload does not contain a kind/Kind key at the top level"]),
            (#"{"Kind":"jwt","Name":"x","Any":1}"#, ["1:1: invalid config entry kind: jwt"]),
            (
                #"{"Kind":"mesh","Peeering":{"x":1}}"#,
                [#"1:16: invalid config key "Peeering", did you mean "Peering"?"#]
            ),
            (#"{"Kind":"mesh","Name":"m"}"#, [#"1:23: invalid name ("m"), only "mesh" is supported"#]),
            (
                #"{"Kind":"mesh","Peering":{"PeerThroughMeshGateway":true}}"#,
                [
                    #"1:27: invalid config key "Peering.PeerThroughMeshGateway", did you mean "PeerThroughMeshGateways"?"#
                ]
            ),
            (
                #"{"Kind":"proxy-defaults","Name":"x","Config":[]}"#,
                [
                    #"1:33: invalid name ("x"), only "global" is supported"#,
                    "1:46: Config: must be a map, and a list stands here",
                ]
            ),
            (#"{"Kind":"service-defaults"}"#, ["1:1: Name is required"]),
            (
                #"{"Kind":"service-resolver","Name":"*","Partition":"a","Namespace":"b"}"#,
                [
                    "1:35: wildcard name is not allowed for service-resolver",
                    "1:51: Partition: Partitions are a Consul Enterprise feature",
                    "1:67: Namespace: Namespaces are a Consul Enterprise feature",
                ]
            ),
            (#"{"Kind":"exported-services","Name":"x"}"#, [#"1:36: exported-services Name must be "default""#]),
            (#"{"Kind":"exported-services"}"#, [#"1:1: exported-services Name must be "default""#]),
            (exports(#"{"Consumers":[{"Peer":"a"}]}"#), ["1:58: Services[0]: service name cannot be empty"]),
            (
                exports(#"{"Name":"a","Namespace":"*","Consumers":[{"Peer":"a"}]}"#),
                [
                    "1:66: Services[0]: service name must be wildcard if namespace is wildcard"
                ]
            ),
            (
                exports(#"{"Name":"a"},{"Name":"b","Consumers":[]}"#),
                [
                    "1:58: Services[0]: must have at least one consumer",
                    "1:95: Services[1]: must have at least one consumer",
                ]
            ),
            (
                exports(#"{"Name":"a","Consumers":[{"Peer":"a","Partition":"b"},{"Peer":"*"},{"Partition":"*"}]}"#),
                [
                    "1:83: Services[0].Consumers[0]: must define at most one of Peer, Partition, or SamenessGroup",
                    "1:120: Services[0].Consumers[1]: exporting to all peers (wildcard) is not supported",
                    "1:138: Services[0].Consumers[2]: exporting to all partitions (wildcard) is not supported",
                ]
            ),
            (
                exports(#"{"Name":"a","Consumers":[{"Partition":"b"},{"SamenessGroup":"c"},{}]}"#),
                [
                    "1:96: Services[0].Consumers[0]: partitions are an enterprise-only feature",
                    "1:118: Services[0].Consumers[1]: sameness-groups are an enterprise-only feature",
                    "1:123: Services[0].Consumers[2]: must name the Peer that may import the service",
                ]
            ),
            (
                exports(#"{"Name":"a","Consumer":[{"Peer":"b"}]}"#),
                [
                    "1:58: Services[0]: must have at least one consumer",
                    #"1:70: invalid config key "Services[0].Consumer", did you mean "Consumers"?"#,
                ]
            ),
            ("[", ["1:2: the text ends in the middle of a value"]),
        ] as [(String, [String])])
    func refuses(text: String, expected: [String]) {
        do {
            _ = try decode(text)
            Issue.record("nothing was thrown")
        } catch {
            #expect(error.problems.map(\.description) == expected)
        }
    }

    private static func exports(_ services: String) -> String {
        #"{"Kind":"exported-services","Name":"default","Services":["# + services + "]}"
    }

    @Test func boundsMeta() {
        let meta = (0..<65).map { "\"k\($0)\":\"v\"" }.joined(separator: ",")
        let long = String(repeating: "x", count: 513)
        do {
            _ = try decode(#"{"Kind":"mesh","Meta":{\#(meta),"k":"\#(long)","\#(long)":""}}"#)
            Issue.record("nothing was thrown")
        } catch {
            #expect(error.problems.count == 3)
            #expect(error.problems[0].message == "Meta exceeds maximum element count 64")
            #expect(error.problems[1].message == "Meta value for key \"k\" exceeds maximum length 512")
            #expect(error.problems[2].message.hasSuffix("exceeds maximum length 128"))
            #expect(error.problems.allSatisfy { $0.code == .invalid })
        }
    }

    @Test func knowsTheProtocolOfDefaults() throws {
        #expect(try decode(#"{"Kind":"service-defaults","Name":"a","protocol":"Http2"}"#).serviceProtocol == "http2")
        #expect(try decode(#"{"Kind":"service-defaults","Name":"a"}"#).serviceProtocol == nil)
        #expect(try decode(#"{"Kind":"proxy-defaults","Config":{"Protocol":"GRPC"}}"#).serviceProtocol == "grpc")
        #expect(try decode(#"{"Kind":"mesh"}"#).serviceProtocol == nil)
    }
}
