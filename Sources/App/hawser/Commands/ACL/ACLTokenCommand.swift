import ACLCore
import ArgumentParser
import DocumentCore

struct ACLTokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Makes, shows, changes and deletes tokens.",
        subcommands: [
            CreateTokenCommand.self, ListACLTokensCommand.self, ReadTokenCommand.self, UpdateTokenCommand.self,
            DeleteTokenCommand.self,
        ])
}

/// `--accessor-id`, or `--id` as older scripts write it: which token.
struct TokenOption: ParsableArguments {
    @Option(name: [.customLong("accessor-id"), .customLong("id")], help: "Accessor ID of the token, or its beginning.")
    var id = ""

    /// - Throws: `ValidationError` if there is none.
    func require() throws {
        guard !id.isEmpty else { throw ValidationError("Must specify the -accessor-id parameter") }
        try requireNames(("-accessor-id", id))
    }

    func fullID(_ client: DaemonClient) async throws(ClientError) -> String {
        // The anonymous token has a name that people remember.
        if id == "anonymous" { return ACLToken.anonymousID }
        return try await client.fullID(id, in: APIPath("acl", "tokens"), key: "AccessorID", of: "token")
    }
}

/// What a token gives.
struct TokenGrantOptions: ParsableArguments {
    @Option(name: .customLong("policy-id"), help: "ID of a policy. Repeatable.")
    var policyIDs: [String] = []

    @Option(name: .customLong("policy-name"), help: "Name of a policy. Repeatable.")
    var policyNames: [String] = []

    @Option(
        name: .customLong("service-identity"),
        help: ArgumentHelp("The rights of a service and its sidecar. Repeatable.", valueName: "name[:dc,dc]"))
    var services: [String] = []

    @Option(
        name: .customLong("node-identity"),
        help: ArgumentHelp("The rights of an agent over its node. Repeatable.", valueName: "name:dc"))
    var nodes: [String] = []

    func validate() throws {
        for node in nodes where node.split(separator: ":").count != 2 {
            throw ValidationError("Malformed -node-identity argument: \(quoted(node)): write name:datacenter")
        }
        for (flag, texts) in [("-service-identity", services), ("-node-identity", nodes)] {
            for name in texts.flatMap({ $0.split { $0 == ":" || $0 == "," } }) {
                try requireNames((flag, String(name)))
            }
        }
    }

    var isEmpty: Bool { policyIDs.isEmpty && policyNames.isEmpty && services.isEmpty && nodes.isEmpty }

    func write(to json: inout JSONWriter) {
        json.list("Policies") { json in
            for id in policyIDs { json.object { $0.field("ID", id) } }
            for name in policyNames { json.object { $0.field("Name", name) } }
        }
        json.list("ServiceIdentities", services) { json, text in
            let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
            json.object {
                $0.field("ServiceName", parts.first ?? "")
                $0.fieldIfNotEmpty(
                    "Datacenters", parts.dropFirst().flatMap { $0.split(separator: ",").map(String.init) })
            }
        }
        json.list("NodeIdentities", nodes) { json, text in
            let parts = text.split(separator: ":").map(String.init)
            json.object {
                $0.field("NodeName", parts.first ?? "")
                $0.field("Datacenter", parts.last ?? "")
            }
        }
    }
}

struct CreateTokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Makes a token and shows its secret, this once.")

    @OptionGroup var options: ClientOptions
    @OptionGroup var grants: TokenGrantOptions
    @OptionGroup var format: FormatOption

    @Option(name: .customLong("description"), help: "What the token is for.")
    var description = ""

    @Option(name: .customLong("accessor"), help: "The token's accessor ID, a UUID. Default: a random one.")
    var accessorID = ""

    @Option(
        name: .customLong("expires-ttl"),
        help: ArgumentHelp("How long it lives, from 1m to 24h. Default: until it is deleted.", valueName: "duration"))
    var timeToLive = ""

    @Flag(name: .customLong("local"), help: "Marks it as one of this datacenter only.")
    var isLocal = false

    func validate() throws {
        guard !grants.isEmpty else {
            throw ValidationError(
                "Cannot create a token without specifying -policy-name, -policy-id, -service-identity, or "
                    + "-node-identity at least once")
        }
        try requireNames(("-accessor", accessorID))
    }

    func run() async throws {
        var body = JSONWriter()
        body.object { json in
            json.field("Description", description)
            json.fieldIfNotEmpty("AccessorID", accessorID)
            json.fieldIfNotEmpty("ExpirationTTL", timeToLive)
            json.field("Local", isLocal)
            grants.write(to: &json)
        }
        let answer = try await options.ask("Failed to create new token") { client throws(ClientError) in
            try await client.exchange(.put, APIPath("acl", "token"), body: body.bytes)
        }
        try format.write(answer, ACLText.token)
    }
}

struct UpdateTokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Gives a token other policies and identities: those that are named, and no others.",
        discussion: "The token of requests that send none is `-accessor-id anonymous`.")

    @OptionGroup var options: ClientOptions
    @OptionGroup var token: TokenOption
    @OptionGroup var grants: TokenGrantOptions
    @OptionGroup var format: FormatOption

    @Option(name: .customLong("description"), help: "What the token is for. Default: what it says now.")
    var description: String?

    func validate() throws { try token.require() }

    func run() async throws {
        let answer = try await options.ask("Failed to update token") { client throws(ClientError) in
            let path = APIPath("acl", "token", try await token.fullID(client))
            let stored = try await client.get(path).document
            var body = JSONWriter()
            body.object { json in
                json.field("Description", description ?? stored["Description"]?.string ?? "")
                json.field("Local", stored["Local"]?.isTrue ?? false)
                grants.write(to: &json)
            }
            return try await client.exchange(.put, path, body: body.bytes)
        }
        try format.write(answer, ACLText.token)
    }
}

struct ReadTokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "read", abstract: "Shows a token.")

    @OptionGroup var options: ClientOptions
    @OptionGroup var token: TokenOption
    @OptionGroup var format: FormatOption

    @Flag(name: .customLong("self"), help: "The token that this command uses.")
    var isOwn = false

    func validate() throws { if !isOwn { try token.require() } }

    func run() async throws {
        let answer = try await options.ask("Error reading token") { client throws(ClientError) in
            let id = isOwn ? "self" : try await token.fullID(client)
            return try await client.get(APIPath("acl", "token", id)).document
        }
        try format.write(answer, ACLText.token)
    }
}

struct ListACLTokensCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Lists the tokens.")

    @OptionGroup var options: ClientOptions
    @OptionGroup var format: FormatOption

    func run() async throws {
        let answer = try await options.ask("Failed to retrieve the token list") { client throws(ClientError) in
            try await client.get(APIPath("acl", "tokens")).document
        }
        try format.write(answer) { ($0.list ?? []).map(ACLText.token).joined(separator: "\n") }
    }
}

struct DeleteTokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes a token; its bearers are nobody from then on.")

    @OptionGroup var options: ClientOptions
    @OptionGroup var token: TokenOption

    func validate() throws { try token.require() }

    func run() async throws {
        let id = try await options.ask("Error deleting token") { client throws(ClientError) in
            let id = try await token.fullID(client)
            try await client.change(.delete, APIPath("acl", "token", id))
            return id
        }
        try Surroundings.current.output.write(line: "Token \"\(id)\" deleted successfully")
    }
}
