import CatalogCore
import IdentityCore
import PeerStreamTranslation
import PeeringCore
import ReplicationCore
import StateCore

/// What one cluster has of another one, or should have.
struct PeerView {
    private(set) var services: [String: [ServiceInstance]] = [:]
    private(set) var list: [String]?
    private var trustDomain: String?
    private(set) var roots: [String] = []
    /// Nil where none are told.
    private var addresses: [String]?
    private var problems: [String] = []

    /// By the rules of exports.
    ///
    /// - Parameter addresses: where the exporter is reached, if it is the acceptor.
    init(exportedBy state: State, to peer: String, addresses: ReachableAddresses?) {
        guard let identity = state.identity else { return }
        let plan = ExportPlan(peerName: peer, state: state)
        list = plan.listed.sorted()
        for name in plan.listed { add(ExportedContent.instances(of: name, in: state), as: name) }
        for name in plan.mesh {
            add(
                ExportedContent.proxies(of: name, for: peer, in: state, identity: identity), as: name + "-sidecar-proxy"
            )
        }
        trustDomain = identity.trustDomain.description
        roots = identity.rootPEMs
        let reached = addresses?.inForce(in: state).map(\.description) ?? []
        // No addresses are not told: the peer keeps those that it has.
        self.addresses = reached.isEmpty ? nil : reached
    }

    /// By what the importer has stored.
    init(importedBy state: State, from id: PeeringID) {
        for (name, service) in state.imports[id]?.services ?? NameTable() {
            services[name] = decoded(service.payload, name)
            if services[name]?.count != service.instanceCount { problems.append("\(name) is counted wrongly") }
        }
        list = state.imports[id]?.announced
        trustDomain = state.trustBundles[id]?.trustDomain
        roots = state.trustBundles[id]?.rootPEMs ?? []
        addresses = state.peerings[id]?.peerServerAddresses
    }

    /// As they arrive.
    private mutating func add(_ instances: [ServiceInstance], as name: String) {
        guard !instances.isEmpty else { return }
        do {
            services[name] = decoded(try ServiceEncoding.bytes(of: instances), name)
        } catch {
            problems.append("\(name) cannot be encoded: \(error)")
        }
    }

    private mutating func decoded(_ bytes: [UInt8], _ name: String) -> [ServiceInstance] {
        do {
            return try ServiceDecoding.instances(bytes, name: name)
        } catch {
            problems.append("\(name) cannot be read: \(error)")
            return []
        }
    }

    func differences(from expected: PeerView) -> [String] {
        var found = problems + expected.problems
        for name in Set(services.keys).union(expected.services.keys).sorted()
        where services[name] != expected.services[name] {
            found.append("\(name) is \(Self.text(services[name])), and not \(Self.text(expected.services[name]))")
        }
        if list != expected.list { found.append("the list is \(list ?? []), and not \(expected.list ?? [])") }
        if trustDomain != expected.trustDomain || roots != expected.roots {
            found.append("the roots are \(roots), and not \(expected.roots)")
        }
        if let told = expected.addresses, told != addresses {
            found.append("the addresses are \(addresses ?? []), and not \(told)")
        }
        return found
    }

    private static func text(_ instances: [ServiceInstance]?) -> String {
        guard let instances else { return "missing" }
        return instances.map { instance in
            let statuses = instance.checks.map(\.status.rawValue).joined(separator: ",")
            return "\(instance.node.name)/\(instance.service.id):\(instance.service.port) \(statuses)"
        }.joined(separator: "; ")
    }
}
