package import DocumentCore
package import IdentityCore

/// A named set of rules.
package struct ACLPolicy: Hashable, Sendable {
    package var id: String
    package var name: String
    package var description: String
    /// As they were written; what counts is `rules`.
    package var text: String
    package private(set) var rules: ACLRules
    /// Where it holds; empty for everywhere.
    package var datacenters: [String]
    package var createIndex: UInt64 = 0
    package var modifyIndex: UInt64 = 0

    /// - Throws: what is wrong with the rules.
    package init(
        id: String, name: String, description: String, text: String, datacenters: [String] = []
    ) throws(DocumentProblems) {
        self.init(
            id: id, name: name, description: description, text: text, rules: try ACLRules.read(text),
            datacenters: datacenters)
    }

    private init(
        id: String, name: String, description: String, text: String, rules: ACLRules, datacenters: [String] = []
    ) {
        self.id = id
        self.name = name
        self.description = description
        self.text = text
        self.rules = rules
        self.datacenters = datacenters
    }

    package var isBuiltIn: Bool { Self.builtIns.contains { $0.id == id } }

    /// Whether it says anything in a datacenter.
    func holds(in datacenter: String) -> Bool { datacenters.isEmpty || datacenters.contains(datacenter) }

    // MARK: Rules about policies

    /// - Throws: `invalid`, in Consul's words where clients know them.
    package func check(_ limits: ACLLimits = ACLLimits()) throws(Refusal) {
        guard !name.isEmpty else { throw Refusal(.invalid, "Invalid Policy: no Name is set") }
        guard name.utf8.count <= limits.maxNameBytes, Self.isName(name) else {
            throw Refusal(
                .invalid,
                "Invalid Policy: invalid Name. Only alphanumeric characters, a single '/', '-' and '_' are allowed")
        }
        guard !name.hasPrefix("builtin/") else {
            throw Refusal(
                .invalid, "Invalid Policy: a Name cannot begin with builtin/, which is for those that are there")
        }
        guard description.utf8.count <= limits.maxDescriptionBytes else {
            throw Refusal(
                .invalid, "Invalid Policy: the Description is longer than \(limits.maxDescriptionBytes) bytes")
        }
    }

    private static func isName(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count <= 2 && parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(isNameByte) }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    // MARK: Those that identities stand for

    /// - Parameter identity: whose.
    static func synthetic(_ identity: String, _ rules: ACLRules, datacenters: [String]) -> ACLPolicy {
        ACLPolicy(
            id: "", name: "synthetic-policy-\(identity)", description: "What the identity of \(identity) gives",
            text: rules.text, rules: rules, datacenters: datacenters)
    }

    // MARK: Those that are always there

    /// Everything.
    package static let globalManagement = builtIn(
        id: "00000000-0000-0000-0000-000000000001", name: "global-management", level: .write,
        description: "Gives every right there is")
    /// A look at everything, secrets excepted.
    package static let globalReadOnly = builtIn(
        id: "00000000-0000-0000-0000-000000000002", name: "builtin/global-read-only", level: .read,
        description: "Gives the right to read everything")

    package static let builtIns = [globalManagement, globalReadOnly]

    private static func builtIn(id: String, name: String, level: AccessLevel, description: String) -> ACLPolicy {
        let rules = ACLRules(everything: level)
        return ACLPolicy(id: id, name: name, description: description, text: rules.text, rules: rules)
    }
}
