import CatalogCore
import ConfigCore
import DocumentCore
import Testing

@Suite("mesh, proxy-defaults and service-defaults")
struct DefaultsTests {
    private static let end = #","CreateIndex":5,"ModifyIndex":7}"#
    /// What both kinds of defaults say of proxies if nothing is given.
    private static let nothing = #""TransparentProxy":{},"MeshGateway":{},"Expose":{}"#

    /// An entry as it comes, and as it is answered.
    @Test(arguments: [
        (#"{"Kind":"mesh"}"#, #"{"Kind":"mesh","TransparentProxy":{"MeshDestinationsOnly":false}"#),
        (
            #"{"Kind":"mesh","Peering":{"peer_through_mesh_gateways":1},"HTTP":{"SanitizeXForwardedClientCert":true},"TLS":{"Incoming":{"tls_min_version":"TLSv1_2","CipherSuites":"TLS_RSA_WITH_AES_128_CBC_SHA"}},"AllowEnablingPermissiveMutualTLS":true}"#,
            #"{"Kind":"mesh","TransparentProxy":{"MeshDestinationsOnly":false},"AllowEnablingPermissiveMutualTLS":true,"TLS":{"Incoming":{"TLSMinVersion":"TLSv1_2","CipherSuites":["TLS_RSA_WITH_AES_128_CBC_SHA"]}},"HTTP":{"SanitizeXForwardedClientCert":true},"Peering":{"PeerThroughMeshGateways":true}"#
        ),
        (
            #"{"Kind":"proxy-defaults"}"#,
            #"{"Kind":"proxy-defaults","Name":"global","Config":null,\#(nothing),"AccessLogs":{}"#
        ),
        (
            #"{"Kind":"proxy-defaults","Config":[{"protocol":"GRPC","x":[1,null]}],"Mode":"direct","mesh_gateway":{"mode":"local"},"AccessLogs":{"Enabled":true,"Type":"file","Path":"/p"},"FailoverPolicy":{"Mode":"sequential"}}"#,
            #"{"Kind":"proxy-defaults","Name":"global","Config":{"protocol":"GRPC","x":[1,null]},"Mode":"direct","TransparentProxy":{},"MeshGateway":{"Mode":"local"},"Expose":{},"AccessLogs":{"Enabled":true,"Type":"file","Path":"/p"},"FailoverPolicy":{"Mode":"sequential"}"#
        ),
        (
            #"{"Kind":"service-defaults","Name":"web","Protocol":"HTTP","Partition":"default"}"#,
            #"{"Kind":"service-defaults","Name":"web","Protocol":"http",\#(nothing)"#
        ),
        (
            #"{"Kind":"service-defaults","Name":"web","UpstreamConfig":{"Defaults":{"MeshGateway":{"Mode":"none"},"PassiveHealthCheck":{"Interval":"10s","MaxFailures":0}},"Overrides":{"Name":"db","Peer":"b","protocol":"GRPC","Limits":{"MaxConnections":0},"BalanceOutboundConnections":"exact_balance"}},"EnvoyExtensions":[{"Name":"builtin/lua","Arguments":{"a":{"b":[true]}}}],"MaxInboundConnections":"5"}"#,
            #"{"Kind":"service-defaults","Name":"web","Protocol":"",\#(nothing),"UpstreamConfig":{"Overrides":[{"Name":"db","Peer":"b","Protocol":"grpc","Limits":{"MaxConnections":0},"MeshGateway":{},"BalanceOutboundConnections":"exact_balance"}],"Defaults":{"PassiveHealthCheck":{"Interval":10000000000},"MeshGateway":{"Mode":"none"}}},"MaxInboundConnections":5,"EnvoyExtensions":[{"Name":"builtin/lua","Arguments":{"a":{"b":[true]}}}]"#
        ),
        (
            #"{"Kind":"service-defaults","Name":"out","Destination":{"Addresses":["a.example","::1"],"Port":443},"ExternalSNI":"s","MutualTLSMode":"permissive","TransparentProxy":{"DialedDirectly":true}}"#,
            #"{"Kind":"service-defaults","Name":"out","Protocol":"","TransparentProxy":{"DialedDirectly":true},"MutualTLSMode":"permissive","MeshGateway":{},"Expose":{},"ExternalSNI":"s","Destination":{"Addresses":["a.example","::1"],"Port":443}"#
        ),
    ])
    func areAnsweredAsConsulAnswersThem(text: String, answer: String) throws {
        let entry = try entry(text)
        #expect(written(entry) == answer + Self.end)
        #expect(try ConfigEntry.decode(json: Array(written(entry).utf8)) == entry)
    }

    @Test func sayWhichGatewaysTrafficPasses() throws {
        func mode(_ json: String) throws -> GatewayModeSetting? {
            switch try entry(json).content {
            case .serviceDefaults(let defaults): defaults.gatewayMode
            case .proxyDefaults(let defaults): defaults.gatewayMode
            default: nil
            }
        }
        let setting = try mode(#"{"Kind":"service-defaults","Name":"a","MeshGateway":{"Mode":"remote"}}"#)
        #expect(setting?.mode == .remote)
        #expect(setting?.position == DocumentPosition(line: 1, column: 61))
        #expect(try mode(#"{"Kind":"service-defaults","Name":"a","MeshGateway":{"Mode":""}}"#) == nil)
        let legacy = #""Config":{"mesh_gateway":[{"mode":"local"}]}"#
        #expect(try mode(#"{"Kind":"proxy-defaults",\#(legacy)}"#)?.mode == .local)
        #expect(
            try mode(#"{"Kind":"proxy-defaults","MeshGateway":{"Mode":"none"},\#(legacy)}"#)?.mode
                == MeshGatewayMode.none)
    }

    @Test func sayHowUpstreamsAreReached() throws {
        let text = """
            {"Kind":"service-defaults","Name":"a","UpstreamConfig":{"Defaults":{"MeshGateway":{"Mode":"local"}},
            "Overrides":[{"Name":"db","Peer":"island","MeshGateway":{"Mode":"remote"}}]}}
            """
        guard case .serviceDefaults(let defaults) = try entry(text).content else {
            throw DocumentProblems(problems: [])
        }
        #expect(defaults.upstreams?.defaults?.gatewayMode?.mode == .local)
        let override = try #require(defaults.upstreams?.overrides.first)
        #expect(override.name == "db" && override.peer == "island" && override.gatewayMode?.mode == .remote)
        #expect(override.gatewayMode?.position.line == 2)
    }

    /// The keys of an entry of a kind, and what is wrong with them.
    @Test(
        arguments: [
            (
                "mesh",
                #""TLS":{"Incoming":{"TLSMinVersion":"TLSv1_3","TLSMaxVersion":"TLSv1_0","CipherSuites":["x"]}}"#,
                [
                    "TLS.Incoming.TLSMaxVersion: configuring max version TLSv1_0 less than the configured min version "
                        + "TLSv1_3 is invalid",
                    "TLS.Incoming.CipherSuites: configuring CipherSuites is only applicable to connections negotiated "
                        + "with TLS 1.2 or earlier, TLSMinVersion is set to TLSv1_3",
                    "TLS.Incoming.CipherSuites: no matching Envoy TLS cipher suite found for x",
                ],
                [
                    "error in incoming TLS configuration: configuring max version TLSv1_0 less than the configured min "
                        + "version TLSv1_3 is invalid",
                    "error in incoming TLS configuration: configuring CipherSuites is only applicable to connections "
                        + "negotiated with TLS 1.2 or earlier, TLSMinVersion is set to TLSv1_3",
                    "error in incoming TLS configuration: no matching Envoy TLS cipher suite found for x",
                ]
            ),
            (
                "mesh", #""TLS":{"Outgoing":{"TLSMinVersion":"TLSv9"}}"#,
                [
                    "TLS.Outgoing.TLSMinVersion: must be TLS_AUTO, TLSv1_0, TLSv1_1, TLSv1_2 or TLSv1_3, and is "
                        + "\"TLSv9\""
                ], ["error in outgoing TLS configuration: no matching TLS version found for TLSv9"]
            ),
            (
                "mesh", #""HTTP":{"Sanitize":true}"#, ["HTTP.Sanitize: unknown key `Sanitize`"],
                [#"invalid config key "HTTP.Sanitize""#]
            ),
            (
                "proxy-defaults", #""Config":[]"#, ["Config: must be a map, and a list stands here"],
                ["Config: must be a map, and a list stands here"]
            ),
            (
                "proxy-defaults", #""Mode":"x","MutualTLSMode":"y","MeshGateway":{"Mode":"z"}"#,
                [
                    #"Mode: must be direct or transparent, and is "x""#,
                    #"MutualTLSMode: must be strict or permissive, and is "y""#,
                    #"MeshGateway.Mode: must be none, local or remote, and is "z""#,
                ],
                [
                    #"Invalid Proxy Mode: "x""#,
                    #"Invalid MutualTLSMode "y". Must be one of "", "strict", or "permissive"."#,
                    #"Invalid Mesh Gateway Mode: "z""#,
                ]
            ),
            (
                "proxy-defaults", #""Config":{"mesh_gateway":{"mode":"lokal"}}"#,
                [#"Config.mesh_gateway.mode: must be none, local or remote, and is "lokal""#],
                [#"Invalid Mesh Gateway Mode: "lokal""#]
            ),
            (
                "proxy-defaults", #""AccessLogs":{"Path":"p","JSONFormat":"[","TextFormat":"t"}"#,
                [
                    "AccessLogs: path is only valid for file type access logs",
                    "AccessLogs: cannot specify both access log JSONFormat and TextFormat",
                    "AccessLogs: invalid access log json for JSON format: the text ends in the middle of a value",
                ],
                [
                    "path is only valid for file type access logs",
                    "cannot specify both access log JSONFormat and TextFormat",
                    "invalid access log json for JSON format: the text ends in the middle of a value",
                ]
            ),
            (
                "proxy-defaults", #""AccessLogs":{"Type":"file"}"#,
                ["AccessLogs: path must be specified when using file type access logs"],
                ["path must be specified when using file type access logs"]
            ),
            (
                "service-defaults", #""UpstreamConfig":{"Defaults":{"Name":"x","Namespace":"y"}}"#,
                ["UpstreamConfig.Defaults.Name: must be empty", "UpstreamConfig.Defaults.Namespace: must be empty"],
                [
                    "error in upstream defaults: Name must be empty",
                    "error in upstream defaults: Namespace must be empty",
                ]
            ),
            (
                "service-defaults", #""UpstreamConfig":{"Overrides":[{},{"Name":"*"},{"Name":"a","Namespace":"*"}]}"#,
                [
                    "UpstreamConfig.Overrides[0].Name: is required",
                    "UpstreamConfig.Overrides[1].Name: Wildcard name is not supported",
                    "UpstreamConfig.Overrides[2].Namespace: Wildcard namespace is not supported",
                ],
                [
                    "error in upstream override for : Name is required",
                    "error in upstream override for *: Wildcard name is not supported",
                    "error in upstream override for a: Wildcard namespace is not supported",
                ]
            ),
            (
                "service-defaults",
                #""UpstreamConfig":{"Defaults":{"Limits":{"MaxConnections":-1},"PassiveHealthCheck":{"Interval":"-1s","MaxEjectionPercent":101},"BalanceOutboundConnections":"x"}}"#,
                [
                    "UpstreamConfig.Defaults.Limits.MaxConnections: must be at least 0, and is -1",
                    "UpstreamConfig.Defaults.PassiveHealthCheck.Interval: must not be negative, and is -1s",
                    "UpstreamConfig.Defaults.PassiveHealthCheck.MaxEjectionPercent: must be between 0 and 100, and is 101",
                    #"UpstreamConfig.Defaults.BalanceOutboundConnections: must be exact_balance, and is "x""#,
                ],
                [
                    "error in upstream defaults: max connections cannot be negative",
                    "error in upstream defaults: passive health check interval cannot be negative",
                    "error in upstream defaults: passive health check max_ejection_percent must be a percentage between "
                        + "0 and 100",
                    "error in upstream defaults: invalid value for balance_outbound_connections: x",
                ]
            ),
            (
                "service-defaults", #""UpstreamConfig":{},"Destination":{"Addresses":["a","a","*.b"]}"#,
                [
                    "Destination.Port: Invalid Port number 0",
                    "Destination: UpstreamConfig and Destination are mutually exclusive for service defaults",
                    "Destination.Addresses: Duplicate address 'a' is not allowed",
                    "Destination.Addresses: Destination address '*.b' is invalid Could not validate address *.b as an "
                        + "IP or Hostname",
                ],
                [
                    "Invalid Port number 0",
                    "UpstreamConfig and Destination are mutually exclusive for service defaults",
                    "Duplicate address 'a' is not allowed",
                    "Destination address '*.b' is invalid Could not validate address *.b as an IP or Hostname",
                ]
            ),
            (
                "service-defaults",
                #""Destination":{"Port":1},"RateLimits":{"InstanceLevel":{"Routes":[{"Paht":"/"}]}}"#,
                [
                    "Destination.Addresses: Destination must contain at least one valid address",
                    "RateLimits.InstanceLevel.Routes[0].Paht: unknown key `Paht`",
                ],
                [
                    "Destination must contain at least one valid address",
                    #"invalid config key "RateLimits.InstanceLevel.Routes[0].Paht""#,
                ]
            ),
            (
                "service-defaults",
                #""Expose":{"Paths":[{"Path":"/a","ListenerPort":1},{"Path":"/a","ListenerPort":1,"Protocol":"x"},{}]}"#,
                [
                    "Expose.Paths[1].Path: duplicate paths exposed",
                    "Expose.Paths[1].ListenerPort: duplicate listener ports exposed",
                    "Expose.Paths[1].Protocol: protocol 'x' not supported for path: /a, must be http or http2",
                    "Expose.Paths[2].Path: empty path exposed",
                    "Expose.Paths[2].ListenerPort: invalid listener port: 0",
                ],
                [
                    "expose.paths: duplicate paths exposed", "expose.paths: duplicate listener ports exposed",
                    "protocol 'x' not supported for path: /a, must be http or http2",
                    "expose.paths: empty path exposed", "expose.paths: invalid listener port: 0",
                ]
            ),
        ] as [(String, String, [String], [String])])
    func areRefused(kind: String, keys: String, ours: [String], consul: [String]) {
        let name = kind == "service-defaults" ? #""Name":"web","# : ""
        let found = problems(of: #"{"Kind":"\#(kind)",\#(name)\#(keys)}"#)
        // Without line and column, which the first tests have seen.
        #expect(found.ours.map { $0.drop { $0 != " " }.dropFirst() }.map(String.init).sorted() == ours.sorted())
        #expect(found.consul.sorted() == consul.sorted())
    }
}
