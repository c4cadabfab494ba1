import ConfigCore
import DocumentCore
import Testing

@Suite("Config entries: what holds for all kinds")
struct ConfigEntryTests {
    /// An entry as it comes, and as it is answered.
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
            #"{"Kind":"service-resolver","Name":"web","Redirect":{"Service":"api"}}"#,
            #"{"Kind":"service-resolver","Name":"web","Redirect":{"Service":"api"},"CreateIndex":5,"ModifyIndex":7}"#
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
    func areAnsweredAsConsulAnswersThem(text: String, answer: String) throws {
        let entry = try entry(text)
        #expect(written(entry) == answer)
        #expect(try ConfigEntry.decode(json: Array(answer.utf8)) == entry)
    }

    @Test(
        arguments: [
            (
                "{}", ["1:1: Payload does not contain a kind/Kind key at the top level"],
                ["Payload does not contain a kind/Kind key at the top level"]
            ),
            (
                #"{"Kind":"mseh","Any":1}"#, ["1:9: Kind: unknown kind `mseh`; did you mean `mesh`?"],
                ["invalid config entry kind: mseh"]
            ),
            (
                #"{"Kind":"mesh","Peeering":{"x":1}}"#,
                ["1:16: Peeering: unknown key `Peeering`; did you mean `Peering`?"],
                [#"invalid config key "Peeering""#]
            ),
            (
                #"{"Kind":"mesh","Peering":{"PeerThroughMeshGateway":true}}"#,
                [
                    "1:27: Peering.PeerThroughMeshGateway: unknown key `PeerThroughMeshGateway`; did you mean "
                        + "`PeerThroughMeshGateways`?"
                ],
                [#"invalid config key "Peering.PeerThroughMeshGateway""#]
            ),
            (
                #"{"Kind":"mesh","Peering":[{"PeerThroughMeshGateways":true},{"PeerThroughMeshGateways":true}]}"#,
                ["1:26: Peering: stands twice; write one block"], ["Peering: stands twice; write one block"]
            ),
            (
                #"{"Kind":"mesh","Name":"m"}"#, [#"1:23: Name: invalid name ("m"), only "mesh" is supported"#],
                [#"invalid name ("m"), only "mesh" is supported"#]
            ),
            (#"{"Kind":"service-defaults"}"#, ["1:1: Name: is required"], ["Name is required"]),
            (
                #"{"Kind":"service-resolver","Name":"*","Partition":"a","Namespace":"b"}"#,
                [
                    "1:35: Name: must be the name of a service, and not a wildcard",
                    "1:51: Partition: Partitions are a Consul Enterprise feature",
                    "1:67: Namespace: Namespaces are a Consul Enterprise feature",
                ],
                [
                    "service-resolver name must be the name of a service, and not a wildcard",
                    "Partitions are a Consul Enterprise feature", "Namespaces are a Consul Enterprise feature",
                ]
            ),
            (
                #"{"Kind":"mesh","TLS":1,"Meta":[],"Bogus":1,"Peering":{"peer_through_mesh_gateways":"maybe"}}"#,
                [
                    "1:22: TLS: must be a map, and an integer stands here",
                    "1:31: Meta: must be a map of strings, and a list stands here",
                    "1:34: Bogus: unknown key `Bogus`",
                    "1:84: Peering.peer_through_mesh_gateways: must be true or false, and a string stands here",
                ],
                [
                    "TLS: must be a map, and an integer stands here",
                    "Meta: must be a map of strings, and a list stands here", #"invalid config key "Bogus""#,
                    "Peering.peer_through_mesh_gateways: must be true or false, and a string stands here",
                ]
            ),
            ("[", ["1:2: the text ends in the middle of a value"], ["the text ends in the middle of a value"]),
        ] as [(String, [String], [String])])
    func areRefused(text: String, ours: [String], consul: [String]) {
        let found = problems(of: text)
        #expect(found.ours == ours)
        #expect(found.consul == consul)
    }

    @Test func boundMeta() {
        let meta = (0..<65).map { "\"k\($0)\":\"v\"" }.joined(separator: ",")
        let long = String(repeating: "x", count: 513)
        let found = problems(of: #"{"Kind":"mesh","Meta":{\#(meta),"k":"\#(long)","\#(long)":""}}"#)
        #expect(found.consul.count == 3)
        #expect(found.consul[0] == "Meta exceeds maximum element count 64")
        #expect(found.consul[1] == "Meta value for key \"k\" exceeds maximum length 512")
        #expect(found.consul[2].hasSuffix("exceeds maximum length 128"))
    }

    @Test func knowTheProtocolOfDefaults() throws {
        #expect(try entry(#"{"Kind":"service-defaults","Name":"a","protocol":"Http2"}"#).serviceProtocol == "http2")
        #expect(try entry(#"{"Kind":"service-defaults","Name":"a"}"#).serviceProtocol == nil)
        #expect(try entry(#"{"Kind":"proxy-defaults","Config":{"Protocol":"GRPC"}}"#).serviceProtocol == "grpc")
        #expect(try entry(#"{"Kind":"mesh"}"#).serviceProtocol == nil)
    }
}

@Suite("exported-services")
struct ExportedServicesTests {
    /// The items of `Services`, and what is wrong with them.
    @Test(
        arguments: [
            (
                #"{"Consumers":[{"Peer":"a"}]}"#, ["1:58: Services[0].Name: service name cannot be empty"],
                ["Services[0]: service name cannot be empty"]
            ),
            (
                #"{"Name":"a","Namespace":"*","Consumers":[{"Peer":"a"}]}"#,
                ["1:66: Services[0].Name: service name must be wildcard if namespace is wildcard"],
                ["Services[0]: service name must be wildcard if namespace is wildcard"]
            ),
            (
                #"{"Name":"a"},{"Name":"b","Consumers":[]}"#,
                [
                    "1:58: Services[0].Consumers: must have at least one consumer",
                    "1:95: Services[1].Consumers: must have at least one consumer",
                ],
                ["Services[0]: must have at least one consumer", "Services[1]: must have at least one consumer"]
            ),
            (
                #"{"Name":"a","Consumers":[{"Peer":"a","Partition":"b"},{"Peer":"*"},{"Partition":"*"}]}"#,
                [
                    "1:83: Services[0].Consumers[0]: must define at most one of Peer, Partition, or SamenessGroup",
                    "1:120: Services[0].Consumers[1].Peer: exporting to all peers (wildcard) is not supported",
                    "1:138: Services[0].Consumers[2].Partition: exporting to all partitions (wildcard) is not supported",
                ],
                [
                    "Services[0].Consumers[0]: must define at most one of Peer, Partition, or SamenessGroup",
                    "Services[0].Consumers[1]: exporting to all peers (wildcard) is not supported",
                    "Services[0].Consumers[2]: exporting to all partitions (wildcard) is not supported",
                ]
            ),
            (
                #"{"Name":"a","Consumers":[{"Partition":"b"},{"SamenessGroup":"c"},{}]}"#,
                [
                    "1:96: Services[0].Consumers[0].Partition: partitions are an enterprise-only feature",
                    "1:118: Services[0].Consumers[1].SamenessGroup: sameness-groups are an enterprise-only feature",
                    "1:123: Services[0].Consumers[2]: must name the Peer that may import the service",
                ],
                [
                    "Services[0].Consumers[0]: partitions are an enterprise-only feature",
                    "Services[0].Consumers[1]: sameness-groups are an enterprise-only feature",
                    "Services[0].Consumers[2]: must name the Peer that may import the service",
                ]
            ),
            (
                #"{"Name":"a","Consumer":[{"Peer":"b"}]}"#,
                [
                    "1:58: Services[0].Consumers: must have at least one consumer",
                    "1:70: Services[0].Consumer: unknown key `Consumer`; did you mean `Consumers`?",
                ],
                ["Services[0]: must have at least one consumer", #"invalid config key "Services[0].Consumer""#]
            ),
        ] as [(String, [String], [String])])
    func areRefused(services: String, ours: [String], consul: [String]) {
        let found = problems(of: #"{"Kind":"exported-services","Name":"default","Services":[\#(services)]}"#)
        #expect(found.ours == ours)
        #expect(found.consul == consul)
    }

    @Test func haveOneName() {
        let found = problems(of: #"{"Kind":"exported-services","Name":"x"}"#)
        #expect(found.ours == [#"1:36: Name: must be "default""#])
        #expect(found.consul == [#"exported-services Name must be "default""#])
        #expect(problems(of: #"{"Kind":"exported-services"}"#).ours == [#"1:1: Name: must be "default""#])
    }
}
