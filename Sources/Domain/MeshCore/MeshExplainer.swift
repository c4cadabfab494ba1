package import CatalogCore
import ConfigCore
import DocumentCore
import IdentityCore
import PeeringCore
import ReplicationCore
package import StateCore

/// Explains ways through the mesh out of one snapshot of the state.
package struct MeshExplainer {
    let state: State
    /// The instances in what a peer sent.
    let decode: @Sendable (_ payload: [UInt8]) -> [ServiceInstance]

    package init(state: State, decode: @escaping @Sendable (_ payload: [UInt8]) -> [ServiceInstance]) {
        self.state = state
        self.decode = decode
    }

    /// - Parameters:
    ///   - service: the name of a service, or the name or ID of a proxy.
    ///   - upstream: only this one, by its destination's name.
    /// - Returns: nil if there is nothing of this name.
    package func explain(_ service: String, upstream: String? = nil) -> MeshExplanation? {
        let proxies = state.catalog.services.values.flatMap(\.instances).filter { instance in
            let registered = instance.registration.service
            guard registered.kind == .connectProxy else { return false }
            return [registered.proxy?.destinationServiceName, registered.service, registered.id].contains(service)
        }
        guard !proxies.isEmpty || state.catalog.services[service] != nil else { return nil }
        return MeshExplanation(
            service: service, findings: findings(of: service, hasProxy: !proxies.isEmpty),
            proxies: proxies.sorted { $0.key < $1.key }.map { explain($0, upstream: upstream) })
    }

    private func explain(_ instance: LocalInstance, upstream name: String?) -> MeshExplanation.Proxy {
        let proxy = instance.registration.service.proxy ?? ProxyConfiguration()
        let upstreams = proxy.upstreams.filter {
            $0.destinationType == .service && (name == nil || $0.destinationName == name)
        }
        return MeshExplanation.Proxy(
            node: instance.key.node, id: instance.key.id, service: proxy.destinationServiceName,
            upstreams: upstreams.map { way(to: $0, of: proxy, instance) })
    }

    private func findings(of service: String, hasProxy: Bool) -> [MeshFinding] {
        var findings: [MeshFinding] = []
        let isNative = state.catalog.isMeshService(service)
        if !hasProxy, !isNative {
            findings.append(
                MeshFinding(.noProxy, "\(service) has no proxy: register a sidecar for it to call others over the mesh")
            )
        }
        let importers = ExportPreview.peers(now: state, next: state).filter {
            ExportPlan(peerName: $0, state: state).listed.contains(service)
        }
        if !importers.isEmpty, state.catalog.gatewayServices.isEmpty {
            findings.append(
                MeshFinding(
                    .exportWithoutGateway,
                    "\(service) is exported to \(importers.joined(separator: ", ")), and no mesh gateway is registered "
                        + "here: nobody there can reach it. Register one"))
        }
        return findings
    }

    // MARK: - One upstream

    private func way(
        to upstream: Upstream, of proxy: ProxyConfiguration, _ instance: LocalInstance
    ) -> MeshExplanation.Way {
        let target = target(of: upstream)
        let decision = ladder(of: upstream, proxy).decision
        let mode = decision?.setting.mode
        let way = UpstreamWay(to: target, mode: mode)
        let found = destination(of: upstream, target, way)
        var findings = found.findings
        if case .peer = target, mode == MeshGatewayMode.none {
            findings.append(
                MeshFinding(.noneMeansRemote, "none is not possible for a peer and means remote: write remote or local")
            )
        }
        return MeshExplanation.Way(
            upstream: upstream, target: target, mode: mode, level: decision?.level,
            place: decision.map { place(of: $0.level, $0.setting, proxy, instance) } ?? "", way: way, sni: found.sni,
            addresses: found.addresses, findings: findings)
    }

    private func target(of upstream: Upstream) -> UpstreamTarget {
        if !upstream.destinationPeer.isEmpty { return .peer(upstream.destinationPeer) }
        if !upstream.datacenter.isEmpty, upstream.datacenter != state.identity?.datacenter {
            return .datacenter(upstream.datacenter)
        }
        let external = serviceDefaults(of: upstream.destinationName)?.externalSNI ?? ""
        return external.isEmpty ? .sameDatacenter : .external(sni: external)
    }

    func ladder(of upstream: Upstream, _ proxy: ProxyConfiguration) -> GatewayModeLadder {
        let own = serviceDefaults(of: proxy.destinationServiceName)
        var ladder = GatewayModeLadder()
        ladder[.proxyDefaults] = proxyDefaults?.gatewayMode
        ladder[.serviceDefaults] = own?.gatewayMode
        ladder[.upstreamDefaults] = own?.upstreams?.defaults?.gatewayMode
        ladder[.instance] = proxy.gatewayMode
        ladder[.upstreamOverride] =
            own?.upstreams?.overrides.first {
                $0.name == upstream.destinationName && $0.peer == upstream.destinationPeer
            }?.gatewayMode
        ladder[.upstream] = upstream.gatewayMode
        return ladder
    }

    // MARK: - The state

    private var proxyDefaults: ProxyDefaults? {
        let stored = state.configEntries[ConfigEntryKey(kind: .proxyDefaults, name: "global")]
        guard case .proxyDefaults(let defaults) = stored?.entry.content else { return nil }
        return defaults
    }

    private func serviceDefaults(of service: String) -> ServiceDefaults? {
        let stored = state.configEntries[ConfigEntryKey(kind: .serviceDefaults, name: service)]
        guard case .serviceDefaults(let defaults) = stored?.entry.content else { return nil }
        return defaults
    }

    private func place(
        of level: GatewayModeLevel, _ setting: GatewayModeSetting, _ proxy: ProxyConfiguration,
        _ instance: LocalInstance
    ) -> String {
        let key: ConfigEntryKey
        switch level {
        case .instance, .upstream: return Self.place(instance.source, setting)
        case .proxyDefaults: key = ConfigEntryKey(kind: .proxyDefaults, name: "global")
        case .serviceDefaults, .upstreamDefaults, .upstreamOverride:
            key = ConfigEntryKey(kind: .serviceDefaults, name: proxy.destinationServiceName)
        }
        return state.configEntries[key].map { Self.place($0.source, setting) } ?? ""
    }

    /// The line of the mode itself, in the file of its definition.
    private static func place(_ source: Source, _ setting: GatewayModeSetting) -> String {
        guard case .file(let place) = source else { return "written over the API" }
        guard setting.position != .none else { return place }
        // `path:line:column` of the definition.
        let path = place.split(separator: ":", omittingEmptySubsequences: false).dropLast(2).joined(separator: ":")
        return "\(path):\(setting.position.line)"
    }
}
