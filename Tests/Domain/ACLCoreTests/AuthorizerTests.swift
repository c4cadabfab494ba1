import DocumentCore
import IdentityCore
import PeeringCore
import Testing

@testable import ACLCore

@Suite struct AuthorizerTests {
    private func authorizer(_ policies: String..., fallback: DefaultAccess = .deny) throws -> Authorizer {
        var rules = ACLRules()
        for policy in policies { rules.merge(try ACLRules.read(policy)) }
        return Authorizer(rules: rules, fallback: fallback)
    }

    /// Rules, a question of the form `resource:level name`, and whether it is allowed by the default of deny.
    @Test(arguments: [
        ("", "service:read web", false),
        (#"service "web" { policy = "read" }"#, "service:read web", true),
        (#"service "web" { policy = "read" }"#, "service:write web", false),
        (#"service "web" { policy = "read" }"#, "service:read webs", false),
        (#"service_prefix "web" { policy = "read" }"#, "service:read webs", true),
        (#"service_prefix "" { policy = "write" }"#, "service:write x", true),
        // The most specific one wins, whatever it says.
        (
            #"service_prefix "" { policy = "write" } service_prefix "web" { policy = "deny" }"#, "service:read web-1",
            false
        ),
        (#"service_prefix "w" { policy = "deny" } service_prefix "web" { policy = "read" }"#, "service:read web", true),
        (#"service_prefix "web" { policy = "deny" } service "web" { policy = "write" }"#, "service:write web", true),
        (#"service_prefix "web" { policy = "write" } service "web" { policy = "read" }"#, "service:write web", false),
        // Intentions.
        (#"service "web" { policy = "write" }"#, "intention:read web", true),
        (#"service "web" { policy = "write" }"#, "intention:write web", false),
        (#"service "web" { policy = "deny" }"#, "intention:read web", false),
        (#"service "web" { policy = "read" intentions = "write" }"#, "intention:write web", true),
        (#"service "web" { policy = "write" intentions = "deny" }"#, "intention:read web", false),
        (#"service "web" { policy = "read" }"#, "intention:read *", true),
        (#"service_prefix "" { policy = "read" intentions = "write" }"#, "intention:write *", true),
        (#"service "web" { policy = "read" intentions = "write" }"#, "intention:write *", false),
        // Scalars, and the operator's.
        (#"operator = "write""#, "operator:write", true),
        (#"operator = "write""#, "mesh:write", true),
        (#"operator = "write""#, "peering:write", true),
        ("operator = \"write\"\nmesh = \"read\"", "mesh:write", false),
        ("operator = \"write\"\npeering = \"deny\"", "peering:read", false),
        (#"mesh = "write""#, "operator:read", false),
        (#"acl = "read""#, "acl:read", true),
        (#"acl = "read""#, "acl:write", false),
        (#"{"mesh": "read", "node": {"n1": {"policy": "write"}}}"#, "node:write n1", true),
        (#"key_prefix "a/" { policy = "list" }"#, "key:list a/b", true),
        (#"key_prefix "a/" { policy = "read" }"#, "key:list a/b", false),
        (#"agent_prefix "" { policy = "read" }"#, "agent:read node-1", true),
    ])
    func oneAnswer(rules: String, question: String, isAllowed: Bool) throws {
        #expect(try authorizer(rules).allows(permission(question)) == isAllowed)
    }

    /// Two policies with a rule for the same names each.
    @Test(arguments: [
        ("write", "deny", "service:read web", false),
        ("deny", "write", "service:read web", false),
        ("read", "write", "service:write web", true),
        ("write", "read", "service:write web", true),
        ("read", "read", "service:write web", false),
    ])
    func ties(first: String, second: String, question: String, isAllowed: Bool) throws {
        let found = try authorizer(
            #"service "web" { policy = "\#(first)" }"#, #"service "web" { policy = "\#(second)" }"#)
        #expect(found.allows(permission(question)) == isAllowed)
        let prefixes = try authorizer(
            #"service_prefix "w" { policy = "\#(first)" }"#, #"service_prefix "w" { policy = "\#(second)" }"#)
        #expect(prefixes.allows(permission(question)) == isAllowed)
    }

    @Test func listBeatsReadAndScalarsMergeToo() throws {
        let keys = try authorizer(#"key "a" { policy = "read" }"#, #"key "a" { policy = "list" }"#)
        #expect(keys.allows(Permission(.key, .list, on: "a")))
        let mesh = try authorizer(#"mesh = "write""#, #"mesh = "deny""#)
        #expect(!mesh.allows(Permission(.mesh, .read)))
        let intentions = try authorizer(
            #"service "a" { policy = "deny" }"#, #"service "a" { policy = "read" intentions = "write" }"#)
        #expect(!intentions.allows(Permission(.service, .read, on: "a")))
        #expect(intentions.allows(Permission(.intention, .write, on: "a")))
    }

    @Test func theDefaultGivesAllButTokens() throws {
        let found = try authorizer("", fallback: .allow)
        #expect(found.allows(Permission(.service, .write, on: "web")))
        #expect(found.allows(Permission(.operator, .write)))
        #expect(found.allows(Permission(.agent, .write, on: "n")))
        #expect(!found.allows(Permission(.acl, .read)))
        #expect(Authorizer.unrestricted.allows(Permission(.acl, .write)))
        let some = try authorizer(#"service "web" { policy = "deny" }"#, fallback: .allow)
        #expect(!some.allows(Permission(.service, .read, on: "web")))
        #expect(some.allows(Permission(.service, .read, on: "db")))
        #expect(!some.allowsAll(.service, .read))
    }

    @Test(arguments: [
        ("", false, false),
        (#"service "web" { policy = "write" }"#, true, true),
        (#"service "web" { policy = "read" }"#, false, false),
        (#"service_prefix "" { policy = "read" }"#, true, false),
        (#"service_prefix "" { policy = "read" } node_prefix "" { policy = "read" }"#, true, true),
        (#"service_prefix "" { policy = "read" } service "x" { policy = "deny" }"#, false, false),
        (#"service_prefix "" { policy = "deny" } service "x" { policy = "write" }"#, true, true),
        (#"service_prefix "a" { policy = "read" }"#, false, false),
    ])
    func imports(rules: String, services: Bool, nodes: Bool) throws {
        let found = try authorizer(rules)
        #expect(found.seesImportedServices == services)
        #expect(found.seesImportedNodes == nodes)
    }

    @Test func identitiesAreTemplates() throws {
        var token = ACLToken(accessorID: "a", secret: SecretDigest(bytes: []), createTime: Timestamp(seconds: 0))
        token.serviceIdentities = [.init(serviceName: "web"), .init(serviceName: "db", datacenters: ["dc2"])]
        token.nodeIdentities = [.init(nodeName: "n1", datacenter: "dc1"), .init(nodeName: "n2", datacenter: "dc2")]
        let found = Authorizer(rules: token.rules(with: [], in: "dc1"), fallback: .deny)
        let allowed: [Permission] = [
            Permission(.service, .write, on: "web"), Permission(.service, .write, on: "web-sidecar-proxy"),
            Permission(.service, .read, on: "other"), Permission(.node, .read, on: "other"),
            Permission(.node, .write, on: "n1"), Permission(.intention, .read, on: "web"),
        ]
        for permission in allowed { #expect(found.allows(permission), "\(permission)") }
        let denied: [Permission] = [
            Permission(.service, .write, on: "db"), Permission(.node, .write, on: "n2"), Permission(.mesh, .read),
            Permission(.acl, .read),
        ]
        for permission in denied { #expect(!found.allows(permission), "\(permission)") }
    }

    @Test func builtInPoliciesCoverEverything() throws {
        for (policy, level) in [(ACLPolicy.globalManagement, AccessLevel.write), (ACLPolicy.globalReadOnly, .read)] {
            #expect(try ACLRules.read(policy.text) == policy.rules)
            let found = Authorizer(rules: policy.rules, fallback: .deny)
            for resource in ACLResource.allCases {
                #expect(found.allows(Permission(resource, level, on: "x")))
                #expect(found.allows(Permission(resource, .write, on: "x")) == (level == .write))
            }
        }
    }

    @Test func policiesHoldWhereTheySay() throws {
        let policy = try ACLPolicy(
            id: "1", name: "p", description: "", text: #"mesh = "write""#, datacenters: ["dc2"])
        let token = ACLToken(accessorID: "a", secret: SecretDigest(bytes: []), createTime: Timestamp(seconds: 0))
        #expect(token.rules(with: [policy], in: "dc1") == ACLRules())
        #expect(token.rules(with: [policy], in: "dc2") == policy.rules)
    }

    private func permission(_ text: String) -> Permission {
        let words = text.split(separator: " ")
        let parts = words[0].split(separator: ":").map(String.init)
        return Permission(
            ACLResource(rawValue: parts[0])!, AccessLevel(rawValue: parts[1])!,
            on: words.count > 1 ? String(words[1]) : nil)
    }
}
