import DocumentCore
import HTTPService
import HawserTestKit
import IdentityCore
import PeeringCore
import StateCore
import Testing

@testable import hawser

@Suite("Requests that change peerings")
struct PeeringRequestTests {
    @Test func aTokenIsGenerated() async throws {
        try await TestDaemon.run { daemon in
            let answer = try await daemon.send(
                .post, "/v1/peering/token",
                #"{"peername":"b","Meta":{"k":"v"},"ServerExternalAddresses":["a:1"]}"#)
            #expect(answer.text == #"{"PeeringToken":"TOKEN"}"#)
            #expect(daemon.peerings.calls == [.init("token", name: "b", meta: ["k": "v"], addresses: ["a:1"])])
        }
    }

    @Test func aTokenMayHaveALife() async throws {
        try await TestDaemon.run { daemon in
            let body = #"{"PeerName":"b","TTL":"15m","Uses":2,"Note":"for b"}"#
            let answer = try await daemon.send(.post, "/v1/peering/token", body)
            #expect(answer.status == 200)
            let wish = TokenWish(lifetime: .seconds(900), uses: 2, note: "for b")
            #expect(daemon.peerings.calls == [.init("token", name: "b", wish: wish)])
        }
    }

    @Test func tokensAreListedWithoutTheirSecrets() async throws {
        try await TestDaemon.run { daemon in
            let none = try await daemon.send(.get, "/v1/hawser/tokens")
            #expect(none.text == "[]")
            try await daemon.store.addAcceptor("a")
            _ = try await daemon.store.apply(
                GenerateToken(
                    name: "a", meta: [:], newID: PeeringID("x"), establishment: digest(2),
                    terms: TokenTerms(
                        note: "n", uses: 3, createdAt: Timestamp(seconds: 1), expiresAt: Timestamp(seconds: 2))))
            let answer = try await daemon.send(.get, "/v1/hawser/tokens")
            #expect(
                answer.text == #"[{"Peer":"a","Note":"","State":"replaced","Uses":1,"UsesLeft":0,"CreatedAt":null,"#
                    + #""ExpiresAt":null,"RedeemedAt":null,"EndedAt":"1970-01-01T00:00:01Z"},"#
                    + #"{"Peer":"a","Note":"n","State":"expired","Uses":3,"UsesLeft":0,"#
                    + #""CreatedAt":"1970-01-01T00:00:01Z","ExpiresAt":"1970-01-01T00:00:02Z","RedeemedAt":null,"#
                    + #""EndedAt":"1970-01-01T00:00:02Z"}]"#)
            let revoked = try await daemon.send(.delete, "/v1/hawser/tokens/A")
            #expect(revoked.status == 200)
            #expect(daemon.peerings.calls == [.init("revoke", name: "a")])
        }
    }

    @Test func aRefusalCarriesItsReason() async throws {
        try await TestDaemon.run { daemon in
            daemon.peerings.refuse(with: Refusal(.denied, "no", reason: "expired"))
            let body = #"{"PeerName":"a","PeeringToken":"T"}"#
            let answer = try await daemon.send(.post, "/v1/peering/establish", body)
            #expect(answer.status == 403 && answer.header("X-Hawser-Reason") == "expired")
        }
    }

    @Test func aPeeringIsEstablishedAndDeleted() async throws {
        try await TestDaemon.run { daemon in
            let answer = try await daemon.send(
                .post, "/v1/peering/establish?pretty", #"{"PeerName":"a","PeeringToken":"T"}"#)
            #expect(answer.text == "{}\n")
            let deleted = try await daemon.send(.delete, "/v1/peering/A%2D1")
            #expect(deleted.status == 200)
            #expect(deleted.body.isEmpty)
            #expect(
                daemon.peerings.calls == [.init("establish", name: "a", token: "T"), .init("delete", name: "a-1")])
        }
    }

    private static let wrongBodies: [(path: String, body: String, text: String)] = [
        ("token", "", "Body decoding failed: EOF"),
        ("token", #"{"Peer":"x"}"#, "Body decoding failed: json: unknown field \"Peer\""),
        ("token", "{}", "PeerName is required in the payload when generating a new peering token."),
        ("token", #"{"PeerName":"x","Partition":"p"}"#, "Partitions are a Consul Enterprise feature"),
        ("establish", "{}", "PeerName is required in the payload when establishing a peering."),
        (
            "establish", #"{"PeerName":"x"}"#,
            "PeeringToken is required in the payload when establishing a peering."
        ),
    ]

    @Test(arguments: wrongBodies)
    func wrongBodiesAreTheCallersMistake(path: String, body: String, text: String) async throws {
        try await TestDaemon.run { daemon in
            let answer = try await daemon.send(.post, "/v1/peering/\(path)", body)
            #expect(answer.status == 400)
            #expect(answer.text == text)
            #expect(answer.header("Content-Type")?.hasPrefix("text/plain") == true)
            #expect(daemon.peerings.calls.isEmpty)
        }
    }

    private static let codes: [(Refusal.Code, Int)] = [
        (.invalid, 400), (.conflict, 400), (.denied, 403), (.notFound, 404), (.unavailable, 503), (.failed, 500),
    ]

    @Test(arguments: codes)
    func refusalsBecomeStatuses(code: Refusal.Code, status: Int) async throws {
        try await TestDaemon.run { daemon in
            daemon.peerings.refuse(with: Refusal(code, "because"))
            let answer = try await daemon.send(
                .post, "/v1/peering/establish", #"{"PeerName":"a","PeeringToken":"T"}"#)
            #expect(answer.status == status)
            #expect(answer.text == "because")
        }
    }

    private static let misfits: [(ClientMethod, String, Int, String, String?)] = [
        (.put, "/v1/peering/token", 405, "method PUT not allowed", "OPTIONS,POST"),
        (.post, "/v1/peering/x", 405, "method POST not allowed", "OPTIONS,GET,DELETE"),
        (.get, "/v1/peering/", 400, "Must specify a name to fetch.", nil),
        (.get, "/v1/peering/x", 404, "Peering not found for \"x\"", nil),
        (.get, "/v1/nothing", 404, "Invalid URL path: not a recognized HTTP API endpoint", nil),
        (.get, "/v1/peerings?index=x", 400, "Invalid index", nil),
        (.get, "/v1/peerings?wait=x", 400, "Invalid wait time", nil),
        (
            .get, "/v1/peerings?partition=p", 400,
            "Invalid query parameter: \"partition\" - Partitions are a Consul Enterprise feature", nil
        ),
    ]

    @Test(arguments: misfits)
    func wrongRequests(
        method: ClientMethod, target: String, status: Int, text: String, allow: String?
    ) async throws {
        try await TestDaemon.run { daemon in
            let answer = try await daemon.send(method, target)
            #expect(answer.status == status)
            #expect(answer.text == text)
            #expect(answer.header("Allow") == allow)
        }
    }

    @Test func aBodyThatIsTooLongIsRefused() async throws {
        var limits = HTTPLimits()
        limits.maxBodyBytes = 16
        try await TestDaemon.run(limits: limits) { daemon in
            let answer = try await daemon.send(.post, "/v1/peering/token", #"{"PeerName":"aaaaaaaaaaaaaaaaaaaa"}"#)
            #expect(answer.status == 400)
            #expect(answer.text == "the body of the request is longer than 16 bytes")
        }
    }
}
