import CatalogCore
import HawserTestKit
import Testing

@testable import StateCore

/// The catalog with all its indexes beside a model that keeps rows in arrays and searches them.
@Suite struct LocalCatalogModelTests {
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func theIndexesSayWhatASearchFinds(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var catalog = LocalCatalog()
        var model = CatalogModel()
        for step in 1...1_000 as ClosedRange<UInt64> {
            let operation = CatalogOperation.random(&random)
            let snapshot = catalog
            let before = model
            let changed = operation.apply(to: &catalog, index: step)
            #expect(changed == operation.apply(to: &model, index: step), "\(operation)")
            // Asking everything takes longer than the operation.
            guard step % 4 != 0 || model.agrees(with: catalog) else {
                Issue.record("seed \(seed), step \(step): \(operation)")
                return
            }
            if step % 50 == 0 { #expect(before.agrees(with: snapshot), "a snapshot changed at step \(step)") }
        }
    }

    @Test func theJournalSaysWhatChangedUntilItIsTooLong() {
        var catalog = LocalCatalog()
        let start = catalog.checkJournal.mark
        let (web, db) = (InstanceKey(node: "n", id: "web"), InstanceKey(node: "n", id: "db"))
        _ = catalog.put(Registration(service: NodeService(id: "web", service: "web")), at: web, source: .api, index: 1)
        _ = catalog.put(Registration(service: NodeService(id: "db", service: "db")), at: db, source: .api, index: 1)
        #expect(catalog.checkJournal.changes(since: start)?.map(\.key) == [web, db])
        let middle = catalog.checkJournal.mark
        _ = catalog.put(HealthCheck(node: "n", checkID: "a", name: "", status: .critical), at: db, index: 2)
        #expect(catalog.checkJournal.changes(since: middle) == [.init(key: db, checkID: "a")])
        for number in 0..<CheckJournal.capacity {
            let result = CheckResult(
                key: CheckKey(serviceID: "db", checkID: "a"), status: number % 2 == 0 ? .passing : .critical, output: ""
            )
            _ = catalog.record([result], at: db, index: 3)
        }
        let isKnown = catalog.checkJournal.changes(since: middle) != nil
        #expect(!isKnown)
        #expect(catalog.checkJournal.changes(since: catalog.checkJournal.mark)?.isEmpty == true)
    }
}

/// What a transaction may do to the catalog.
enum CatalogOperation {
    case putNode(Node, isExternal: Bool)
    case removeNode(String)
    case put(Registration, InstanceKey, Source)
    case remove(InstanceKey)
    case move(NodeService, InstanceKey, place: String)
    case putCheck(HealthCheck, InstanceKey)
    case removeCheck(String, InstanceKey)
    case record([CheckResult], InstanceKey)

    static let nodes = ["n1", "N1", "n2", "n3"]
    static let services = ["web", "Web", "WEB", "db", "web-sidecar-proxy", "gateway"]
    static let addresses = ["", "10.0.0.1", "10.0.0.2", "::1", "0:0::1", "host.example"]
    private static let ids = ["1", "2", "3", "4"]
    private static let checkIDs = ["a", "b", "c", "d", "e"]
    private static let statuses: [HealthStatus] = [.passing, .warning, .critical, HealthStatus(rawValue: "odd")]

    static func random(_ random: inout SeededRandom) -> CatalogOperation {
        let key = InstanceKey(node: random.one(of: nodes), id: random.one(of: ids))
        let place = random.below(4) == 0 ? InstanceKey.ofNode(key.node) : key
        switch random.below(12) {
        case 0: return .putNode(node(key.node, &random), isExternal: random.below(2) == 0)
        case 1: return .removeNode(key.node)
        case 2...4: return .put(registration(key, &random), key, source(&random))
        case 5: return .remove(key)
        case 6: return .move(service(key, &random), key, place: "b.hcl:\(random.below(3)):1")
        case 7: return .putCheck(check(place, &random), place)
        case 8: return .removeCheck(random.one(of: checkIDs), place)
        default: return .record((0...random.below(3)).map { _ in result(place, &random) }, place)
        }
    }

    private static func node(_ name: String, _ random: inout SeededRandom) -> Node {
        Node(name: name, address: random.one(of: addresses), datacenter: "dc1")
    }

    private static func source(_ random: inout SeededRandom) -> Source {
        random.below(2) == 0 ? .api : .file("a.hcl:\(random.below(3)):1")
    }

    private static func service(_ key: InstanceKey, _ random: inout SeededRandom) -> NodeService {
        let name = random.one(of: services)
        var service = NodeService(id: key.id, service: name, address: random.one(of: addresses))
        switch random.below(4) {
        case 0:
            service.kind = .connectProxy
            service.proxy = ProxyConfiguration(destinationServiceName: random.one(of: services))
        case 1: service.kind = .meshGateway
        case 2: service.connectNative = true
        default: break
        }
        return service
    }

    private static func registration(_ key: InstanceKey, _ random: inout SeededRandom) -> Registration {
        let service = service(key, &random)
        // A check has one place on its node.
        let checks =
            random.below(2) == 0
            ? []
            : [
                HealthCheck(
                    node: key.node, checkID: "of-\(key.id)", name: "", status: random.one(of: statuses),
                    serviceID: key.id)
            ]
        return Registration(service: service, checks: checks)
    }

    private static func check(_ key: InstanceKey, _ random: inout SeededRandom) -> HealthCheck {
        HealthCheck(
            node: key.node, checkID: random.one(of: checkIDs), name: "", status: random.one(of: statuses),
            serviceID: key.id)
    }

    private static func result(_ key: InstanceKey, _ random: inout SeededRandom) -> CheckResult {
        let id = random.below(2) == 0 ? "of-\(key.id)" : random.one(of: checkIDs)
        return CheckResult(
            key: CheckKey(serviceID: key.id, checkID: id), status: random.one(of: statuses),
            output: "\(random.below(2))")
    }

    /// - Returns: what it says that changed.
    func apply(to catalog: inout LocalCatalog, index: UInt64) -> [String] {
        switch self {
        case .putNode(let node, let isExternal):
            return catalog.put(node, isExternal: isExternal, index: index)
                ? catalog.touch(servicesOn: node.name, index: index) : []
        case .removeNode(let name):
            catalog.removeNode(name)
            return []
        case .put(let registration, let key, let source):
            return catalog.put(registration, at: key, source: source, index: index)
        case .remove(let key):
            return catalog.remove(at: key, index: index)
        case .move(let service, let key, let place):
            catalog.move(service, at: key, to: place)
            return []
        case .putCheck(let check, let key):
            return catalog.put(check, at: key, index: index)
        case .removeCheck(let id, let key):
            return catalog.removeCheck(id, at: key, index: index)
        case .record(let results, let key):
            let change = catalog.record(results, at: key, index: index)
            return change.services + ["definition: \(change.isDefinitionChanged)"] + change.added.map(\.checkID)
        }
    }

    func apply(to model: inout CatalogModel, index: UInt64) -> [String] {
        switch self {
        case .putNode(let node, let isExternal): model.put(node, isExternal, index)
        case .removeNode(let name): model.removeNode(name)
        case .put(let registration, let key, let source): model.put(registration, key, source, index)
        case .remove(let key): model.remove(key, index)
        case .move(let service, let key, let place): model.move(service, key, place)
        case .putCheck(let check, let key): model.put(check, key, index)
        case .removeCheck(let id, let key): model.removeCheck(id, key, index)
        case .record(let results, let key): model.record(results, key, index)
        }
    }
}

extension LocalCatalog {
    /// As a transaction does.
    fileprivate mutating func put(_ node: Node, isExternal: Bool, index: UInt64) -> Bool {
        let previous = nodes[node.name]
        guard previous?.node != node || previous?.isExternal != isExternal else { return false }
        insert(
            LocalNode(
                node: node, isExternal: isExternal, createIndex: previous?.createIndex ?? index, modifyIndex: index))
        return true
    }

    /// As a transaction does.
    fileprivate mutating func put(
        _ registration: Registration, at key: InstanceKey, source: Source, index: UInt64
    ) -> [String] {
        let previous = instance(at: key)
        guard previous?.registration != registration || previous?.source != source else { return [] }
        let isRenamed = previous.map { $0.registration.service.service != registration.service.service } ?? false
        let create = isRenamed ? index : previous?.createIndex ?? index
        return insert(
            LocalInstance(
                key: key, registration: registration, source: source, createIndex: create, modifyIndex: index),
            index: index)
    }
}
