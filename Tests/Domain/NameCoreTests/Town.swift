import ACLCore
import CatalogCore
import ConfigCore
import HawserTestKit
import IdentityCore
import PeeringCore
import StateCore

@testable import NameCore

/// A small cluster whose names are asked for. Answers are shown as lines of text: `A 10.0.0.7`, and behind a slash what
/// the authority and additional sections hold.
struct Town {
    let store: StateStore
    var domains = ["consul"]
    var dns = DNSSettings()
    var maxRecords = 100
    var authorizer = Authorizer.unrestricted
    /// Whether the nodes of what is imported are known, as they are but for rows of an older version.
    var knowsNodes = true
    /// What imported payloads stand for: the payload is the service's name.
    private var imported: [String: [ServiceInstance]] = [:]

    static let node = Node(
        name: "n1", address: "10.0.0.1", datacenter: "dc1", meta: ["zone": "a=b", "rfc1035-motto": "hello"])

    init() async throws {
        store = try await StateStore(testing: MemoryStorage())
        _ = try await store.apply(
            ApplyFiles(node: Self.node, registrations: [], removedServiceIDs: [], entries: [], removedEntries: []))
    }

    func register(_ service: NodeService, _ statuses: HealthStatus..., node: String = "n1") async throws {
        let checks = statuses.enumerated().map { index, status in
            HealthCheck(node: node, checkID: "\(service.id)-\(index)", name: "", status: status, serviceID: service.id)
        }
        _ = try await store.apply(
            RegisterService(node: node, registration: Registration(service: service, checks: checks)))
    }

    mutating func export(_ services: [String: [ServiceInstance]], by peer: String) async throws {
        let acceptor = AcceptorDescription(
            peerID: peer, caPEMs: [], serverName: "", serverAddresses: [], manualServerAddresses: [],
            remote: RemoteInfo())
        _ = try await store.apply(
            CompleteEstablish(
                name: peer, meta: [:], newID: PeeringID(peer), acceptor: acceptor, streamSecret: SecretText("s"),
                keepsAddresses: false))
        let changes = services.map { name, instances in
            ImportedChange.service(
                name: name, payload: Array(Self.payload(name, instances).utf8), instanceCount: 1,
                nodes: knowsNodes ? instances.map { ImportedNode(name: $0.node.name, address: $0.node.address) } : nil)
        }
        _ = try await store.apply(
            ImportBatch(id: PeeringID(peer), changes: changes + [.serviceList(services.keys.sorted())]))
        for (name, instances) in services { imported[Self.payload(name, instances)] = instances }
    }

    /// Node names stand in a payload as they do in a real one.
    private static func payload(_ name: String, _ instances: [ServiceInstance]) -> String {
        ([name] + instances.map(\.node.name)).joined(separator: "|")
    }

    func answer(_ name: String, _ interest: NameInterest, seed: UInt64 = 0) -> NameAnswer {
        var random = Counter(value: seed)
        let directory = NameDirectory(
            settings: NameSettings(domains: domains, datacenter: "dc1", nodeName: "n1", dns: dns), state: store.state,
            authorizer: authorizer, maxRecords: maxRecords, now: 1_000_000
        ) { imported[String(decoding: $0, as: UTF8.self)] ?? [] }
        return directory.answer(to: NameSettings.labels(name), interest, using: &random)
    }

    /// In sorted lines, whatever the order of the answer.
    func ask(_ name: String, _ interest: NameInterest) -> String {
        let answer = answer(name, interest)
        let verdict =
            switch answer.verdict {
            case .known: ""
            case .unknown: "NXDOMAIN"
            case .foreign: "REFUSED"
            }
        let sections = [answer.answers, answer.authorities, answer.additionals].map { records in
            records.map(\.description).sorted().joined(separator: ", ")
        }
        return ([verdict] + sections).filter { !$0.isEmpty }.joined(separator: " / ")
    }
}

/// The next number each time.
private struct Counter: RandomNumberGenerator {
    var value: UInt64

    mutating func next() -> UInt64 {
        value = value &* 0x5851_F42D_4C95_7F2D &+ 0x1405_7B7E_F767_814F
        return value
    }
}

extension NameRecord: CustomStringConvertible {
    package var description: String {
        let owner = owner.map { $0.joined(separator: ".") + " " } ?? ""
        let ttl = timeToLive == 0 ? "" : "\(timeToLive)s "
        return owner + ttl + fact.description
    }
}

extension NameFact: CustomStringConvertible {
    package var description: String {
        switch self {
        case .address(.v4(let value)):
            "A " + stride(from: 24, through: 0, by: -8).map { "\(value >> UInt32($0) & 0xFF)" }.joined(separator: ".")
        case .address(.v6(let value)): "AAAA " + String(value, radix: 16)
        case .pointer(let name): "PTR " + name.joined(separator: ".")
        case .alias(let name): "CNAME " + name.joined(separator: ".")
        case .nameServer(let name): "NS " + name.joined(separator: ".")
        case .service(let weight, let port, let target): "SRV \(weight) \(port) \(target.joined(separator: "."))"
        case .text(let text): "TXT \(text)"
        case .authority(let authority): "SOA \(authority.serial) \(authority.refresh) \(authority.minimum)"
        }
    }
}
