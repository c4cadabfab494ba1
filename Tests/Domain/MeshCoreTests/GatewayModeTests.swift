import CatalogCore
import ConfigCore
import DocumentCore
import HawserTestKit
import StateCore
import Testing

@testable import MeshCore

/// Every combination of unset, none, local and remote over the six levels (gateway data plane, section 4), each written
/// as an operator would write it.
@Suite struct GatewayModeTests {
    private typealias Mode = MeshGatewayMode?

    private static let modes: [Mode] = [nil, MeshGatewayMode.none, .local, .remote]

    /// `"MeshGateway": {...}`, or nothing.
    private static func setting(_ mode: Mode, _ key: String = "MeshGateway") -> String {
        mode.map { #", "\#(key)": {"Mode": "\#($0.rawValue)"}"# } ?? ""
    }

    private static func entry(_ text: String) throws -> ConfigEntry {
        try ConfigEntry.decode(json: Array(text.utf8))
    }

    /// Sixteen proxies of web: one for each mode of the instance and of the upstream, with a peer's, a datacenter's and an
    /// own upstream each.
    private static func proxies() async throws -> State {
        let store = try await StateStore(testing: MemoryStorage())
        for instance in modes {
            for upstream in modes {
                let text = """
                    {"Name": "web-sidecar-proxy", "ID": "\(id(instance, upstream))", "Kind": "connect-proxy", "Port": 1,
                    "Proxy": {"DestinationServiceName": "web"\(setting(instance)), "Upstreams": [
                    {"DestinationName": "api", "DestinationPeer": "island", "LocalBindPort": 1\(setting(upstream))},
                    {"DestinationName": "api", "Datacenter": "dc2", "LocalBindPort": 2\(setting(upstream))},
                    {"DestinationName": "api", "LocalBindPort": 3\(setting(upstream))}]}}
                    """
                let problems = ProblemCollector()
                let found = MapReader.read(try JSONReader.read(text), into: problems) {
                    ServiceDefinition.registrations(&$0)
                }
                let registration = try #require(try problems.check(found).first)
                try await store.apply(RegisterService(node: "n", registration: registration))
            }
        }
        return store.state
    }

    private static func id(_ instance: Mode, _ upstream: Mode) -> String {
        "\(instance?.rawValue ?? "unset")-\(upstream?.rawValue ?? "unset")"
    }

    /// What the strongest level that says anything says; the six are in the order of the documents, weakest first.
    private static func expected(_ levels: [Mode]) -> (mode: Mode, level: GatewayModeLevel?) {
        for (index, mode) in levels.enumerated().reversed() {
            if let mode { return (mode, GatewayModeLevel(rawValue: index)) }
        }
        return (nil, nil)
    }

    @Test func everyCombinationOfTheSixLevels() async throws {
        let base = try await Self.proxies()
        var combinations = 0
        for proxyDefaults in Self.modes {
            let entry = try Self.entry(#"{"Kind": "proxy-defaults"\#(Self.setting(proxyDefaults))}"#)
            let withProxyDefaults = base.assuming(entry)
            for serviceDefaults in Self.modes {
                for defaults in Self.modes {
                    for override in Self.modes {
                        let state = withProxyDefaults.assuming(
                            try Self.entry(
                                """
                                {"Kind": "service-defaults", "Name": "web"\(Self.setting(serviceDefaults)),
                                "UpstreamConfig": {"Defaults": {"Protocol": "tcp"\(Self.setting(defaults))}, "Overrides": [
                                {"Name": "api", "Peer": "island"\(Self.setting(override))},
                                {"Name": "api"\(Self.setting(override))},
                                {"Name": "other", "MeshGateway": {"Mode": "local"}}]}}
                                """))
                        let found = try #require(MeshExplainer(state: state, decode: { _ in [] }).explain("web"))
                        for proxy in found.proxies {
                            combinations += 1
                            let own = proxy.id.split(separator: "-").map { MeshGatewayMode(rawValue: String($0)) }
                            let levels = [proxyDefaults, serviceDefaults, defaults, own[0], override, own[1]]
                            Self.check(proxy, Self.expected(levels))
                        }
                    }
                }
            }
        }
        #expect(combinations == 4096)
    }

    private static func check(_ proxy: MeshExplanation.Proxy, _ expected: (mode: Mode, level: GatewayModeLevel?)) {
        guard proxy.upstreams.count == 3 else {
            Issue.record("\(proxy.id) has \(proxy.upstreams.count) upstreams")
            return
        }
        let ways: [UpstreamWay] =
            switch expected.mode {
            case nil, MeshGatewayMode.none?: [.remoteGateways, .direct, .direct]
            case .local: [.localGateways, .localGateways, .direct]
            case .remote: [.remoteGateways, .remoteGateways, .direct]
            }
        for (way, expectedWay) in zip(proxy.upstreams, ways) {
            if way.mode != expected.mode || way.level != expected.level || way.way != expectedWay {
                Issue.record("\(proxy.id): \(way) where \(expected) goes \(expectedWay)")
            }
        }
        let isWarned = proxy.upstreams[0].findings.contains { $0.code == .noneMeansRemote }
        if isWarned != (expected.mode == MeshGatewayMode.none) {
            Issue.record("\(proxy.id): a warning too many or few")
        }
    }

    @Test func oldEntriesHaveTheModeInTheirConfig() throws {
        let legacy = #"{"Kind": "proxy-defaults", "Config": {"mesh_gateway": {"mode": "local"}}}"#
        guard case .proxyDefaults(let defaults) = try Self.entry(legacy).content else { return }
        #expect(defaults.gatewayMode?.mode == .local)
    }
}
