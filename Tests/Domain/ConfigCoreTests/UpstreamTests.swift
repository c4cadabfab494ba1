import CatalogCore
import ConfigCore
import DocumentCore
import Testing

@Suite("The proxy block of service definitions")
struct UpstreamTests {
    /// The proxy of a definition for a file, and what is wrong with it: what operators read, and Consul's words.
    private func read(
        _ proxy: String, kind: String = "connect-proxy"
    ) throws -> (proxy: ProxyConfiguration?, ours: [String], consul: [String]) {
        let name = kind == "connect-proxy" ? #""destination_service_name":"web","# : ""
        let text = #"{"service":{"name":"p","port":1,"kind":"\#(kind)","proxy":{\#(name)\#(proxy)}}}"#
        let collector = ProblemCollector()
        let contents = ConfigContents.decode(try JSONReader.read(text), into: collector)
        return (
            contents.registrations.first?.value.service.proxy,
            collector.problems.map { "\($0.path): \($0.message)" },
            collector.problems.map { $0.sentence.replacing("Validation failed: ", with: "", maxReplacements: 1) }
        )
    }

    @Test func isReadWhole() throws {
        let found = try read(
            #"""
            "local_service_address":"127.0.0.1","local_service_port":80,"local_service_socket_path":"/s","mode":"transparent",
            "transparent_proxy":{"outbound_listener_port":22500,"dialed_directly":true},"config":{"protocol":"http"},
            "mesh_gateway":{"mode":"local"},"expose":{"checks":true,"paths":[{"path":"/h","listener_port":1,"local_path_port":2}]},
            "upstreams":[{"destination_name":"db","destination_peer":"island","local_bind_port":9000,"local_bind_address":"::1",
             "mesh_gateway":{"mode":"remote"},"config":{"connect_timeout_ms":1}},
             {"DestinationName":"q","DestinationType":"prepared_query","Datacenter":"dc2","LocalBindSocketPath":"/q","LocalBindSocketMode":"0600"}]
            """#)
        #expect(found.ours.isEmpty)
        let expected = ProxyConfiguration(
            destinationServiceName: "web", localServiceAddress: "127.0.0.1", localServicePort: 80,
            localServiceSocketPath: "/s", mode: .transparent,
            transparentProxy: TransparentProxySettings(outboundListenerPort: 22500, dialedDirectly: true),
            config: try JSONReader.read(#"{"protocol":"http"}"#),
            upstreams: [
                Upstream(
                    destinationName: "db", destinationPeer: "island", localBindAddress: "::1", localBindPort: 9000,
                    config: try JSONReader.read(#"{"connect_timeout_ms":1}"#), gatewayMode: GatewayModeSetting(.remote)),
                Upstream(
                    destinationType: .preparedQuery, destinationName: "q", datacenter: "dc2",
                    localBindSocketPath: "/q", localBindSocketMode: "0600"),
            ], gatewayMode: GatewayModeSetting(.local),
            expose: ExposedPaths(checks: true, paths: [ExposedPath(listenerPort: 1, path: "/h", localPathPort: 2)]))
        #expect(found.proxy == expected)
        #expect(found.proxy?.gatewayMode?.position.line == 3)
        #expect(found.proxy?.upstreams.map(\.bindPoint) == ["[::1]:9000", "/q"])
    }

    @Test func isWrittenAsConsulShowsIt() throws {
        let proxy = try #require(
            read(
                #""config":{"a":1},"transparent_proxy":{"dialed_directly":true},"upstreams":[{"destination_name":"db","destination_peer":"b","local_bind_port":1}]"#
            ).proxy)
        var json = JSONWriter()
        json.object(proxy.writeFields)
        #expect(
            json.text
                == #"{"TransparentProxy":{"DialedDirectly":true},"DestinationServiceName":"web","Mode":"","Config":{"a":1},"Upstreams":[{"DestinationType":"service","DestinationPeer":"b","DestinationName":"db","Datacenter":"","LocalBindPort":1,"MeshGateway":{}}],"MeshGateway":{},"Expose":{}}"#
        )
        let again = MapReader.read(try JSONReader.read(json.text), into: ProblemCollector()) { ProxyConfiguration(&$0) }
        #expect(again == proxy)
    }

    /// One upstream or several, and what Consul says of them.
    @Test(
        arguments: [
            (#"{"local_bind_port":1}"#, ["upstream destination name cannot be empty"]),
            (#"{"destination_name":"*","local_bind_port":1}"#, ["upstream destination name cannot be a wildcard"]),
            (
                #"{"destination_name":"a","destination_type":"x","local_bind_port":1}"#,
                [#"unknown upstream destination type: "x""#]
            ),
            (
                #"{"destination_name":"a","destination_peer":"b","datacenter":"dc2","local_bind_port":1}"#,
                ["upstream cannot specify both destination peer and datacenter"]
            ),
            (
                #"{"destination_name":"a"}"#,
                ["upstream local bind port or local socket path must be defined and nonzero"]
            ),
            (
                #"{"destination_name":"a","local_bind_port":1,"local_bind_socket_path":"/s"}"#,
                ["only one of upstream local bind port or local socket path can be defined and nonzero"]
            ),
            (
                #"{"destination_name":"a","local_bind_port":1,"destination_partition":"x","destination_namespace":"y"}"#,
                ["Namespaces are a Consul Enterprise feature", "Partitions are a Consul Enterprise feature"]
            ),
            (
                #"{"destination_name":"a","local_bind_port":1,"mesh_gateway":{"mode":"both"}}"#,
                [#"Invalid Mesh Gateway Mode: "both""#]
            ),
            (
                #"{"destination_name":"a","local_bind_port":1,"config":{"mesh_gateway":{"mode":"both"}}}"#,
                [#"Invalid Mesh Gateway Mode: "both""#]
            ),
            (
                #"{"destination_name":"a","local_bind_socket_path":"/s","local_bind_socket_mode":"9"}"#,
                [
                    #"service.proxy.upstreams[0].local_bind_socket_mode: must be permissions in octal digits such as "0600", and is "9""#
                ]
            ),
            (
                #"{"destination_name":"a","local_bind_port":1,"bind_port":2}"#,
                [#"invalid config key "service.proxy.upstreams[0].bind_port""#]
            ),
            (
                #"{"destination_name":"a","local_bind_port":1},{"destination_name":"a","local_bind_port":2}"#,
                [
                    #"upstreams cannot contain duplicates of [type="service", name="a", partition="", namespace="", peer="", datacenter=""]"#
                ]
            ),
            (
                #"{"destination_name":"a","local_bind_port":1},{"destination_name":"b","local_bind_port":1,"local_bind_address":"127.0.0.1"}"#,
                [
                    #"upstreams cannot contain duplicates by local bind address and port or unix path; "127.0.0.1:1" is specified twice"#
                ]
            ),
        ] as [(String, [String])])
    func isRefused(upstreams: String, consul: [String]) throws {
        #expect(try read(#""upstreams":[\#(upstreams)]"#).consul == consul)
    }

    /// The same service of two peers, or of a peer and the own cluster, are two destinations.
    @Test func tellsDestinationsApartByPeer() throws {
        let upstreams =
            #"{"destination_name":"a","local_bind_port":1},{"destination_name":"a","destination_peer":"b","local_bind_port":2}"#
        #expect(try read(#""upstreams":[\#(upstreams)]"#).ours.isEmpty)
    }

    @Test func refusesWhatGatewaysCannotHave() throws {
        let upstreams = #""upstreams":[{"destination_name":"a","local_bind_port":1}],"local_service_socket_path":"/s""#
        #expect(
            try read(upstreams, kind: "mesh-gateway").consul == [
                "The Proxy.LocalServiceSocketPath configuration is invalid for a mesh-gateway",
                "The Proxy.Upstreams configuration is invalid for a mesh-gateway",
            ])
        #expect(try read(#""mode":"x""#).ours == [#"service.proxy.mode: must be direct or transparent, and is "x""#])
    }
}
