import ACLCore
import DocumentCore
import HawserTestKit
import IdentityCore
import PeeringCore
import StateCore
import Synchronization
import Testing

@testable import hawser

/// `/v1/acl`: keys, statuses and texts.
@Suite struct ACLAPITests {
    @Test func withoutAccessControlThePathsDoNothing() async throws {
        try await TestDaemon.run { daemon in
            for (method, path) in [
                (ClientMethod.put, "bootstrap"), (.get, "policies"), (.get, "tokens"), (.get, "token/self"),
                (.put, "policy"), (.delete, "token/x"),
            ] {
                let answer = try await daemon.send(method, "/v1/acl/\(path)")
                #expect(answer.status == 401)
                #expect(answer.text == "ACL support disabled")
                #expect(answer.header("X-Consul-Default-Acl-Policy") == "allow")
            }
            let ignored = try await daemon.send(.get, "/v1/peerings", token: "whatever")
            #expect(ignored.status == 200)
        }
    }

    @Test func aSecondBootstrapIsRefusedWithTheIndex() async throws {
        try await TestDaemon.run(access: .deny) { daemon in
            let answer = try await daemon.send(.put, "/v1/acl/bootstrap")
            #expect(answer.status == 403)
            let index = try #require(daemon.store.state.acl.bootstrapIndex)
            #expect(answer.text == "ACL bootstrap no longer allowed (reset index: \(index))")
        }
    }

    // MARK: Tokens

    @Test func aSecretIsShownOnceAndKeptAsADigest() async throws {
        try await TestDaemon.run(access: .deny) { daemon in
            let made = try await daemon.manage(
                .put, "/v1/acl/token",
                #"{"Description": "d", "Policies": [{"Name": "builtin/global-read-only"}], "ServiceIdentities": "#
                    + #"[{"ServiceName": "web"}], "NodeIdentities": [{"NodeName": "n", "Datacenter": "dc1"}]}"#)
            let keys = try #require(made.map).map(\.key)
            #expect(
                keys == [
                    "AccessorID", "SecretID", "Description", "Policies", "ServiceIdentities", "NodeIdentities", "Local",
                    "CreateTime", "CreateIndex", "ModifyIndex",
                ])
            let accessor = try #require(made["AccessorID"]?.string)
            let secret = try #require(made["SecretID"]?.string)
            #expect(RandomID.isPlausible(accessor) && RandomID.isPlausible(secret) && accessor != secret)
            let policy = made["Policies"]?.list?.first
            #expect(policy?["ID"]?.string == ACLPolicy.globalReadOnly.id)
            #expect(policy?["Name"]?.string == "builtin/global-read-only")

            let read = try await daemon.manage(.get, "/v1/acl/token/\(accessor)")
            #expect(read["SecretID"]?.string == "<hidden>")
            let all = try await daemon.manage(.get, "/v1/acl/tokens")
            #expect(all.list?.count == 3)
            #expect(all.list?.allSatisfy { $0["SecretID"]?.string == "<hidden>" } == true)
            let own = try await daemon.send(.get, "/v1/acl/token/self", token: secret)
            let document = try JSONReader.read(own.body)
            #expect(document["SecretID"]?.string == secret)
            #expect(document["AccessorID"]?.string == accessor)
            let stored = try #require(daemon.store.state.acl.token(accessorID: accessor))
            #expect(!stored.secret.hex.contains(secret))
        }
    }

    @Test func secretsComeByHeaderOrQuery() async throws {
        try await TestDaemon.run(access: .deny) { daemon in
            let secret = TestDaemon.managementSecret
            #expect(try await daemon.send(.get, "/v1/peerings").status == 403)
            #expect(try await daemon.send(.get, "/v1/peerings?token=\(secret)").status == 200)
            #expect(try await daemon.send(.get, "/v1/peerings", token: secret).status == 200)
            let wrong = try await daemon.send(.get, "/v1/peerings", token: "99999999-0000-0000-0000-000000000000")
            #expect(wrong.status == 403 && wrong.text == "ACL not found")
            // The query is looked at first.
            #expect(try await daemon.send(.get, "/v1/peerings?token=x", token: secret).status == 403)
            // What needs no permission needs no token that exists.
            #expect(try await daemon.send(.get, "/v1/status/leader", token: "x").status == 200)
        }
    }

    @Test func anonymousRequestsHaveTheAnonymousTokensRights() async throws {
        try await TestDaemon.run(access: .deny) { daemon in
            let denied = try await daemon.send(.get, "/v1/peerings")
            #expect(
                denied.text == "Permission denied: token with AccessorID '00000000-0000-0000-0000-000000000002' lacks "
                    + "permission 'peering:read'")
            _ = try await daemon.makePolicy("peers", rules: #"peering = "read""#)
            let body = #"{"Policies": [{"Name": "peers"}]}"#
            _ = try await daemon.manage(.put, "/v1/acl/token/\(ACLToken.anonymousID)", body)
            #expect(try await daemon.send(.get, "/v1/peerings").status == 200)
            #expect(try await daemon.send(.get, "/v1/peerings", token: "anonymous").status == 200)
            let own = try await daemon.get("/v1/acl/token/self").json
            #expect(own["SecretID"]?.string == "anonymous")
            let deletion = try await daemon.send(
                .delete, "/v1/acl/token/\(ACLToken.anonymousID)", token: TestDaemon.managementSecret)
            #expect(deletion.status == 400)
        }
    }

    @Test func updatesKeepTheSecretAndReplaceTheRights() async throws {
        try await TestDaemon.run(access: .deny) { daemon in
            let token = try await daemon.makeToken(rules: #"peering = "read""#)
            #expect(try await daemon.send(.get, "/v1/peerings", token: token.secret).status == 200)
            let path = "/v1/acl/token/\(token.accessorID)"
            let updated = try await daemon.manage(.put, path, #"{"Description": "none", "SecretID": "<hidden>"}"#)
            #expect(updated["Policies"] == nil && updated["SecretID"]?.string == "<hidden>")
            #expect(try await daemon.send(.get, "/v1/peerings", token: token.secret).status == 403)
            let other = try await daemon.send(
                .put, path, #"{"SecretID": "99999999-0000-0000-0000-000000000000"}"#,
                token: TestDaemon.managementSecret)
            #expect(other.status == 400 && other.text == "Changing a token's SecretID is not permitted")
        }
    }

    @Test func deletedTokensAreWorthNothing() async throws {
        try await TestDaemon.run(access: .deny) { daemon in
            let token = try await daemon.makeToken(rules: #"peering = "read""#)
            let deleted = try await daemon.manage(.delete, "/v1/acl/token/\(token.accessorID)")
            #expect(deleted.content == .bool(true))
            let answer = try await daemon.send(.get, "/v1/peerings", token: token.secret)
            #expect(answer.status == 403 && answer.text == "ACL not found")
        }
    }

    @Test func nobodyDeletesTheTokenTheyUse() async throws {
        try await TestDaemon.run(access: .deny) { daemon in
            let own = try await daemon.manage(.get, "/v1/acl/token/self")["AccessorID"]?.string ?? ""
            let answer = try await daemon.send(
                .delete, "/v1/acl/token/\(own)", token: TestDaemon.managementSecret)
            #expect(answer.status == 400)
            #expect(answer.text == "Deletion of the request's authorization token is not permitted")
        }
    }

    @Test func clonesHaveTheSameRightsAndAnotherSecret() async throws {
        try await TestDaemon.run(access: .deny) { daemon in
            let token = try await daemon.makeToken(rules: #"peering = "read""#)
            let clone = try await daemon.manage(
                .put, "/v1/acl/token/\(token.accessorID)/clone", #"{"Description": "copy"}"#)
            let secret = try #require(clone["SecretID"]?.string)
            #expect(secret != token.secret && clone["Description"]?.string == "copy")
            #expect(try await daemon.send(.get, "/v1/peerings", token: secret).status == 200)
        }
    }

    @Test func tokensAreListedByWhatTheyHave() async throws {
        try await TestDaemon.run(access: .deny) { daemon in
            let id = try await daemon.makePolicy("p", rules: "")["ID"]?.string ?? ""
            for body in [#"{"Policies": [{"ID": "\#(id)"}]}"#, #"{"ServiceIdentities": [{"ServiceName": "web"}]}"#] {
                _ = try await daemon.manage(.put, "/v1/acl/token", body)
            }
            for (filter, count) in [
                ("", 4), ("policy=\(id)", 1), ("policy=x", 0), ("servicename=web", 1), ("servicename=db", 0),
                ("policy=\(id)&servicename=web", 0), ("role=r", 0), ("authmethod=m", 0),
            ] {
                let listed = try await daemon.manage(.get, "/v1/acl/tokens?\(filter)")
                #expect(listed.list?.count == count, "\(filter)")
            }
        }
    }

    @Test func tokensExpire() async throws {
        let now = Mutex(TestDaemon.start())
        try await TestDaemon.run(access: .deny, now: { now.withLock { $0 } }) { daemon in
            let made = try await daemon.manage(
                .put, "/v1/acl/token",
                #"{"Policies": [{"Name": "global-management"}], "ExpirationTTL": "2m"}"#)
            #expect(made["ExpirationTime"]?.string == "2001-09-09T01:48:40Z")
            let secret = try #require(made["SecretID"]?.string)
            #expect(try await daemon.send(.get, "/v1/peerings", token: secret).status == 200)
            now.withLock { $0 = Timestamp(seconds: $0.seconds + 120) }
            #expect(try await daemon.send(.get, "/v1/peerings", token: secret).text == "ACL not found")
            #expect(try await daemon.manage(.get, "/v1/acl/tokens").list?.count == 2)
            let changes = daemon.store.subscribe(to: .acl)
            while daemon.store.state.acl.tokenCount > 1 { _ = await changes.next() }
            _ = try await daemon.makeToken(rules: "")
            #expect(daemon.store.state.acl.tokenCount == 2)
        }
    }

    @Test(arguments: [
        (#"{"ExpirationTTL": "10s"}"#, "ExpirationTime cannot be less than 1m0s in the future (was 10s)"),
        (#"{"ExpirationTTL": "25h"}"#, "ExpirationTime cannot be more than 24h0m0s in the future (was 90000s)"),
        (#"{"ExpirationTTL": "-1m"}"#, "Token Expiration TTL should be > 0"),
        (
            #"{"ExpirationTTL": "5m", "ExpirationTime": "2001-09-09T01:48:40Z"}"#,
            "Token Expiration TTL and Expiration Time cannot both be set"
        ),
        (#"{"SecretID": "guess"}"#, "Invalid Token: SecretID is not a valid UUID"),
        (#"{"AccessorID": "x"}"#, "Invalid Token: AccessorID is not a valid UUID"),
        (#"{"Policies": [{"Name": "nope"}]}"#, #"No such ACL policy with name "nope""#),
        (#"{"Policies": [{"ID": "nope"}]}"#, #"No such ACL policy with ID "nope""#),
        (#"{"SecretID": "\#(TestDaemon.managementSecret)"}"#, "Invalid Token: SecretID is already in use"),
        (#"{"AccessorID": "\#(ACLToken.anonymousID)"}"#, "Invalid Token: AccessorID is already in use"),
        (
            #"{"NodeIdentities": [{"NodeName": "n"}]}"#, "Node identity is missing the datacenter field on this token"
        ),
        (
            #"{"Roles": [{"Name": "r"}]}"#,
            "Token decoding failed: Roles: are not kept by hawser: give the token policies, or service and node identities"
        ),
    ])
    func refusesTokens(body: String, text: String) async throws {
        try await TestDaemon.run(access: .deny) { daemon in
            let answer = try await daemon.send(.put, "/v1/acl/token", body, token: TestDaemon.managementSecret)
            #expect(answer.status == 400)
            #expect(answer.text == text)
        }
    }

    // MARK: Policies

    @Test func policiesComeBackAsTheyWereWritten() async throws {
        try await TestDaemon.run(access: .deny) { daemon in
            let rules = "service \"web\" {\n  policy = \"read\"\n}"
            let made = try await daemon.makePolicy("web-read", rules: rules)
            #expect(
                try #require(made.map).map(\.key) == [
                    "ID", "Name", "Description", "Rules", "CreateIndex", "ModifyIndex",
                ])
            #expect(made["Rules"]?.string == rules)
            let id = try #require(made["ID"]?.string)
            #expect(try await daemon.manage(.get, "/v1/acl/policy/\(id)") == made)
            #expect(try await daemon.manage(.get, "/v1/acl/policy/name/web-read") == made)
            let all = try await daemon.manage(.get, "/v1/acl/policies").list ?? []
            #expect(
                all.map { $0["Name"]?.string } == ["builtin/global-read-only", "global-management", "web-read"])
            #expect(all.allSatisfy { $0["Rules"] == nil })
            let changed = try await daemon.manage(
                .put, "/v1/acl/policy/\(id)", #"{"Name": "renamed", "Rules": "mesh = \"read\""}"#)
            #expect(changed["CreateIndex"] == made["CreateIndex"] && changed["ModifyIndex"] != made["ModifyIndex"])
            #expect(try await daemon.manage(.delete, "/v1/acl/policy/\(id)").content == .bool(true))
            let gone = try await daemon.send(.get, "/v1/acl/policy/\(id)", token: TestDaemon.managementSecret)
            #expect(gone.status == 403 && gone.text == "ACL not found")
        }
    }

    @Test func aDeletedPolicyGivesNothingMore() async throws {
        try await TestDaemon.run(access: .deny) { daemon in
            let token = try await daemon.makeToken(rules: #"peering = "read""#)
            let read = try await daemon.manage(.get, "/v1/acl/token/\(token.accessorID)")
            let id = try #require(read["Policies"]?.list?.first?["ID"]?.string)
            _ = try await daemon.manage(.delete, "/v1/acl/policy/\(id)")
            #expect(try await daemon.send(.get, "/v1/peerings", token: token.secret).status == 403)
        }
    }

    @Test(arguments: [
        (#"{"Name": ""}"#, "Invalid Policy: no Name is set"),
        (#"{"Name": "global-management"}"#, #"Invalid Policy: A Policy with Name "global-management" already exists"#),
        (#"{"ID": "x", "Name": "a"}"#, "Cannot specify the ID when creating a new policy"),
        (
            #"{"Name": "a", "Rules": "servce \"x\" {}"}"#,
            "Failed to parse ACL rules: 1:1: servce: unknown key `servce`; did you mean `service`?"
        ),
        ("x", #"Policy decoding failed: 1:1: "x" stands where a value is expected"#),
    ])
    func refusesPolicies(body: String, text: String) async throws {
        try await TestDaemon.run(access: .deny) { daemon in
            let answer = try await daemon.send(.put, "/v1/acl/policy", body, token: TestDaemon.managementSecret)
            #expect(answer.status == 400)
            #expect(answer.text == text)
        }
    }

    @Test func builtInPoliciesStayAsTheyAre() async throws {
        try await TestDaemon.run(access: .deny) { daemon in
            for policy in ACLPolicy.builtIns {
                let path = "/v1/acl/policy/\(policy.id)"
                let change = try await daemon.send(
                    .put, path, #"{"Name": "mine"}"#, token: TestDaemon.managementSecret)
                #expect(change.status == 400)
                let deletion = try await daemon.send(.delete, path, token: TestDaemon.managementSecret)
                #expect(deletion.text == "Delete operation not permitted on the builtin \(policy.name) policy")
            }
        }
    }

    // MARK: Blocking queries

    @Test func aBlockingQueryLooksAtTheTokenAgain() async throws {
        try await TestDaemon.run(access: .deny) { daemon in
            let token = try await daemon.makeToken(rules: #"peering = "read""#)
            let index = try await daemon.send(.get, "/v1/peerings", token: token.secret).index
            async let answer = daemon.send(.get, "/v1/peerings?index=\(index)&wait=60s", token: token.secret)
            _ = try await daemon.manage(.delete, "/v1/acl/token/\(token.accessorID)")
            try await daemon.store.addAcceptor("island")
            #expect(try await answer.status == 403)
        }
    }

    @Test func theDefaultOfAllowGivesAllButTokens() async throws {
        try await TestDaemon.run(access: .allow) { daemon in
            let answer = try await daemon.send(.get, "/v1/peerings")
            #expect(answer.status == 200)
            #expect(answer.header("X-Consul-Default-Acl-Policy") == "allow")
            #expect(try await daemon.send(.get, "/v1/acl/tokens").status == 403)
        }
    }
}
