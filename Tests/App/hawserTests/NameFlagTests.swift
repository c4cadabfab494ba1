import ArgumentParser
import HawserTestKit
import Testing

@testable import hawser

/// Names on the command line: refused before anybody is asked.
@Suite("Names on the command line")
struct NameFlagTests {
    private static let lines: [(line: [String], flag: String)] = [
        (["agent", "-node", "NAME"], "-node"), (["agent", "-datacenter", "NAME"], "-datacenter"),
        (["peering", "generate-token", "-name", "NAME"], "-name"),
        (["peering", "establish", "-name", "NAME", "-peering-token", "x"], "-name"),
        (["peering", "read", "-name", "NAME"], "-name"), (["peering", "delete", "-name", "NAME"], "-name"),
        (["config", "read", "-kind", "mesh", "-name", "NAME"], "-name"),
        (["config", "delete", "-kind", "mesh", "-name", "NAME"], "-name"),
        (["acl", "policy", "create", "-name", "NAME"], "-name"),
        (["acl", "policy", "create", "-name", "p", "-valid-datacenter", "NAME"], "-valid-datacenter"),
        (["acl", "policy", "read", "-name", "NAME"], "-name"),
        (["acl", "token", "create", "-policy-name", "p", "-accessor", "NAME"], "-accessor"),
        (["acl", "token", "create", "-service-identity", "NAME"], "-service-identity"),
        (["acl", "token", "create", "-node-identity", "NAME:dc1"], "-node-identity"),
        (["acl", "token", "read", "-accessor-id", "NAME"], "-accessor-id"),
        (["catalog", "services", "-peer", "NAME"], "-peer"), (["watch", "-peer", "NAME"], "-peer"),
        (["exports", "plan", "-peer", "NAME"], "-peer"),
    ]

    private func parse(_ line: [String], _ name: String) throws {
        _ = try Hawser.parseAsRoot(GoStyleArguments.rewrite(line.map { $0.replacing("NAME", with: name) }))
    }

    @Test(arguments: lines)
    func wrongOnesAreRefused(line: [String], flag: String) {
        for wrong in Names.wrong {
            let error = #expect(throws: (any Error).self) { try parse(line, wrong.name) }
            let message = error.map { Hawser.message(for: $0) } ?? ""
            #expect(message.hasPrefix("\(flag) must ") && message.contains(wrong.words), "\(message)")
        }
    }

    @Test(arguments: lines)
    func rightOnesAreAsked(line: [String], flag: String) throws {
        for name in ["web", "web-1", "naïve", "日本語", "👩‍👩‍👧"] { try parse(line, name) }
    }
}
