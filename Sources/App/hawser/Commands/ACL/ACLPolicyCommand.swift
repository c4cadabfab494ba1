import ArgumentParser
import DocumentCore

struct ACLPolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Makes, shows, changes and deletes policies.",
        subcommands: [
            CreatePolicyCommand.self, ListPoliciesCommand.self, ReadPolicyCommand.self, UpdatePolicyCommand.self,
            DeletePolicyCommand.self,
        ])
}

/// `--id` or `--name`: which policy.
struct PolicyOption: ParsableArguments {
    @Option(name: .customLong("id"), help: "ID of the policy, or its beginning.")
    var id = ""

    @Option(name: .customLong("name"), help: "Name of the policy.")
    var name = ""

    func validate() throws {
        guard !id.isEmpty || !name.isEmpty else {
            throw ValidationError("Must specify either the -id or -name parameters")
        }
        try requireNames(("-id", id), ("-name", name))
    }

    /// The policy as the daemon has it.
    func find(_ client: DaemonClient) async throws(ClientError) -> Document {
        if id.isEmpty { return try await client.get(APIPath("acl", "policy", "name", name)).document }
        let full = try await client.fullID(id, in: APIPath("acl", "policies"), key: "ID", of: "policy")
        return try await client.get(APIPath("acl", "policy", full)).document
    }
}

/// `--rules`, `--description`, `--valid-datacenter`.
struct PolicyContentOptions: ParsableArguments {
    @Option(name: .customLong("description"), help: "What the policy is for.")
    var description: String?

    @Option(
        name: .customLong("rules"),
        help: ArgumentHelp(
            "Rules in HCL or JSON, @FILE for those in a file, or - for standard input.", valueName: "rules"))
    var rules: String?

    @Option(name: .customLong("valid-datacenter"), help: "A datacenter that it holds in; default: all. Repeatable.")
    var datacenters: [String] = []

    func validate() throws {
        for datacenter in datacenters { try requireNames(("-valid-datacenter", datacenter)) }
    }

    func rulesText() throws(CommandFailure) -> String? {
        guard let rules else { return nil }
        guard rules == "-" || rules.hasPrefix("@") else { return rules }
        let file = rules == "-" ? rules : String(rules.dropFirst())
        return String(decoding: try SystemFiles.read(file, limit: 1 << 20), as: UTF8.self)
    }
}

struct CreatePolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "create", abstract: "Makes a policy.")

    @OptionGroup var options: ClientOptions
    @OptionGroup var content: PolicyContentOptions
    @OptionGroup var format: FormatOption

    @Option(name: .customLong("name"), help: "Name of the policy.")
    var name = ""

    func validate() throws {
        guard !name.isEmpty else { throw ValidationError("Missing require '-name' flag") }
        try requireNames(("-name", name))
    }

    func run() async throws {
        let rules = try content.rulesText()
        var body = JSONWriter()
        body.object { json in
            json.field("Name", name)
            json.field("Description", content.description ?? "")
            json.field("Rules", rules ?? "")
            json.fieldIfNotEmpty("Datacenters", content.datacenters)
        }
        let answer = try await options.ask("Failed to create new policy") { client throws(ClientError) in
            try await client.exchange(.put, APIPath("acl", "policy"), body: body.bytes)
        }
        try format.write(answer, ACLText.policy)
    }
}

struct UpdatePolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Changes a policy; what is not given stays as it is.")

    @OptionGroup var options: ClientOptions
    @OptionGroup var policy: PolicyOption
    @OptionGroup var content: PolicyContentOptions
    @OptionGroup var format: FormatOption

    func run() async throws {
        let rules = try content.rulesText()
        let answer = try await options.ask("Error updating policy") { client throws(ClientError) in
            let stored = try await policy.find(client)
            var body = JSONWriter()
            body.object { json in
                json.field("ID", stored["ID"]?.string ?? "")
                // With an ID, a name is the new one.
                json.field("Name", policy.name.isEmpty ? stored["Name"]?.string ?? "" : policy.name)
                json.field("Description", content.description ?? stored["Description"]?.string ?? "")
                json.field("Rules", rules ?? stored["Rules"]?.string ?? "")
                let present = (stored["Datacenters"]?.list ?? []).compactMap(\.string)
                json.fieldIfNotEmpty("Datacenters", content.datacenters.isEmpty ? present : content.datacenters)
            }
            let path = APIPath("acl", "policy", stored["ID"]?.string ?? "")
            return try await client.exchange(.put, path, body: body.bytes)
        }
        try format.write(answer, ACLText.policy)
    }
}

struct ReadPolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "read", abstract: "Shows a policy with its rules.")

    @OptionGroup var options: ClientOptions
    @OptionGroup var policy: PolicyOption
    @OptionGroup var format: FormatOption

    func run() async throws {
        let answer = try await options.ask("Error reading policy") { client throws(ClientError) in
            try await policy.find(client)
        }
        try format.write(answer, ACLText.policy)
    }
}

struct ListPoliciesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Lists the policies.")

    @OptionGroup var options: ClientOptions
    @OptionGroup var format: FormatOption

    func run() async throws {
        let answer = try await options.ask("Failed to retrieve the policy list") { client throws(ClientError) in
            try await client.get(APIPath("acl", "policies")).document
        }
        try format.write(answer) { ACLText.policies($0.list ?? []) }
    }
}

struct DeletePolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes a policy, and takes its rights from the tokens that have it.")

    @OptionGroup var options: ClientOptions
    @OptionGroup var policy: PolicyOption

    func run() async throws {
        let id = try await options.ask("Error deleting policy") { client throws(ClientError) in
            let id = try await policy.find(client)["ID"]?.string ?? ""
            try await client.change(.delete, APIPath("acl", "policy", id))
            return id
        }
        try Surroundings.current.output.write(line: "Policy \"\(id)\" deleted successfully")
    }
}
