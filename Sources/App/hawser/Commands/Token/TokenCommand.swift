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
        let client = try options.client()
        let answer: Document
        do throws(ClientError) {
            answer = try await client.get(APIPath("hawser", "tokens")).document
        } catch {
            throw error.failure("Error listing peering tokens")
        }
        let output = Surroundings.current.output
        if format.isJSON {
            try output.write(line: answer.json())
        } else if answer.list?.isEmpty ?? true {
            try output.write(line: "No token was made here.")
        } else {
            try output.write(TokenText.table(answer))
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
        let client = try options.client()
        do throws(ClientError) {
            try await client.change(.delete, APIPath("hawser", "tokens", peering.name))
        } catch {
            throw error.failure("Error revoking the token of \(peering.name)")
        }
        try Surroundings.current.output.write(line: "The token of \(peering.name) cannot be redeemed any more.")
    }
}
