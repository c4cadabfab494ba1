import ArgumentParser
import DocumentCore

struct ListPeeringsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the peerings of this cluster.")

    @OptionGroup var options: ClientOptions
    @OptionGroup var format: FormatOption

    func run() async throws {
        let client = try options.client()
        let answer: Document
        do throws(ClientError) {
            answer = try await client.get(APIPath("peerings")).document
        } catch {
            throw error.failure("Error listing peerings")
        }
        let output = Surroundings.current.output
        if format.isJSON {
            try output.write(line: answer.json())
        } else {
            try output.write(PeeringText.list((answer.list ?? []).map { PeeringView($0) }))
        }
    }
}
