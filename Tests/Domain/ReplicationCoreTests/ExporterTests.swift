import CatalogCore
import ConfigCore
import HawserTestKit
import IdentityCore
import PeeringCore
import StateCore
import Testing

@testable import ReplicationCore

@Suite struct ExporterTests {
    /// A store that exports by the given rules, and an exporter that follows it.
    private final class Setting {
        let store: StateStore
        var exporter: Exporter
        private let changes: StateSubscription

        init(_ rules: [ExportedService], services: [String]) async throws {
            store = try await StateStore(testing: MemoryStorage())
            changes = store.subscribe(to: .everything)
            exporter = Exporter(peerName: "island", offersServerAddresses: true, state: store.state)
            try await export(rules)
            for name in services { try await register(name) }
        }

        func export(_ rules: [ExportedService]) async throws {
            _ = try await store.apply(
                WriteConfigEntry(entry: ConfigEntry(name: "default", content: .exportedServices(rules))))
            follow()
        }

        func register(
            _ name: String, port: Int = 80, kind: ServiceKind = .typical, proxyOf destination: String? = nil
        ) async throws {
            let service = NodeService(
                kind: kind, id: name, service: name, port: port,
                proxy: destination.map { ProxyConfiguration(destinationServiceName: $0) })
            try await store.apply(RegisterService(node: "n", registration: Registration(service: service)))
            follow()
        }

        func remove(_ name: String) async throws {
            try await store.apply(DeregisterService(node: "n", id: name))
            follow()
        }

        private func follow() {
            _ = exporter.stateChanged(changes.takePending(), state: store.state)
        }

        /// Takes everything that is due, and marks it as sent with the content that stands now.
        func drain() -> [ResourceKey] {
            var keys: [ResourceKey] = []
            while let key = exporter.next() {
                if exporter.willSend(key, hash: content(of: key), count: count(of: key)) != nil { keys.append(key) }
            }
            return keys
        }

        private func count(of key: ResourceKey) -> Int {
            if case .proxies(let name) = key, !exporter.isMesh(name) { 0 } else { 1 }
        }

        private func content(of key: ResourceKey) -> Int {
            switch key {
            case .service(let name): store.state.catalog.instances(of: name).hashValue
            case .serviceList: exporter.listedNames.hashValue
            case .proxies(let name): exporter.isMesh(name) ? 1 : 0
            case .trustBundle, .serverAddresses: 0
            }
        }
    }

    private let web = ExportedService(name: "web", peers: ["island", "other"])
    private let all = ExportedService(name: "*", peers: ["island"])

    @Test func nothingGoesOutUnasked() async throws {
        let setting = try await Setting([all], services: ["web", "db"])
        #expect(setting.drain().isEmpty)
        setting.exporter.subscribed(to: .exportedServiceList)
        #expect(setting.drain().isEmpty)
        setting.exporter.subscribed(to: .exportedService)
        #expect(setting.drain() == [.serviceList, .service("db"), .service("web")])
        setting.exporter.subscribed(to: .trustBundle)
        setting.exporter.subscribed(to: .serverAddresses)
        #expect(setting.drain() == [.trustBundle, .serverAddresses])
        setting.exporter.subscribed(to: .exportedService)
        #expect(setting.drain().isEmpty)
    }

    @Test func aDialerOffersNoAddresses() async throws {
        let store = try await StateStore(testing: MemoryStorage())
        var exporter = Exporter(peerName: "island", offersServerAddresses: false, state: store.state)
        exporter.subscribed(to: .serverAddresses)
        #expect(!exporter.hasPending)
    }

    @Test func onlyWhatIsNamedForThisPeerGoes() async throws {
        let other = ExportedService(name: "db", peers: ["other"])
        let setting = try await Setting([web, other], services: ["web", "db", "secret"])
        #expect(setting.exporter.listedNames == ["web"])
        // A name without instances is on the list all the same.
        try await setting.export([web, ExportedService(name: "later", peers: ["island"])])
        #expect(setting.exporter.listedNames == ["later", "web"])
    }

    @Test func aWildcardFollowsTheCatalogWithoutProxiesAndTheClusterItself() async throws {
        let setting = try await Setting([all], services: ["web", "consul"])
        try await setting.register("web-proxy", kind: .connectProxy, proxyOf: "web")
        #expect(setting.exporter.listedNames == ["web"])
        try await setting.register("new")
        #expect(setting.exporter.listedNames == ["new", "web"])
        try await setting.remove("web")
        #expect(setting.exporter.listedNames == ["new"])
    }

    @Test func oneChangeIsOneResource() async throws {
        let setting = try await Setting([all], services: (0..<50).map { "s\($0)" })
        setting.exporter.subscribed(to: .exportedService)
        _ = setting.drain()
        for port in 81..<90 { try await setting.register("s7", port: port) }
        #expect(setting.exporter.pendingCount == 1)
        #expect(setting.drain() == [.service("s7")])
    }

    @Test func theEndOfAGatewayThatStoodBeforeTheStreamIsTold() async throws {
        let setting = try await Setting([web], services: ["web"])
        try await setting.register("web-proxy", kind: .connectProxy, proxyOf: "web")
        try await setting.register("gateway", kind: .meshGateway)
        var exporter = Exporter(peerName: "island", offersServerAddresses: true, state: setting.store.state)
        exporter.subscribed(to: .exportedService)
        while exporter.next() != nil {}
        try await setting.remove("gateway")
        _ = exporter.stateChanged([.localService("gateway")], state: setting.store.state)
        #expect(exporter.next() == .proxies("web"))
    }

    /// As when more changed than is told by name: what is new, what is another and what went are found by looking.
    @Test(arguments: [StateInterest.localCatalog, .configEntries, [.localCatalog, .configEntries]])
    func aWholeAreaMayHaveChanged(areas: StateInterest) async throws {
        let setting = try await Setting([all], services: ["same", "other", "gone"])
        for kind in [ResourceKind.exportedService, .trustBundle, .serverAddresses] {
            setting.exporter.subscribed(to: kind)
        }
        _ = setting.drain()
        var exporter = setting.exporter
        try await setting.register("other", port: 81)
        try await setting.register("new")
        try await setting.register("same-proxy", kind: .connectProxy, proxyOf: "same")
        try await setting.remove("gone")
        _ = exporter.stateChanged(StateChanges(areas: areas), state: setting.store.state)
        setting.exporter = exporter
        let sent = setting.drain()
        #expect(Set(sent) == [.serviceList, .service("other"), .service("new"), .proxies("same")])
        #expect(setting.exporter.listedNames == ["new", "other", "same"])
    }

    @Test func otherRootsOrAGatewayThatWentAreFoundByLooking() async throws {
        let setting = try await Setting([web], services: ["web"])
        try await setting.register("web-proxy", kind: .connectProxy, proxyOf: "web")
        try await setting.register("gateway", kind: .meshGateway)
        var exporter = setting.exporter
        for kind in [ResourceKind.exportedService, .trustBundle, .serverAddresses] { exporter.subscribed(to: kind) }
        while exporter.next() != nil {}
        try await setting.remove("gateway")
        _ = exporter.stateChanged(StateChanges(areas: [.localCatalog, .identity]), state: setting.store.state)
        var due: Set<ResourceKey> = []
        while let key = exporter.next() { due.insert(key) }
        #expect(due == [.trustBundle, .service("web"), .proxies("web"), .serverAddresses])
        // What is named afterwards is told one by one again.
        _ = exporter.stateChanged([.localService("gateway")], state: setting.store.state)
        #expect(exporter.next() == nil)
    }

    @Test func theSameContentIsNotSentTwice() async throws {
        let setting = try await Setting([web], services: ["web"])
        setting.exporter.subscribed(to: .exportedService)
        _ = setting.drain()
        try await setting.register("web", port: 81)
        try await setting.register("web", port: 80)
        #expect(setting.drain().isEmpty)
    }

    @Test func whatThePeerDidNotTakeIsTriedAgainLessAndLessOften() async throws {
        let setting = try await Setting([all], services: ["web", "db"])
        setting.exporter.subscribed(to: .exportedService)
        setting.exporter.heartbeatSent()
        _ = setting.drain()
        var beats: [Int] = []
        setting.exporter.failed(.service("web"))
        for beat in 1...100 {
            setting.exporter.heartbeatSent()
            let sent = setting.drain()
            if sent.isEmpty { continue }
            #expect(sent == [.service("web")])
            beats.append(beat)
            setting.exporter.failed(.service("web"))
        }
        #expect(beats == [1, 3, 7, 15, 31, 51, 71, 91])
        // A change is not kept waiting, and once it is taken all is forgotten.
        try await setting.register("web", port: 81)
        #expect(setting.drain() == [.service("web")])
        let answers = (0..<2).map { _ in setting.exporter.acknowledged(.service("web")) }
        #expect(answers == [true, false])
        for _ in 1...100 { setting.exporter.heartbeatSent() }
        #expect(setting.drain().isEmpty)
        setting.exporter.failed(.service("web"))
        setting.exporter.heartbeatSent()
        #expect(setting.drain() == [.service("web")])
    }

    @Test func whatIsNotExportedAnyMoreIsNotTriedAgain() async throws {
        let setting = try await Setting([all], services: ["web", "db"])
        setting.exporter.subscribed(to: .exportedService)
        setting.exporter.heartbeatSent()
        _ = setting.drain()
        setting.exporter.failed(.service("db"))
        try await setting.export([web])
        #expect(setting.drain() == [.serviceList])
        for _ in 1...100 { setting.exporter.heartbeatSent() }
        #expect(setting.drain().isEmpty)
    }

    @Test func aNewListIsAllThatWithdrawsAService() async throws {
        let setting = try await Setting([all], services: ["web", "db"])
        setting.exporter.subscribed(to: .exportedService)
        _ = setting.drain()
        try await setting.export([web])
        #expect(setting.drain() == [.serviceList])
        // Exported again it is sent again, though nothing changed.
        try await setting.export([all])
        #expect(Set(setting.drain()) == [.serviceList, .service("db")])
    }

    @Test func aNameThatLeftWhileItWasBeingEncodedIsNotSent() async throws {
        let setting = try await Setting([all], services: ["db"])
        setting.exporter.subscribed(to: .exportedService)
        #expect(setting.exporter.next() == .serviceList)
        #expect(setting.exporter.next() == .service("db"))
        try await setting.export([])
        #expect(setting.exporter.willSend(.service("db"), hash: 1, count: 1) == nil)
        #expect(setting.drain() == [.serviceList])
    }

    /// The list that the peer has already is what takes the service away again.
    @Test func aNameThatLeftBeforeItsListWentIsWithdrawn() async throws {
        let setting = try await Setting([all], services: ["db"])
        setting.exporter.subscribed(to: .exportedService)
        _ = setting.drain()
        try await setting.register("web")
        #expect(setting.exporter.next() == .service("web"))
        #expect(setting.exporter.willSend(.service("web"), hash: 1, count: 1) == 0)
        try await setting.remove("web")
        #expect(setting.drain() == [.serviceList])
    }

    @Test func proxiesComeAndGoWithTheMesh() async throws {
        let setting = try await Setting([web], services: ["web"])
        setting.exporter.subscribed(to: .exportedService)
        #expect(setting.drain() == [.serviceList, .service("web")])
        try await setting.register("p", kind: .connectProxy, proxyOf: "web")
        #expect(setting.drain() == [.proxies("web")])
        try await setting.remove("p")
        #expect(setting.drain() == [.proxies("web")])
        #expect(!setting.exporter.isMesh("web"))
    }

    /// Two versions were on their way: the peer refuses the first one and takes the second one.
    @Test func proxiesThatWereTakenAfterARefusalGoToo() async throws {
        let setting = try await Setting([web], services: ["web"])
        try await setting.register("p", kind: .connectProxy, proxyOf: "web")
        setting.exporter.subscribed(to: .exportedService)
        _ = setting.drain()
        setting.exporter.failed(.proxies("web"))
        _ = setting.exporter.acknowledged(.proxies("web"))
        try await setting.remove("p")
        #expect(setting.drain() == [.proxies("web")])
    }

    /// A name that lost its proxies while there was no stream stays on the list, which therefore does not take them away.
    @Test func proxiesOfAnEarlierStreamAreTakenAwayOnce() async throws {
        let setting = try await Setting([all], services: ["web", "db"])
        try await setting.register("p", kind: .connectProxy, proxyOf: "web")
        setting.exporter.heartbeatSent()
        #expect(setting.drain().isEmpty)
        setting.exporter.subscribed(to: .exportedService)
        #expect(setting.drain() == [.serviceList, .service("db"), .service("web"), .proxies("web")])
        setting.exporter.heartbeatSent()
        #expect(setting.drain() == [.proxies("db")])
        setting.exporter.heartbeatSent()
        #expect(setting.drain().isEmpty)
        // One that is not taken is tried again.
        setting.exporter.failed(.proxies("db"))
        setting.exporter.heartbeatSent()
        #expect(setting.drain() == [.proxies("db")])
    }

    /// A peer that refuses the list keeps the proxies of names that are not on it, and they may come back to it.
    @Test func proxiesOfAnEarlierStreamAreTakenAwayOnceTheListIsTaken() async throws {
        let setting = try await Setting([web], services: ["web", "db"])
        setting.exporter.subscribed(to: .exportedService)
        setting.exporter.heartbeatSent()
        #expect(setting.drain() == [.serviceList, .service("web"), .proxies("web")])
        setting.exporter.failed(.serviceList)
        setting.exporter.heartbeatSent()
        #expect(setting.drain() == [.serviceList])
        try await setting.export([all])
        #expect(Set(setting.drain()) == [.serviceList, .service("db")])
        _ = setting.exporter.acknowledged(.serviceList)
        setting.exporter.heartbeatSent()
        #expect(setting.drain() == [.proxies("db"), .proxies("web")])
    }

    /// Both go out under one name.
    @Test func aServiceCalledLikeProxiesDoesNotTakeThemAway() async throws {
        let named = ExportedService(name: "web-sidecar-proxy", peers: ["island"])
        let setting = try await Setting([web, named], services: ["web"])
        setting.exporter.subscribed(to: .exportedService)
        #expect(setting.drain() == [.serviceList, .service("web"), .service("web-sidecar-proxy")])
        try await setting.register("p", kind: .connectProxy, proxyOf: "web")
        try await setting.register("web-sidecar-proxy")
        #expect(setting.drain() == [.proxies("web")])
        try await setting.remove("p")
        #expect(setting.drain() == [.proxies("web")])
    }

    @Test func proxiesThatWentWhileTheyWereLookedUpAreToldToBeGone() async throws {
        let setting = try await Setting([web], services: ["web"])
        try await setting.register("p", kind: .connectProxy, proxyOf: "web")
        setting.exporter.subscribed(to: .exportedService)
        let due = (0..<3).map { _ in setting.exporter.next() }
        #expect(due == [.serviceList, .service("web"), .proxies("web")])
        try await setting.remove("p")
        #expect(setting.exporter.willSend(.proxies("web"), hash: 1, count: 1) == nil)
        #expect(setting.drain() == [.service("web"), .proxies("web")])
    }

    @Test func aPendingSetKeepsTheOrderAndEachOnce() {
        var set = PendingSet<Int>()
        for number in [3, 1, 3, 2, 1] { set.insert(number) }
        set.remove(1)
        set.insert(1)
        #expect(set.count == 3)
        var order: [Int] = []
        while let next = set.popFirst() { order.append(next) }
        #expect(Set(order) == [1, 2, 3] && order.first == 3 && order.count == 3)
        #expect(set.isEmpty)
        // Memory follows the members, however often one comes and goes.
        for _ in 0..<10_000 {
            set.insert(1)
            set.remove(1)
        }
        set.insert(2)
        #expect(set.popFirst() == 2 && set.popFirst() == nil)
    }
}
