import ACLCore
import CatalogCore
import PeeringCore
import StateCore

extension NameDirectory {
    func isKnown(_ place: NameLookup.Place) -> Bool {
        switch place {
        case .own: true
        case .peer(let name): state.peering(named: name) != nil && authorizer.seesImportedServices
        }
    }

    /// What a peer exports to us; nil if it is none.
    private func imports(of peer: String) -> ImportedCatalog? {
        state.peering(named: peer).flatMap { state.imports[$0.id] }
    }

    /// All instances of a service that may be seen, and its name as the catalog has it.
    func service(_ name: String, _ place: NameLookup.Place) -> (name: String, instances: [ServiceInstance])? {
        visible(whole(name, place), place)
    }

    private func whole(_ name: String, _ place: NameLookup.Place) -> (name: String, instances: [ServiceInstance])? {
        switch place {
        case .own:
            return state.catalog.services.spelling(of: name).map { ($0, state.catalog.unorderedInstances(of: $0)) }
        case .peer(let peer):
            guard let services = imports(of: peer)?.services, let name = services.spelling(of: name) else { return nil }
            return (name, services[name].map { decode($0.payload) } ?? [])
        }
    }

    /// The proxies of a service, and those of its instances that need none.
    func mesh(_ name: String, _ place: NameLookup.Place) -> (name: String, instances: [ServiceInstance])? {
        switch place {
        case .own:
            let found = state.catalog.meshServices.spelling(of: name)
            return visible(found.map { ($0, state.catalog.meshInstances(of: $0)) }, place)
        case .peer:
            return service(name + Self.proxySuffix, place).map {
                (String($0.name.dropLast(Self.proxySuffix.count)), $0.1)
            }
        }
    }

    private func visible(
        _ found: (name: String, instances: [ServiceInstance])?, _ place: NameLookup.Place
    ) -> (name: String, instances: [ServiceInstance])? {
        found.map { found in
            let instances = found.instances.filter {
                authorizer.sees(service: $0.service.service, onNode: $0.node.name, peer: place.peerName)
            }
            return (found.name, instances)
        }
    }

    /// What exporters call the proxies of a service (protocol section 4.8).
    private static let proxySuffix = "-sidecar-proxy"

    /// Critical instances are never named, and those that warn only if the operator lets them.
    func isAnswering(_ instance: ServiceInstance) -> Bool {
        instance.checks.allSatisfy { $0.status == .passing || ($0.status == .warning && !settings.onlyPassing) }
    }

    /// - Parameter interest: of a peer's node nothing else need be known.
    func node(_ name: String, _ place: NameLookup.Place, _ interest: NameInterest) -> Node? {
        let found =
            switch place {
            case .own: state.catalog.nodes.spelling(of: name).flatMap { state.catalog.nodes[$0]?.node }
            case .peer(let peer): importedNode(name, of: peer, interest)
            }
        return found.flatMap { authorizer.sees(node: $0.name, peer: place.peerName) ? $0 : nil }
    }

    /// A node that some imported instance runs on. Only its texts stand nowhere but in the peer's bytes.
    private func importedNode(_ name: String, of peer: String, _ interest: NameInterest) -> Node? {
        guard let imports = imports(of: peer) else { return nil }
        guard let found = imports.node(named: name) else {
            return imports.unreadServices.lazy.compactMap { node(name, in: imports.services[$0]) }.first { _ in true }
        }
        guard interest == .txt || interest == .any else {
            return Node(name: found.node.name, address: found.node.address)
        }
        return node(name, in: imports.services[found.service])
    }

    /// Names stand in the peer's bytes as they are, and so these are decoded only if it is there.
    private func node(_ name: String, in service: ImportedService?) -> Node? {
        guard let payload = service?.payload, payload.holds(Array(name.utf8)) else { return nil }
        let lowered = name.lowercased()
        return decode(payload).lazy.map(\.node).first { $0.name.lowercased() == lowered }
    }
}

extension NodeService {
    /// DNS has no case, and so tags have none there.
    func hasTag(_ tag: String?) -> Bool {
        guard let tag = tag?.lowercased() else { return true }
        return tags.contains { $0.lowercased() == tag }
    }
}

extension [UInt8] {
    /// Whether some bytes stand in here one after the other, letters in any case.
    fileprivate func holds(_ wanted: [UInt8]) -> Bool {
        guard let first = wanted.first?.withoutCase, wanted.count <= count else { return false }
        return (0...(count - wanted.count)).contains { start in
            self[start].withoutCase == first
                && (1..<wanted.count).allSatisfy { self[start + $0].withoutCase == wanted[$0].withoutCase }
        }
    }
}

extension UInt8 {
    /// The same for a letter in both cases. That some other bytes become one too does no harm.
    fileprivate var withoutCase: UInt8 { self | 0x20 }
}
