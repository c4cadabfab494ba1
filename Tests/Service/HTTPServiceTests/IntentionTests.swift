import ACLCore
import ConfigCore
import DocumentCore
import HawserTestKit
import Testing

@testable import HTTPService
@testable import hawser

@Suite("Intentions over HTTP")
struct IntentionTests {
    private func names(_ daemon: TestDaemon, _ query: String = "") async throws -> [String] {
        let all = try await daemon.get("/v1/connect/intentions\(query)").json
        let list = all.list ?? all.map?.first?.value.list ?? []
        return list.map { "\($0["SourceName"]?.string ?? "")>\($0["DestinationName"]?.string ?? "")" }
    }

    private func put(_ daemon: TestDaemon, _ source: String, _ destination: String, _ body: String) async throws {
        let target = "/v1/connect/intentions/exact?source=\(source)&destination=\(destination)"
        let answer = try await daemon.send(.put, target, body)
        #expect(answer.text == "true")
    }

    @Test func theyAreTheSourcesOfConfigEntries() async throws {
        try await TestDaemon.run { daemon in
            try await put(daemon, "*", "db", #"{"Action": "deny"}"#)
            try await put(daemon, "default/web", "default/default/db", #"{"Action": "allow", "Description": "d"}"#)
            let entry = try await daemon.get("/v1/config/service-intentions/db").json
            #expect(entry["Sources"]?.list?.map { $0["Name"]?.string } == ["web", "*"])
            try await put(daemon, "web", "db", #"{"Action": "deny"}"#)
            let changed = try await daemon.get("/v1/connect/intentions/exact?source=web&destination=db").json
            #expect(changed["Action"]?.string == "deny" && changed["Description"] == nil)
            for source in ["web", "*", "none"] {
                let gone = try await daemon.send(
                    .delete, "/v1/connect/intentions/exact?source=\(source)&destination=db")
                #expect(gone.text == "true")
            }
            let entries = try await daemon.send(.get, "/v1/config/service-intentions")
            #expect(entries.text == "[]")
        }
    }

    @Test func anIDNamesWhatItsEndsName() async throws {
        try await TestDaemon.run { daemon in
            let body = #"{"SourceName": "web", "DestinationName": "db", "Action": "allow", "ID": ""}"#
            let made = try await daemon.send(.post, "/v1/connect/intentions", body)
            let id = Intention.allowing("web", "db").details.id
            #expect(made.text == #"{"ID":"\#(id)"}"#)
            let again = try await daemon.send(.post, "/v1/connect/intentions", body)
            #expect(again.status == 400 && again.text.hasPrefix("duplicate intention found"))
            let target = "/v1/connect/intentions/\(id)"
            let moved = try await daemon.send(
                .put, target, #"{"SourceName": "api", "DestinationName": "db", "Action": "allow"}"#)
            #expect(moved.status == 400)
            let deleted = try await daemon.send(.delete, target)
            #expect(deleted.text == "true")
            for method in [ClientMethod.get, .delete] {
                let gone = try await daemon.send(method, target)
                #expect(gone.status == 404 && gone.text == "Intention not found")
            }
        }
    }

    @Test func theMostPreciseComesFirst() async throws {
        try await TestDaemon.run { daemon in
            for (source, destination) in [("*", "*"), ("web", "*"), ("*", "db"), ("web", "db"), ("api", "db")] {
                try await put(daemon, source, destination, #"{"Action": "allow"}"#)
            }
            let all = try await names(daemon)
            #expect(all == ["api>db", "web>db", "*>db", "web>*", "*>*"])
            let bySource = try await names(daemon, "/match?by=source&name=web")
            #expect(bySource == ["web>db", "*>db", "web>*", "*>*"])
            let byDestination = try await names(daemon, "/match?by=destination&name=x")
            #expect(byDestination == ["web>*", "*>*"])
        }
    }

    @Test func aCheckSaysWhetherAConnectionIsLetThrough() async throws {
        let permissions = #"{"Permissions": [{"Action": "allow", "HTTP": {"PathPrefix": "/"}}]}"#
        for (access, byDefault) in [(nil, true), (.allow, true), (.deny, false)] as [(DefaultAccess?, Bool)] {
            try await TestDaemon.run(access: access) { daemon in
                for (source, body) in [("no", #"{"Action": "deny"}"#), ("l7", permissions)] {
                    let target = "/v1/connect/intentions/exact?source=\(source)&destination=db"
                    _ = try await daemon.send(.put, target, body, token: TestDaemon.managementSecret)
                }
                for (source, isAllowed) in [("no", false), ("l7", false), ("other", byDefault)] {
                    let target = "/v1/connect/intentions/check?source=\(source)&destination=db"
                    let answer = try await daemon.send(.get, target, "", token: TestDaemon.managementSecret)
                    #expect(answer.text == #"{"Allowed":\#(isAllowed)}"#)
                }
            }
        }
    }

    private static let wrong: [(target: String, body: String, words: String)] = [
        ("?source=a&destination=b", #"{"Action": "allow", "Meta": {"a": "b"}}"#, "has no Meta here"),
        ("?source=a&destination=b", "{}", "must be set to 'allow' or 'deny'"),
        ("?source=a&destination=b", #"{"Action": "allow", "SourceType": "spiffe"}"#, "must be set to 'consul'"),
        ("?source=a&destination=b", #"{"Action": "allow", "SourceNS": "team"}"#, "Enterprise feature"),
        ("?source=team/a&destination=b", #"{"Action": "allow"}"#, "Enterprise feature"),
        ("?source=a/b/c/d&destination=b", #"{"Action": "allow"}"#, "at most two '/'"),
        ("?source=a", #"{"Action": "allow"}"#, "'destination' not set"),
    ]

    @Test(arguments: wrong)
    func whatIsWrongIsRefused(target: String, body: String, words: String) async throws {
        try await TestDaemon.run { daemon in
            let answer = try await daemon.send(.put, "/v1/connect/intentions/exact\(target)", body)
            #expect(answer.status == 400 && answer.text.contains(words), "\(answer.text)")
        }
    }
}
