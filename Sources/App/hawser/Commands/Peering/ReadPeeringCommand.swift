import ArgumentParser
import DocumentCore

struct ReadPeeringCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read", abstract: "Shows one peering and the state of its stream.")

    @OptionGroup var options: ClientOptions
    @OptionGroup var peering: PeeringNameOption
    @OptionGroup var format: FormatOption

    func run() async throws {
        let client = try options.client()
        let answer = try await client.peering(named: peering.name)
        try format.write(answer) { PeeringText.read(PeeringView($0)) }
    }
}

extension DaemonClient {
    /// One peering's JSON, or the end of the command.
    func peering(named name: String) async throws(CommandFailure) -> Document {
        do throws(ClientError) {
            return try await get(APIPath("peering", name)).document
        } catch {
            if error.isNotFound { throw CommandFailure("No peering with name \(name) found.") }
            throw error.failure("Error reading peering")
        }
    }
}
