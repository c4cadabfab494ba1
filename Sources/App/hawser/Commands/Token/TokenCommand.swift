import ArgumentParser
import DocumentCore

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Looks after peering tokens that were handed out, and looks into those that came.",
        discussion: """
            `hawser peering generate-token` makes them. A token that was used, has expired, was revoked or was replaced \
            by a newer one is refused, and a Hawser that redeems it is told which of these it was.
            """,
        subcommands: [ListTokensCommand.self, RevokeTokenCommand.self, InspectTokenCommand.self])
}

struct ListTokensCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the tokens that were made here, without their secrets.")

    @OptionGroup var options: ClientOptions
    @OptionGroup var format: FormatOption

    func run() async throws {
        let answer = try await options.ask("Error listing peering tokens") { client throws(ClientError) in
            try await client.get(APIPath("hawser", "tokens")).document
        }
        try format.write(answer) {
            $0.list?.isEmpty ?? true ? "No token was made here.\n" : TokenText.table($0)
        }
    }
}

struct RevokeTokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Takes the token of a peering back, if it was not used yet.",
        discussion: "A stream that is up goes on: `hawser peering delete` ends a peering.")

    @OptionGroup var options: ClientOptions
    @OptionGroup var peering: PeeringNameOption

    func run() async throws {
        try await options.ask("Error revoking the token of \(peering.name)") { client throws(ClientError) in
            _ = try await client.change(.delete, APIPath("hawser", "tokens", peering.name))
        }
        try Surroundings.current.output.write(line: "The token of \(peering.name) cannot be redeemed any more.")
    }
}
