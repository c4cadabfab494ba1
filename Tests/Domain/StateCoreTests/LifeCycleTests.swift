import CatalogCore
import ConfigCore
import DocumentCore
import HawserTestKit
import IdentityCore
import PeeringCore
import Testing

@testable import StateCore

@Suite struct LifeCycleTests {
    private let now = Timestamp(seconds: 1_000)

    private func service(_ name: String, _ byte: UInt8, count: Int = 1) -> ImportedChange {
        .service(name: name, payload: [byte], instanceCount: count)
    }

    // MARK: Imports

    @Test func aListDecidesWhatStands() async throws {
        let harness = try await Harness()
        try await harness.establish()
        let outcomes = try await harness.apply(
            ImportBatch(
                id: harness.id,
                changes: [
                    service("web", 1, count: 2), service("web-sidecar-proxy", 1), service("db", 1),
                    .serviceList(["web", "new"]),
                ]))
        #expect(outcomes.map { $0.map(\.name) } == [["web"], ["web-sidecar-proxy"], ["db"], ["", "db"]])
        #expect(outcomes[3].map(\.newCount) == [2, 0])
        let imports = try #require(harness.store.state.imports[harness.id])
        #expect(Set(imports.services.keys) == ["web", "web-sidecar-proxy"])
        #expect(imports.announced == ["new", "web"])
    }

    @Test func theSameBytesAreNoChange() async throws {
        let harness = try await Harness()
        try await harness.establish()
        _ = try await harness.apply(ImportBatch(id: harness.id, changes: [service("web", 1)]))
        let index = harness.store.state.index
        let outcomes = try await harness.apply(ImportBatch(id: harness.id, changes: [service("web", 1)]))
        #expect(outcomes[0][0].changed == false)
        #expect(harness.store.state.index == index)
        // No instances: the service is gone.
        let gone = try await harness.apply(
            ImportBatch(id: harness.id, changes: [.service(name: "web", payload: [], instanceCount: 0)]))
        #expect(gone[0][0] == ImportOutcome(name: "web", oldCount: 1, newCount: 0))
        #expect(harness.store.state.imports[harness.id]?.services["web"] == nil)
    }

    @Test func anAcceptorTakesNoAddressesAndABundleReplacesRoots() async throws {
        let harness = try await Harness()
        try await harness.token()
        let bundle = TrustBundle(trustDomain: "x.consul", rootPEMs: ["A\n", "B\n"])
        let outcomes = try await harness.apply(
            ImportBatch(id: harness.id, changes: [.serverAddresses(["a:1"]), .trustBundle(bundle)]))
        #expect(outcomes[0][0].refusal == "Cannot switch peering dialing mode from false to true")
        #expect(outcomes[1][0].newCount == 2)
        #expect(harness.store.state.peerings[harness.id]?.peerCAPEMs == ["A\n", "B\n"])
    }

    @Test func copiesOnDiskFollowAndAreServedAfterARestart() async throws {
        let harness = try await Harness()
        try await harness.establish()
        _ = try await harness.apply(
            ImportBatch(id: harness.id, changes: [service("web", 7, count: 3), .serviceList(["web"])]))
        let later = try await StateStore(testing: harness.storage).state.imports[harness.id]
        #expect(later?.services["web"]?.payload == [7] && later?.services["web"]?.instanceCount == 3)
        #expect(later?.announced == ["web"])
    }

    @Test(arguments: [true, false])
    func nothingOfAnEndedPeeringComesBack(isDeleted: Bool) async throws {
        let harness = try await Harness()
        try await harness.establish()
        _ = try await harness.apply(ImportBatch(id: harness.id, changes: [service("web", 7), .serviceList(["web"])]))
        if isDeleted {
            _ = try await harness.apply(MarkForDeletion(name: "harbor", now: now))
        } else {
            try await harness.apply(TerminatePeering(id: harness.id))
        }
        #expect(harness.store.state.imports[harness.id] == nil)
        #expect(try await StateStore(testing: harness.storage).state.imports[harness.id] == nil)
        let late = ImportBatch(id: harness.id, changes: [service("web", 8)])
        #expect(await harness.refusal(of: late)?.code == .conflict)
    }

    // MARK: Deletion

    @Test func aDeletedPeeringIsGoneInTwoStepsAndRemembered() async throws {
        let harness = try await Harness()
        try await harness.token()
        #expect(try await harness.apply(MarkForDeletion(name: "island", now: now)) == harness.id)
        #expect(harness.store.state.secrets[harness.id] == nil)
        #expect(harness.store.state.peerings[harness.id]?.state == .deleting)
        #expect(try await harness.apply(MarkForDeletion(name: "island", now: now)) == nil)
        let token = GenerateToken(name: "island", meta: [:], newID: PeeringID("n"), establishment: harness.secret(1))
        #expect(await harness.refusal(of: token)?.message.contains("marked for deletion") == true)
        try await harness.apply(RemovePeering(id: harness.id, now: now))
        #expect(harness.store.state.peering(named: "island") == nil)
        #expect(try await harness.open(1) == .deleted(sendTerminated: true))
        #expect(try await harness.apply(token) == PeeringID("n"))
    }

    @Test func theMemoryOfTheDeletedIsBounded() async throws {
        let harness = try await Harness()
        for number in 0..<(ClusterState.maxTombstones + 3) {
            let id = PeeringID("p\(number)")
            _ = try await harness.store.apply(
                GenerateToken(name: "p\(number)", meta: [:], newID: id, establishment: harness.secret(1)))
            _ = try await harness.store.apply(MarkForDeletion(name: "p\(number)", now: now))
            try await harness.store.apply(RemovePeering(id: id, now: Timestamp(seconds: Int64(number))))
        }
        #expect(harness.store.state.tombstones.count == ClusterState.maxTombstones)
        #expect(harness.store.state.tombstones[PeeringID("p0")] == nil)
        try await harness.expectDurable()
    }

    @Test func aTerminatedPeeringComesBackWithANewToken() async throws {
        let harness = try await Harness()
        try await harness.token()
        try await harness.apply(
            ExchangeSecret(
                id: harness.id, presented: harness.secret(1), pendingStream: harness.secret(2),
                now: Timestamp(seconds: 1)))
        try await harness.apply(TerminatePeering(id: harness.id))
        #expect(try await harness.open(2) == .deleted(sendTerminated: false))
        try await harness.token(3)
        #expect(harness.store.state.peerings[harness.id]?.state == .pending)
        // What its dialer had does not come back with it.
        #expect(try await harness.open(2) == .wrongSecret)
    }

    // MARK: Identity, files and clients

    @Test func theIdentityIsMadeOnce() async throws {
        let harness = try await Harness()
        func identity(_ datacenter: String) -> ClusterIdentity {
            ClusterIdentity(
                trustDomain: TrustDomain(clusterID: "c"), datacenter: datacenter, nodeID: "n",
                roots: [
                    CARoot(
                        id: "r", name: "n", certificatePEM: "PEM\n", serialHex: "01", notBefore: 1, notAfter: 2,
                        key: SecretText("key"))
                ], activeRootID: "r")
        }
        let made = try await harness.apply(EstablishIdentity(proposed: identity("dc1")))
        #expect(try await harness.apply(EstablishIdentity(proposed: identity("dc1"))) == made)
        #expect(await harness.refusal(of: EstablishIdentity(proposed: identity("dc2")))?.code == .conflict)
        let own = CheckEstablish(name: "x", serverName: made.peeringServerName)
        #expect(await harness.refusal(of: own)?.message.contains("within the same cluster") == true)
    }

    private func registration(_ id: String, port: Int = 1, kind: ServiceKind = .typical) -> Registration {
        Registration(
            service: NodeService(
                kind: kind, id: id, service: id, port: port,
                proxy: kind == .connectProxy ? ProxyConfiguration(destinationServiceName: "web") : nil))
    }

    private func files(_ registrations: [Registration], removed: [String] = []) -> ApplyFiles {
        ApplyFiles(
            node: Node(name: "n"),
            registrations: registrations.map { .init(registration: $0, place: "a.yaml:1") },
            removedServiceIDs: removed, entries: [], removedEntries: [])
    }

    @Test func whatAFileTookOverDoesNotComeBack() async throws {
        let harness = try await Harness()
        try await harness.apply(RegisterService(node: "n", registration: registration("web")))
        try await harness.apply(files([registration("web", port: 2)]))
        let refused = RegisterService(node: "n", registration: registration("web", port: 3))
        #expect(await harness.refusal(of: refused)?.message.contains("a.yaml:1") == true)
        try await harness.apply(files([], removed: ["web"]))
        #expect(harness.store.state.catalog.services.isEmpty)
        #expect(try await StateStore(testing: harness.storage).state.catalog.services.isEmpty)
    }

    /// The first reading after a start says everything that there is, the later ones what differs.
    @Test func aReadingThatChangedNothingIsTheFirstOneToo() async throws {
        let harness = try await Harness()
        try await harness.apply(files([registration("web")]))
        let restarted = try await StateStore(testing: harness.storage)
        try await restarted.apply(files([registration("web")]))
        #expect(restarted.state.index == harness.store.state.index)
        try await restarted.apply(files([registration("db")]))
        #expect(restarted.state.catalog.services.keys.sorted() == ["db", "web"])
        let later = try await StateStore(testing: harness.storage)
        try await later.apply(files([registration("db")]))
        #expect(later.state.catalog.services.keys.sorted() == ["db"])
    }

    /// Its place is known, and nobody is woken.
    @Test func aDefinitionThatMovedIsNoChange() async throws {
        let harness = try await Harness()
        func registration(line: UInt32) -> Registration {
            let mode = GatewayModeSetting(.local, at: DocumentPosition(line: line, column: 1))
            return Registration(
                service: NodeService(
                    kind: .connectProxy, id: "web", service: "web", proxy: ProxyConfiguration(gatewayMode: mode)))
        }
        try await harness.apply(files([registration(line: 3)]))
        let before = harness.store.state
        var command = files([])
        command.movedRegistrations = [.init(registration: registration(line: 9), place: "b.yaml:8:1")]
        try await harness.apply(command)
        let moved = harness.store.state.catalog.instance(at: InstanceKey(node: "n", id: "web"))
        #expect(moved?.source == .file("b.yaml:8:1"))
        #expect(moved?.registration.service.proxy?.gatewayMode?.position.line == 9)
        #expect(moved?.modifyIndex == before.index && harness.store.state.index == before.index)
    }

    @Test func theProxyOfAServiceComesBackWhole() async throws {
        let harness = try await Harness()
        var registration = registration("web", kind: .connectProxy)
        registration.service.proxy = ProxyConfiguration(
            destinationServiceName: "web", localServiceSocketPath: "/s", mode: .transparent,
            transparentProxy: TransparentProxySettings(dialedDirectly: true),
            config: Document(.map([DocumentMember("protocol", Document(.string("http")))])),
            upstreams: [
                Upstream(
                    destinationName: "db", destinationPeer: "island", localBindPort: 9000,
                    gatewayMode: GatewayModeSetting(.remote))
            ], gatewayMode: GatewayModeSetting(.local), expose: ExposedPaths(checks: true))
        try await harness.apply(RegisterService(node: "n", registration: registration))
        let restarted = try await StateStore(testing: harness.storage).state.catalog
        #expect(restarted.instance(at: InstanceKey(node: "n", id: "web"))?.registration == registration)
    }

    /// What was accepted once is read still, without what is refused now.
    @Test func entriesOutliveNewRules() async throws {
        let row =
            #"{"Kind":"service-defaults","Name":"web","Protocol":"http","MeshGateway":{"Mode":"x"},"Expose":1,"Y":2}"#
        let storage = MemoryStorage()
        try await storage.write("config/service-defaults/web", row, version: 1)
        let state = try await StateStore(testing: storage).state
        let entry = state.configEntries[ConfigEntryKey(kind: .serviceDefaults, name: "web")]?.entry
        #expect(entry?.content == .serviceDefaults(ServiceDefaults(protocol: "http")))
    }

    @Test func servicesOfClientsFollowANodeThatIsRenamed() async throws {
        let harness = try await Harness()
        try await harness.apply(
            ApplyFiles(
                node: Node(name: "old"), registrations: [], removedServiceIDs: [], entries: [], removedEntries: []))
        try await harness.apply(RegisterService(node: "old", registration: registration("web")))
        let restarted = try await StateStore(testing: harness.storage)
        try await restarted.apply(files([]))
        #expect(restarted.state.catalog.instances(of: "web").map(\.node.name) == ["n"])
        try await restarted.apply(DeregisterService(node: "n", id: "web"))
        #expect(try await StateStore(testing: harness.storage).state.catalog.services.isEmpty)
    }

    @Test func aProxyMarksTheServiceBehindItAsChanged() async throws {
        let harness = try await Harness()
        let changes = harness.store.subscribe(to: .localCatalog)
        try await harness.apply(
            RegisterService(node: "n", registration: registration("p", kind: .connectProxy)))
        #expect(changes.takePending() == [.localService("p"), .localService("web")])
        #expect(harness.store.state.catalog.isMeshService("web"))
        try await harness.apply(DeregisterService(node: "n", id: "p"))
        #expect(changes.takePending() == [.localService("p"), .localService("web")])
        #expect(!harness.store.state.catalog.isMeshService("web"))
    }

    // MARK: The store

    @Test func commandsAtOnceAreAllAppliedInOneOrder() async throws {
        let harness = try await Harness()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<100 {
                group.addTask {
                    _ = try await harness.store.apply(
                        GenerateToken(
                            name: "p\(number)", meta: [:], newID: PeeringID("p\(number)"),
                            establishment: harness.secret(1)))
                }
            }
            try await group.waitForAll()
        }
        #expect(harness.store.state.peerings.count == 100)
        #expect(Set(harness.store.state.peerings.values.map(\.createIndex)).count == 100)
        try await harness.expectDurable()
    }

    @Test func aSlowReaderGetsEachNameOnce() async throws {
        let harness = try await Harness()
        try await harness.establish()
        let changes = harness.store.subscribe(to: [.imports])
        for byte in 1...50 {
            _ = try await harness.store.apply(
                ImportBatch(id: harness.id, changes: [service("web", UInt8(byte))]))
        }
        _ = try await harness.store.apply(MarkForDeletion(name: "none", now: now))
        #expect(await changes.next() == [.importedService(harness.id, "web")])
        let waiter = Task { await changes.next() }
        waiter.cancel()
        #expect(await waiter.value.isEmpty)
    }

    // MARK: Goodbyes

    @Test func anAcceptorIsToldOfADeletionAlsoAfterARestart() async throws {
        let harness = try await Harness()
        try await harness.establish()
        try await harness.apply(MarkForDeletion(name: "harbor", now: now))
        try await harness.apply(RemovePeering(id: harness.id, now: now))
        let farewell = try #require(harness.store.state.farewells[harness.id])
        #expect(farewell.streamSecret.reveal() == "s" && farewell.peering.addressesToDial == ["10.0.0.1:8503"])
        #expect(farewell.peering.peerCAPEMs == ["PEM\n"] && farewell.peering.state == .deleting)
        #expect(harness.store.state.secrets[harness.id] == nil)
        // The name is free, and the goodbye goes on.
        try await harness.apply(
            CompleteEstablish(
                name: "harbor", meta: [:], newID: PeeringID("other"), acceptor: Harness.acceptor,
                streamSecret: SecretText("t"), keepsAddresses: false))
        #expect(harness.store.state.farewells.count == 1)
        try await harness.apply(ForgetFarewell(id: harness.id))
        #expect(harness.store.state.farewells.isEmpty)
    }

    @Test func nobodyIsToldWhoKnowsOrCannotBeReached() async throws {
        // An acceptor cannot dial, and keeps a tombstone instead.
        let accepting = try await Harness()
        try await accepting.token()
        try await accepting.apply(MarkForDeletion(name: "island", now: now))
        #expect(accepting.store.state.farewells.isEmpty)
        // The other side has ended it already.
        let terminated = try await Harness()
        try await terminated.establish()
        try await terminated.apply(TerminatePeering(id: terminated.id))
        try await terminated.apply(MarkForDeletion(name: "harbor", now: now))
        #expect(terminated.store.state.farewells.isEmpty)
    }

    @Test func thereAreOnlySoManyGoodbyes() async throws {
        let harness = try await Harness()
        for number in 0...ClusterState.maxFarewells {
            let name = "peer-\(number)"
            _ = try await harness.store.apply(
                CompleteEstablish(
                    name: name, meta: [:], newID: PeeringID(name), acceptor: Harness.acceptor,
                    streamSecret: SecretText("s"), keepsAddresses: false))
            _ = try await harness.store.apply(MarkForDeletion(name: name, now: now))
        }
        try await harness.expectDurable()
        #expect(harness.store.state.farewells.count == ClusterState.maxFarewells)
        #expect(harness.store.state.farewells[PeeringID("peer-0")] == nil)
    }
}
