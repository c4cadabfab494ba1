import DocumentCore
import HawserTestKit
import StateCore
import Testing

@testable import hawser

@Suite("Config entries over HTTP")
struct ConfigEntryTests {
    private let entry = """
        {"Kind":"exported-services","Name":"default",
         "Services":[{"Name":"web","Consumers":[{"Peer":"b"},{"Peer":"a"}]},{"Name":"*","Consumers":[{"Peer":"c"}]}]}
        """

    @Test func anEntryIsWrittenReadListedAndDeleted() async throws {
        try await TestDaemon.run { daemon in
            let answer1 = try await daemon.send(.put, "/v1/config", entry)
            #expect(answer1.text == "true")
            let read = try await daemon.get("/v1/config/exported-services/default")
            #expect(read.json["Services"]?.list?.count == 2)
            #expect(read.json["ModifyIndex"] == Document(.integer(Int64(read.answer.index))))
            let answer2 = try await daemon.get("/v1/config/exported-services")
            #expect(answer2.json.list?.count == 1)
            let answer3 = try await daemon.get("/v1/config/mesh")
            #expect(answer3.json == Document(.list([])))
            let answer4 = try await daemon.send(.delete, "/v1/config/exported-services/default")
            #expect(answer4.text == "{}")
            let gone = try await daemon.send(.get, "/v1/config/exported-services/default")
            #expect(gone.status == 404)
            #expect(gone.text == "Config entry not found for \"exported-services\" / \"default\"")
        }
    }

    @Test func compareAndSetLoses() async throws {
        try await TestDaemon.run { daemon in
            let answer5 = try await daemon.send(.put, "/v1/config?cas=7", entry)
            #expect(answer5.text == "false")
            let answer6 = try await daemon.send(.put, "/v1/config?cas=0", entry)
            #expect(answer6.text == "true")
            let answer7 = try await daemon.send(.put, "/v1/config?cas=0", entry)
            #expect(answer7.text == "false")
            let answer8 = try await daemon.send(.delete, "/v1/config/exported-services/default?cas=9")
            #expect(answer8.text == "false")
            let answer9 = try await daemon.send(.delete, "/v1/config/exported-services/default?cas=1")
            #expect(answer9.text == "true")
        }
    }

    private static let wrong: [(body: String, start: String)] = [
        ("", "Request decoding failed: "),
        (#"{"Name":"x"}"#, "Request decoding failed: "),
        (
            #"{"Kind":"mesh","Peeering":{}}"#,
            "Request decoding failed: 1 error occurred:\n\t* invalid config key \"Peeering\"\n\n"
        ),
        (#"{"Kind":"mesh","Peeering":{},"TLS":1}"#, "Request decoding failed: TLS: must be a map"),
        (#"{"Kind":"proxy-defaults","MeshGateway":{"Mode":"x"}}"#, "Invalid Mesh Gateway Mode: \"x\""),
        (#"{"Kind":"exported-services","Name":"other"}"#, "exported-services Name must be \"default\""),
    ]

    @Test(arguments: wrong)
    func wrongEntries(body: String, start: String) async throws {
        try await TestDaemon.run { daemon in
            let answer = try await daemon.send(.put, "/v1/config", body)
            #expect(answer.status == 400)
            #expect(answer.text.hasPrefix(start), "\(answer.text)")
        }
    }

    @Test func exportedServicesAreResolved() async throws {
        try await TestDaemon.run { daemon in
            _ = try await daemon.send(.put, "/v1/config", entry)
            _ = try await daemon.send(.put, "/v1/agent/service/register", #"{"Name":"db","Port":1}"#)
            let answer = try await daemon.send(.get, "/v1/exported-services")
            #expect(
                answer.text == """
                    [{"Service":"db","Consumers":{"Peers":["c"]}},{"Service":"web","Consumers":{"Peers":["a","b"]}}]
                    """)
        }
    }

    @Test func importedServicesAreListed() async throws {
        try await TestDaemon.run { daemon in
            let id = try await daemon.store.addAcceptor("dc2")
            try await daemon.store.imported("web", of: id, payload: "p", count: 3)
            try await daemon.store.imported("web-sidecar-proxy", of: id, payload: "q", count: 1)
            let answer = try await daemon.send(.get, "/v1/imported-services")
            #expect(answer.text == #"[{"Service":"web","SourcePeer":"dc2","Hawser":{"Instances":3}}]"#)
        }
    }
}
