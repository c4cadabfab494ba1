import ACLCore
import HawserTestKit
import IdentityCore
import PeeringCore
import Testing

@testable import StateCore

@Suite struct ACLTests {
    private let now = Timestamp(seconds: 1_000_000_000)

    private func token(_ byte: UInt8, lives seconds: Int64? = nil) -> ACLToken {
        ACLToken(
            accessorID: "accessor-\(byte)", secret: SecretDigest(bytes: Array(repeating: byte, count: 32)),
            createTime: now, expirationTime: seconds.map { Timestamp(seconds: now.seconds + $0) })
    }

    private func policy(_ name: String, id: String? = nil, _ text: String = #"mesh = "read""#) throws -> ACLPolicy {
        try ACLPolicy(id: id ?? "id-\(name)", name: name, description: "", text: text, datacenters: ["dc1"])
    }

    /// What a daemon that starts now would find is what is there.
    private func expectDurable(_ harness: Harness) async throws {
        let (now, later) = (harness.store.state, try await StateStore(testing: harness.storage).state)
        #expect(now.acl.policies == later.acl.policies)
        #expect(now.acl.tokens(at: self.now) == later.acl.tokens(at: self.now))
        #expect(now.acl.bootstrapIndex == later.acl.bootstrapIndex)
        for token in now.acl.tokens(at: self.now) where !token.isAnonymous {
            #expect(later.acl.token(secret: token.secret) == token)
        }
    }

    @Test func everythingIsDurable() async throws {
        let harness = try await Harness()
        try await harness.apply(PutACLPolicy(try policy("a"), isNew: true))
        var full = token(1, lives: 3600)
        full.serviceIdentities = [.init(serviceName: "web", datacenters: ["dc1"]), .init(serviceName: "db")]
        full.nodeIdentities = [.init(nodeName: "n", datacenter: "dc1")]
        full.isLocal = true
        full.description = "d"
        try await harness.apply(PutACLToken(full, links: [ACLPolicyLink(name: "a")], isNew: true, now: now))
        try await harness.apply(BootstrapACL(token(2)))
        var anonymous = harness.store.state.acl.anonymousToken
        anonymous.description = "everybody"
        try await harness.apply(
            PutACLToken(anonymous, links: [ACLPolicyLink(id: "id-a")], isNew: false, now: now))
        try await expectDurable(harness)
        #expect(harness.store.state.acl.anonymousToken.policyIDs == ["id-a"])
        try await harness.apply(DeleteACLToken(accessorID: "accessor-1", requester: ""))
        try await harness.apply(DeleteACLPolicy(id: "id-a"))
        try await expectDurable(harness)
        #expect(harness.store.state.acl.token(secret: full.secret) == nil)
        #expect(harness.store.state.acl.policies(of: harness.store.state.acl.anonymousToken).isEmpty)
    }

    @Test func bootstrapWorksOnce() async throws {
        let harness = try await Harness()
        let made = try await harness.apply(BootstrapACL(token(1)))
        #expect(made.policyIDs == [ACLPolicy.globalManagement.id])
        let refusal = await harness.refusal(of: BootstrapACL(token(2)))
        #expect(refusal?.message == "ACL bootstrap no longer allowed (reset index: \(made.createIndex))")
        #expect(refusal?.code == .denied)
    }

    @Test func whoShowsTheIndexBootstrapsAgain() async throws {
        let harness = try await Harness()
        let first = try await harness.apply(BootstrapACL(token(1), resetIndex: 99))
        let refusal = await harness.refusal(of: BootstrapACL(token(2), resetIndex: first.createIndex + 1))
        #expect(refusal?.code == .denied)
        let second = try await harness.apply(BootstrapACL(token(2), resetIndex: first.createIndex))
        #expect(harness.store.state.acl.bootstrapIndex == second.createIndex)
        #expect(harness.store.state.acl.token(accessorID: first.accessorID) != nil)
        let late = await harness.refusal(of: BootstrapACL(token(3), resetIndex: first.createIndex))
        #expect(late?.message == "ACL bootstrap no longer allowed (reset index: \(second.createIndex))")
    }

    @Test func theConfiguredManagementTokenComesBackWhenItIsGone() async throws {
        let harness = try await Harness()
        let first = try await harness.apply(BootstrapACL(token(1), isConfigured: true))
        var again = token(1)
        again.accessorID = "other"
        #expect(try await harness.apply(BootstrapACL(again, isConfigured: true)) == first)
        try await harness.apply(DeleteACLToken(accessorID: first.accessorID, requester: ""))
        #expect(try await harness.apply(BootstrapACL(again, isConfigured: true)).accessorID == "other")
        #expect(await harness.refusal(of: BootstrapACL(token(2)))?.code == .denied)
    }

    @Test func namesOfPoliciesAreTheirOwn() async throws {
        let harness = try await Harness()
        try await harness.apply(PutACLPolicy(try policy("a"), isNew: true))
        #expect(
            await harness.refusal(of: PutACLPolicy(try policy("a", id: "other"), isNew: true))?.message
                == "Invalid Policy: A Policy with Name \"a\" already exists")
        try await harness.apply(PutACLPolicy(try policy("b", id: "id-a"), isNew: false))
        #expect(harness.store.state.acl.policy(named: "a") == nil)
        #expect(harness.store.state.acl.policy(named: "b")?.id == "id-a")
        try await harness.apply(PutACLPolicy(try policy("a", id: "other"), isNew: true))
        #expect(await harness.refusal(of: PutACLPolicy(try policy("x"), isNew: false))?.message == "ACL not found")
    }

    @Test func tablesAreBounded() async throws {
        let harness = try await Harness()
        var limits = ACLLimits()
        limits.maxPolicies = 1
        limits.maxTokens = 2
        limits.maxLinks = 1
        try await harness.apply(PutACLPolicy(try policy("a"), isNew: true, limits: limits))
        #expect(
            await harness.refusal(of: PutACLPolicy(try policy("b"), isNew: true, limits: limits))?.code == .conflict)
        func put(_ token: ACLToken, _ links: [ACLPolicyLink] = [], at now: Timestamp? = nil) -> PutACLToken {
            PutACLToken(token, links: links, isNew: true, now: now ?? self.now, limits: limits)
        }
        let twoLinks = [ACLPolicyLink(name: "a"), ACLPolicyLink(name: "global-management")]
        #expect(await harness.refusal(of: put(token(1), twoLinks))?.code == .invalid)
        try await harness.apply(put(token(1)))
        try await harness.apply(put(token(2, lives: 60)))
        #expect(await harness.refusal(of: put(token(3)))?.code == .conflict)
        // One has expired by then.
        try await harness.apply(put(token(3), at: Timestamp(seconds: now.seconds + 60)))
        #expect(harness.store.state.acl.token(accessorID: "accessor-2") == nil)
    }

    /// Left out, what it denies would be allowed.
    @Test func policiesThatCannotBeReadStopTheStart() async throws {
        let storage = MemoryStorage()
        let row = #"{"ID":"x","Name":"x","Description":"","Rules":"nonsense = 1"}"#
        try await storage.write("acl-policy/x", row, version: 1)
        await #expect(throws: StorageError.self) { try await StateStore(testing: storage) }
    }
}
