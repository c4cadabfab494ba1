import ACLCore
import HawserTestKit
import IdentityCore
import PeeringCore
import StateCore
import Testing

@testable import ACLService

@Suite struct AccessControlTests {
    private static let secret = "11111111-2222-3333-4444-555555555555"

    private func control(isEnabled: Bool = true, defaultToken: SecretText? = nil) async throws -> AccessControl {
        let control = AccessControl(
            isEnabled: isEnabled, defaultAccess: .deny, defaultToken: defaultToken,
            store: try await StateStore(testing: MemoryStorage()), datacenter: "dc1",
            now: { Timestamp(seconds: 1_000_000_000) })
        try await TokenOffice(control).ensureInitialManagement(SecretText(Self.secret))
        return control
    }

    @Test func aTrustedDoorNeedsNoTokenAndATokenCountsThere() async throws {
        let control = try await control()
        let trusted = try control.caller(with: Credential(secret: nil, isTrusted: true))
        #expect(trusted.authorizer == .unrestricted && trusted.accessorID.isEmpty)
        #expect(throws: Refusal.aclNotFound) { try control.caller(with: Credential(secret: "x", isTrusted: true)) }
        let named = try control.caller(with: Credential(secret: Self.secret, isTrusted: true))
        #expect(named.authorizer != .unrestricted && !named.accessorID.isEmpty)
    }

    @Test func noTokenIsTheDefaultOneOrTheAnonymousOne() async throws {
        let plain = try await control()
        for secret in [nil, "", "anonymous"] {
            let caller = try plain.caller(with: Credential(secret: secret, isTrusted: false))
            #expect(caller.accessorID == ACLToken.anonymousID)
            #expect(!caller.authorizer.allows(Permission(.peering, .read)))
        }
        let standing = try await control(defaultToken: SecretText(Self.secret))
        let caller = try standing.caller(with: Credential(secret: nil, isTrusted: false))
        #expect(caller.authorizer.allows(Permission(.acl, .write)))
        let wrong = try await control(defaultToken: SecretText("gone"))
        #expect(throws: Refusal.aclNotFound) { try wrong.caller(with: Credential(secret: nil, isTrusted: false)) }
    }

    @Test func withoutAccessControlNobodyIsAsked() async throws {
        let control = try await control(isEnabled: false)
        #expect(control.defaultAccess == .allow)
        #expect(try control.caller(with: Credential(secret: "x", isTrusted: false)).authorizer == .unrestricted)
    }

    @Test func credentialsDoNotShowTheSecret() {
        #expect(!"\(Credential(secret: Self.secret, isTrusted: false))".contains(Self.secret))
    }
}
