import ArgumentParser
import DocumentCore

struct CACommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ca", abstract: "Looks after the cluster's CA, which peers know this cluster by.",
        discussion: """
            A rotation takes two steps. `hawser ca rotate` makes a new root: the old one stays trusted, peers that are \
            connected get both at once, and those that were away connect by the old one and then get both. \
            `hawser ca retire` takes trust from the old one when all peers have the new one.
            """,
        subcommands: [ListRootsCommand.self, RotateRootCommand.self, RetireRootsCommand.self])
}

struct ListRootsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the roots that peers trust this cluster by.")

    @OptionGroup var options: ClientOptions
    @OptionGroup var format: FormatOption

    func run() async throws {
        let answer = try await options.ask("Error listing the roots of the CA") { client throws(ClientError) in
            try await client.get(APIPath("connect", "ca", "roots")).document
        }
        try format.write(answer) { RootsText.table($0) }
    }
}

struct RotateRootCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate", abstract: "Makes a new root; the old one stays trusted until it is retired.")

    @OptionGroup var options: ClientOptions

    func run() async throws {
        let answer = try await options.ask("Error rotating the CA") { client throws(ClientError) in
            try await client.exchange(.put, APIPath("hawser", "ca", "rotate"))
        }
        let output = Surroundings.current.output
        try output.write(line: "The CA has a new root. Peers are told; the old one stays trusted until it is retired.")
        try output.write(RootsText.table(answer))
    }
}

struct RetireRootsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retire", abstract: "Takes trust from the roots that are not active any more.")

    @OptionGroup var options: ClientOptions

    @Option(name: .customLong("root"), help: ArgumentHelp("Only this one, by its ID.", valueName: "id"))
    var root: String?

    @Flag(
        name: .customLong("force"),
        help: "Also if peers have not confirmed the new root. Those that dial this cluster need a new token then.")
    var isForced = false

    func validate() throws {
        if root?.isEmpty == true { throw ValidationError("-root= is empty: write the ID of a root, or leave it out") }
    }

    func run() async throws {
        let path = APIPath("hawser", "ca", "retire").query("root", root).query("force", isForced ? "true" : nil)
        let answer = try await options.ask("Error retiring roots of the CA") { client throws(ClientError) in
            try await client.exchange(.put, path)
        }
        let count = answer["Retired"]?.integer ?? 0
        try Surroundings.current.output.write(
            line: count == 0 ? "There is no root to retire." : "Retired: \(count). Peers are told.")
    }
}
