import ArgumentParser
import DocumentCore

struct ListPeeringsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the peerings of this cluster.")

    @OptionGroup var options: ClientOptions
    @OptionGroup var format: FormatOption

    func run() async throws {
        let answer = try await options.ask("Error listing peerings") { client throws(ClientError) in
            try await client.get(APIPath("peerings")).document
        }
        try format.write(answer) { PeeringText.list(($0.list ?? []).map { PeeringView($0) }) }
    }
}
