import ACLCore
import DocumentCore
import HawserTestKit
import PeeringCore
import StateCore
import Testing

@testable import hawser

/// A clock that goes back does not bring back what the API has seen to be over.
@Suite("Expiries over the API")
struct ExpiryTests {
    /// A token that may read everything and lives for a minute.
    private func makeToken(_ daemon: TestDaemon) async throws -> MadeToken {
        let made = try await daemon.manage(
            .put, "/v1/acl/token", #"{"Policies":[{"Name":"builtin/global-read-only"}],"ExpirationTTL":"60s"}"#)
        return MadeToken(
            accessorID: try #require(made["AccessorID"]?.string), secret: try #require(made["SecretID"]?.string))
    }

    /// Waits until the row of a token is gone.
    private func waitForEnd(of token: MadeToken, _ daemon: TestDaemon) async {
        let changes = daemon.store.subscribe(to: .acl)
        while daemon.store.state.acl.token(accessorID: token.accessorID) != nil { _ = await changes.next() }
    }

    @Test func aTokenThatWasPresentedTooLateStaysRefused() async throws {
        let clock = ManualClock()
        try await TestDaemon.run(access: .deny, now: clock.now) { daemon in
            let token = try await makeToken(daemon)
            #expect(try await daemon.send(.get, "/v1/peerings", token: token.secret).status == 200)
            clock.move(seconds: 60)
            let late = try await daemon.send(.get, "/v1/peerings", token: token.secret)
            #expect(late.status == 403 && late.text == "ACL not found")
            clock.move(seconds: -60)
            let back = try await daemon.send(.get, "/v1/peerings", token: token.secret)
            #expect(back.status == 403 && back.text == "ACL not found")
            await waitForEnd(of: token, daemon)
            #expect(try await daemon.send(.get, "/v1/peerings", token: token.secret).status == 403)
        }
    }

    /// - Parameter target: what is looked at; the token itself is not shown.
    @Test(arguments: ["/v1/acl/tokens", "/v1/acl/token/ACCESSOR"])
    func aTokenThatWasLookedAtTooLateStaysRefused(target: String) async throws {
        let clock = ManualClock()
        try await TestDaemon.run(access: .deny, now: clock.now) { daemon in
            let token = try await makeToken(daemon)
            clock.move(seconds: 60)
            let path = target.replacing("ACCESSOR", with: token.accessorID)
            let look = try await daemon.send(.get, path, token: TestDaemon.managementSecret)
            #expect(!look.text.contains(token.accessorID))
            clock.move(seconds: -60)
            #expect(try await daemon.send(.get, "/v1/peerings", token: token.secret).status == 403)
            #expect(
                try await !daemon.send(.get, path, token: TestDaemon.managementSecret).text.contains(token.accessorID))
            await waitForEnd(of: token, daemon)
        }
    }

    @Test func aPeeringTokenThatWasListedTooLateStaysExpired() async throws {
        let clock = ManualClock()
        try await TestDaemon.run(now: clock.now) { daemon in
            let id = PeeringID("0fc3a15c-1d0c-4a8e-9c55-8f2e0a1b2c3d")
            let terms = TokenWish(lifetime: .seconds(60)).terms(at: clock.now())
            _ = try await daemon.store.apply(
                GenerateToken(name: "island", meta: [:], newID: id, establishment: digest(1), terms: terms))
            func state() async throws -> String? {
                try await daemon.get("/v1/hawser/tokens").json.list?.first?["State"]?.string
            }
            #expect(try await state() == "open")
            clock.move(seconds: 60)
            #expect(try await state() == "expired")
            clock.move(seconds: -60)
            #expect(try await state() == "expired")
            let changes = daemon.store.subscribe(to: .peerings)
            while daemon.store.state.secrets[id]?.tokens.open != nil { _ = await changes.next() }
            let listed = try await daemon.get("/v1/hawser/tokens").json.list?.first
            #expect(listed?["State"]?.string == "expired" && listed?["UsesLeft"]?.integer == 0)
            #expect(listed?["EndedAt"]?.string == terms.expiresAt?.rfc3339)
        }
    }
}
