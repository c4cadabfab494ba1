import DocumentCore
import GatewayCore
import PeeringCore

/// A static bootstrap for a gateway on Envoy: one chain and one cluster for each route, and nothing for other names. A
/// catch-all that takes the server name for a cluster's would open every cluster to strangers, Envoy's own among them.
struct EnvoyBootstrap {
    let listen: HostPort
    let admin: HostPort?
    let routes: [Route]

    private static let types = "type.googleapis.com/envoy.extensions.filters"

    var json: String {
        var json = JSONWriter()
        json.object { json in
            if let admin { json.object("admin") { Self.address("address", admin, &$0) } }
            json.object("static_resources") { json in
                json.list("listeners", [listen]) { json, listen in listener(listen, &json) }
                json.list("clusters", routes) { json, route in Self.cluster(route, &json) }
            }
        }
        return json.text
    }

    private static func address(_ key: String, _ address: HostPort, _ json: inout JSONWriter) {
        json.object(key) { json in
            json.object("socket_address") {
                $0.field("address", address.host)
                $0.field("port_value", address.port)
            }
        }
    }

    private func listener(_ listen: HostPort, _ json: inout JSONWriter) {
        json.object { json in
            json.field("name", "gateway")
            Self.address("address", listen, &json)
            json.list("listener_filters", ["tls_inspector"]) { json, name in
                json.object { json in
                    json.field("name", "envoy.filters.listener.\(name)")
                    json.object("typed_config") {
                        $0.field("@type", "\(Self.types).listener.tls_inspector.v3.TlsInspector")
                    }
                }
            }
            json.list("filter_chains", routes) { json, route in Self.chain(route, &json) }
        }
    }

    private static func chain(_ route: Route, _ json: inout JSONWriter) {
        let name = route.pattern.description
        json.object { json in
            json.object("filter_chain_match") { $0.field("server_names", [name]) }
            json.list("filters", ["tcp_proxy"]) { json, filter in
                json.object { json in
                    json.field("name", "envoy.filters.network.\(filter)")
                    json.object("typed_config") {
                        $0.field("@type", "\(types).network.tcp_proxy.v3.TcpProxy")
                        $0.field("stat_prefix", name)
                        $0.field("cluster", name)
                    }
                }
            }
        }
    }

    /// Names are resolved again and again, and all of their addresses count: of one kind of Envoy's clusters only the
    /// first would.
    private static func cluster(_ route: Route, _ json: inout JSONWriter) {
        let name = route.pattern.description
        let hasNames = route.upstreams.contains { !isIPAddress($0.host) }
        json.object { json in
            json.field("name", name)
            json.field("type", hasNames ? "STRICT_DNS" : "STATIC")
            json.field("connect_timeout", "5s")
            json.object("outlier_detection") { _ in }
            json.object("load_assignment") { json in
                json.field("cluster_name", name)
                json.list("endpoints", [route.upstreams]) { json, upstreams in
                    json.object { json in
                        json.list("lb_endpoints", upstreams) { json, upstream in
                            json.object { json in
                                json.object("endpoint") { address("address", upstream, &$0) }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Digits and colons, or digits and dots.
    private static func isIPAddress(_ host: String) -> Bool {
        host.contains(":") || host.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
    }
}
