import DocumentCore
import IdentityCore
import Testing

@testable import ACLCore

@Suite struct ACLRulesReadingTests {
    @Test(arguments: [
        (#"servce "web" { policy = "read" }"#, "1:1: servce: unknown key `servce`; did you mean `service`?"),
        (
            #"service "web" { policy = "list" }"#,
            #"1:26: service.web.policy: must be deny, read or write, and is "list""#
        ),
        (#"service "web" { }"#, "1:15: service.web.policy: must be deny, read or write"),
        (#"service "web" { policy = "read" sentinel = 1 }"#, "1:33: service.web.sentinel: unknown key `sentinel`"),
        ("mesh = \"read\"\nacl = \"all\"", #"2:7: acl: must be deny, read or write, and is "all""#),
        (#"node "n" { policy = "read" intentions = "read" }"#, "1:28: node.n.intentions: unknown key `intentions`"),
        (
            #"{"service": {"web": {"policy": 1}}}"#,
            #"1:32: service.web.policy: must be deny, read or write, and is "1""#
        ),
        (#"mesh = ""#, "1:8: "),
        (#"{"mesh": "#, "1:10: "),
    ])
    func refuses(text: String, problem: String) {
        do {
            _ = try ACLRules.read(text)
            Issue.record("\(text) is accepted")
        } catch {
            #expect(error.problems.first?.description.hasPrefix(problem) == true, "\(error)")
        }
    }

    @Test func longTextsAreRefused() {
        var limits = ACLLimits()
        limits.maxRulesBytes = 10
        #expect(throws: DocumentProblems.self) { try ACLRules.read(#"mesh = "read""#, limits: limits) }
    }

    @Test(arguments: ["a", "a-b_9", "team/a"])
    func namesOfPolicies(name: String) throws {
        try ACLPolicy(id: "1", name: name, description: "", text: "").check()
    }

    @Test(arguments: ["", "a b", "a/b/c", "/a", "builtin/x", String(repeating: "a", count: 129)])
    func namesThatPoliciesCannotHave(name: String) throws {
        #expect(throws: Refusal.self) { try ACLPolicy(id: "1", name: name, description: "", text: "").check() }
    }
}
