import CatalogCore
import ConfigCore
import DocumentCore
import Testing

@Suite struct ServiceDefinitionTests {
    private func read(_ text: String) throws -> (registrations: [Registration], problems: [String]) {
        let collector = ProblemCollector()
        let contents = ConfigContents.decode(try JSONReader.read(text), into: collector)
        let problems = collector.problems.sorted { $0.position < $1.position }.map(\.description)
        return (contents.registrations.map(\.value), problems)
    }

    @Test func readsAllKeys() throws {
        let found = try read(
            #"""
            {"service":{"name":"web","id":"web-1","tags":["a"],"address":"10.0.0.1","port":80,"meta":{"v":1},
            "tagged_addresses":{"wan":{"address":"1.2.3.4","port":8080}},"weights":{"passing":5,"warning":0},
            "enable_tag_override":true,"locality":{"region":"r","zone":"z"},"token":"t","connect":{"native":true},
            "ports":[{"name":"admin","port":81,"default":true}],"partition":"default",
            "check":{"name":"up","http":"http://x","interval":"10s","timeout":"1m","status":"passing"}}}
            """#)
        #expect(found.problems.isEmpty)
        let service = NodeService(
            id: "web-1", service: "web", tags: ["a"], address: "10.0.0.1", port: 80,
            ports: [ServicePort(port: 81, name: "admin", isDefault: true)],
            taggedAddresses: ["wan": ServiceAddress(address: "1.2.3.4", port: 8080)], meta: ["v": "1"],
            weights: Weights(passing: 5, warning: 0), enableTagOverride: true,
            locality: Locality(region: "r", zone: "z"), connectNative: true)
        let check = HealthCheck(
            node: "", checkID: "service:web-1", name: "up", status: .passing, serviceID: "web-1", serviceName: "web",
            serviceTags: ["a"], type: "http", interval: "10s", timeout: "1m0s",
            plan: CheckPlan(
                probe: .http(HTTPProbe(url: "http://x")), start: .passing, interval: .seconds(10), timeout: .seconds(60)
            ))
        #expect(found.registrations == [Registration(service: service, checks: [check])])
    }

    @Test func readsSpellingOfTheHTTPAPI() throws {
        let document = try JSONReader.read(#"{"Name":"web","ID":"w","SocketPath":"/s","Anything":1,"Proxy":{"X":1}}"#)
        let collector = ProblemCollector()
        let registrations = MapReader.read(document, unknown: .ignore, into: collector) {
            ServiceDefinition.registrations(&$0)
        }
        #expect(collector.problems.isEmpty && collector.warnings.isEmpty)
        #expect(registrations?.map(\.service.id) == ["w"])
        #expect(registrations?.first?.service.socketPath == "/s")
    }

    @Test func expandsSidecars() throws {
        let found = try read(
            #"""
            {"services":[{"name":"api","id":"a1","port":8080,"tags":["x"],"meta":{"k":"v"},
            "connect":{"sidecar_service":{}}},
            {"name":"db","connect":{"sidecar_service":{"port":21000,"proxy":{"local_service_port":1,
            "upstreams":[{"destination_name":"x","local_bind_port":9001}]},"check":{"name":"s","status":"passing"}}}}]}
            """#)
        #expect(found.problems.isEmpty)
        #expect(found.registrations.map(\.service.id) == ["a1", "a1-sidecar-proxy", "db", "db-sidecar-proxy"])
        #expect(
            found.registrations[1]
                == Registration(
                    service: NodeService(
                        kind: .connectProxy, id: "a1-sidecar-proxy", service: "api-sidecar-proxy", tags: ["x"],
                        meta: ["k": "v"],
                        proxy: ProxyConfiguration(
                            destinationServiceName: "api", destinationServiceID: "a1",
                            localServiceAddress: "127.0.0.1", localServicePort: 8080)),
                    checks: found.registrations[1].checks))
        #expect(found.registrations[3].service.port == 21000)
        #expect(found.registrations[3].service.proxy?.localServicePort == 1)
        #expect(found.registrations[3].checks.map(\.checkID) == ["service:db-sidecar-proxy"])
    }

    @Test func numbersChecksAndKnowsTheirTypes() throws {
        let found = try read(
            #"""
            {"service":{"name":"web","check":{"ttl":"30s"},"checks":[{"tcp":"x:1","interval":"1s"},
            {"id":"mine","grpc":"x","interval":5000000000},{"alias_service":"db"},{"udp":"x:1","interval":"1s"},
            {"h2ping":"x","interval":"1s"},{"name":"n","status":"warning"}]}}
            """#)
        #expect(found.problems.isEmpty)
        let checks = try #require(found.registrations.first).checks
        #expect(
            checks.map(\.checkID) == [
                "service:web:1", "service:web:2", "mine", "service:web:4", "service:web:5", "service:web:6",
                "service:web:7",
            ])
        #expect(checks.map(\.type) == ["ttl", "tcp", "grpc", "alias", "udp", "h2ping", ""])
        #expect(checks.map(\.status) == Array(repeating: .critical, count: 6) + [.warning])
        #expect(checks[0].name == "Service 'web' check")
        #expect(checks[2].interval == "5s")
    }

    @Test(
        arguments: [
            (#""port":80"#, ["1:12: service.name: Missing service name"]),
            (
                #""nmae":"web""#,
                [
                    "1:12: service.name: Missing service name",
                    "1:13: service.nmae: unknown key `nmae`; did you mean `name`?",
                ]
            ),
            (#""name":"a","port":65536"#, ["1:31: service.port: must be between 0 and 65535, and is 65536"]),
            (#""name":"a","port":-1"#, ["1:31: service.port: must be between 0 and 65535, and is -1"]),
            (#""name":"a","address":"0.0.0.0""#, ["1:34: service.address: Invalid service address"]),
            (
                #""name":"a","kind":"x""#,
                [
                    "1:31: service.kind: must be one of connect-proxy, mesh-gateway, terminating-gateway, ingress-gateway, "
                        + "api-gateway, or left out"
                ]
            ),
            (
                #""name":"a","meta":{"a b":"1"}"#,
                [
                    #"1:31: service.meta: Couldn't load metadata pair ("a b", "1"): Key contains invalid characters"#
                ]
            ),
            (#""name":"a","namespace":"x""#, ["1:36: service.namespace: Namespaces are a Consul Enterprise feature"]),
            (
                #""name":"a","weights":{"passing":0}"#,
                [
                    "1:45: service.weights.passing: must be between 1 and 65535, and is 0"
                ]
            ),
            (
                #""name":"a","kind":"connect-proxy""#,
                [
                    "1:12: service.proxy: Proxy.DestinationServiceName must be non-empty for Connect proxy services",
                    "1:12: service.port: Port or SocketPath must be set for a Connect proxy",
                ]
            ),
            (#""name":"g","kind":"mesh-gateway""#, ["1:12: service.port: Port must be non-zero for a mesh-gateway"]),
            (
                #""name":"g","kind":"mesh-gateway","port":1,"proxy":{"destination_service_name":"x"}"#,
                [
                    "1:63: service.proxy: The Proxy.DestinationServiceName configuration is invalid for a mesh-gateway"
                ]
            ),
            (
                #""name":"a","check":{"status":"great"}"#,
                [
                    #"1:42: service.check.status: must be passing, warning or critical, and is "great""#
                ]
            ),
            (
                #""name":"a","check":{"http":"x"}"#,
                [
                    "1:32: service.check.interval: Interval must be > 0 for Script, HTTP, H2PING, TCP, UDP or OSService checks"
                ]
            ),
            (#""name":"a","check":{"name":"x"}"#, ["1:32: service.check: TTL must be > 0 for TTL checks"]),
            (
                #""name":"a","check":{"ttl":"1s","interval":"1s"}"#,
                [
                    "1:39: service.check.ttl: Interval and TTL cannot both be specified"
                ]
            ),
            (
                #""name":"a","checks":[{"id":"x","ttl":"1s"},{"id":"x","ttl":"1s"}]"#,
                [
                    #"1:33: service.checks: the check ID "x" stands twice in one definition"#
                ]
            ),
            (
                #""name":"a","connect":{"sidecar_service":{"id":"x","connect":{}}}"#,
                [
                    "1:59: service.connect.sidecar_service.id: must not be set: a sidecar is named after its service",
                    "1:73: service.connect.sidecar_service.connect: must not be set: a sidecar has no sidecar",
                ]
            ),
        ] as [(String, [String])])
    func refuses(service: String, expected: [String]) throws {
        #expect(try read("{\"service\":{\(service)}}").problems == expected)
    }
}
