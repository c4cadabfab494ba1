import DocumentCore
import HawserTestKit
import IdentityCore
import PeeringCore
import ReplicationCore
import StateCore
import Testing

@testable import hawser

@Suite("Peerings look as Consul shows them")
struct PeeringShapeTests {
    private let acceptorID = "043a4238-4005-1a18-9561-f724319a6ced"
    private let dialerID = "d729988f-f74a-05fb-7f30-a6e5ca684f9f"

    private func status(_ fixture: Document) -> StreamStatus {
        let recorded = fixture["StreamStatus"]
        func time(_ key: String) -> Timestamp? { recorded?[key]?.string.flatMap { Timestamp(rfc3339: $0) } }
        var status = StreamStatus()
        status.isConnected = true
        status.importedServices = recorded?["ImportedServices"]?.list.map { $0.compactMap(\.string) } ?? []
        status.exportedServices = recorded?["ExportedServices"]?.list.map { $0.compactMap(\.string) } ?? []
        status.lastHeartbeat = time("LastHeartbeat")
        status.lastReceive = time("LastReceive")
        status.lastSend = time("LastSend")
        return status
    }

    private func roots(_ fixture: Document) -> [String] {
        (fixture["PeerCAPems"]?.list ?? []).compactMap(\.string)
    }

    @Test func aPendingAcceptor() async throws {
        let expected = try Fixtures.json("consul/json/peering.dc1.1-pending.json")
        try await TestDaemon.run { daemon in
            try await daemon.store.addAcceptor("dc2", id: acceptorID, meta: ["k": "v"])
            let shown = try await daemon.get("/v1/peering/dc2").json
            #expect(shown.removing(volatileKeys) == expected.removing(volatileKeys))
            #expect(shown["CreateIndex"] == Document(.integer(1)))
        }
    }

    @Test(arguments: ["2-just-established", "3-after-heartbeat"])
    func anActiveAcceptor(moment: String) async throws {
        let expected = try Fixtures.json("consul/json/peering.dc1.\(moment).json")
        try await TestDaemon.run { daemon in
            let id = try await daemon.store.addAcceptor("dc2", id: acceptorID, meta: ["k": "v"])
            try await daemon.store.connectDialer(id, datacenter: "dc2")
            let bundle = TrustBundle(trustDomain: "x.consul", rootPEMs: roots(expected))
            _ = try await daemon.store.apply(ImportBatch(id: id, changes: [.trustBundle(bundle)]))
            daemon.peerings.set(status(expected), of: id)
            let shown = try await daemon.get("/v1/peering/dc2").json
            #expect(shown.removing(volatileKeys) == expected.removing(volatileKeys))
        }
    }

    @Test(arguments: ["2-just-established", "3-after-heartbeat"])
    func anActiveDialer(moment: String) async throws {
        let expected = try Fixtures.json("consul/json/peering.dc2.\(moment).json")
        let list = try Fixtures.json("consul/json/peerings.dc2.3.json")
        try await TestDaemon.run { daemon in
            let acceptor = AcceptorDescription(
                peerID: acceptorID, caPEMs: roots(expected), serverName: expected["PeerServerName"]?.string ?? "",
                serverAddresses: ["127.0.0.1:21503"], manualServerAddresses: [],
                remote: RemoteInfo(datacenter: "dc1"))
            let id = try await daemon.store.apply(
                CompleteEstablish(
                    name: "dc1", meta: [:], newID: PeeringID(dialerID), acceptor: acceptor,
                    streamSecret: SecretText("s"), keepsAddresses: false))
            daemon.peerings.set(status(expected), of: id)
            let shown = try await daemon.get("/v1/peering/dc1").json
            #expect(shown.removing(volatileKeys) == expected.removing(volatileKeys))
            guard moment == "3-after-heartbeat" else { return }
            let all = try await daemon.get("/v1/peerings").json
            #expect(all.removing(volatileKeys) == list.removing(volatileKeys))
        }
    }

    @Test func noPeeringsAreAnEmptyListWithHeaders() async throws {
        try await TestDaemon.run { daemon in
            let answer = try await daemon.send(.get, "/v1/peerings")
            #expect(answer.status == 200)
            #expect(answer.text == "[]")
            let headers = [
                ("Content-Type", "application/json"), ("X-Consul-Index", "1"), ("X-Consul-KnownLeader", "true"),
                ("X-Consul-LastContact", "0"), ("X-Consul-Default-Acl-Policy", "allow"),
            ]
            for (name, value) in headers { #expect(answer.header(name) == value, "\(name)") }
            let answer1 = try await daemon.send(.get, "/v1/peerings?pretty")
            #expect(answer1.text == "[]\n")
        }
    }

    @Test func ourAdditionsTellHowFarTheFirstSyncIs() async throws {
        try await TestDaemon.run { daemon in
            let id = try await daemon.store.addAcceptor("dc2")
            _ = try await daemon.store.apply(ImportBatch(id: id, changes: [.serviceList(["api", "web"])]))
            try await daemon.store.imported("web", of: id, payload: "p", count: 2)
            try await daemon.store.imported("web-sidecar-proxy", of: id, payload: "q", count: 1)
            var status = StreamStatus()
            status.lastError = "connection refused"
            status.isCounterpartGone = true
            status.remoteAddress = "10.0.0.1:8503"
            status.refusals = ["web": "too large"]
            daemon.peerings.set(status, of: id)
            let shown = try await daemon.get("/v1/peering/dc2").json
            var json = JSONWriter()
            json.value(try #require(shown["Hawser"]))
            #expect(shown["State"]?.string == "FAILING")
            #expect(
                json.text == """
                    {"LastError":"connection refused","CounterpartGone":true,"RemoteAddress":"10.0.0.1:8503",\
                    "ReceivedServices":1,"AnnouncedServices":2,"ResponsesReceived":0,"ResponsesSent":0,"NextAttempt":null,\
                    "Refusals":{"web":"too large"}}
                    """)
            // Nothing came in yet, but the stream is known: Go's zero time, not null.
            #expect(shown["StreamStatus"]?["LastReceive"]?.string == "0001-01-01T00:00:00Z")
        }
    }
}
